// Readers, asynchronous iteration, and streams from iterables.
(function (web) {
  'use strict';
  const {
    apply,
    defineProperty,
    Symbol,
    TypeError,
    Uint8Array,
    bytesSet,
    typedArrayByteLength,
    asyncIteratorPrototype,
    uncurryThis,
    WeakMap,
  } = web.primordials;
  const { deferred, react, resolved, rejected, Queue } = web;

  // Locks a stream, and returns the reader's state.
  function acquire(stream) {
    if (stream.reader !== null) throw web.platformError(TypeError, 'STREAM_LOCKED');
    const reader = {
      __proto__: null,
      stream,
      closed: deferred(),
      requests: new Queue(),
      byob: false,
    };
    stream.reader = reader;
    if (stream.phase === 'closed') reader.closed.resolve();
    if (stream.phase === 'errored') web.rejectClosed(reader, stream.error);
    return reader;
  }

  function release(reader) {
    const { stream } = reader;
    const error = web.platformError(TypeError, 'READER_RELEASED');
    if (stream.phase !== 'readable') reader.closed = deferred();
    web.rejectClosed(reader, error);
    if (stream.bytes) web.releaseBytes(stream.controller);
    reader.stream = null;
    stream.reader = null;
    while (reader.requests.length > 0) reader.requests.shift().error(error);
  }

  function read(reader) {
    const { promise, resolve, reject } = deferred();
    web.readNext(reader.stream, {
      chunk: (value) => resolve({ value, done: false }),
      close: () => resolve({ value: undefined, done: true }),
      error: reject,
    });
    return promise;
  }

  class ReadableStreamDefaultReader {
    #reader;

    constructor(stream) {
      if (!web.isReadable(stream)) {
        throw web.wrongArgument('ReadableStreamDefaultReader', 1, 'ReadableStream');
      }
      this.#reader = acquire(web.readableState(stream));
    }

    get closed() {
      return this.#reader.closed.promise;
    }

    read() {
      if (this.#reader.stream === null)
        return rejected(web.platformError(TypeError, 'READER_RELEASED'));
      return read(this.#reader);
    }

    cancel(reason) {
      const { stream } = this.#reader;
      if (stream === null) return rejected(web.platformError(TypeError, 'READER_RELEASED'));
      return web.cancelReadable(stream, reason);
    }

    releaseLock() {
      if (this.#reader.stream !== null) release(this.#reader);
    }
  }

  // The asynchronous iterator of a stream
  const kept = new WeakMap();
  const stateOf = uncurryThis(WeakMap.prototype.get);
  const keep = uncurryThis(WeakMap.prototype.set);

  // Runs a step once those before it have ended: at once when there are none, because QuickJS does
  // not wait for the return() of a loop that is left.
  const after = (state, step) => {
    const ended = () => {
      state.waiting -= 1;
    };
    state.ongoing = state.waiting === 0 ? step() : web.chain(state.ongoing, step, step);
    state.waiting += 1;
    react(state.ongoing, ended, ended);
    return state.ongoing;
  };
  const iteratorPrototype = {
    __proto__: asyncIteratorPrototype,
    next() {
      const state = stateOf(kept, this);
      if (state === undefined) return rejected(new TypeError('Illegal invocation'));
      return after(state, () => {
        if (state.finished) return resolved({ value: undefined, done: true });
        const { promise, resolve, reject } = deferred();
        const end = (settle, value) => {
          state.finished = true;
          release(state.reader);
          settle(value);
        };
        web.readNext(state.reader.stream, {
          chunk: (value) => resolve({ value, done: false }),
          close: () => end(resolve, { value: undefined, done: true }),
          error: (error) => end(reject, error),
        });
        return promise;
      });
    },
    return(value) {
      const state = stateOf(kept, this);
      if (state === undefined) return rejected(new TypeError('Illegal invocation'));
      return after(state, () => {
        const result = { value, done: true };
        if (state.finished) return resolved(result);
        state.finished = true;
        const canceled = state.preventCancel
          ? resolved()
          : web.cancelReadable(state.reader.stream, value);
        release(state.reader);
        return web.chain(canceled, () => result);
      });
    },
  };
  defineProperty(iteratorPrototype, Symbol.toStringTag, {
    value: 'ReadableStream AsyncIterator',
    configurable: true,
  });

  web.iterateReadable = (stream, preventCancel) => {
    const iterator = { __proto__: iteratorPrototype };
    keep(kept, iterator, {
      reader: acquire(stream),
      preventCancel,
      ongoing: null,
      waiting: 0,
      finished: false,
    });
    return iterator;
  };

  const notIterable = () => web.wrongParameter('from', 'ReadableStream', 1, 'AsyncGenerator');

  // A stream from an iterable: https://streams.spec.whatwg.org/#rs-from
  web.readableFrom = (iterable) => {
    if (iterable === null || iterable === undefined) {
      throw notIterable();
    }
    const asynchronous = iterable[Symbol.asyncIterator];
    const method = asynchronous ?? iterable[Symbol.iterator];
    if (typeof method !== 'function') throw notIterable();
    const iterator = apply(method, iterable, []);
    if (iterator === null || typeof iterator !== 'object') {
      throw new TypeError('An iterator is an object');
    }
    const { next } = iterator;
    const isSync = asynchronous === undefined || asynchronous === null;
    return web.createReadable(
      (controller) => {
        const step = web.promiseCall(next, iterator, []);
        return web.chain(step, (result) => {
          if (result === null || typeof result !== 'object') {
            throw new TypeError("The result of an iterator's next() is an object");
          }
          if (result.done) {
            web.closeReadable(controller);
            return undefined;
          }
          const add = (value) => {
            web.enqueue(controller, value);
          };
          return isSync ? web.chain(resolved(result.value), add) : add(result.value);
        });
      },
      (reason) => {
        const stop = iterator.return;
        if (stop === undefined || stop === null) return undefined;
        return web.promiseCall(stop, iterator, [reason]);
      },
      0,
    );
  };

  // Reads a stream to its end, and returns a promise of its bytes.
  web.readBytes = async (stream) => {
    const reader = acquire(web.readableState(stream));
    const pieces = [];
    let size = 0;
    for (;;) {
      const result = await read(reader);
      if (result.done) break;
      const bytes = web.toBytes(result.value);
      if (bytes === null) {
        const error = web.platformError(TypeError, 'TRANSFORM_SOURCE');
        web.react(web.cancelReadable(reader.stream, error), web.nothing, web.nothing);
        throw error;
      }
      size += typedArrayByteLength(bytes);
      pieces[pieces.length] = bytes;
    }
    return web.joinBytes(pieces, size);
  };
  web.joinBytes = (pieces, size) => {
    const all = new Uint8Array(size);
    let at = 0;
    for (let i = 0; i < pieces.length; i++) {
      bytesSet(all, pieces[i], at);
      at += typedArrayByteLength(pieces[i]);
    }
    return all;
  };

  // A stream of bytes that are in memory.
  web.streamOfBytes = (bytes) => {
    let sent = typedArrayByteLength(bytes) === 0;
    return web.createReadableBytes((controller) => {
      if (!sent) web.enqueue(controller, web.copyBytes(bytes)); // Which moves.
      sent = true;
      web.closeReadable(controller);
    }, web.nothing);
  };

  web.acquireReader = acquire;
  web.releaseReader = release;
  web.readFrom = read;
  web.ReadableStreamDefaultReader = ReadableStreamDefaultReader;
  web.define(ReadableStreamDefaultReader);
  web.expose({ ReadableStreamDefaultReader });
});
