// Events: https://dom.spec.whatwg.org/#events. A target has no parents, so nothing bubbles.
(function (web) {
  'use strict';
  const { host } = web;
  const { apply, defineProperty, String, TypeError, arraySplice, arraySlice, freeze } =
    web.primordials;

  let setTarget, setTrusted, isEvent, runState;

  class Event {
    #type;
    #init;
    #target = null;
    #dispatching = false;
    #stopped = false;
    #prevented = false;
    #cancelBubble = false;
    #passive = false;
    #trusted = false;
    #timeStamp = 0;

    constructor(type, init = {}) {
      if (arguments.length === 0) {
        throw web.wrongArgument('Event', 1, 'string');
      }
      this.#type = String(type);
      const { bubbles = false, cancelable = false, composed = false } = init ?? {};
      this.#init = { bubbles: !!bubbles, cancelable: !!cancelable, composed: !!composed };
    }

    get type() {
      return this.#type;
    }
    get eventPhase() {
      return this.#dispatching ? 2 : 0;
    }
    get composed() {
      return this.#init.composed;
    }
    get bubbles() {
      return this.#init.bubbles;
    }
    get cancelable() {
      return this.#init.cancelable;
    }
    get defaultPrevented() {
      return this.#prevented;
    }
    get returnValue() {
      return !this.#prevented;
    }
    get currentTarget() {
      return this.#dispatching ? this.#target : undefined;
    }
    get target() {
      return this.#target ?? undefined;
    }
    get srcElement() {
      return this.#target ?? undefined;
    }
    get timeStamp() {
      return this.#timeStamp;
    }
    get isTrusted() {
      return this.#trusted;
    }
    get cancelBubble() {
      return this.#cancelBubble;
    }
    set cancelBubble(value) {
      if (value) this.#cancelBubble = true;
    }

    composedPath() {
      return this.#dispatching ? [this.#target] : [];
    }
    stopPropagation() {
      this.#cancelBubble = true;
    }
    stopImmediatePropagation() {
      this.#cancelBubble = this.#stopped = true;
    }
    preventDefault() {
      if (this.#init.cancelable && !this.#passive) this.#prevented = true;
    }

    static {
      isEvent = (value) => value !== null && typeof value === 'object' && #type in value;
      setTrusted = (event) => {
        event.#trusted = true;
        return event;
      };
      setTarget = (event, target) => {
        event.#target = target;
        event.#dispatching = true;
      };
      runState = {
        isDispatching: (event) => event.#dispatching,
        isStopped: (event) => event.#stopped,
        setPassive: (event, passive) => {
          event.#passive = passive;
        },
        end: (event) => {
          event.#dispatching = event.#stopped = event.#cancelBubble = event.#passive = false;
        },
      };
    }
  }
  const PHASES = ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'];
  for (let i = 0; i < PHASES.length; i++) {
    defineProperty(Event, PHASES[i], { value: i, enumerable: true });
    defineProperty(Event.prototype, PHASES[i], { value: i, enumerable: true });
  }

  class CustomEvent extends Event {
    #detail;
    constructor(type, init = {}) {
      super(type, init);
      this.#detail = init?.detail ?? null;
    }
    get detail() {
      return this.#detail;
    }
  }

  class MessageEvent extends Event {
    #init;
    constructor(type, init = {}) {
      super(type, init);
      const {
        data = null,
        origin = null,
        lastEventId = '',
        source = null,
        ports = [],
      } = init ?? {};
      this.#init = { data, origin, lastEventId, source, ports: freeze([...ports]) };
    }
    get data() {
      return this.#init.data;
    }
    get origin() {
      return this.#init.origin;
    }
    get lastEventId() {
      return this.#init.lastEventId;
    }
    get source() {
      return this.#init.source;
    }
    get ports() {
      return this.#init.ports;
    }
  }

  class CloseEvent extends Event {
    #init;
    constructor(type, init = {}) {
      super(type, init);
      const { wasClean = false, code = 0, reason = '' } = init ?? {};
      this.#init = { wasClean: !!wasClean, code: code & 0xffff, reason: String(reason) };
    }
    get wasClean() {
      return this.#init.wasClean;
    }
    get code() {
      return this.#init.code;
    }
    get reason() {
      return this.#init.reason;
    }
  }

  class ErrorEvent extends Event {
    #init;
    constructor(type, init = {}) {
      super(type, init);
      const { message = '', filename = '', lineno = 0, colno = 0, error } = init ?? {};
      this.#init = {
        message: String(message),
        filename: String(filename),
        lineno: lineno >>> 0,
        colno: colno >>> 0,
        error,
      };
    }
    get filename() {
      return this.#init.filename;
    }
    get message() {
      return this.#init.message;
    }
    get lineno() {
      return this.#init.lineno;
    }
    get colno() {
      return this.#init.colno;
    }
    get error() {
      return this.#init.error;
    }
  }

  class EventTarget {
    #listeners = [];

    addEventListener(type, callback, options) {
      if (arguments.length < 2) {
        throw noListener();
      }
      type = String(type);
      const { capture, once, passive, signal } = readOptions(options);
      if (callback === null || callback === undefined) return;
      if (capture) throw web.platformError(TypeError, 'EVENT_CAPTURE');
      if (typeof callback !== 'function' && typeof callback !== 'object') {
        throw noListener();
      }
      if (signal !== undefined) {
        if (!web.isAbortSignal(signal)) {
          throw new TypeError("The option 'signal' of addEventListener is an AbortSignal.");
        }
        if (signal.aborted) return;
      }
      if (this.#find(type, callback, capture) !== -1) return;
      const listener = { type, callback, capture, once, passive, removed: false };
      this.#listeners[this.#listeners.length] = listener;
      if (signal !== undefined) {
        web.onAbort(signal, () => {
          this.removeEventListener(type, callback, { capture });
        });
      }
    }

    removeEventListener(type, callback, options) {
      const at = this.#find(String(type), callback, readOptions(options).capture);
      if (at === -1) return;
      this.#listeners[at].removed = true;
      arraySplice(this.#listeners, at, 1);
    }

    dispatchEvent(event) {
      if (!isEvent(event)) {
        throw web.wrongParameter('dispatchEvent', 'EventTarget', 1, 'Event');
      }
      if (runState.isDispatching(event)) {
        throw web.domError('InvalidStateError', 'EVENT_DISPATCHED');
      }
      setTarget(event, this);
      const listeners = arraySlice(this.#listeners);
      try {
        for (let i = 0; i < listeners.length && !runState.isStopped(event); i++) {
          const listener = listeners[i];
          if (listener.type !== event.type || listener.removed) continue;
          if (listener.once) {
            this.removeEventListener(listener.type, listener.callback, listener);
          }
          runState.setPassive(event, listener.passive);
          call(listener.callback, this, event);
          runState.setPassive(event, false);
        }
      } finally {
        runState.end(event);
      }
      return !event.defaultPrevented;
    }

    #find(type, callback, capture) {
      for (let i = 0; i < this.#listeners.length; i++) {
        const listener = this.#listeners[i];
        if (
          listener.type === type &&
          listener.callback === callback &&
          listener.capture === capture
        )
          return i;
      }
      return -1;
    }
  }

  const noListener = () =>
    web.wrongParameter('addEventListener', 'EventTarget', 2, 'function or HandlerObject');

  function readOptions(options) {
    if (options === null || typeof options !== 'object') return { capture: !!options };
    const { capture, once, passive, signal } = options;
    return { capture: !!capture, once: !!once, passive: !!passive, signal };
  }

  function call(callback, target, event) {
    if (typeof callback === 'function') {
      web.watch(apply(callback, target, [event]));
      return;
    }
    const { handleEvent } = callback;
    if (typeof handleEvent !== 'function') {
      throw new TypeError('The listener has no function handleEvent');
    }
    web.watch(apply(handleEvent, callback, [event]));
  }

  // Gives a class an attribute for an event's handler, such as onabort.
  web.handlerAttribute = (Class, type) => {
    const kept = new web.primordials.WeakMap();
    const get = web.primordials.uncurryThis(web.primordials.WeakMap.prototype.get);
    const set = web.primordials.uncurryThis(web.primordials.WeakMap.prototype.set);
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    defineProperty(Class.prototype, `on${type}`, {
      get() {
        return get(kept, this) ?? null;
      },
      set(handler) {
        const before = get(kept, this) ?? null;
        const after = typeof handler === 'function' ? handler : null;
        if (before !== null) apply(removeEventListener, this, [type, before]);
        if (after !== null) apply(addEventListener, this, [type, after]);
        set(kept, this, after);
      },
      enumerable: true,
      configurable: true,
    });
  };

  class PromiseRejectionEvent extends Event {
    #init;
    constructor(type, init = {}) {
      super(type, init);
      const { promise, reason } = init ?? {};
      this.#init = { promise, reason };
    }
    get promise() {
      return this.#init.promise;
    }
    get reason() {
      return this.#init.reason;
    }
  }

  const classes = {
    Event,
    CustomEvent,
    MessageEvent,
    CloseEvent,
    ErrorEvent,
    PromiseRejectionEvent,
    EventTarget,
  };
  const keys = web.primordials.keys(classes);
  for (let i = 0; i < keys.length; i++) {
    web.define(classes[keys[i]]);
    web[keys[i]] = classes[keys[i]];
  }
  web.expose(classes);

  web.trusted = setTrusted;
  const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;
  const globalTarget = new EventTarget();

  web.describeError = (error) => {
    if (web.primordials.isError(error)) return `${error.name}: ${error.message}`;
    return typeof error === 'symbol' ? web.primordials.symbolToString(error) : String(error);
  };
  // Reports an exception that nobody caught, unless a listener prevents that.
  web.report = (error) => {
    let message = 'Uncaught';
    try {
      message = `Uncaught ${web.describeError(error)}`;
    } catch {
      /* its text throws */
    }
    const event = setTrusted(new ErrorEvent('error', { message, error, cancelable: true }));
    try {
      if (!apply(dispatchEvent, globalTarget, [event])) return;
    } catch (thrown) {
      host.report(thrown, '');
    }
    host.report(error, '');
  };
  // What a listener or a timer's callback returns is kept by nobody. Where it is a promise, its
  // rejection is reported: the engine itself does not tell of those that nobody handles.
  web.watch = (result) => {
    if (!web.isPromise(result)) return;
    web.react(result, undefined, (reason) => {
      const init = { promise: result, reason, cancelable: true };
      const event = setTrusted(new PromiseRejectionEvent('unhandledrejection', init));
      try {
        if (!apply(dispatchEvent, globalTarget, [event])) return;
      } catch (thrown) {
        host.report(thrown, '');
      }
      host.report(reason, ' (in promise)');
    });
  };
  web.expose({
    addEventListener: {
      addEventListener(type, callback, options) {
        apply(addEventListener, globalTarget, [type, callback, options]);
      },
    }.addEventListener,
    removeEventListener: {
      removeEventListener(type, callback, options) {
        apply(removeEventListener, globalTarget, [type, callback, options]);
      },
    }.removeEventListener,
    dispatchEvent: {
      dispatchEvent(event) {
        return apply(dispatchEvent, globalTarget, [event]);
      },
    }.dispatchEvent,
    reportError: function reportError(error) {
      web.report(error);
    },
  });
});
