// Timers: the host waits, and calls fireTimer with a timer's number when it is due.
(function (web) {
  'use strict';
  const { host } = web;
  const { apply, mapGet, mapSet, mapDelete, min, Map, Number, TypeError } = web.primordials;

  const MAX_MS = 2 ** 31 - 1;
  const timers = new Map();
  let last = 0;

  const start = (timer) => {
    mapSet(timers, timer.number, timer);
    host.startTimer(timer.number, timer.delay);
  };
  const add = (callback, delay, repeats) => {
    web.refuseWhileLoading();
    const milliseconds = Number(delay);
    last += 1;
    const timer = {
      number: last,
      callback,
      repeats,
      delay: milliseconds > 0 ? min(milliseconds, MAX_MS) : 0,
    };
    start(timer);
    return last;
  };
  const clear = (number) => {
    if (mapDelete(timers, number)) host.cancelTimer(number);
  };

  web.refuseWhileLoading = () => {
    if (host.loading()) throw web.platformError(web.primordials.Error, 'GLOBAL_SCOPE');
  };
  // For the engine: what an invocation that has ended had left to wait for is kept no longer.
  web.forgetTimer = (number) => {
    mapDelete(timers, number);
  };
  web.startTimer = (callback, delay) => add(callback, delay, false);
  web.clearTimer = clear;
  web.fireTimer = (number) => {
    const timer = mapGet(timers, number);
    if (timer === undefined) return;
    mapDelete(timers, number);
    try {
      if (timer.repeats) start(timer);
      web.watch(timer.callback());
    } catch (error) {
      web.report(error);
    }
  };

  const bound = (name, callback, values) => {
    if (typeof callback !== 'function') {
      throw web.wrongParameter(name, 'ServiceWorkerGlobalScope', 1, 'function');
    }
    return () => apply(callback, undefined, values);
  };
  const clearing = (name, given, number) => {
    if (given === 0) {
      throw web.wrongParameter(name, 'ServiceWorkerGlobalScope', 1, 'JsNumber');
    }
    clear(Number(number));
  };
  web.expose({
    setTimeout: function setTimeout(callback, delay = 0, ...values) {
      return add(bound('setTimeout', callback, values), delay, false);
    },
    setInterval: function setInterval(callback, delay = 0, ...values) {
      return add(bound('setInterval', callback, values), delay, true);
    },
    clearTimeout: function clearTimeout(number) {
      clearing('clearTimeout', arguments.length, number);
    },
    clearInterval: function clearInterval(number) {
      clearing('clearInterval', arguments.length, number);
    },
    queueMicrotask: function queueMicrotask(callback) {
      if (typeof callback !== 'function') bound('queueMicrotask', callback);
      web.react(web.resolved(), () => {
        try {
          apply(callback, undefined, []);
        } catch (error) {
          web.report(error);
        }
      });
    },
  });

  class Scheduler {
    wait(delay, options) {
      const { promise, resolve, reject } = web.deferred();
      const signal = options?.signal;
      if (signal?.aborted) {
        reject(signal.reason);
        return promise;
      }
      let forget;
      const number = add(
        () => {
          forget?.();
          resolve();
        },
        delay,
        false,
      );
      if (signal !== undefined && signal !== null) {
        forget = web.onAbort(signal, () => {
          clear(number);
          reject(signal.reason);
        });
      }
      return promise;
    }
  }
  web.define(Scheduler);
  web.expose({ Scheduler, scheduler: new Scheduler() });
});
