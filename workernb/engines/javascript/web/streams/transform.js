// TransformStream (https://streams.spec.whatwg.org/#ts-class), and the platform's own
// IdentityTransformStream and FixedLengthStream, which take bytes.
(function (web) {
  'use strict';
  const { apply, RangeError, Symbol, TypeError, Number, isInteger, typedArrayByteLength } =
    web.primordials;
  const { react, resolved, rejected, deferred, nothing } = web;

  const token = {};
  // What a subclass of ours hands to the constructor of its base, and a Worker cannot: a check of
  // chunks before they wait, and how many bytes there are.
  const CHECK = Symbol('check'),
    LENGTH = Symbol('length');

  // A transform: its functions take the state of the readable side's controller, and return
  // promises or nothing.
  function create(transformer, writableStrategy, readableStrategy, started) {
    const self = {
      __proto__: null,
      ...transformer,
      readable: null,
      writable: null,
      backpressure: false,
      changed: deferred(),
      finishing: null,
      source: null,
    };
    const setBackpressure = (full) => {
      if (self.backpressure === full) return;
      self.changed.resolve();
      self.changed = deferred();
      self.backpressure = full;
    };
    const forget = () => {
      self.transform = self.flush = self.cancel = nothing;
    };
    const unblock = () => {
      if (self.backpressure) setBackpressure(false);
    };
    self.errorWritableAndUnblock = (error) => {
      forget();
      web.errorWritable(web.writableState(self.writable), error);
      unblock();
    };
    self.error = (error) => {
      web.errorReadable(self.source, error);
      self.errorWritableAndUnblock(error);
    };
    self.terminate = () => {
      web.closeReadable(self.source);
      self.errorWritableAndUnblock(web.platformError(TypeError, 'TRANSFORM_TERMINATED'));
    };
    self.enqueue = (chunk) => {
      if (!web.canAdd(self.source)) throw web.platformError(TypeError, 'STREAM_ENQUEUE');
      try {
        web.enqueue(self.source, chunk);
      } catch (error) {
        self.errorWritableAndUnblock(error);
        throw self.source.stream.error;
      }
      const full = !web.wantsMore(self.source);
      if (full !== self.backpressure) setBackpressure(true);
    };
    const perform = (chunk) =>
      web.chain(web.promiseCall(self.transform, undefined, [chunk]), nothing, (error) => {
        self.error(error);
        throw error;
      });

    const write = (chunk) => {
      if (self.check !== undefined) {
        const refused = self.check(chunk);
        if (refused !== undefined) {
          self.error(refused);
          return rejected(refused);
        }
      }
      if (!self.backpressure) return perform(chunk);
      return web.chain(self.changed.promise, () => {
        const state = web.writableState(self.writable);
        if (state.phase === 'erroring') throw state.error;
        return perform(chunk);
      });
    };
    // Ends both sides once: by flush when the writable side closes, else by cancel.
    const finish = (step, settle, settleError) => {
      if (self.finishing !== null) return self.finishing.promise;
      self.finishing = deferred();
      const { promise, resolve, reject } = self.finishing;
      const done = web.promiseCall(step, undefined, []);
      forget();
      react(
        done,
        () => settle(resolve, reject),
        (error) => {
          settleError(error);
          reject(error);
        },
      );
      return promise;
    };
    const close = () =>
      finish(
        self.flush,
        (resolve, reject) => {
          const { stream } = self.source;
          if (stream.phase === 'errored') {
            reject(stream.error);
          } else {
            web.closeReadable(self.source);
            resolve();
          }
        },
        (error) => {
          web.errorReadable(self.source, error);
        },
      );
    const abort = (reason) => {
      const { cancel } = self;
      return finish(
        () => cancel(reason),
        (resolve, reject) => {
          const { stream } = self.source;
          if (stream.phase === 'errored') {
            reject(stream.error);
          } else {
            web.errorReadable(self.source, reason);
            resolve();
          }
        },
        (error) => {
          web.errorReadable(self.source, error);
        },
      );
    };
    const cancelSource = (reason) => {
      const { cancel } = self;
      return finish(
        () => cancel(reason),
        (resolve, reject) => {
          const state = web.writableState(self.writable);
          if (state.phase === 'errored') {
            reject(state.error);
          } else {
            self.errorWritableAndUnblock(reason);
            resolve();
          }
        },
        (error) => {
          self.errorWritableAndUnblock(error);
        },
      );
    };

    self.writable = web.createWritable(
      write,
      close,
      abort,
      started,
      writableStrategy.mark,
      writableStrategy.size,
    );
    self.readable = web.createReadable(
      () => {
        setBackpressure(false);
        return self.changed.promise;
      },
      cancelSource,
      readableStrategy.mark,
      readableStrategy.size,
      started,
    );
    self.source = web.readableState(self.readable).controller;
    setBackpressure(true);
    return self;
  }

  class TransformStream {
    #self;

    constructor(transformer = {}, writableStrategy = undefined, readableStrategy = undefined) {
      transformer ??= {};
      const { readableType, writableType, start } = transformer;
      if (readableType !== undefined || writableType !== undefined) {
        throw new RangeError('A transformer has no readableType and no writableType.');
      }
      const methods = {
        transform: web.methodOf(transformer, 'transform'),
        flush: web.methodOf(transformer, 'flush'),
        cancel: web.methodOf(transformer, 'cancel'),
      };
      if (start !== undefined && typeof start !== 'function') {
        throw new TypeError("The transformer's start is no function.");
      }
      const started = deferred();
      const self = create(
        {
          check: transformer[CHECK],
          transform:
            methods.transform === undefined
              ? (chunk) => {
                  self.enqueue(chunk);
                }
              : (chunk) => methods.transform(chunk, face),
          flush: methods.flush === undefined ? nothing : () => methods.flush(face),
          cancel: methods.cancel ?? nothing,
        },
        web.readStrategy(writableStrategy, 1),
        web.readStrategy(readableStrategy, 0),
        started.promise,
      );
      this.#self = self;
      const face = new TransformStreamDefaultController(token, self);
      started.resolve(start === undefined ? undefined : apply(start, transformer, [face]));
    }

    get readable() {
      return this.#self.readable;
    }
    get writable() {
      return this.#self.writable;
    }
  }

  class TransformStreamDefaultController {
    #self;
    constructor(given, self) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      this.#self = self;
    }
    get desiredSize() {
      return web.desiredSize(this.#self.source);
    }
    enqueue(chunk) {
      this.#self.enqueue(chunk);
    }
    error(reason) {
      this.#self.error(reason);
    }
    terminate() {
      this.#self.terminate();
    }
  }

  const CHUNK = { __proto__: null, mark: 1, size: () => 1 };
  const NOTHING_AHEAD = { __proto__: null, mark: 0, size: () => 1 };

  // The two sides of a transform of our own: transform(chunk, add) and flush(add) call add(chunk).
  web.createTransform = (transform, flush = nothing) => {
    const self = create(
      {
        transform: (chunk) => transform(chunk, self.enqueue),
        flush: () => flush(self.enqueue),
        cancel: nothing,
      },
      CHUNK,
      NOTHING_AHEAD,
      resolved(),
    );
    return self;
  };

  // A chunk's bytes; TypeError for another chunk.
  const bytesOf = (chunk) => {
    const bytes = web.toBytes(typeof chunk === 'string' ? web.encode(chunk) : chunk);
    if (bytes === null) throw web.platformError(TypeError, 'TRANSFORM_BYTES');
    return bytes;
  };
  web.bytesOfChunk = bytesOf;

  const refusalOf = (chunk) => {
    try {
      bytesOf(chunk);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  // Bytes that pass as they are: `length` of them if it is given.
  class IdentityTransformStream extends TransformStream {
    constructor(strategy = undefined) {
      let left = strategy?.[LENGTH];
      const counted = left !== undefined;
      super(
        {
          [CHECK]: refusalOf,
          transform(chunk, controller) {
            const bytes = bytesOf(chunk);
            const size = typedArrayByteLength(bytes);
            if (counted) {
              left -= size;
              if (left < 0) throw web.platformError(TypeError, 'FIXED_LENGTH_MORE');
            }
            if (size > 0) controller.enqueue(bytes);
          },
          flush() {
            if (counted && left > 0) throw web.platformError(TypeError, 'FIXED_LENGTH_LESS');
          },
        },
        strategy,
      );
    }
  }

  class FixedLengthStream extends IdentityTransformStream {
    constructor(length, strategy = undefined) {
      const number = typeof length === 'bigint' ? Number(length) : length;
      if (!isInteger(number) || number < 0) {
        throw new TypeError(
          'FixedLengthStream takes a number of bytes, a whole number that is not negative.',
        );
      }
      const { highWaterMark, size } = strategy ?? {};
      super({ __proto__: null, highWaterMark, size, [LENGTH]: number });
      web.readableState(this.readable).length = number;
    }
  }

  web.TransformStream = TransformStream;
  web.define(TransformStream);
  web.define(TransformStreamDefaultController);
  web.define(IdentityTransformStream);
  web.define(FixedLengthStream);
  web.expose({
    TransformStream,
    TransformStreamDefaultController,
    IdentityTransformStream,
    FixedLengthStream,
  });
});
