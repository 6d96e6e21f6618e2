// Operations: what the host does meanwhile, each a promise that it settles later.
(function (host, internal) {
  "use strict";
  const ThePromise = Promise;
  const { then } = internal.primordials;
  const pending = { __proto__: null };

  // Whether code waits for an operation shows in that it asks for the promise's constructor: await,
  // then, race and all do so. A private field on the promise leads to its entry, unseen.
  class Mark extends (function (promise) { return promise; }) {
    #entry;
    constructor(promise, entry) {
      super(promise);
      this.#entry = entry;
    }
    static listened(promise) {
      if (#entry in promise) promise.#entry.listened = true;
    }
    // What `promise.then(step)` gives, for whose operation it is as if only this was made.
    static follow(promise, step) {
      if (!(#entry in promise)) return then(promise, step);
      const entry = promise.#entry, { listened } = entry;
      const made = then(promise, step);
      entry.listened = listened;
      new Mark(made, entry);
      setPrototypeOf(made, prototype);
      return made;
    }
  }
  const prototype = Object.create(ThePromise.prototype, {
    constructor: {
      get() {
        Mark.listened(this);
        return ThePromise;
      },
      set(value) {
        Object.defineProperty(this, "constructor", { value, writable: true, configurable: true });
      },
      configurable: false,
    },
  });
  Object.freeze(prototype);
  const { setPrototypeOf } = Reflect;

  internal.follow = Mark.follow;
  internal.operation = (number) => {
    const entry = { resolve: undefined, reject: undefined, listened: false };
    const promise = new ThePromise((resolve, reject) => {
      entry.resolve = resolve;
      entry.reject = reject;
    });
    new Mark(promise, entry);
    setPrototypeOf(promise, prototype);
    pending[number] = entry;
    return promise;
  };
  // The entries of these are taken by the host, which calls them.
  internal.settle = (number, value) => {
    const entry = pending[number];
    if (entry === undefined) return;
    delete pending[number];
    entry.resolve(value);
  };
  internal.settleResponse = (number, handle) => {
    const entry = pending[number];
    if (entry === undefined) return;
    delete pending[number];
    entry.resolve(internal.newResponse(handle));
  };
  // Return whether code waits for it.
  internal.fail = (number, name, text, exception, lines, remote, own) => {
    const entry = pending[number];
    if (entry === undefined) return true;
    delete pending[number];
    entry.reject(internal.makeError(name, text, exception, lines, remote, own));
    return entry.listened;
  };
  // Drop an operation; return whether code waited for it.
  internal.forget = (number) => {
    const entry = pending[number];
    if (entry === undefined) return true;
    delete pending[number];
    return entry.listened;
  };
})
