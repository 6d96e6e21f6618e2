// Durable Objects on env: namespaces, ids and stubs. A stub is called as a Service binding is.
// https://developers.cloudflare.com/durable-objects/api/namespace/
(function (host, internal) {
  "use strict";
  const { asked } = internal;
  const { defineProperty, TypeError: TheTypeError, Object: TheObject, String: TheString } =
    internal.primordials;
  const OURS = {};

  const check = (token) => {
    if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
  };
  const set = (object, name, value) => {
    if (value !== null) defineProperty(object, name, { value, enumerable: true });
  };

  let partsOf;
  class DurableObjectId {
    #text;
    #parts; // The text, the name and the jurisdiction; null where there is none.
    constructor(token, parts) {
      check(token);
      this.#parts = parts;
      this.#text = parts[0];
      set(this, "name", parts[1]);
      set(this, "jurisdiction", parts[2]);
    }
    static {
      partsOf = (value) => (internal.isObject(value) && #parts in value ? value.#parts : undefined);
    }
    toString() {
      return this.#text;
    }
    equals(other) {
      return partsOf(other)?.[0] === this.#text;
    }
  }

  internal.newObjectId = (parts) => new DurableObjectId(OURS, parts);
  const newStub = (number, parts) => {
    const stub = internal.newFetcher(number);
    const id = new DurableObjectId(OURS, parts);
    set(stub, "id", id);
    defineProperty(stub, "name", { value: parts[1] ?? undefined, enumerable: true });
    return stub;
  };
  // The options of a stub, as the host checks them: their names.
  const names = (options) => (internal.isObject(options) ? TheObject.keys(options) : []);

  class DurableObjectNamespace {
    #number;
    constructor(token, number) {
      check(token);
      this.#number = number;
    }
    idFromName(name) {
      return new DurableObjectId(OURS, asked(host.objectNamed, this.#number, TheString(name)));
    }
    newUniqueId(options) {
      const { jurisdiction } = options ?? {};
      return new DurableObjectId(OURS, asked(host.objectUnique, this.#number, jurisdiction ?? null));
    }
    idFromString(text) {
      return new DurableObjectId(OURS, asked(host.objectParsed, this.#number, TheString(text)));
    }
    get(id, options) {
      const parts = partsOf(id);
      if (parts === undefined) {
        throw internal.wrongParameter("get", "DurableObjectNamespace", 1, "DurableObjectId");
      }
      const [text, name, jurisdiction] = parts;
      const given = names(options);
      return newStub(asked(host.objectStub, this.#number, text, name, jurisdiction, ...given), parts);
    }
    getByName(name, options) {
      return this.get(this.idFromName(name), options);
    }
    jurisdiction(name) {
      return new DurableObjectNamespace(OURS, asked(host.objectsIn, this.#number, TheString(name)));
    }
  }

  for (const Class of [DurableObjectId, DurableObjectNamespace]) {
    defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
  }
  internal.storeClasses.DurableObjectNamespace = (number) => new DurableObjectNamespace(OURS, number);
})
