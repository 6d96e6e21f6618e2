// tee: https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee
(function (web) {
  'use strict';
  const { react, resolved, deferred } = web;

  web.tee = (stream) => {
    const reader = web.acquireReader(stream);
    const branches = [null, null],
      canceled = [false, false],
      reasons = [undefined, undefined];
    const cancelResult = deferred();
    let reading = false,
      readAgain = false;

    const each = (act) => {
      for (let i = 0; i < 2; i++) if (!canceled[i]) act(branches[i], i);
    };
    const pull = () => {
      if (reading) {
        readAgain = true;
        return undefined;
      }
      reading = true;
      web.readNext(stream, {
        chunk: (chunk) => {
          react(resolved(), () => {
            readAgain = false;
            each((branch, i) => {
              // Of bytes, each branch has a buffer of its own, since what is added moves.
              web.enqueue(branch, stream.bytes ? web.copyBytes(chunk) : chunk);
            });
            reading = false;
            if (readAgain) pull();
          });
        },
        close: () => {
          reading = false;
          each((branch) => {
            web.closeReadable(branch);
          });
          if (!canceled[0] || !canceled[1]) cancelResult.resolve();
        },
        error: () => {
          reading = false;
        },
      });
      return undefined;
    };
    const cancel = (i) => (reason) => {
      canceled[i] = true;
      reasons[i] = reason;
      if (canceled[1 - i]) {
        react(
          web.cancelReadable(stream, [reasons[0], reasons[1]]),
          cancelResult.resolve,
          cancelResult.reject,
        );
      }
      return cancelResult.promise;
    };
    const create = stream.bytes ? web.createReadableBytes : web.createReadable;
    const streams = [create(pull, cancel(0)), create(pull, cancel(1))];
    for (let i = 0; i < 2; i++) branches[i] = web.readableState(streams[i]).controller;
    react(reader.closed.promise, web.nothing, (error) => {
      for (let i = 0; i < 2; i++) web.errorReadable(branches[i], error);
      if (!canceled[0] || !canceled[1]) cancelResult.resolve();
    });
    return streams;
  };
});
