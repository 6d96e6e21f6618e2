// ReadableStream and its controllers: https://streams.spec.whatwg.org/#rs-class
// A stream's state is an object of its own, which its readers and its controller refer to.
(function (web) {
  'use strict';
  const { apply, TypeError, RangeError, Number, isInteger } = web.primordials;
  const { Queue, react, resolved, rejected, deferred } = web;

  const token = {};
  let wrap, stateOf;

  class ReadableStream {
    #state;

    constructor(source = {}, strategy = undefined) {
      if (source === token) {
        this.#state = strategy;
        return;
      }
      if (source === null || (typeof source !== 'object' && typeof source !== 'function')) {
        throw web.wrongArgument('ReadableStream', 1, 'UnderlyingSource');
      }
      const bytes = typeOf(source) === 'bytes';
      if (bytes && strategy?.size !== undefined) {
        throw new RangeError('A stream of bytes has no size function in its strategy.');
      }
      const { mark, size } = web.readStrategy(strategy, bytes ? 0 : 1);
      this.#state = web.newReadable({ bytes });
      start(this.#state, source, mark, size);
    }

    get locked() {
      return this.#state.reader !== null;
    }

    cancel(reason) {
      if (this.#state.reader !== null)
        return rejected(web.platformError(TypeError, 'STREAM_LOCKED'));
      return web.cancelReadable(this.#state, reason);
    }

    getReader(options = {}) {
      const mode = options?.mode;
      if (mode !== undefined) {
        if (`${mode}` === 'byob') return web.newByobReader(this);
        throw web.platformError(TypeError, 'READER_MODE');
      }
      return new web.ReadableStreamDefaultReader(this);
    }

    pipeThrough(transform, options) {
      const { readable, writable } = transform ?? {};
      if (!isReadable(readable) || !web.isWritable(writable)) {
        throw web.wrongParameter('pipeThrough', 'ReadableStream', 1, 'Transform');
      }
      if (this.#state.reader !== null) throw web.platformError(TypeError, 'STREAM_LOCKED');
      if (writable.locked) throw web.platformError(TypeError, 'WRITABLE_LOCKED');
      react(web.pipe(this.#state, web.writableState(writable), options), web.nothing, web.nothing);
      return readable;
    }

    pipeTo(destination, options) {
      try {
        if (!web.isWritable(destination)) {
          throw web.wrongParameter('pipeTo', 'ReadableStream', 1, 'WritableStream');
        }
        if (this.#state.reader !== null) throw web.platformError(TypeError, 'STREAM_LOCKED');
        if (destination.locked) throw web.platformError(TypeError, 'WRITABLE_LOCKED');
        return web.pipe(this.#state, web.writableState(destination), options);
      } catch (error) {
        return rejected(error);
      }
    }

    tee() {
      if (this.#state.reader !== null) throw web.platformError(TypeError, 'STREAM_LOCKED');
      return web.tee(this.#state);
    }

    values(options) {
      return web.iterateReadable(this.#state, !!options?.preventCancel);
    }

    static from(iterable) {
      return web.readableFrom(iterable);
    }

    static {
      wrap = (state) => new ReadableStream(token, state);
      stateOf = (stream) => stream.#state;
      web.isReadable = (value) => value !== null && typeof value === 'object' && #state in value;
    }
  }
  const { isReadable } = web;

  function typeOf(source) {
    const { type } = source;
    if (type === undefined) return undefined;
    if (`${type}` !== 'bytes')
      throw new TypeError(`A source's type is 'bytes' or not given: ${type}`);
    return 'bytes';
  }

  // How large the buffers are that reads of a reader of another kind are given, if they are.
  function allocatedBy(source) {
    const { autoAllocateChunkSize: given } = source;
    if (given === undefined) return undefined;
    const size = Number(given);
    if (!isInteger(size) || size <= 0) {
      throw new TypeError('The autoAllocateChunkSize of a source is a positive integer.');
    }
    return size;
  }

  // A stream of our own: pull(controller) and cancel(reason) return promises or nothing. The
  // controller is a state: web.enqueue(controller, chunk), web.close and web.error take it.
  web.newReadable = ({ bytes = false } = {}) => ({
    __proto__: null,
    bytes,
    phase: 'readable',
    reader: null,
    error: undefined,
    disturbed: false,
    controller: null,
  });
  // A stream of bytes, which is pulled as it is read; where nothing of them is there, any stream.
  web.createReadableBytes = (pull, cancel) =>
    web.createReadable(pull, cancel, 0, undefined, resolved(), web.addBytes !== undefined);
  web.createReadable = (pull, cancel, mark = 1, size = () => 1, started = resolved(), bytes = false) => {
    const state = web.newReadable({ bytes });
    const controller = setUp(state, mark, size);
    controller.pull = () => resolved(pull(controller));
    controller.cancel = (reason) => resolved(cancel?.(reason));
    react(
      started,
      () => {
        begin(controller);
      },
      (error) => {
        fail(controller, error);
      },
    );
    return wrap(state);
  };

  function setUp(state, mark, size) {
    const controller = {
      __proto__: null,
      stream: state,
      queue: new Queue(),
      mark,
      size,
      started: false,
      closeRequested: false,
      pulling: false,
      pullAgain: false,
      pull: null,
      cancel: null,
      face: null,
    };
    state.controller = controller;
    if (state.bytes) web.addBytes(controller, undefined);
    return controller;
  }

  function begin(controller) {
    controller.started = true;
    pullIfNeeded(controller);
  }

  function start(state, source, mark, size) {
    const controller = setUp(state, mark, size);
    const face = faceOf(controller);
    if (state.bytes) controller.autoAllocate = allocatedBy(source);
    const pull = web.methodOf(source, 'pull');
    const cancel = web.methodOf(source, 'cancel');
    controller.pull = pull === undefined ? undefined : () => pull(face);
    controller.cancel = cancel === undefined ? undefined : cancel;
    const { start: starter } = source;
    if (starter !== undefined && typeof starter !== 'function') {
      throw new TypeError("The stream's start is no function.");
    }
    const started = starter === undefined ? undefined : apply(starter, source, [face]);
    react(
      resolved(started),
      () => {
        begin(controller);
      },
      (error) => {
        fail(controller, error);
      },
    );
  }

  // Controllers, as a Worker sees them

  class ReadableStreamDefaultController {
    #controller;
    constructor(given, controller) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      this.#controller = controller;
    }
    get desiredSize() {
      return desiredSize(this.#controller);
    }
    close() {
      if (!canAdd(this.#controller)) throw web.platformError(TypeError, 'STREAM_CLOSED');
      close(this.#controller);
    }
    enqueue(chunk) {
      if (!canAdd(this.#controller)) throw web.platformError(TypeError, 'STREAM_ENQUEUE');
      enqueue(this.#controller, chunk);
    }
    error(reason) {
      fail(this.#controller, reason);
    }
  }

  function faceOf(controller) {
    const Face = controller.stream.bytes
      ? web.ReadableByteStreamController
      : ReadableStreamDefaultController;
    return (controller.face ??= new Face(token, controller));
  }

  // What a controller does

  function canAdd(controller) {
    return !controller.closeRequested && controller.stream.phase === 'readable';
  }

  function desiredSize(controller) {
    const { phase } = controller.stream;
    return phase === 'errored'
      ? null
      : phase === 'closed'
        ? 0
        : controller.mark - (controller.stream.bytes ? controller.total : controller.queue.total);
  }

  function waiting(state) {
    return state.reader === null ? 0 : state.reader.requests.length;
  }

  function wantsMore(controller) {
    if (!canAdd(controller) || !controller.started) return false;
    return waiting(controller.stream) > 0 || desiredSize(controller) > 0;
  }

  function pullIfNeeded(controller) {
    if (!wantsMore(controller)) return;
    if (controller.pulling) {
      controller.pullAgain = true;
      return;
    }
    controller.pulling = true;
    const pulled = controller.pull === undefined ? resolved() : controller.pull();
    react(
      pulled,
      () => {
        controller.pulling = false;
        if (controller.pullAgain) {
          controller.pullAgain = false;
          pullIfNeeded(controller);
        }
      },
      (error) => {
        fail(controller, error);
      },
    );
  }

  function enqueue(controller, chunk) {
    const { stream } = controller;
    if (!canAdd(controller)) return;
    if (stream.bytes) {
      web.enqueueBytes(controller, chunk);
      return;
    }
    if (waiting(stream) > 0) {
      stream.reader.requests.shift().chunk(chunk);
    } else {
      try {
        web.enqueueSized(controller.queue, chunk, controller.size(chunk));
      } catch (error) {
        fail(controller, error);
        throw error;
      }
    }
    pullIfNeeded(controller);
  }

  function close(controller) {
    if (!canAdd(controller)) return;
    if (controller.stream.bytes) {
      web.closeBytes(controller);
      web.giveBack(controller);
      return;
    }
    controller.closeRequested = true;
    if (controller.queue.length === 0) {
      forget(controller);
      closeStream(controller.stream);
    }
  }

  function fail(controller, error) {
    const { stream } = controller;
    if (stream.phase !== 'readable') return;
    if (stream.bytes) web.clearBytes(controller);
    controller.queue.clear();
    forget(controller);
    stream.phase = 'errored';
    stream.error = error;
    const { reader } = stream;
    if (reader === null) return;
    rejectClosed(reader, error);
    while (reader.requests.length > 0) reader.requests.shift().error(error);
  }

  function rejectClosed(reader, error) {
    reader.closed.reject(error);
    react(reader.closed.promise, web.nothing, web.nothing);
  }

  function closeStream(stream) {
    stream.phase = 'closed';
    const { reader } = stream;
    if (reader === null) return;
    reader.closed.resolve();
    if (reader.byob) return; // Its buffers are given back as the source responds.
    while (reader.requests.length > 0) reader.requests.shift().close();
  }

  function forget(controller) {
    controller.pull = controller.cancel = undefined;
    controller.size = () => 1;
  }

  // Takes the next chunk for a request: an object with the functions chunk, close and error.
  web.readNext = (stream, request) => {
    stream.disturbed = true;
    if (stream.phase === 'closed') {
      request.close();
    } else if (stream.phase === 'errored') {
      request.error(stream.error);
    } else {
      const { controller } = stream;
      if (stream.bytes) {
        web.readBytesNext(controller, request);
      } else if (controller.queue.length > 0) {
        const chunk = web.dequeueSized(controller.queue);
        if (controller.closeRequested && controller.queue.length === 0) {
          forget(controller);
          closeStream(stream);
        } else {
          pullIfNeeded(controller);
        }
        request.chunk(chunk);
      } else {
        stream.reader.requests.push(request);
        pullIfNeeded(controller);
      }
    }
  };

  web.cancelReadable = (stream, reason) => {
    stream.disturbed = true;
    if (stream.phase === 'closed') return resolved();
    if (stream.phase === 'errored') return rejected(stream.error);
    closeStream(stream);
    const { controller, reader } = stream;
    if (reader !== null && reader.byob) {
      while (reader.requests.length > 0) reader.requests.shift().close(undefined);
    }
    if (stream.bytes) web.clearBytes(controller);
    controller.queue.clear();
    const { cancel } = controller;
    forget(controller);
    return web.chain(cancel === undefined ? resolved() : cancel(reason), web.nothing);
  };

  web.controllerToken = token;
  web.pullIfNeeded = pullIfNeeded;
  web.closeStream = closeStream;
  web.forgetSource = forget;
  web.readableState = stateOf;
  web.wrapReadable = wrap;
  web.enqueue = enqueue;
  web.closeReadable = close;
  web.errorReadable = fail;
  web.desiredSize = desiredSize;
  web.canAdd = canAdd;
  web.wantsMore = wantsMore;
  web.rejectClosed = rejectClosed;
  web.ReadableStream = ReadableStream;
  web.define(ReadableStream);
  web.define(ReadableStreamDefaultController);
  const { Symbol, defineProperty } = web.primordials;
  defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
    value: ReadableStream.prototype.values,
    writable: true,
    configurable: true,
  });
  web.expose({ ReadableStream, ReadableStreamDefaultController });
});
