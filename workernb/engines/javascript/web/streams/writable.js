// WritableStream, its writer and its controller: https://streams.spec.whatwg.org/#ws-class
(function (web) {
  'use strict';
  const { apply, RangeError, TypeError } = web.primordials;
  const { Queue, react, resolved, rejected, deferred, nothing } = web;

  const token = {};
  const CLOSE = { __proto__: null };
  let stateOf, wrap;

  class WritableStream {
    #state;

    constructor(sink = {}, strategy = undefined) {
      if (sink === token) {
        this.#state = strategy;
        return;
      }
      if (sink === null || (typeof sink !== 'object' && typeof sink !== 'function')) {
        throw web.wrongArgument('WritableStream', 1, 'UnderlyingSink');
      }
      if (sink.type !== undefined) throw new RangeError('A sink has no type.');
      const { mark, size } = web.readStrategy(strategy, 1);
      this.#state = newState();
      start(this.#state, sink, mark, size);
    }

    get locked() {
      return this.#state.writer !== null;
    }

    abort(reason) {
      if (this.#state.writer !== null) {
        return rejected(web.platformError(TypeError, 'WRITABLE_LOCKED'));
      }
      return abort(this.#state, reason);
    }

    close() {
      if (this.#state.writer !== null) {
        return rejected(web.platformError(TypeError, 'WRITABLE_LOCKED'));
      }
      if (closing(this.#state)) return rejected(web.platformError(TypeError, 'WRITABLE_CLOSED'));
      return close(this.#state);
    }

    getWriter() {
      return new WritableStreamDefaultWriter(this);
    }

    static {
      stateOf = (stream) => stream.#state;
      wrap = (state) => new WritableStream(token, state);
      web.isWritable = (value) => value !== null && typeof value === 'object' && #state in value;
    }
  }

  function newState() {
    return {
      __proto__: null,
      phase: 'writable',
      error: undefined,
      writer: null,
      controller: null,
      requests: new Queue(),
      writing: null,
      closeRequest: null,
      closingNow: null,
      aborting: null,
      backpressure: false,
    };
  }

  function setUp(state, mark, size) {
    const controller = {
      __proto__: null,
      stream: state,
      queue: new Queue(),
      mark,
      size,
      started: false,
      write: undefined,
      close: undefined,
      abort: undefined,
      signal: web.newSignal(),
    };
    state.controller = controller;
    return controller;
  }

  function begin(controller, started) {
    setBackpressure(controller.stream, isFull(controller));
    react(
      started,
      () => {
        controller.started = true;
        advance(controller);
      },
      (error) => {
        controller.started = true;
        startErroringOrFail(controller.stream, error);
      },
    );
  }

  function start(state, sink, mark, size) {
    const controller = setUp(state, mark, size);
    const face = new WritableStreamDefaultController(token, controller);
    const write = web.methodOf(sink, 'write');
    controller.write = write === undefined ? undefined : (chunk) => write(chunk, face);
    controller.close = web.methodOf(sink, 'close');
    controller.abort = web.methodOf(sink, 'abort');
    const { start: starter } = sink;
    if (starter !== undefined && typeof starter !== 'function') {
      throw new TypeError("The stream's start is no function.");
    }
    begin(controller, resolved(starter === undefined ? undefined : apply(starter, sink, [face])));
  }

  // A stream of our own, whose functions return promises.
  web.createWritable = (
    write,
    closeIt,
    abortIt,
    started = resolved(),
    mark = 1,
    size = () => 1,
  ) => {
    const controller = setUp(newState(), mark, size);
    controller.write = write;
    controller.close = closeIt;
    controller.abort = abortIt;
    begin(controller, started);
    return wrap(controller.stream);
  };

  class WritableStreamDefaultController {
    #controller;
    constructor(given, controller) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      this.#controller = controller;
    }
    get signal() {
      return this.#controller.signal;
    }
    error(reason) {
      if (this.#controller.stream.phase === 'writable')
        startErroring(this.#controller.stream, reason);
    }
  }

  class WritableStreamDefaultWriter {
    #writer;

    constructor(stream) {
      if (!web.isWritable(stream)) {
        throw web.wrongArgument('WritableStreamDefaultWriter', 1, 'WritableStream');
      }
      this.#writer = acquire(stateOf(stream));
    }

    get closed() {
      return this.#writer.closed.promise;
    }
    get ready() {
      return this.#writer.ready.promise;
    }
    get desiredSize() {
      if (this.#writer.stream === null) throw web.platformError(TypeError, 'WRITER_RELEASED');
      return desiredSize(this.#writer.stream);
    }

    write(chunk) {
      if (this.#writer.stream === null)
        return rejected(web.platformError(TypeError, 'WRITER_RELEASED'));
      return write(this.#writer, chunk);
    }

    close() {
      const { stream } = this.#writer;
      if (stream === null) return rejected(web.platformError(TypeError, 'WRITER_RELEASED'));
      if (closing(stream)) return rejected(web.platformError(TypeError, 'WRITABLE_CLOSED'));
      return close(stream);
    }

    abort(reason) {
      const { stream } = this.#writer;
      if (stream === null) return rejected(web.platformError(TypeError, 'WRITER_RELEASED'));
      return abort(stream, reason);
    }

    releaseLock() {
      if (this.#writer.stream !== null) release(this.#writer);
    }
  }

  // A promise that can be rejected again: a settled one is replaced.
  function pendingPart() {
    return { __proto__: null, ...deferred(), pending: true };
  }
  function resolvePart(part) {
    part.pending = false;
    part.resolve();
  }
  function rejectPart(writer, name, error) {
    if (!writer[name].pending) writer[name] = pendingPart();
    writer[name].pending = false;
    writer[name].reject(error);
    react(writer[name].promise, nothing, nothing);
  }

  function acquire(stream) {
    if (stream.writer !== null) throw web.platformError(TypeError, 'WRITABLE_LOCKED');
    const writer = { __proto__: null, stream, closed: pendingPart(), ready: pendingPart() };
    stream.writer = writer;
    if (stream.phase === 'writable') {
      if (closing(stream) || !stream.backpressure) resolvePart(writer.ready);
    } else if (stream.phase === 'erroring') {
      rejectPart(writer, 'ready', stream.error);
    } else if (stream.phase === 'closed') {
      resolvePart(writer.ready);
      resolvePart(writer.closed);
    } else {
      rejectPart(writer, 'ready', stream.error);
      rejectPart(writer, 'closed', stream.error);
    }
    return writer;
  }

  function release(writer) {
    const error = web.platformError(TypeError, 'WRITER_RELEASED');
    rejectPart(writer, 'ready', error);
    rejectPart(writer, 'closed', error);
    writer.stream.writer = null;
    writer.stream = null;
  }

  function closing(stream) {
    return stream.closeRequest !== null || stream.closingNow !== null;
  }

  function desiredSize(stream) {
    if (stream.phase === 'errored' || stream.phase === 'erroring') return null;
    if (stream.phase === 'closed') return 0;
    return stream.controller.mark - stream.controller.queue.total;
  }
  function isFull(controller) {
    return controller.mark - controller.queue.total <= 0;
  }

  function setBackpressure(stream, full) {
    if (stream.writer !== null && full !== stream.backpressure) {
      if (full) stream.writer.ready = pendingPart();
      else resolvePart(stream.writer.ready);
    }
    stream.backpressure = full;
  }

  function write(writer, chunk) {
    const { stream } = writer;
    const { controller } = stream;
    let size = 1;
    try {
      size = controller.size(chunk);
    } catch (error) {
      if (stream.phase === 'writable') startErroring(stream, error);
    }
    if (stream !== writer.stream) return rejected(web.platformError(TypeError, 'WRITER_RELEASED'));
    if (stream.phase === 'errored') return rejected(stream.error);
    if (closing(stream) || stream.phase === 'closed') {
      return rejected(web.platformError(TypeError, 'WRITABLE_CLOSED'));
    }
    if (stream.phase === 'erroring') return rejected(stream.error);
    const request = deferred();
    stream.requests.push(request);
    try {
      web.enqueueSized(controller.queue, chunk, size);
    } catch (error) {
      if (stream.phase === 'writable') startErroring(stream, error);
      return request.promise;
    }
    if (!closing(stream)) setBackpressure(stream, isFull(controller));
    advance(controller);
    return request.promise;
  }

  function close(stream) {
    if (stream.phase === 'closed' || stream.phase === 'errored') {
      return rejected(web.platformError(TypeError, 'WRITABLE_CLOSED'));
    }
    stream.closeRequest = deferred();
    const { promise } = stream.closeRequest;
    if (stream.writer !== null && stream.backpressure && stream.phase === 'writable') {
      resolvePart(stream.writer.ready);
    }
    web.enqueueSized(stream.controller.queue, CLOSE, 0);
    advance(stream.controller);
    return promise;
  }

  function abort(stream, reason) {
    if (stream.phase === 'closed' || stream.phase === 'errored') return resolved();
    web.abortSignal(stream.controller.signal, reason);
    if (stream.phase === 'closed' || stream.phase === 'errored') return resolved();
    if (stream.aborting !== null) return stream.aborting.promise;
    const wasErroring = stream.phase === 'erroring';
    stream.aborting = {
      __proto__: null,
      ...deferred(),
      reason: wasErroring ? undefined : reason,
      wasErroring,
    };
    const { promise } = stream.aborting;
    if (!wasErroring) startErroring(stream, reason);
    return promise;
  }

  function startErroring(stream, error) {
    stream.phase = 'erroring';
    stream.error = error;
    if (stream.writer !== null) rejectPart(stream.writer, 'ready', error);
    if (stream.writing === null && stream.closingNow === null && stream.controller.started) {
      finishErroring(stream);
    }
  }

  function startErroringOrFail(stream, error) {
    if (stream.phase === 'writable') startErroring(stream, error);
    else if (stream.phase === 'erroring') finishErroring(stream);
  }

  function finishErroring(stream) {
    stream.phase = 'errored';
    const { controller } = stream;
    controller.queue.clear();
    while (stream.requests.length > 0) stream.requests.shift().reject(stream.error);
    const { aborting } = stream;
    stream.aborting = null;
    if (aborting === null) {
      rejectCloseRequest(stream);
      return;
    }
    if (aborting.wasErroring) {
      aborting.reject(stream.error);
      rejectCloseRequest(stream);
      return;
    }
    const aborted = controller.abort === undefined ? resolved() : controller.abort(aborting.reason);
    forget(controller);
    react(
      aborted,
      () => {
        aborting.resolve();
        rejectCloseRequest(stream);
      },
      (error) => {
        aborting.reject(error);
        rejectCloseRequest(stream);
      },
    );
  }

  function rejectCloseRequest(stream) {
    if (stream.closeRequest !== null) {
      stream.closeRequest.reject(stream.error);
      stream.closeRequest = null;
    }
    if (stream.writer !== null) rejectPart(stream.writer, 'closed', stream.error);
  }

  function forget(controller) {
    controller.write = controller.close = controller.abort = undefined;
    controller.size = () => 1;
  }

  // Writes the next chunk, or closes the sink, unless it is busy.
  function advance(controller) {
    const { stream } = controller;
    if (!controller.started || stream.writing !== null) return;
    if (stream.phase === 'erroring') {
      if (stream.closingNow === null) finishErroring(stream);
      return;
    }
    if (stream.phase !== 'writable' || controller.queue.length === 0) return;
    if (controller.queue.first.chunk === CLOSE) closeSink(controller);
    else writeChunk(controller, controller.queue.first.chunk);
  }

  function closeSink(controller) {
    const { stream } = controller;
    if (stream.closingNow !== null) return;
    stream.closingNow = stream.closeRequest;
    stream.closeRequest = null;
    web.dequeueSized(controller.queue);
    const closed = controller.close === undefined ? resolved() : controller.close();
    forget(controller);
    react(
      closed,
      () => {
        stream.closingNow.resolve();
        stream.closingNow = null;
        if (stream.phase === 'erroring') {
          stream.error = undefined;
          stream.aborting?.resolve();
          stream.aborting = null;
        }
        stream.phase = 'closed';
        if (stream.writer !== null) resolvePart(stream.writer.closed);
      },
      (error) => {
        stream.closingNow.reject(error);
        stream.closingNow = null;
        stream.aborting?.reject(error);
        stream.aborting = null;
        startErroringOrFail(stream, error);
      },
    );
  }

  function writeChunk(controller, chunk) {
    const { stream } = controller;
    stream.writing = stream.requests.shift();
    const written = controller.write === undefined ? resolved() : controller.write(chunk);
    react(
      written,
      () => {
        stream.writing.resolve();
        stream.writing = null;
        web.dequeueSized(controller.queue);
        if (!closing(stream) && stream.phase === 'writable')
          setBackpressure(stream, isFull(controller));
        advance(controller);
      },
      (error) => {
        if (stream.phase === 'writable') forget(controller);
        stream.writing.reject(error);
        stream.writing = null;
        startErroringOrFail(stream, error);
      },
    );
  }

  web.writableState = stateOf;
  web.acquireWriter = acquire;
  web.releaseWriter = release;
  web.writeTo = write;
  web.closeWritable = close;
  web.abortWritable = abort;
  web.isClosing = closing;
  web.writableDesiredSize = desiredSize;
  web.errorWritable = (stream, error) => {
    if (stream.phase === 'writable') startErroring(stream, error);
  };
  web.WritableStream = WritableStream;
  web.define(WritableStream);
  web.define(WritableStreamDefaultWriter);
  web.define(WritableStreamDefaultController);
  web.expose({ WritableStream, WritableStreamDefaultWriter, WritableStreamDefaultController });
});
