// Headers, Request and Response: thin classes over the host's messages, `#handle`.
// https://fetch.spec.whatwg.org/
(function (host, internal) {
  "use strict";
  const RECEIVED = Symbol("received");
  const { failure, operation } = internal;
  const TheString = String, TheTypeError = TypeError, TheUint8Array = Uint8Array;
  const ThePromise = Promise;
  const { apply, ownKeys, getOwnPropertyDescriptor } = Reflect;
  const { parse, stringify } = JSON;
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const text = (value) => (typeof value === "string" ? value : TheString(value));
  const orNull = (value) => (value === undefined ? null : value);

  // Headers

  let headersHandle, newHeaders;

  class Headers {
    #handle;
    constructor(init, handle) {
      if (init === RECEIVED) {
        this.#handle = handle;
        return;
      }
      try {
        this.#handle = apply(host.headers, undefined, pairsOf(init));
      } catch (error) {
        throw failed(error);
      }
    }
    static {
      headersHandle = (value) => (isObject(value) && #handle in value ? value.#handle : undefined);
      newHeaders = (handle) => new Headers(RECEIVED, handle);
    }
    append(name, value) {
      need(arguments, 2, "append", "Headers");
      try {
        host.headersAppend(this.#handle, text(name), text(value));
      } catch (error) {
        throw failed(error);
      }
    }
    delete(name) {
      need(arguments, 1, "delete", "Headers");
      try {
        host.headersDelete(this.#handle, text(name));
      } catch (error) {
        throw failed(error);
      }
    }
    get(name) {
      try {
        return host.headersGet(this.#handle, text(name));
      } catch (error) {
        need(arguments, 1, "get", "Headers");
        throw failed(error);
      }
    }
    getAll(name) {
      try {
        return host.headersGetAll(this.#handle, text(name));
      } catch (error) {
        throw failed(error);
      }
    }
    getSetCookie() {
      return host.headersGetSetCookie(this.#handle);
    }
    has(name) {
      need(arguments, 1, "has", "Headers");
      try {
        return host.headersHas(this.#handle, text(name));
      } catch (error) {
        throw failed(error);
      }
    }
    set(name, value) {
      need(arguments, 2, "set", "Headers");
      try {
        host.headersSet(this.#handle, text(name), text(value));
      } catch (error) {
        throw failed(error);
      }
    }
    forEach(callback, receiver) {
      if (typeof callback !== "function") {
        throw new TheTypeError("Failed to execute 'forEach' on 'Headers': the callback is no function.");
      }
      const flat = host.headersItems(this.#handle);
      for (let i = 0; i < flat.length; i += 2) apply(callback, receiver, [flat[i + 1], flat[i], this]);
    }
    *entries() {
      const flat = host.headersItems(this.#handle);
      for (let i = 0; i < flat.length; i += 2) yield [flat[i], flat[i + 1]];
    }
    *keys() {
      const flat = host.headersItems(this.#handle);
      for (let i = 0; i < flat.length; i += 2) yield flat[i];
    }
    *values() {
      const flat = host.headersItems(this.#handle);
      for (let i = 0; i < flat.length; i += 2) yield flat[i + 1];
    }
  }

  const need = (given, count, method, name) => {
    if (given.length < count) {
      throw new TheTypeError(
        `Failed to execute '${method}' on '${name}': ${count} arguments required, but only ${given.length} present.`,
      );
    }
  };

  // An error of the host's own; one of the Worker's, as from a toString, is left alone.
  const failed = (error) => (host.hasFailed() ? failure() : error);
  // What a function of the host gives; its error is thrown as JavaScript's.
  const asked = (ask, ...parts) => {
    try {
      return apply(ask, undefined, parts);
    } catch (error) {
      throw failed(error);
    }
  };

  // The name and value of each header in turn, as one list, of whatever Headers can be made from.
  const pairsOf = (init) => {
    if (init === undefined || init === null) return [];
    const handle = headersHandle(init);
    if (handle !== undefined) return host.headersItems(handle);
    const flat = [];
    if (!isObject(init)) throw new TheTypeError("Headers are made from a record, a list of pairs or Headers.");
    const iterate = init[Symbol.iterator];
    if (iterate !== undefined && iterate !== null) {
      for (const pair of init) {
        if (!isObject(pair) || typeof pair === "string") {
          throw new TheTypeError("A header is given as a pair of name and value.");
        }
        const both = [];
        for (const one of pair) both[both.length] = text(one);
        if (both.length !== 2) throw new TheTypeError("A header is given as a pair of name and value.");
        flat[flat.length] = both[0];
        flat[flat.length] = both[1];
      }
      return flat;
    }
    const keys = ownKeys(init);
    for (let i = 0; i < keys.length; i++) {
      const descriptor = getOwnPropertyDescriptor(init, keys[i]);
      if (descriptor === undefined || !descriptor.enumerable) continue;
      if (typeof keys[i] === "symbol") throw new TheTypeError("The name of a header is no symbol.");
      flat[flat.length] = keys[i];
      flat[flat.length] = text(init[keys[i]]);
    }
    return flat;
  };

  // Bodies

  // What the host makes a body of: a text, bytes or the handle of a stream; `bodyType` is what the
  // Content-Type is then, where the host does not know it.
  let bodyType = null;
  const bodyOf = (body) => {
    bodyType = null;
    if (body === undefined || body === null) return null;
    if (typeof body === "string") return body;
    if (!isObject(body)) return TheString(body);
    if (internal.isReadable(body)) return internal.sendStream(body);
    const { bytes, type } = internal.extractBody(body);
    if (type === TEXT) return internal.host.decodeUTF8(bytes);
    bodyType = type;
    return bytes;
  };
  const TEXT = "text/plain;charset=UTF-8";

  // Whole bodies: the host returns one at once, or the number of the operation that reads it.
  const whole = (message, bytes) => {
    const handle = messageHandle(message), stream = streamOf(message);
    let found;
    try {
      if (stream) internal.checkUnused(stream);
      found = bytes ? host.bytes(handle) : host.text(handle);
    } catch (error) {
      return rejected(failed(error));
    }
    return typeof found === "number" ? operation(found) : found;
  };
  const rejected = (error) => new ThePromise((_, reject) => reject(error));

  let messageHandle, kept, keptOf, streamOf;

  class Message {
    #handle;
    #kept; // What has been asked for: headers, stream, cf, signal. Each field takes time to make.
    constructor(handle) {
      this.#handle = handle;
    }
    static {
      messageHandle = (value) => (isObject(value) && #handle in value ? value.#handle : undefined);
      kept = (message) => (message.#kept ??= { __proto__: null });
      keptOf = (message) => message.#kept;
      streamOf = (message) => message.#kept?.stream;
    }
    get headers() {
      const all = (this.#kept ??= { __proto__: null });
      return (all.headers ??= newHeaders(host.headersOf(this.#handle)));
    }
    get bodyUsed() {
      const stream = streamOf(this);
      return host.bodyUsed(this.#handle) || (stream ? internal.isDisturbed(stream) : false);
    }
    get body() {
      const all = kept(this);
      if (all.stream === undefined) {
        all.stream = host.hasBody(this.#handle) ? internal.newBodyStream(this.#handle) : null;
      }
      return all.stream;
    }
    async text() {
      return await whole(this, false);
    }
    async json() {
      return parse(await whole(this, false));
    }
    async arrayBuffer() {
      return await whole(this, true);
    }
    async bytes() {
      return new TheUint8Array(await whole(this, true));
    }
    async blob() {
      const bytes = new TheUint8Array(await whole(this, true));
      return internal.newBlob(bytes, host.mimeType(this.#handle));
    }
    async formData() {
      const bytes = new TheUint8Array(await whole(this, true));
      return internal.readForm(bytes, host.contentType(this.#handle));
    }
  }

  const own = (message) => {
    const handle = messageHandle(message);
    if (handle === undefined) throw new TheTypeError("Illegal invocation");
    return handle;
  };

  // Request

  let newRequest;

  class Request extends Message {
    constructor(input, init) {
      if (input === RECEIVED) {
        super(init);
        return;
      }
      super(requestHandle(input, init, arguments.length));
      const signal = signalGiven(input, init);
      if (signal) kept(this).signal = signal;
    }
    static {
      newRequest = (handle) => new Request(RECEIVED, handle);
    }
    get method() {
      return host.method(own(this));
    }
    get url() {
      return host.url(own(this));
    }
    get redirect() {
      return host.redirect(own(this));
    }
    get cf() {
      const all = kept(this);
      if (all.cf === undefined) {
        const found = host.cf(own(this));
        all.cf = found === null ? null : parse(found);
      }
      return all.cf ?? undefined;
    }
    get signal() {
      return (kept(this).signal ??= internal.newRequestSignal(own(this)));
    }
    get cache() {
      return host.cacheMode(own(this)) ?? undefined;
    }
    get integrity() {
      return "";
    }
    get keepalive() {
      return false;
    }
    get fetcher() {
      return null;
    }
    clone() {
      return newRequest(cloned(this));
    }
  }

  const cloned = (message) => {
    const handle = own(message), stream = streamOf(message);
    try {
      if (stream) internal.checkUnused(stream);
      return host.clone(handle);
    } catch (error) {
      throw failed(error);
    }
  };

  // The signal that a request is made with, if there is one.
  const signalGiven = (input, init) => {
    const given = init?.signal;
    if (given !== undefined) return given;
    return input instanceof Request ? keptOf(input)?.signal : undefined;
  };

  const requestHandle = (input, init, count) => {
    if (count === 0) {
      throw new TheTypeError("Failed to construct 'Request': 1 argument required, but only 0 present.");
    }
    const source = input instanceof Request ? messageHandle(input) : text(input);
    const given = init === undefined || init === null ? {} : init;
    if (!isObject(given)) throw new TheTypeError("The options of a Request are an object.");
    const { method, headers, body, redirect, cf, signal, cache, integrity } = given;
    const flat = headers === undefined || headers === null ? [] : pairsOf(headers);
    const content = bodyOf(body), type = bodyType;
    const options = [
      source,
      method === undefined ? null : text(method),
      content,
      type,
      redirect === undefined ? null : text(redirect),
      cf === undefined || cf === null ? null : stringify(cf),
      cache === undefined ? null : text(cache),
      integrity === undefined ? null : text(integrity),
      signal === undefined || signal === null ? null : internal.signalHandle(signal),
      headers !== undefined && headers !== null,
    ];
    for (let i = 0; i < flat.length; i++) options[options.length] = flat[i];
    try {
      return apply(host.request, undefined, options);
    } catch (error) {
      throw failed(error);
    }
  };

  // Response

  let newResponse;

  class Response extends Message {
    constructor(body, init) {
      if (body === RECEIVED) super(init);
      else {
        super(responseHandle(bodyOf(body), init, bodyType));
        if (lastSocket !== null) kept(this).socket = lastSocket;
      }
    }
    static {
      newResponse = (handle) => new Response(RECEIVED, handle);
    }
    static error() {
      return newResponse(host.errorResponse());
    }
    static json(data, init) {
      const body = stringify(data);
      if (body === undefined) throw new TheTypeError("Response.json() needs a value that JSON can represent.");
      return newResponse(responseHandle(body, init, "application/json"));
    }
    static redirect(url, status) {
      need(arguments, 1, "redirect", "Response");
      try {
        return newResponse(host.redirectResponse(text(url), status === undefined ? 302 : +status));
      } catch (error) {
        throw failed(error);
      }
    }
    get status() {
      return host.status(own(this));
    }
    get statusText() {
      return host.statusText(own(this));
    }
    get ok() {
      const status = host.status(own(this));
      return status >= 200 && status <= 299;
    }
    get url() {
      return host.url(own(this));
    }
    get redirected() {
      return host.redirected(own(this));
    }
    get type() {
      return host.type(own(this));
    }
    get webSocket() {
      if (internal.newSocket === undefined || host.status(own(this)) !== 101) return null;
      const all = kept(this);
      if (all.socket === undefined) {
        const handle = host.socketOf(own(this));
        all.socket = handle === null ? null : internal.newSocket(handle);
      }
      return all.socket;
    }
    get cf() {
      return undefined;
    }
    clone() {
      return newResponse(cloned(this));
    }
  }

  let lastSocket = null; // That of the response that was made last.
  const responseHandle = (body, init, type) => {
    lastSocket = null;
    let status = null, statusText = "", flat = null, hasHeaders = false, socket = null;
    if (init !== undefined && init !== null) {
      if (!isObject(init)) throw new TheTypeError("The options of a Response are an object.");
      if (init.status !== undefined) status = +init.status;
      if (init.statusText !== undefined) statusText = text(init.statusText);
      if (init.headers !== undefined && init.headers !== null) {
        flat = pairsOf(init.headers);
        hasHeaders = true;
      }
      if (init.webSocket !== undefined && init.webSocket !== null) {
        lastSocket = init.webSocket;
        socket = internal.socketHandle?.(lastSocket) ?? false;
      }
    }
    try {
      if (flat === null) return host.response(body, status, statusText, hasHeaders, type, socket);
      const options = [body, status, statusText, hasHeaders, type, socket];
      for (let i = 0; i < flat.length; i++) options[options.length] = flat[i];
      return apply(host.response, undefined, options);
    } catch (error) {
      throw failed(error);
    }
  };

  Object.defineProperty(Headers.prototype, Symbol.iterator, {
    value: Headers.prototype.entries, writable: true, configurable: true,
  });
  const classes = { Headers, Request, Response };
  for (const name of ["Headers", "Request", "Response"]) {
    const { prototype } = classes[name];
    Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
    Object.defineProperty(globalThis, name, { value: classes[name], writable: true, configurable: true });
    for (const key of Object.getOwnPropertyNames(prototype)) {
      if (key !== "constructor") Object.defineProperty(prototype, key, { enumerable: true });
    }
  }
  for (const key of Object.getOwnPropertyNames(Message.prototype)) {
    if (key === "constructor") continue;
    const descriptor = { ...Object.getOwnPropertyDescriptor(Message.prototype, key), enumerable: true };
    Object.defineProperty(Request.prototype, key, descriptor);
    Object.defineProperty(Response.prototype, key, descriptor);
  }
  // Nothing of ours is between the classes and Object.
  Object.setPrototypeOf(Request.prototype, Object.prototype);
  Object.setPrototypeOf(Response.prototype, Object.prototype);

  internal.refuseClones(Headers);
  internal.refuseClones(Request);
  internal.refuseClones(Response);
  internal.inspectFields(Request);
  internal.inspectFields(Response);
  internal.requestHandle = requestHandle;
  internal.signalGiven = signalGiven;
  internal.newRequest = newRequest;
  internal.newResponse = newResponse;
  internal.newHeaders = newHeaders;
  internal.isRequest = (value) => value instanceof Request;
  internal.isResponse = (value) => value instanceof Response;
  internal.messageHandle = messageHandle;
  internal.headersHandle = headersHandle;
  internal.failed = failed;
  internal.asked = asked;
  internal.Request = Request;
  internal.Response = Response;
  internal.isObject = isObject;
})
