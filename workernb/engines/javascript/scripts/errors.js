// Errors as they cross between the two languages.
(function (host, internal) {
  "use strict";
  const kinds = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const domNames = { __proto__: null, AbortError: true, TimeoutError: true, DataCloneError: true };
  const TheError = Error, TheString = String;
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
  internal.makeError = (name, text, number, lines, remote) => {
    let error;
    if (kinds[name] !== undefined) error = construct(kinds[name], [text]);
    else if (domNames[name]) error = construct(internal.DOMException, [text, name]);
    else {
      error = construct(TheError, [text]);
      defineProperty(error, "name", hidden(name));
    }
    defineProperty(error, "stack", hidden(lines + withoutOurs(error.stack)));
    if (remote) defineProperty(error, "remote", { ...hidden(true), enumerable: true });
    if (number) apply(set, numbers, [error, number]);
    return error;
  };

  // Return the error for the exception that the last call to the host has raised.
  internal.failure = () => {
    const about = host.failure();
    return internal.makeError(about[0], about[1], about[2], about[3], about[4]);
  };

  // Tell the host about something that was thrown, which need not be an error. Getters may lie.
  internal.describe = (thrown) => {
    const isObject = (typeof thrown === "object" && thrown !== null) || typeof thrown === "function";
    if (isObject && apply(has, numbers, [thrown])) {
      return [apply(get, numbers, [thrown]), "", "", ""];
    }
    let name = "", text = "", stack = "";
    try {
      if (isObject && isError(thrown)) {
        name = read(thrown, "name");
        text = read(thrown, "message");
        stack = read(thrown, "stack");
      } else text = TheString(thrown);
    } catch {
      text = "<what was thrown has no text>";
    }
    return [0, name, text, stack];
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
