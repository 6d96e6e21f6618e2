// AbortController and AbortSignal: https://dom.spec.whatwg.org/#aborting-ongoing-activities
(function (web) {
  'use strict';
  const { apply, isFinite, TypeError, Number, construct } = web.primordials;
  const { EventTarget, Event, DOMException } = web;

  const token = {};
  const abortError = () => web.domError('AbortError', 'ABORTED');
  const timeoutError = () => web.domError('TimeoutError', 'SIGNAL_TIMEOUT');
  const { dispatchEvent } = EventTarget.prototype;
  let abort, isSignal, steps;

  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    #steps = [];

    constructor(given) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      super();
    }

    get aborted() {
      return this.#aborted;
    }
    get reason() {
      return this.#reason;
    }
    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }

    static abort(reason = abortError()) {
      const signal = new AbortSignal(token);
      abort(signal, reason);
      return signal;
    }

    static timeout(milliseconds) {
      const delay = Number(milliseconds);
      if (arguments.length === 0 || !isFinite(delay) || delay < 0) {
        throw web.wrongParameter('timeout', 'AbortSignal', 1, 'number');
      }
      const signal = new AbortSignal(token);
      web.startTimer(() => {
        abort(signal, timeoutError());
      }, delay);
      return signal;
    }

    static any(signals) {
      const result = new AbortSignal(token);
      const sources = [];
      for (const signal of signals) {
        if (!isSignal(signal)) {
          throw web.platformError(
            TypeError,
            'ARRAY_ELEMENT',
            'number',
            sources.length,
            'type',
            'AbortSignal',
          );
        }
        sources[sources.length] = signal;
      }
      for (let i = 0; i < sources.length; i++) {
        if (sources[i].#aborted) {
          abort(result, sources[i].#reason);
          return result;
        }
      }
      for (let i = 0; i < sources.length; i++) {
        steps(sources[i], () => {
          abort(result, sources[i].#reason);
        });
      }
      return result;
    }

    static {
      isSignal = (value) => value !== null && typeof value === 'object' && #aborted in value;
      abort = (signal, reason) => {
        if (signal.#aborted) return;
        signal.#aborted = true;
        signal.#reason = reason;
        const pending = signal.#steps;
        signal.#steps = [];
        for (let i = 0; i < pending.length; i++) if (pending[i] !== null) pending[i]();
        apply(dispatchEvent, signal, [web.trusted(new Event('abort'))]);
      };
      // Runs a step when a signal is aborted, and returns a function that forgets it.
      steps = (signal, step) => {
        const list = signal.#steps;
        const at = list.length;
        list[at] = step;
        return () => {
          list[at] = null;
        };
      };
    }
  }

  class AbortController {
    #signal = new AbortSignal(token);
    get signal() {
      return this.#signal;
    }
    abort(reason = abortError()) {
      abort(this.#signal, reason);
    }
  }

  web.define(AbortSignal);
  web.define(AbortController);
  web.handlerAttribute(AbortSignal, 'abort');
  web.isAbortSignal = isSignal;
  web.onAbort = steps;
  web.newSignal = () => construct(AbortSignal, [token]);
  web.abortSignal = (signal, reason = abortError()) => {
    abort(signal, reason);
  };
  web.expose({ AbortController, AbortSignal });
});
