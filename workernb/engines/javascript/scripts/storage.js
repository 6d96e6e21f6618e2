// Classes of Durable Objects: their context, their storage, and the objects that are in memory.
// https://developers.cloudflare.com/durable-objects/api/
(function (host, internal) {
  "use strict";
  const { operation, send, receive, asked, failed, rejected, exported } = internal;
  const P = internal.primordials;
  const { then, keys, isArray, defineProperty, TypeError: TheTypeError } = P;
  const { Map: TheMap, Error: TheError, Promise: ThePromise } = P;
  const resolved = ThePromise.resolve.bind(ThePromise);
  const OURS = {};

  const check = (token) => {
    if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
  };
  const asMap = (found) => {
    const map = new TheMap(), names = keys(found);
    for (let i = 0; i < names.length; i++) P.mapSet(map, names[i], found[names[i]]);
    return map;
  };

  // What the host does at once: storage never waits. area: storage, kv, sql, or a transaction.
  const call = (object, area, method, values) =>
    receive(send(host.storageCall, [object, area, method], values))[0];
  const promised = (work) => {
    try {
      return resolved(work());
    } catch (error) {
      return rejected(error);
    }
  };
  const checkValue = (key, value) => {
    const isSeveral = internal.isObject(key);
    if (!isSeveral && value === undefined) throw new TheTypeError("put() called with undefined value.");
  };

  // Let the host run a function of the Worker's while no other event runs; return what it returns.
  const held = (ask, object, closure, given) => {
    if (typeof closure !== "function") {
      return rejected(new TheTypeError("A function is expected, which is called without other events."));
    }
    let value, thrown;
    const work = async (...parts) => {
      try {
        value = await closure(...given(...parts));
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      const waits = operation(send(ask, [object], [work]));
      return then(waits, () => value, (error) => {
        throw thrown ? thrown.error : error;
      });
    } catch (error) {
      return rejected(error);
    }
  };

  // Keys, values and the alarm, of the storage and of a transaction.
  class Operations {
    #object;
    #area;
    constructor(token, object, area) {
      check(token);
      this.#object = object;
      this.#area = area;
    }
    #call(method, values, convert) {
      return promised(() => {
        const found = call(this.#object, this.#area, method, values);
        return convert ? asMap(found) : found;
      });
    }
    get(key, options) {
      return this.#call("get", [key, options], isArray(key));
    }
    put(key, value, options) {
      return promised(() => {
        checkValue(key, value);
        call(this.#object, this.#area, "put", [key, value, options]);
      });
    }
    delete(key, options) {
      return this.#call("delete", [key, options], false);
    }
    list(options) {
      return this.#call("list", [options], true);
    }
    deleteAll(options) {
      return this.#call("deleteAll", [options], false);
    }
    async getAlarm(options) {
      return (await this.#call("getAlarm", [options], false)) ?? null;
    }
    setAlarm(time, options) {
      return this.#call("setAlarm", [time, options], false);
    }
    deleteAlarm(options) {
      return this.#call("deleteAlarm", [options], false);
    }
  }

  class DurableObjectTransaction extends Operations {
    #object;
    #area;
    constructor(token, object, area) {
      super(token, object, area);
      this.#object = object;
      this.#area = area;
    }
    rollback() {
      call(this.#object, this.#area, "rollback", []);
    }
  }

  class SyncKvStorage {
    #object;
    constructor(token, object) {
      check(token);
      this.#object = object;
    }
    get(key) {
      return call(this.#object, "kv", "get", [key]);
    }
    put(key, value) {
      checkValue("", value);
      call(this.#object, "kv", "put", [key, value]);
    }
    delete(key) {
      return call(this.#object, "kv", "delete", [key]);
    }
    list(options) {
      return call(this.#object, "kv", "list", [options])[Symbol.iterator]();
    }
  }

  class SqlStorageCursor {
    #found;
    #at = 0;
    constructor(token, found) {
      check(token);
      this.#found = found;
    }
    get columnNames() {
      return this.#found.columnNames;
    }
    get rowsRead() {
      return this.#found.rowsRead;
    }
    get rowsWritten() {
      return this.#found.rowsWritten;
    }
    #row() {
      const row = this.#found.rows[this.#at++];
      if (row === undefined) return undefined;
      for (let i = 0; i < row.length; i++) {
        const bytes = internal.toBytes(row[i]);
        if (bytes !== null) row[i] = P.typedArrayBuffer(bytes);
      }
      return row;
    }
    next() {
      const row = this.#row();
      if (row === undefined) return { done: true };
      const { columnNames } = this.#found, value = {};
      for (let i = 0; i < row.length; i++) {
        defineProperty(value, columnNames[i], {
          value: row[i], writable: true, enumerable: true, configurable: true,
        });
      }
      return { done: false, value };
    }
    toArray() {
      const rows = [];
      for (let one = this.next(); !one.done; one = this.next()) rows[rows.length] = one.value;
      return rows;
    }
    one() {
      const rows = this.toArray();
      if (rows.length === 1) return rows[0];
      throw internal.platformError(TheError, rows.length ? "SQL_MANY_ROWS" : "SQL_NO_ROW");
    }
    *raw() {
      for (let row = this.#row(); row !== undefined; row = this.#row()) yield row;
    }
    [Symbol.iterator]() {
      return this;
    }
  }

  class SqlStorage {
    #object;
    constructor(token, object) {
      check(token);
      this.#object = object;
    }
    exec(query, ...values) {
      return new SqlStorageCursor(OURS, call(this.#object, "sql", "exec", [query, ...values]));
    }
    get databaseSize() {
      return call(this.#object, "sql", "databaseSize", []);
    }
  }

  class DurableObjectStorage extends Operations {
    #object;
    #sql;
    #kv;
    constructor(token, object) {
      super(token, object, "storage");
      this.#object = object;
      this.#sql = new SqlStorage(OURS, object);
      this.#kv = new SyncKvStorage(OURS, object);
    }
    get sql() {
      return this.#sql;
    }
    get kv() {
      return this.#kv;
    }
    sync() {
      return promised(() => call(this.#object, "storage", "sync", []));
    }
    transaction(closure) {
      const object = this.#object;
      return held(host.transaction, object, closure, (area) => [
        new DurableObjectTransaction(OURS, object, area),
      ]);
    }
    transactionSync(closure) {
      asked(host.enterTransaction, this.#object);
      let isKept = false;
      try {
        const value = closure();
        if (internal.isObject(value) && typeof value.then === "function") {
          throw new TheTypeError("transactionSync() takes a plain function; await transaction(…).");
        }
        isKept = true;
        return value;
      } finally {
        asked(host.leaveTransaction, this.#object, isKept);
      }
    }
  }

  const socketOf = (method, socket) => {
    const handle = internal.socketHandle?.(socket);
    if (handle === undefined) throw internal.wrongParameter(method, "DurableObjectState", 1, "WebSocket");
    return handle;
  };

  class DurableObjectState {
    #object;
    constructor(token, object, id) {
      check(token);
      this.#object = object;
      defineProperty(this, "id", { value: internal.newObjectId(id), enumerable: true });
      defineProperty(this, "storage", {
        value: new DurableObjectStorage(OURS, object), enumerable: true,
      });
    }
    get props() {
      return {};
    }
    get exports() {
      return internal.newContext(host.current()).exports;
    }
    waitUntil(promise) {
      internal.waitUntil(promise);
    }
    acceptWebSocket(socket, tags) {
      const handle = socketOf("acceptWebSocket", socket);
      const parts = [host.acceptHibernating, this.#object, handle];
      if (tags !== undefined) for (const tag of tags) parts[parts.length] = P.String(tag);
      internal.adopted(P.apply(asked, undefined, parts), handle, socket);
    }
    getWebSockets(tag) {
      const flat = asked(host.hibernatingSockets, this.#object, tag === undefined ? null : P.String(tag));
      const found = [];
      for (let i = 0; i < flat.length; i += 2) found[i / 2] = internal.adopted(flat[i], flat[i + 1]);
      return found;
    }
    getTags(socket) {
      const found = asked(host.socketTags, this.#object, socketOf("getTags", socket)), tags = [];
      for (let i = 0; i < found.length; i++) tags[i] = found[i];
      return tags;
    }
    setWebSocketAutoResponse(pair) {
      if (pair === undefined || pair === null) return void asked(host.setSocketAnswer, this.#object, null, null);
      if (!(pair instanceof internal.WebSocketRequestResponsePair)) {
        throw internal.wrongParameter(
          "setWebSocketAutoResponse", "DurableObjectState", 1, "WebSocketRequestResponsePair",
        );
      }
      asked(host.setSocketAnswer, this.#object, pair.request, pair.response);
    }
    getWebSocketAutoResponse() {
      const pair = asked(host.socketAnswer, this.#object);
      return pair === null ? null : new internal.WebSocketRequestResponsePair(pair[0], pair[1]);
    }
    getWebSocketAutoResponseTimestamp(socket) {
      const handle = socketOf("getWebSocketAutoResponseTimestamp", socket);
      return receive(asked(host.socketAnswered, this.#object, handle))[0];
    }
    setHibernatableWebSocketEventTimeout(timeout) {
      asked(host.setSocketTimeout, this.#object, timeout === undefined ? null : +timeout);
    }
    getHibernatableWebSocketEventTimeout() {
      return asked(host.socketTimeout, this.#object);
    }
    blockConcurrencyWhile(callback) {
      return held(host.blockConcurrency, this.#object, callback, () => []);
    }
    abort(reason) {
      const text = reason === undefined ? null : `${internal.isObject(reason) ? reason.message : reason}`;
      asked(host.abortObject, this.#object, text);
    }
  }

  for (const Class of [
    DurableObjectTransaction, SyncKvStorage, SqlStorageCursor, SqlStorage, DurableObjectStorage,
    DurableObjectState,
  ]) {
    defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
  }
  // Make an object, which is called by its number from then on.
  internal.makeObject = (index, run, object, id) => {
    const released = host.released();
    for (let i = 0; i < released.length; i++) delete exported[released[i]];
    try {
      exported[object] = internal.constructObject(index, new DurableObjectState(OURS, object, id));
      host.done(run, null);
    } catch (error) {
      internal.failedRun(run, error);
    }
  };
  const socketIn = (parts) => internal.adopted(parts[0], parts[1]);
  const argumentsOf = {
    __proto__: null,
    alarm: receive,
    webSocketMessage: (parts) => [socketIn(parts), parts[2]],
    webSocketClose: (parts) => [socketIn(parts), parts[2], parts[3], parts[4]],
    webSocketError: (parts) => [socketIn(parts), new TheError(parts[2])],
  };
  internal.enterObject = async (object, run, name, argument) => {
    try {
      const instance = exported[object];
      if (name === "fetch") {
        internal.respond(run, await instance.fetch(internal.newRequest(argument)));
        return;
      }
      await P.apply(instance[name], instance, argumentsOf[name](argument));
      host.done(run, null);
    } catch (error) {
      internal.failedRun(run, error);
    }
  };
})
