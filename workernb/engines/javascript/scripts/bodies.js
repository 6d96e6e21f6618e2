// Bodies that are streams, both ways; and signals.
(function (host, internal) {
  "use strict";
  const { operation, failed, describe, react, nothing, acquireReader } = internal;
  const { readableState, createReadableBytes, closeReadable, enqueue, cancelReadable } = internal;
  const { Uint8Array: TheUint8Array, TypeError: TheTypeError, WeakMap: TheWeakMap, uncurryThis } =
    internal.primordials;
  const keep = uncurryThis(TheWeakMap.prototype.set), find = uncurryThis(TheWeakMap.prototype.get);
  const received = new TheWeakMap(); // The messages whose bodies are such a stream, untouched.
  const sent = { __proto__: null }; // Readers of streams that are sent, by number.

  internal.isDisturbed = (stream) => readableState(stream).disturbed;
  internal.checkUnused = (stream) => {
    if (readableState(stream).disturbed) throw internal.platformError(TheTypeError, "BODY_USED");
    if (stream.locked) throw internal.platformError(TheTypeError, "STREAM_LOCKED");
  };

  // The stream of a message's body: the host gives a chunk each time that one is asked for.
  internal.newBodyStream = (handle) => {
    let number;
    const stream = createReadableBytes(
      async (controller) => {
        let chunk;
        try {
          if (number === undefined) number = host.openBody(handle);
          chunk = await operation(host.readChunk(number));
        } catch (error) {
          throw failed(error);
        }
        if (chunk === null) closeReadable(controller);
        else enqueue(controller, new TheUint8Array(chunk));
      },
      async () => {
        try {
          await operation(host.cancelBody(handle, number ?? null));
        } catch (error) {
          throw failed(error);
        }
      },
    );
    keep(received, stream, handle);
    return stream;
  };

  // The handle of a stream that is sent as a body. One that a message has, and that nobody has read,
  // is passed on as it is.
  internal.sendStream = (stream) => {
    internal.checkUnused(stream);
    const state = readableState(stream);
    const handle = find(received, stream);
    const reader = acquireReader(state);
    if (handle !== undefined) return host.passOn(handle);
    const number = host.newStream();
    sent[number] = reader;
    return host.streamHandle(number);
  };

  // Ask for the next chunk of a stream that was sent; the host is told what comes.
  internal.pullStream = (number) => {
    const reader = sent[number];
    if (reader === undefined) {
      host.pulled(number, null);
      return;
    }
    react(
      internal.readFrom(reader),
      ({ done, value }) => {
        if (done) {
          delete sent[number];
          host.pulled(number, null);
          return;
        }
        const bytes = internal.toBytes(value);
        if (bytes === null) {
          const error = internal.platformError(TheTypeError, "NOT_BYTES");
          internal.cancelStream(number, error);
          fail(number, error);
        } else host.pulled(number, bytes);
      },
      (error) => {
        delete sent[number];
        fail(number, error);
      },
    );
  };
  const fail = (number, error) => {
    const about = describe(error);
    host.pullFailed(number, about[0], about[1], about[2], about[3]);
  };
  internal.cancelStream = (number, reason) => {
    const reader = sent[number];
    if (reader === undefined) return;
    delete sent[number];
    react(cancelReadable(reader.stream, reason), nothing, nothing);
  };

  // Signals

  internal.signalHandle = (signal) => {
    if (!internal.isAbortSignal(signal)) throw internal.platformError(TheTypeError, "SIGNAL_TYPE");
    const number = host.newSignal();
    const abort = () => {
      const about = describe(signal.reason);
      host.abortSignal(number, about[0], about[1], about[2], about[3]);
    };
    if (signal.aborted) abort();
    else internal.onAbort(signal, abort);
    return host.signalHandle(number);
  };
  internal.newRequestSignal = (handle) => {
    const signal = internal.newSignal();
    const reason = host.reasonOf(handle);
    if (reason !== null) {
      internal.abortSignal(signal, internal.makeError(reason[0], reason[1], reason[2], reason[3], reason[4], reason[5]));
    }
    return signal;
  };
})
