// RPC: calls of methods over bindings and stubs, and calls of what this Worker has exported.
// https://developers.cloudflare.com/workers/runtime-apis/rpc/
(function (host, internal) {
  "use strict";
  const { operation, send, receive, exported, rejected, asked, failed } = internal;
  const P = internal.primordials;
  const { apply, then, getPrototypeOf, WeakMap: TheWeakMap } = P;
  const keep = P.uncurryThis(TheWeakMap.prototype.set), find = P.uncurryThis(TheWeakMap.prototype.get);
  const hasOwn = P.hasOwn;
  const sources = new TheWeakMap(); // The numbers of stubs.
  const BINDING = 0, SOURCE = 1;
  // The engine has no `using`, nor its symbols, which code can call by name.
  for (const name of ["dispose", "asyncDispose"]) {
    if (Symbol[name] === undefined) P.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
  }
  const { dispose: DISPOSE } = Symbol;

  internal.stubNumber = (value) => find(sources, value);

  // What is called: a binding, or a stub or promise, by number; the names that lead on from there.
  const remote = (kind, number, path, isStub) => {
    let promise;
    const wait = () => (promise ??= settled(kind, number, path));
    const proxy = new Proxy(function () {}, {
      get: (target, name) => {
        if (name === DISPOSE && kind === SOURCE && path.length === 0) return () => asked(host.dispose, number);
        if (typeof name === "symbol") return undefined;
        if (!isStub) {
          if (name === "then") return (done, fails) => then(wait(), done, fails);
          if (name === "catch") return (fails) => then(wait(), undefined, fails);
          if (name === "finally") return (after) => finallyOf(wait(), after);
        } else if (name === "then") return undefined;
        if (path.length === 0) {
          if (name === "dup" && isStub) return () => internal.newStub(asked(host.dup, number));
          if (name === "dispose") return () => asked(host.dispose, number);
        }
        return remote(kind, number, extended(path, name), false);
      },
      apply: (target, self, values) => called(kind, number, path, values),
      set: () => false,
      has: () => false,
      getPrototypeOf: () => internal.RpcStub.prototype,
    });
    if (isStub) keep(sources, proxy, number);
    return proxy;
  };
  const finallyOf = P.uncurryThis(Promise.prototype.finally);
  const extended = (path, name) => {
    const longer = [];
    for (let i = 0; i < path.length; i++) longer[i] = path[i];
    longer[path.length] = name;
    return longer;
  };

  // Make a call; return its promise, on whose result further calls can be made.
  const called = (kind, number, path, values) => {
    try {
      return remote(SOURCE, send(host.rpcCall, start(kind, number, true, path), values), [], false);
    } catch (error) {
      return rejected(error);
    }
  };
  const start = (kind, number, isCall, path) => {
    const parts = [kind, number, isCall, path.length];
    for (let i = 0; i < path.length; i++) parts[parts.length] = path[i];
    return parts;
  };
  // The promise of a call's value, or of a property's.
  const settled = (kind, number, path) => {
    try {
      const call =
        kind === SOURCE && path.length === 0
          ? number
          : send(host.rpcCall, start(kind, number, false, path), []);
      return then(operation(host.rpcAwait(call)), (parts) => receive(parts)[0]);
    } catch (error) {
      return rejected(failed(error));
    }
  };

  internal.newStub = (number) => remote(SOURCE, number, [], true);
  internal.RpcStub = class RpcStub {};
  const noNames = { __proto__: null, then: true, toJSON: true, constructor: true };
  internal.setMethods = (prototype) => {
    Object.setPrototypeOf(prototype, new Proxy(Object.create(null), {
      get: (target, name, receiver) => {
        if (typeof name === "symbol" || noNames[name]) return Object.prototype[name];
        const number = internal.bindingHandle(receiver);
        return number === undefined ? undefined : remote(BINDING, number, [name], false);
      },
      has: () => false,
      set: (target, name, value, receiver) => P.defineProperty(receiver, name, {
        value, writable: true, enumerable: true, configurable: true,
      }),
    }));
  };

  // Calls of this Worker's own

  const done = (run, value) => {
    send(host.rpcDone, [run], [value]);
  };
  // Follow names from an object, the first of which is one of its class's; call what they lead to.
  const reach = async (target, path, values, isFunction) => {
    let self = undefined, value = target;
    for (let i = 0; i < path.length; i++) {
      self = value;
      const known = self !== undefined && self !== null && (i > 0 ? has(self, path[i]) : true);
      if (!known) throw checkedThrow(() => host.noMethod(path[i]));
      value = self[path[i]];
      if (i < path.length - 1) value = await value;
    }
    if (values === null) return await value;
    if (typeof value !== "function") throw checkedThrow(() => host.notAFunction(P.arrayJoin(path, ".")));
    return await apply(value, isFunction ? undefined : self, values);
  };
  const checkedThrow = (call) => {
    try {
      call();
    } catch (error) {
      return failed(error);
    }
    return undefined;
  };
  // A plain object's own names, and those of an RpcTarget's class: nothing that Object has.
  const has = (value, name) => {
    if (value instanceof internal.RpcTarget) {
      return !hasOwn(value, name) && name in value && !(name in Object.prototype);
    }
    if (internal.stubNumber(value) !== undefined || typeof value === "function") return true;
    return typeof value === "object" && getPrototypeOf(value) === Object.prototype && hasOwn(value, name);
  };

  internal.enterRpc = async (index, run, path, parts) => {
    try {
      const values = parts === null ? null : receive(parts);
      done(run, await reach(internal.instance(index, run), path, values, false));
    } catch (error) {
      internal.failedRun(run, error);
    }
  };
  // What an RpcTarget does after its last stub has been disposed.
  internal.enterDispose = (number, run) => {
    try {
      exported[number][DISPOSE]();
      host.done(run, null);
    } catch (error) {
      internal.failedRun(run, error);
    }
  };
  internal.enterExported = async (number, run, path, parts) => {
    try {
      const values = parts === null ? null : receive(parts);
      done(run, await reach(exported[number], path, values, path.length === 0));
    } catch (error) {
      internal.failedRun(run, error);
    }
  };
})
