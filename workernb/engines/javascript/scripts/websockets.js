// WebSocketPair and WebSocket: thin classes over the host's ends of connections, `#handle`.
// https://developers.cloudflare.com/workers/runtime-apis/websockets/
(function (host, internal) {
  "use strict";
  const { asked, failed, isObject, exported, toBytes, isBlob, blobBytes } = internal;
  const P = internal.primordials;
  const { String: TheString, defineProperty } = P;
  const OURS = {};

  const TheDOMException = DOMException;
  const number = (value) => (value === undefined ? null : P.trunc(+value) || 0);

  let socketHandle, dispatch;
  const { addEventListener, removeEventListener, dispatchEvent } = internal.EventTarget.prototype;

  class WebSocket extends internal.EventTarget {
    #handle;
    #number = null; // By which the host calls it, once it was accepted.
    #types = []; // Those that it has had listeners to.
    #handlers = { __proto__: null }; // Those of `onmessage` and its like.
    #binaryType = "blob";
    constructor(url, handle) {
      if (url !== OURS) asked(host.socketNew, TheString(url));
      super();
      this.#handle = handle;
    }
    static {
      socketHandle = (value) => (isObject(value) && #handle in value ? value.#handle : undefined);
      dispatch = (socket, event) => P.apply(dispatchEvent, socket, [event]);
    }
    accept() {
      if (this.#number !== null) return;
      const parts = [host.socketAccept, this.#handle], types = this.#types;
      for (let i = 0; i < types.length; i++) parts[i + 2] = types[i];
      this.#number = P.apply(asked, undefined, parts);
      internal.exportAs(this.#number, this);
    }
    send(message) {
      if (arguments.length === 0) throw internal.wrongParameter("send", "WebSocket", 1, "ArrayBuffer or ArrayBufferView or string");
      asked(host.socketSend, this.#handle, contentOf(message));
    }
    close(code, reason) {
      try {
        host.socketClose(this.#handle, number(code), reason === undefined ? null : TheString(reason));
      } catch (error) {
        const thrown = failed(error);
        if (!(thrown instanceof P.RangeError)) throw thrown;
        const isLong = thrown.message === internal.host.text("SOCKET_REASON");
        throw new TheDOMException(thrown.message, isLong ? "SyntaxError" : "InvalidAccessError");
      }
    }
    addEventListener(type, callback, options) {
      type = TheString(type);
      P.apply(addEventListener, this, [type, callback, options]);
      this.#types[this.#types.length] = type;
      if (this.#number !== null) host.socketListen(this.#number, type);
    }
    serializeAttachment(value) {
      internal.send(host.attach, [this.#handle], [value]);
    }
    deserializeAttachment() {
      return internal.receive(asked(host.attachment, this.#handle))[0];
    }
    get readyState() {
      return host.socketState(this.#handle);
    }
    get url() {
      return null;
    }
    get protocol() {
      return host.socketProtocol(this.#handle);
    }
    get extensions() {
      return "";
    }
    get binaryType() {
      return this.#binaryType;
    }
    set binaryType(type) {
      if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
    }
    static {
      const attribute = (type) =>
        defineProperty(WebSocket.prototype, `on${type}`, {
          get() {
            return this.#handlers[type] ?? null;
          },
          set(handler) {
            const before = this.#handlers[type];
            if (before) P.apply(removeEventListener, this, [type, before]);
            this.#handlers[type] = typeof handler === "function" ? handler : null;
            if (this.#handlers[type]) this.addEventListener(type, handler);
          },
          enumerable: true,
          configurable: true,
        });
      attribute("open");
      attribute("message");
      attribute("close");
      attribute("error");
    }
  }
  const states = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
  for (let i = 0; i < states.length; i++) {
    const own = { value: i, enumerable: true };
    defineProperty(WebSocket, states[i], own);
    defineProperty(WebSocket.prototype, states[i], own);
    defineProperty(WebSocket, `READY_STATE_${states[i]}`, own);
    defineProperty(WebSocket.prototype, `READY_STATE_${states[i]}`, own);
  }

  // What is sent: a text, or a view of bytes.
  const contentOf = (message) => {
    if (typeof message === "string") return message;
    if (!isObject(message)) return TheString(message);
    if (isBlob(message)) return blobBytes(message);
    return toBytes(message) ?? TheString(message);
  };
  const dataOf = (socket, body) => {
    if (typeof body === "string") return body;
    if (socket.binaryType === "arraybuffer") return body;
    return internal.newBlob(new P.Uint8Array(body), "");
  };
  const events = {
    __proto__: null,
    message: (socket, body) => new internal.MessageEvent("message", { data: dataOf(socket, body) }),
    close: (socket, code, reason, wasClean) =>
      new internal.CloseEvent("close", { code, reason, wasClean }),
    error: (socket, message) => new internal.ErrorEvent("error", { message, error: new P.Error(message) }),
  };

  // Two ends by the names 0 and 1, as `Object.values(new WebSocketPair())` gives them.
  class WebSocketPair {
    constructor() {
      const ends = asked(host.socketPair);
      this[0] = new WebSocket(OURS, ends[0]);
      this[1] = new WebSocket(OURS, ends[1]);
    }
    *[Symbol.iterator]() {
      yield this[0];
      yield this[1];
    }
  }

  class WebSocketRequestResponsePair {
    #request;
    #response;
    constructor(request, response) {
      if (arguments.length < 2) throw internal.wrongArgument("WebSocketRequestResponsePair", arguments.length + 1, "string");
      this.#request = TheString(request);
      this.#response = TheString(response);
    }
    get request() {
      return this.#request;
    }
    get response() {
      return this.#response;
    }
  }
  internal.WebSocketRequestResponsePair = WebSocketRequestResponsePair;

  // The object for an end that hibernates, by its number; made anew where the Worker was loaded anew.
  internal.adopted = (of, handle, socket) => {
    if (exported[of] === undefined) internal.exportAs(of, socket ?? new WebSocket(OURS, handle));
    return exported[of];
  };

  // Called by the host: an event has arrived.
  internal.socketEvent = (of, run, type, first, second, third) => {
    const socket = exported[of];
    if (socket === undefined) return;
    try {
      dispatch(socket, internal.trusted(events[type](socket, first, second, third)));
    } catch (error) {
      internal.failedRun(run, error);
    }
  };

  internal.socketHandle = socketHandle;
  internal.newSocket = (handle) => new WebSocket(OURS, handle);
  internal.refuseClones(WebSocket);
  internal.define(WebSocket);
  internal.define(WebSocketPair);
  internal.define(WebSocketRequestResponsePair);
  internal.expose({ WebSocket, WebSocketPair, WebSocketRequestResponsePair });
})
