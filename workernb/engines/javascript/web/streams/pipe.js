// Pipes: https://streams.spec.whatwg.org/#readable-stream-pipe-to
(function (web) {
  'use strict';
  const { TypeError } = web.primordials;
  const { react, deferred, resolved, rejected, nothing } = web;

  web.pipe = (source, destination, options) => {
    const { preventClose, preventAbort, preventCancel, signal } = options ?? {};
    if (signal !== undefined && !web.isAbortSignal(signal)) {
      return rejected(new TypeError("The option 'signal' of a pipe is an AbortSignal."));
    }
    const reader = web.acquireReader(source);
    const writer = web.acquireWriter(destination);
    source.disturbed = true;
    const result = deferred();
    let ending = false;
    let lastWrite = resolved();
    let forgetSignal = nothing;

    // Once every chunk that was read is written, act, and settle the pipe.
    const end = (action, error) => {
      if (ending) return;
      ending = true;
      const act = () => {
        if (action === undefined) {
          settle(error);
        } else {
          react(
            action(),
            () => settle(error),
            (failure) => settle({ value: failure }),
          );
        }
      };
      const open = destination.phase === 'writable' && !web.isClosing(destination);
      if (open) react(lastWrite, act, act);
      else act();
    };
    const settle = (error) => {
      forgetSignal();
      web.releaseWriter(writer);
      web.releaseReader(reader);
      if (error === undefined) result.resolve();
      else result.reject(error.value);
    };

    const sourceFailed = (error) =>
      end(preventAbort ? undefined : () => web.abortWritable(destination, error), { value: error });
    const destinationFailed = (error) =>
      end(preventCancel ? undefined : () => web.cancelReadable(source, error), { value: error });
    const sourceClosed = () =>
      end(
        preventClose
          ? undefined
          : () => {
              if (web.isClosing(destination) || destination.phase === 'closed') return resolved();
              if (destination.phase === 'errored') return rejected(destination.error);
              return web.closeWritable(destination);
            },
      );

    if (signal !== undefined) {
      const aborted = () => {
        const error = signal.reason;
        end(
          () => {
            const steps = [];
            if (!preventAbort && destination.phase === 'writable') {
              steps[steps.length] = web.abortWritable(destination, error);
            }
            if (!preventCancel && source.phase === 'readable') {
              steps[steps.length] = web.cancelReadable(source, error);
            }
            return steps.length === 0
              ? resolved()
              : steps.length === 1
                ? steps[0]
                : web.chain(steps[0], () => steps[1]);
          },
          { value: error },
        );
      };
      if (signal.aborted) {
        aborted();
        return result.promise;
      }
      forgetSignal = web.onAbort(signal, aborted);
    }

    const step = () => {
      if (ending) return;
      if (writer.stream === null || web.writableDesiredSize(destination) === null) return;
      web.readNext(source, {
        chunk: (chunk) => {
          // Not at once: the reader's own reaction to the chunk comes first, as in the standard.
          react(resolved(), () => {
            lastWrite = web.chain(web.writeTo(writer, chunk), nothing, nothing);
            next();
          });
        },
        close: nothing,
        error: nothing,
      });
    };
    const next = () => {
      if (!ending) react(writer.ready.promise, step, nothing);
    };

    react(
      reader.closed.promise,
      () => {
        sourceClosedAfterWrites();
      },
      sourceFailed,
    );
    react(
      writer.closed.promise,
      () => {
        const error = web.platformError(TypeError, 'WRITABLE_CLOSED');
        destinationFailed(error);
      },
      destinationFailed,
    );
    const sourceClosedAfterWrites = () => {
      // The last chunk may have been read in this very turn, and not been written yet.
      react(resolved(), () => {
        react(resolved(), sourceClosed);
      });
    };
    if (web.isClosing(destination) && destination.phase === 'writable') {
      destinationFailed(web.platformError(TypeError, 'WRITABLE_CLOSED'));
    } else {
      next();
    }
    return result.promise;
  };
});
