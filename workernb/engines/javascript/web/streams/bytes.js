// Streams of bytes: their controller, BYOB requests and BYOB readers.
// https://streams.spec.whatwg.org/#rbs-controller-class
(function (web) {
  'use strict';
  const P = web.primordials;
  const { TypeError, RangeError, ArrayBuffer, Uint8Array, DataView, Number, min, isInteger } = P;
  const { arraySplice, transferBuffer, sliceBuffer, isDetached, byteLengthOf, isView } = P;
  const { rejected, deferred, platformError } = web;
  const token = {};

  // A view of any kind: its buffer, place and size, its class and how large an element is.
  const bufferOf = (view) =>
    P.typedArrayName(view) === undefined ? P.viewBuffer(view) : P.typedArrayBuffer(view);
  const offsetOf = (view) =>
    P.typedArrayName(view) === undefined ? P.viewByteOffset(view) : P.typedArrayByteOffset(view);
  const lengthOf = (view) =>
    P.typedArrayName(view) === undefined ? P.viewByteLength(view) : P.typedArrayByteLength(view);
  const classOf = (view) => {
    const name = P.typedArrayName(view);
    return name === undefined ? DataView : P[name];
  };
  const elementSizeOf = (Class) => (Class === DataView ? 1 : Class.BYTES_PER_ELEMENT);

  const newPullInto = (buffer, byteOffset, byteLength, Class, minimumFill, readerType) => ({
    __proto__: null,
    buffer,
    bufferByteLength: byteLengthOf(buffer),
    byteOffset,
    byteLength,
    bytesFilled: 0,
    minimumFill,
    elementSize: elementSizeOf(Class),
    Class,
    readerType,
  });
  const viewOf = (pullInto) =>
    new pullInto.Class(
      transferBuffer(pullInto.buffer),
      pullInto.byteOffset,
      pullInto.bytesFilled / pullInto.elementSize,
    );
  const shift = (list) => arraySplice(list, 0, 1)[0];

  // What a controller of bytes has besides that of any stream. Its queue has pieces of buffers.
  web.addBytes = (controller, autoAllocate) => {
    controller.pieces = [];
    controller.total = 0;
    controller.pullIntos = [];
    controller.request = null;
    controller.autoAllocate = autoAllocate;
  };
  const invalidate = (controller) => {
    if (controller.request === null) return;
    forgetRequest(controller.request);
    controller.request = null;
  };
  const clearPullIntos = (controller) => {
    invalidate(controller);
    controller.pullIntos = [];
  };
  const addPiece = (controller, buffer, byteOffset, byteLength) => {
    controller.pieces[controller.pieces.length] = { buffer, byteOffset, byteLength };
    controller.total += byteLength;
  };
  const addCopy = (controller, buffer, from, size) => {
    addPiece(controller, sliceBuffer(buffer, from, from + size), 0, size);
  };
  // What was filled for a reader that has left is read by the next one.
  const keepFilled = (controller, pullInto) => {
    if (pullInto.bytesFilled > 0) {
      addCopy(controller, pullInto.buffer, pullInto.byteOffset, pullInto.bytesFilled);
    }
    shift(controller.pullIntos);
  };

  const afterTaking = (controller) => {
    if (controller.total === 0 && controller.closeRequested) {
      web.forgetSource(controller);
      web.closeStream(controller.stream);
    } else {
      web.pullIfNeeded(controller);
    }
  };
  const takePiece = (controller, request) => {
    const { buffer, byteOffset, byteLength } = shift(controller.pieces);
    controller.total -= byteLength;
    afterTaking(controller);
    request.chunk(new Uint8Array(buffer, byteOffset, byteLength));
  };

  // Copy what there is into a reader's buffer; return whether that has what it asked for at least.
  const fill = (controller, pullInto) => {
    const most = pullInto.bytesFilled + min(controller.total, pullInto.byteLength - pullInto.bytesFilled);
    const aligned = most - (most % pullInto.elementSize);
    const isReady = aligned >= pullInto.minimumFill;
    let left = (isReady ? aligned : most) - pullInto.bytesFilled;
    while (left > 0) {
      const piece = controller.pieces[0];
      const size = min(left, piece.byteLength);
      P.bytesSet(
        new Uint8Array(pullInto.buffer),
        new Uint8Array(piece.buffer, piece.byteOffset, size),
        pullInto.byteOffset + pullInto.bytesFilled,
      );
      if (piece.byteLength === size) shift(controller.pieces);
      else {
        piece.byteOffset += size;
        piece.byteLength -= size;
      }
      controller.total -= size;
      pullInto.bytesFilled += size;
      left -= size;
    }
    return isReady;
  };
  const fillAll = (controller) => {
    const filled = [];
    while (controller.pullIntos.length > 0 && controller.total > 0) {
      const first = controller.pullIntos[0];
      if (fill(controller, first)) filled[filled.length] = shift(controller.pullIntos);
    }
    return filled;
  };
  const commit = (stream, pullInto) => {
    const isClosed = stream.phase === 'closed';
    const request = stream.reader.requests.shift();
    const view = viewOf(pullInto);
    if (isClosed) request.close(view);
    else request.chunk(view);
  };
  const commitAll = (stream, filled) => {
    for (let i = 0; i < filled.length; i++) commit(stream, filled[i]);
  };

  web.enqueueBytes = (controller, chunk) => {
    const { stream } = controller;
    if (!web.canAdd(controller)) return;
    const buffer = bufferOf(chunk), byteOffset = offsetOf(chunk), byteLength = lengthOf(chunk);
    if (isDetached(buffer)) throw new TypeError("The chunk's buffer was transferred.");
    const moved = transferBuffer(buffer);
    if (controller.pullIntos.length > 0) {
      const first = controller.pullIntos[0];
      if (isDetached(first.buffer)) throw new TypeError("The request's buffer was transferred.");
      invalidate(controller);
      first.buffer = transferBuffer(first.buffer);
      if (first.readerType === 'none') keepFilled(controller, first);
    }
    const { reader } = stream;
    if (reader === null) addPiece(controller, moved, byteOffset, byteLength);
    else if (reader.byob) {
      addPiece(controller, moved, byteOffset, byteLength);
      commitAll(stream, fillAll(controller));
    } else {
      while (reader.requests.length > 0 && controller.total > 0) {
        takePiece(controller, reader.requests.shift());
      }
      if (reader.requests.length === 0) addPiece(controller, moved, byteOffset, byteLength);
      else {
        if (controller.pullIntos.length > 0) shift(controller.pullIntos);
        reader.requests.shift().chunk(new Uint8Array(moved, byteOffset, byteLength));
      }
    }
    web.pullIfNeeded(controller);
  };

  web.closeBytes = (controller) => {
    if (!web.canAdd(controller)) return;
    if (controller.total > 0) {
      controller.closeRequested = true;
      return;
    }
    const first = controller.pullIntos[0];
    if (first !== undefined && first.bytesFilled % first.elementSize !== 0) {
      const error = new TypeError('The stream was closed with a part of an element in a request.');
      web.errorReadable(controller, error);
      throw error;
    }
    web.forgetSource(controller);
    web.closeStream(controller.stream);
  };
  web.clearBytes = (controller) => {
    clearPullIntos(controller);
    controller.pieces = [];
    controller.total = 0;
  };
  web.readBytesNext = (controller, request) => {
    const { stream } = controller;
    if (controller.total > 0) {
      takePiece(controller, request);
      return;
    }
    const size = controller.autoAllocate;
    if (size !== undefined) {
      let buffer;
      try {
        buffer = new ArrayBuffer(size);
      } catch (error) {
        request.error(error);
        return;
      }
      const { pullIntos } = controller;
      pullIntos[pullIntos.length] = newPullInto(buffer, 0, size, Uint8Array, 1, 'default');
    }
    stream.reader.requests.push(request);
    web.pullIfNeeded(controller);
  };
  // The next reader gets what the request of this one will be filled with.
  web.releaseBytes = (controller) => {
    const first = controller.pullIntos[0];
    if (first === undefined) return;
    first.readerType = 'none';
    controller.pullIntos = [first];
  };

  const readInto = (stream, view, least, request) => {
    const { controller } = stream;
    stream.disturbed = true;
    if (stream.phase === 'errored') {
      request.error(stream.error);
      return;
    }
    const Class = classOf(view), byteOffset = offsetOf(view), byteLength = lengthOf(view);
    let buffer;
    try {
      buffer = transferBuffer(bufferOf(view));
    } catch (error) {
      request.error(error);
      return;
    }
    const minimum = least * elementSizeOf(Class);
    const pullInto = newPullInto(buffer, byteOffset, byteLength, Class, minimum, 'byob');
    const { pullIntos } = controller;
    if (pullIntos.length > 0) {
      pullIntos[pullIntos.length] = pullInto;
      stream.reader.requests.push(request);
      return;
    }
    if (stream.phase === 'closed') {
      request.close(new Class(buffer, byteOffset, 0));
      return;
    }
    if (controller.total > 0) {
      if (fill(controller, pullInto)) {
        const filled = viewOf(pullInto);
        afterTaking(controller);
        request.chunk(filled);
        return;
      }
      if (controller.closeRequested) {
        const error = new TypeError('The stream was closed with a part of an element in a request.');
        web.errorReadable(controller, error);
        request.error(error);
        return;
      }
    }
    pullIntos[pullIntos.length] = pullInto;
    stream.reader.requests.push(request);
    web.pullIfNeeded(controller);
  };

  // Responses to the request of a reader

  const respondClosed = (controller, first) => {
    if (first.readerType === 'none') shift(controller.pullIntos);
    const { stream } = controller, { reader } = stream;
    if (reader === null || !reader.byob) return;
    const filled = [];
    while (filled.length < reader.requests.length && controller.pullIntos.length > 0) {
      filled[filled.length] = shift(controller.pullIntos);
    }
    commitAll(stream, filled);
  };
  const respondReadable = (controller, size, pullInto) => {
    const { stream } = controller;
    pullInto.bytesFilled += size;
    if (pullInto.readerType === 'none') {
      keepFilled(controller, pullInto);
      commitAll(stream, fillAll(controller));
      return;
    }
    if (pullInto.bytesFilled < pullInto.minimumFill) return;
    shift(controller.pullIntos);
    const rest = pullInto.bytesFilled % pullInto.elementSize;
    if (rest > 0) {
      addCopy(controller, pullInto.buffer, pullInto.byteOffset + pullInto.bytesFilled - rest, rest);
    }
    pullInto.bytesFilled -= rest;
    const filled = fillAll(controller);
    commit(stream, pullInto);
    commitAll(stream, filled);
  };
  const respond = (controller, size, buffer) => {
    const first = controller.pullIntos[0];
    const isClosed = controller.stream.phase === 'closed';
    first.buffer = transferBuffer(buffer);
    invalidate(controller);
    if (isClosed) respondClosed(controller, first);
    else respondReadable(controller, size, first);
    web.pullIfNeeded(controller);
  };
  // A source of our own answers the requests that its end has left open.
  web.giveBack = (controller) => {
    const first = controller.pullIntos[0];
    if (first !== undefined && controller.stream.phase === 'closed') {
      respond(controller, 0, first.buffer);
    }
  };
  const checkSize = (controller, size) => {
    if (controller.stream.phase === 'closed') {
      if (size !== 0) throw new TypeError('The stream is closed: respond with no bytes.');
    } else if (size === 0) throw new TypeError('A response to a BYOB request has bytes.');
  };

  let requestOf, forgetRequest;
  class ReadableStreamBYOBRequest {
    #controller;
    #view;
    constructor(given, controller, view) {
      if (given !== token) throw platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      this.#controller = controller;
      this.#view = view;
    }
    static {
      requestOf = (controller) => {
        const first = controller.pullIntos[0];
        if (controller.request === null && first !== undefined) {
          const view = new Uint8Array(
            first.buffer,
            first.byteOffset + first.bytesFilled,
            first.byteLength - first.bytesFilled,
          );
          controller.request = new ReadableStreamBYOBRequest(token, controller, view);
        }
        return controller.request;
      };
      forgetRequest = (request) => {
        request.#controller = undefined;
        request.#view = null;
      };
    }
    get view() {
      return this.#view;
    }
    get atLeast() {
      const first = this.#controller?.pullIntos[0];
      return first === undefined ? null : first.minimumFill - first.bytesFilled;
    }
    respond(bytesWritten) {
      if (arguments.length === 0) {
        throw web.wrongParameter('respond', 'ReadableStreamBYOBRequest', 1, 'integer');
      }
      const size = Number(bytesWritten);
      if (!isInteger(size) || size < 0) throw new TypeError('A number of bytes is an integer.');
      const controller = this.#controller;
      if (controller === undefined) throw invalidated();
      const first = controller.pullIntos[0];
      if (isDetached(P.typedArrayBuffer(this.#view))) throw detached();
      checkSize(controller, size);
      if (first.bytesFilled + size > first.byteLength) {
        throw new RangeError('The response has more bytes than the request has room for.');
      }
      respond(controller, size, first.buffer);
    }
    respondWithNewView(view) {
      if (!isView(view)) {
        throw web.wrongParameter(
          'respondWithNewView', 'ReadableStreamBYOBRequest', 1, 'ArrayBufferView',
        );
      }
      const controller = this.#controller;
      if (controller === undefined) throw invalidated();
      const buffer = bufferOf(view), size = lengthOf(view);
      if (isDetached(buffer)) throw detached();
      const first = controller.pullIntos[0];
      checkSize(controller, size);
      if (first.byteOffset + first.bytesFilled !== offsetOf(view)) {
        throw new RangeError('The view does not begin where the request does.');
      }
      if (first.bufferByteLength !== byteLengthOf(buffer)) {
        throw new RangeError("The view's buffer is not as large as the request's.");
      }
      if (first.bytesFilled + size > first.byteLength) {
        throw new RangeError('The response has more bytes than the request has room for.');
      }
      respond(controller, size, buffer);
    }
  }
  const invalidated = () => new TypeError('This BYOB request has been invalidated.');
  const detached = () => new TypeError("The view's buffer was transferred.");
  web.requestOf = requestOf;

  class ReadableByteStreamController {
    #controller;
    constructor(given, controller) {
      if (given !== web.controllerToken) throw platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      this.#controller = controller;
    }
    get byobRequest() {
      return requestOf(this.#controller);
    }
    get desiredSize() {
      return web.desiredSize(this.#controller);
    }
    close() {
      if (!web.canAdd(this.#controller)) throw platformError(TypeError, 'STREAM_CLOSED');
      web.closeBytes(this.#controller);
    }
    enqueue(chunk) {
      if (!isView(chunk)) {
        throw web.wrongParameter('enqueue', 'ReadableByteStreamController', 1, 'ArrayBufferView');
      }
      if (lengthOf(chunk) === 0) throw new TypeError('A chunk of a stream of bytes is not empty.');
      if (!web.canAdd(this.#controller)) throw platformError(TypeError, 'STREAM_ENQUEUE');
      web.enqueueBytes(this.#controller, chunk);
    }
    error(reason) {
      web.errorReadable(this.#controller, reason);
    }
  }
  web.ReadableByteStreamController = ReadableByteStreamController;

  // BYOB readers

  const noBytes = () => new TypeError('This ReadableStream does not support BYOB reads.');
  web.newByobReader = (stream) => new ReadableStreamBYOBReader(stream);

  class ReadableStreamBYOBReader {
    #reader;
    constructor(stream) {
      if (!web.isReadable(stream)) {
        throw web.wrongArgument('ReadableStreamBYOBReader', 1, 'ReadableStream');
      }
      const state = web.readableState(stream);
      if (state.reader !== null) throw platformError(TypeError, 'STREAM_LOCKED');
      if (!state.bytes) throw noBytes();
      this.#reader = web.acquireReader(state);
      this.#reader.byob = true;
    }
    get closed() {
      return this.#reader.closed.promise;
    }
    read(view, options) {
      try {
        const { min: least = 1 } = options ?? {};
        return this.#read(view, least, false);
      } catch (error) {
        return rejected(error);
      }
    }
    readAtLeast(least, view) {
      try {
        return this.#read(view, least, true);
      } catch (error) {
        return rejected(error);
      }
    }
    // least: how many elements, or bytes.
    #read(view, least, isBytes) {
      if (!isView(view)) {
        throw web.wrongParameter('read', 'ReadableStreamBYOBReader', 1, 'ArrayBufferView');
      }
      least = Number(least);
      if (isDetached(bufferOf(view))) throw detached();
      if (lengthOf(view) === 0) throw new TypeError('You must call read() on a "byob" reader with a positive-sized TypedArray object.');
      if (!isInteger(least) || least <= 0) {
        throw new TypeError('The least to be read is a positive number of elements.');
      }
      const size = elementSizeOf(classOf(view));
      if (isBytes) least = P.trunc((least + size - 1) / size);
      if (least * size > lengthOf(view)) {
        throw new RangeError('The least to be read is more than the view has room for.');
      }
      const { stream } = this.#reader;
      if (stream === null) throw platformError(TypeError, 'READER_RELEASED');
      const { promise, resolve, reject } = deferred();
      readInto(stream, view, least, {
        chunk: (value) => resolve({ value, done: false }),
        close: (value) => resolve({ value, done: true }),
        error: reject,
      });
      return promise;
    }
    cancel(reason) {
      const { stream } = this.#reader;
      if (stream === null) return rejected(platformError(TypeError, 'READER_RELEASED'));
      return web.cancelReadable(stream, reason);
    }
    releaseLock() {
      if (this.#reader.stream !== null) web.releaseReader(this.#reader);
    }
  }
  for (const Class of [ReadableStreamBYOBRequest, ReadableByteStreamController, ReadableStreamBYOBReader]) {
    web.define(Class);
  }
  web.expose({ ReadableStreamBYOBRequest, ReadableByteStreamController, ReadableStreamBYOBReader });
});
