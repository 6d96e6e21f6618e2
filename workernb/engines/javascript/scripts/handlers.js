// Handlers: the entrypoints of the Worker's module, and calls of them.
(function (host, internal) {
  "use strict";
  const { describe, newRequest, newContext, messageHandle, isResponse, env, WorkerEntrypoint } = internal;
  const { DurableObject } = internal;
  const P = internal.primordials;
  const { stringify } = JSON;
  const { construct, apply } = Reflect;
  const { getPrototypeOf, getOwnPropertyNames, prototype: objects } = Object;
  const TheString = String;
  const entrypoints = [];

  // Entrypoints: classes, and objects of handlers. The host is told the names of what they have.
  internal.discover = (exported) => {
    const all = P.keys(exported), names = [];
    if (P.hasOwn(exported, "default")) names[0] = "default";
    for (let i = 0; i < all.length; i++) if (all[i] !== "default") names[names.length] = all[i];
    for (let i = 0; i < names.length; i++) {
      const value = exported[names[i]];
      if (typeof value === "function") {
        if (value !== WorkerEntrypoint && P.isPrototypeOf(WorkerEntrypoint, value)) add(names[i], value, "class");
        else if (value !== DurableObject && P.isPrototypeOf(DurableObject, value)) add(names[i], value, "durable");
        else if (names[i] === "default") host.wrongDefault(`a ${isClass(value) ? "class" : "function"} ${value.name}`);
      } else if (typeof value === "object" && value !== null) add(names[i], value, "object");
      else if (names[i] === "default") host.wrongDefault(value === null ? "null" : `a ${typeof value}`);
    }
  };
  const isClass = (value) => {
    const descriptor = P.getOwnPropertyDescriptor(value, "prototype");
    return descriptor !== undefined && !descriptor.writable;
  };
  const add = (name, value, kind) => {
    const members = [], isClass = kind !== "object";
    let holder = isClass ? value.prototype : value;
    while (holder && holder !== objects && holder !== WorkerEntrypoint.prototype && holder !== DurableObject.prototype) {
      const own = getOwnPropertyNames(holder);
      for (let i = 0; i < own.length; i++) {
        if (own[i] === "constructor") continue;
        const { value: member } = P.getOwnPropertyDescriptor(holder, own[i]);
        if (typeof member === "function" || isClass) members[members.length] = own[i];
      }
      holder = getPrototypeOf(holder);
    }
    if (!isClass && name !== "default" && !host.hasHandler(members)) return;
    host.discovered(name, kind, members);
    entrypoints[entrypoints.length] = { value, isClass };
  };

  const instance = (index, run) => {
    const { value, isClass } = entrypoints[index];
    return isClass ? construct(value, [newContext(run), env]) : value;
  };
  const call = (index, run, name, argument) => {
    const { value, isClass } = entrypoints[index];
    const ctx = newContext(run);
    if (isClass) return construct(value, [ctx, env])[name](argument);
    return value[name](argument, env, ctx);
  };
  const failed = (run, error) => {
    const about = describe(error);
    host.failed(run, about[0], about[1], about[2], about[3]);
  };

  const respond = (run, value) => {
    if (isResponse(value)) host.done(run, messageHandle(value));
    else host.notResponse(run, typeof value, about(value));
  };
  internal.respond = respond;
  internal.constructObject = (index, ctx) => construct(entrypoints[index].value, [ctx, env]);
  internal.enterFetch = async (index, run, handle) => {
    try {
      respond(run, await call(index, run, "fetch", newRequest(handle)));
    } catch (error) {
      failed(run, error);
    }
  };
  const about = (value) => {
    try {
      return typeof value === "object" && value !== null ? stringify(value) ?? "" : TheString(value);
    } catch {
      return "";
    }
  };

  // A handler whose result does not count.
  internal.enterEvent = async (index, run, name, parts) => {
    try {
      const argument = argumentOf[name] ?? ((values) => values[0]);
      await call(index, run, name, argument(internal.receive(parts), run));
      host.done(run, null);
    } catch (error) {
      failed(run, error);
    }
  };
  const argumentOf = {
    __proto__: null,
    scheduled: (values, run) => ({
      type: "scheduled",
      scheduledTime: values[0].scheduledTime,
      cron: values[0].cron,
      noRetry() {
        host.noRetry(run);
      },
    }),
    queue: (values, run) => internal.newBatch(values[0], run),
    // The second list has each request as it was.
    tail: (values) => {
      const items = values[0], unredacted = values[1];
      for (let i = 0; i < items.length; i++) {
        const request = items[i].event?.request;
        if (!request) continue;
        P.defineProperty(request, "getUnredacted", { value: () => unredacted[i] });
      }
      return items;
    },
  };
  internal.instance = instance;
  internal.failedRun = failed;
})
