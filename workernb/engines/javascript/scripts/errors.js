// Errors as they cross between the two languages.
(function (host, internal) {
  "use strict";
  const kinds = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const domNames = { __proto__: null, AbortError: true, TimeoutError: true, DataCloneError: true };
  const TheError = Error, TheString = String, TheAggregateError = AggregateError;
  const { keys } = Object, { ownKeys } = Reflect;
  const numbers = new WeakMap();
  const get = WeakMap.prototype.get, set = WeakMap.prototype.set, has = WeakMap.prototype.has;
  const { split, includes } = TheString.prototype;
  const { apply, defineProperty, construct } = Reflect;
  const hidden = (value) => ({ value, writable: true, configurable: true, enumerable: false });

  // A stack without the lines of our own scripts, which are the innermost.
  const withoutOurs = (stack) => {
    const lines = apply(split, `${stack ?? ""}`, ["\n"]);
    let kept = "";
    for (let i = 0; i < lines.length; i++) {
      const ours = apply(includes, lines[i], ["workernb:"]) || apply(includes, lines[i], ["(native)"]);
      if (!ours && lines[i] !== "") kept += lines[i] + "\n";
    }
    return kept;
  };

  // Return the error for one of Python's, of which `number` stands for the exception.
  internal.makeError = (name, text, number, lines, remote, own) => {
    let error;
    if (name === "AggregateError") error = construct(TheAggregateError, [[], text]);
    else if (kinds[name] !== undefined) error = construct(kinds[name], [text]);
    else if (domNames[name]) error = construct(internal.DOMException, [text, name]);
    else {
      error = construct(TheError, [text]);
      defineProperty(error, "name", { ...hidden(name), enumerable: true });
    }
    defineProperty(error, "stack", hidden(lines + withoutOurs(error.stack)));
    if (own) {
      const values = internal.receive(own)[0], names = keys(values);
      for (let i = 0; i < names.length; i++) {
        defineProperty(error, names[i], { ...hidden(values[names[i]]), enumerable: true });
      }
    }
    if (remote) defineProperty(error, "remote", { ...hidden(true), enumerable: true });
    if (number) apply(set, numbers, [error, number]);
    return error;
  };

  // Return the error for the exception that the last call to the host has raised.
  internal.failure = () => {
    const about = host.failure();
    return internal.makeError(about[0], about[1], about[2], about[3], about[4], about[5]);
  };

  // Tell the host about something that was thrown, which need not be an error. Getters may lie.
  // The number is below zero for an error that has properties of its own, which are kept by it.
  internal.describe = (thrown) => {
    const isObject = (typeof thrown === "object" && thrown !== null) || typeof thrown === "function";
    if (isObject && apply(has, numbers, [thrown])) {
      return [apply(get, numbers, [thrown]), "", "", ""];
    }
    let name = "", text = "", stack = "", number = 0;
    try {
      if (isObject && isError(thrown)) {
        name = read(thrown, "name");
        text = read(thrown, "message");
        stack = read(thrown, "stack");
        number = keepOwn(thrown);
      } else text = TheString(thrown);
    } catch {
      text = "<what was thrown has no text>";
    }
    return [number, name, text, stack];
  };
  // Keep the properties of an error's own that can be cloned, its cause among them.
  const MOST_ERRORS = 8; // One may be the cause of itself.
  const ours = { __proto__: null, name: true, message: true, stack: true, remote: true };
  let depth = 0;
  const keepOwn = (error) => {
    if (depth === MOST_ERRORS) return 0;
    const names = ownKeys(error), own = {};
    let count = 0;
    for (let i = 0; i < names.length; i++) {
      if (typeof names[i] !== "string" || ours[names[i]]) continue;
      let value;
      try {
        value = error[names[i]];
      } catch {
        continue; // A getter of its own has failed.
      }
      if (typeof value === "function" || typeof value === "symbol") continue;
      own[names[i]] = value;
      count += 1;
    }
    if (count === 0) return 0;
    depth += 1;
    try {
      return -sendOwn(own);
    } finally {
      depth -= 1;
    }
  };
  const sendOwn = (own) => {
    try {
      return internal.send(host.errorOwn, [], [own]);
    } catch {
      return sendOwnEach(own);
    }
  };
  // What cannot be cloned is left out.
  const sendOwnEach = (own) => {
    const names = keys(own), rest = {};
    for (let i = 0; i < names.length; i++) {
      try {
        internal.send(host.errorOwn, [], [own[names[i]]]);
        rest[names[i]] = own[names[i]];
      } catch {
        continue;
      }
    }
    try {
      return internal.send(host.errorOwn, [], [rest]);
    } catch {
      return 0;
    }
  };
  const isError = (thrown) => {
    try {
      return thrown instanceof TheError;
    } catch {
      return false;
    }
  };
  const read = (error, key) => {
    try {
      const value = error[key];
      return value === undefined || value === null ? "" : TheString(value);
    } catch {
      return "";
    }
  };
})
