// caches: responses that are stored by URL.
// https://developers.cloudflare.com/workers/runtime-apis/cache/
(function (host, internal) {
  "use strict";
  const { operation, follow, failed, rejected, messageHandle, isRequest, isResponse } = internal;
  const { String: TheString, TypeError: TheTypeError, Object: TheObject } = internal.primordials;
  const OURS = {};

  const call = (name, method, resource, given) => {
    try {
      const key = isRequest(resource) ? messageHandle(resource) : TheString(resource);
      return operation(host.cacheCall(name, method, key, given));
    } catch (error) {
      return rejected(failed(error));
    }
  };
  const check = (token) => {
    if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
  };

  class Cache {
    #name;
    constructor(token, name) {
      check(token);
      this.#name = name;
    }
    match(request, options) {
      const found = call(this.#name, "match", request, !!options?.ignoreMethod);
      return follow(found, (response) => response ?? undefined);
    }
    put(request, response) {
      if (!isResponse(response)) return rejected(internal.wrongParameter("put", "Cache", 2, "Response"));
      return follow(call(this.#name, "put", request, messageHandle(response)), () => undefined);
    }
    delete(request, options) {
      return call(this.#name, "delete", request, !!options?.ignoreMethod);
    }
  }
  class CacheStorage {
    #shared = new Cache(OURS, "default");
    constructor(token) {
      check(token);
    }
    get default() {
      return this.#shared;
    }
    async open(name) {
      return new Cache(OURS, `named:${name}`);
    }
  }
  for (const Class of [Cache, CacheStorage]) {
    TheObject.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
  }
  internal.expose({ Cache, CacheStorage, caches: new CacheStorage(OURS) });
})
