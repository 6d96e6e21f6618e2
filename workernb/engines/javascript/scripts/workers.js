// What Worker code has of the platform: env, ctx, WorkerEntrypoint, RpcTarget, bindings, fetch.
(function (host, internal) {
  "use strict";
  const { operation, failed, isRequest, messageHandle, isObject, requestHandle, rejected } = internal;
  const { stringify, parse } = JSON;
  const TheTypeError = TypeError;

  const OURS = {}; // Who has it may make what only the host makes.

  // Bindings

  let newFetcher, bindingHandle;

  const send = (handle, input, init) => {
    let number;
    try {
      const plain = init === undefined || init === null;
      if (plain && isRequest(input)) number = host.callFetch(handle, messageHandle(input));
      else if (plain && typeof input === "string") number = host.callFetch(handle, input);
      else number = host.callFetch(handle, requestHandle(input, init, 1));
    } catch (error) {
      return rejected(failed(error));
    }
    const signal = internal.signalGiven(input, init);
    return signal ? untilAborted(operation(number), signal) : operation(number);
  };
  // What is aborted fails with the very reason of its signal.
  const untilAborted = async (promise, signal) => {
    try {
      return await promise;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  };

  class Fetcher {
    #handle;
    constructor(token, handle) {
      if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
      this.#handle = handle;
    }
    static {
      newFetcher = (handle) => new Fetcher(OURS, handle);
      bindingHandle = (value) => (isObject(value) && #handle in value ? value.#handle : undefined);
    }
    fetch(input, init) {
      return send(this.#handle, input, init);
    }
    async scheduled(options) {
      const { scheduledTime, cron } = options ?? {};
      const time = scheduledTime === undefined ? null : +scheduledTime;
      let number;
      try {
        number = host.callScheduled(this.#handle, time, cron === undefined ? "" : `${cron}`);
      } catch (error) {
        throw failed(error);
      }
      return parse(await operation(number));
    }
  }
  internal.setMethods(Fetcher.prototype);
  Object.defineProperty(Fetcher.prototype, Symbol.toStringTag, { value: "Fetcher", configurable: true });

  Object.defineProperty(globalThis, "fetch", {
    value: function fetch(input, init) {
      return send(null, input, init);
    },
    writable: true,
    configurable: true,
  });

  // What an invocation has

  const waiting = async (number, promise) => {
    try {
      await promise;
    } catch (error) {
      const about = internal.describe(error);
      host.waitFailed(number, about[0], about[1], about[2], about[3]);
      return;
    }
    host.waited(number);
  };

  class ExecutionContext {
    #run;
    #kept; // props and exports, when they have been asked for.
    constructor(token, run) {
      if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
      this.#run = run;
    }
    waitUntil(promise) {
      let number;
      try {
        number = host.waitUntil(this.#run);
      } catch (error) {
        throw failed(error);
      }
      waiting(number, promise);
    }
    passThroughOnException() {
      try {
        host.passThrough(this.#run);
      } catch (error) {
        throw failed(error);
      }
    }
    abort(reason) {
      host.abort(this.#run, reason === undefined ? null : `${isObject(reason) ? reason.message : reason}`);
      throw new TheTypeError("The invocation was aborted.");
    }
    get props() {
      const kept = (this.#kept ??= { __proto__: null });
      return (kept.props ??= parse(host.props(this.#run)));
    }
    get exports() {
      const kept = (this.#kept ??= { __proto__: null });
      return (kept.exports ??= newExports(this.#run));
    }
  }

  // Each name leads to a binding to an entrypoint of the Worker's own, which can be called for props.
  const newExports = (run) => {
    const found = { __proto__: null };
    let names;
    try {
      names = host.exports(run);
    } catch (error) {
      throw failed(error);
    }
    for (let i = 0; i < names.length; i += 3) {
      const key = names[i], isNamespace = names[i + 1], handle = names[i + 2];
      if (isNamespace) {
        found[key] = internal.storeClasses.DurableObjectNamespace(handle);
        continue;
      }
      const fetcher = newFetcher(handle);
      const entrypoint = function (options) {
        const { props } = options ?? {};
        try {
          return newFetcher(host.exportWith(run, key, props === undefined ? "null" : stringify(props)));
        } catch (error) {
          throw failed(error);
        }
      };
      found[key === "Default" ? "default" : key] = new Proxy(entrypoint, {
        get: (target, name) => {
          const value = fetcher[name];
          if (name !== "fetch" && name !== "scheduled") return value;
          return (first, second) => fetcher[name](first, second);
        },
      });
    }
    return found;
  };

  class WorkerEntrypoint {
    constructor(ctx, env) {
      this.ctx = ctx;
      this.env = env;
    }
  }
  class DurableObject {
    constructor(ctx, env) {
      this.ctx = ctx;
      this.env = env;
    }
  }
  class RpcTarget {}

  // env: one object for all invocations of a version, as on the platform.
  const env = {};
  const entries = host.bindings();
  for (let i = 0; i < entries.length; i += 3) {
    const name = entries[i], kind = entries[i + 1], value = entries[i + 2];
    if (kind === "service") env[name] = newFetcher(value);
    else if (kind === "json") env[name] = parse(value);
    else if (kind === "text") env[name] = value;
    else if (kind !== "refused") env[name] = internal.newStore(kind, value);
    else {
      Object.defineProperty(env, name, {
        enumerable: true,
        get() {
          throw new TheTypeError(value);
        },
      });
    }
  }

  // What is imported as `env`: the Worker's, or within `withEnv` the one that was given there.
  let current = env;
  const { get, set, has, ownKeys, deleteProperty, getOwnPropertyDescriptor } = Reflect;
  internal.importedEnv = new Proxy({}, {
    get: (target, name) => get(current, name),
    set: (target, name, value) => set(current, name, value),
    has: (target, name) => has(current, name),
    ownKeys: () => ownKeys(current),
    deleteProperty: (target, name) => deleteProperty(current, name),
    getOwnPropertyDescriptor: (target, name) => {
      const found = getOwnPropertyDescriptor(current, name);
      return found && { ...found, configurable: true };
    },
  });
  internal.withEnv = (given, callback) => {
    if (!isObject(given)) throw new TheTypeError("withEnv takes an object, which is `env` meanwhile.");
    if (typeof callback !== "function") throw new TheTypeError("withEnv takes a function, which it calls.");
    const before = current;
    current = given;
    try {
      return callback();
    } finally {
      current = before;
    }
  };

  internal.env = env;
  internal.WorkerEntrypoint = WorkerEntrypoint;
  internal.DurableObject = DurableObject;
  internal.RpcTarget = RpcTarget;
  internal.newContext = (run) => new ExecutionContext(OURS, run);
  internal.newFetcher = newFetcher;
  internal.bindingHandle = bindingHandle;
  internal.waitUntil = (promise) => internal.newContext(host.current()).waitUntil(promise);
})
