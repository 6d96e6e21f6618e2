// Stores on env: KV, D1 and rate limits, as JavaScript has them on the platform.
// https://developers.cloudflare.com/kv/api/ https://developers.cloudflare.com/d1/worker-api/
(function (host, internal) {
  "use strict";
  const { operation, follow, send, receive, rejected, failed } = internal;
  const P = internal.primordials;
  const { isArray, keys } = P;
  const { Map: TheMap, TypeError: TheTypeError, Object: TheObject } = P;
  const OURS = {};

  // Call a method of a store's object, by the object's number; the result is null for nothing.
  const call = (number, method, values) => {
    try {
      const waits = operation(send(host.storeCall, [number, method], values));
      return follow(waits, (parts) => receive(parts)[0] ?? null);
    } catch (error) {
      return rejected(error);
    }
  };
  const nothing = (promise) => follow(promise, () => undefined);
  const illegal = () => internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");

  const asMap = (found) => {
    const map = new TheMap(), names = keys(found);
    for (let i = 0; i < names.length; i++) P.mapSet(map, names[i], found[names[i]]);
    return map;
  };

  class KvNamespace {
    #number;
    constructor(token, number) {
      if (token !== OURS) throw illegal();
      this.#number = number;
    }
    get(key, options) {
      const found = call(this.#number, "get", [key, options]);
      if (isArray(key)) return follow(found, asMap);
      const type = typeof options === "string" ? options : options?.type;
      return type === "arrayBuffer" ? follow(found, (bytes) => bytes && P.typedArrayBuffer(bytes)) : found;
    }
    getWithMetadata(key, options) {
      const found = call(this.#number, "getWithMetadata", [key, options]);
      return isArray(key) ? follow(found, asMap) : found;
    }
    put(key, value, options) {
      return nothing(call(this.#number, "put", [key, value, options]));
    }
    delete(key) {
      return nothing(call(this.#number, "delete", [key]));
    }
    list(options) {
      return call(this.#number, "list", [options]);
    }
  }

  let statementNumber;
  class D1PreparedStatement {
    #number;
    constructor(token, number) {
      if (token !== OURS) throw illegal();
      this.#number = number;
    }
    static {
      statementNumber = (value) => (#number in value ? value.#number : undefined);
    }
    bind(...values) {
      for (let i = 0; i < values.length; i++) {
        if (values[i] === undefined) {
          throw new TheTypeError("D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'");
        }
      }
      return new D1PreparedStatement(OURS, send(host.storeObject, [this.#number, "bind"], values));
    }
    first(column) {
      return call(this.#number, "first", [column]);
    }
    run() {
      return call(this.#number, "run", []);
    }
    all() {
      return call(this.#number, "all", []);
    }
    raw(options) {
      return call(this.#number, "raw", [options]);
    }
  }

  class D1Database {
    #number;
    constructor(token, number) {
      if (token !== OURS) throw illegal();
      this.#number = number;
    }
    prepare(sql) {
      return new D1PreparedStatement(OURS, send(host.storeObject, [this.#number, "prepare"], [sql]));
    }
    batch(statements) {
      const numbers = [this.#number];
      try {
        for (const statement of statements) numbers[numbers.length] = statementNumber(statement);
        const waits = operation(P.apply(host.batch, undefined, numbers));
        return follow(waits, (parts) => receive(parts)[0]);
      } catch (error) {
        return rejected(failed(error));
      }
    }
    exec(sql) {
      return call(this.#number, "exec", [sql]);
    }
  }

  class RateLimit {
    #number;
    constructor(token, number) {
      if (token !== OURS) throw illegal();
      this.#number = number;
    }
    limit(options) {
      return call(this.#number, "limit", [options]);
    }
  }

  for (const Class of [KvNamespace, D1Database, D1PreparedStatement, RateLimit]) {
    TheObject.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
  }
  internal.storeCall = call;
  // What makes a store of each kind; scripts after this one add theirs.
  internal.storeClasses = {
    __proto__: null,
    KvNamespace: (number) => new KvNamespace(OURS, number),
    D1Database: (number) => new D1Database(OURS, number),
    RateLimit: (number) => new RateLimit(OURS, number),
  };
  internal.newStore = (kind, number) => internal.storeClasses[kind](number);
})
