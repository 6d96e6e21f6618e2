// Values as they cross between the languages: a list of tags and parts, which each side reads.
(function (host, internal) {
  "use strict";
  const { messageHandle, headersHandle, describe, failed } = internal;
  const { kinds, toBytes, isBlob, blobBytes, newBlob, isReadable } = internal;
  const P = internal.primordials;
  const { apply, keys, getPrototypeOf, isArray } = P;
  const { Uint8Array: TheUint8Array, Date: TheDate, Map: TheMap, Set: TheSet, BigInt: TheBigInt } = P;
  const { String: TheString, Object: TheObject, Error: TheError, RegExp: TheRegExp, hasOwn } = P;
  const UNDEFINED = 0, NULL = 1, SCALAR = 2, BIGINT = 3, ARRAY = 4, OBJECT = 5, MAP = 6, SET = 7;
  const DATE = 8, BYTES = 9, ERROR = 10, FUNCTION = 11, MESSAGE = 12, HEADERS = 13, BLOB = 14;
  const STREAM = 15, SAME = 16, STUB = 17, TARGET = 18, SIGNAL = 19, BINDING = 20;
  const HOLE = 21, PARTIAL_ARRAY = 22, PARTIAL_OBJECT = 23, VIEW = 24, VALUE = 25;

  const DISPOSE_NAME = "[Symbol.dispose]"; // As the host knows the method of that symbol.

  // Functions and objects of RpcTarget that others call, by number.
  const exported = { __proto__: null };
  internal.exported = exported;
  const exportAs = (number, value) => {
    const released = host.released();
    for (let i = 0; i < released.length; i++) delete exported[released[i]];
    exported[number] = value;
    return number;
  };
  internal.exportAs = exportAs;
  const add = (value) => exportAs(host.newExport(), value);

  // What no code can make a copy of, and what a class of a Worker's own has made.
  const refuse = (value) => {
    if (typeof value === "symbol") throw internal.domError("DataCloneError", "CLONE", "value", P.symbolToString(value));
    let name = "Object";
    try {
      name = TheString(value?.constructor?.name ?? "Object");
    } catch {
      // A getter of its own has failed.
    }
    if (kinds.isWeakMap(value) || kinds.isWeakSet(value) || kinds.isWeakRef(value) || kinds.isPromise(value)) {
      throw internal.domError("DataCloneError", "CLONE", "value", `#<${name}>`);
    }
    const text = internal.host.text("DATA_CLONE", "type", name);
    throw internal.makeError("DataCloneError", P.stringSlice(text, "DataCloneError: ".length));
  };

  // Append a value to the list `out`. seen: the objects before, with their numbers.
  const write = (out, seen, value) => {
    const push = (part) => {
      out[out.length] = part;
    };
    switch (typeof value) {
      case "undefined":
        return push(UNDEFINED);
      case "boolean":
      case "number":
      case "string":
        push(SCALAR);
        return push(value);
      case "bigint":
        push(BIGINT);
        return push(TheString(value));
      case "symbol":
        return refuse(value);
    }
    if (value === null) return push(NULL);
    const before = P.mapGet(seen, value);
    if (before !== undefined) {
      push(SAME);
      return push(before);
    }
    P.mapSet(seen, value, P.mapSize(seen));
    const stub = internal.stubNumber(value);
    if (stub !== undefined) {
      push(STUB);
      return push(stub);
    }
    const binding = internal.bindingHandle(value);
    if (binding !== undefined) {
      push(BINDING);
      return push(binding);
    }
    if (typeof value === "function") {
      push(FUNCTION);
      push(add(value));
      return push(TheString(value.name));
    }
    if (value instanceof internal.RpcTarget) {
      push(TARGET);
      push(add(value));
      return writeMembers(push, value);
    }
    // Most objects are plain. The tests of other kinds are dear where they fail.
    if (getPrototypeOf(value) === TheObject.prototype && !P.isError(value)) {
      return writePlain(out, seen, value, push);
    }
    if (isArray(value)) return writeArray(out, seen, value, push);
    const message = messageHandle(value);
    if (message !== undefined) {
      push(MESSAGE);
      return push(message);
    }
    const headers = headersHandle(value);
    if (headers !== undefined) {
      push(HEADERS);
      return push(headers);
    }
    if (isReadable(value)) {
      push(STREAM);
      return push(internal.sendStream(value));
    }
    if (internal.isAbortSignal(value)) {
      push(SIGNAL);
      return push(internal.signalHandle(value));
    }
    if (isBlob(value) && !internal.isFile(value)) {
      push(BLOB);
      push(blobBytes(value));
      return push(value.type);
    }
    const bytes = toBytes(value);
    if (bytes !== null) {
      const kind = P.isView(value) ? (P.typedArrayName(value) ?? "DataView") : "ArrayBuffer";
      push(kind === "Uint8Array" ? BYTES : VIEW);
      if (kind !== "Uint8Array") push(kind);
      return push(bytes);
    }
    if (kinds.isDate(value)) {
      push(DATE);
      return push(P.dateGetTime(value));
    }
    if (P.isError(value)) {
      const about = describe(value);
      push(ERROR);
      for (let i = 0; i < 4; i++) push(about[i]);
      return undefined;
    }
    if (kinds.isMap(value)) {
      push(MAP);
      push(P.mapSize(value));
      P.mapForEach(value, (item, key) => {
        write(out, seen, key);
        write(out, seen, item);
      });
      return undefined;
    }
    if (kinds.isSet(value)) {
      push(SET);
      push(P.setSize(value));
      P.setForEach(value, (item) => write(out, seen, item));
      return undefined;
    }
    if (kinds.isRegExp(value)) return pushValue(push, "RegExp", [P.regSource(value), P.regFlags(value)]);
    for (let i = 0; i < kinds.boxes.length; i++) {
      if (!kinds.boxes[i][0](value)) continue;
      const plain = kinds.boxes[i][1](value);
      const isBig = typeof plain === "bigint";
      return pushValue(push, isBig ? "BigInt" : "Object", [isBig ? TheString(plain) : plain]);
    }
    return refuse(value);
  };
  const writeArray = (out, seen, value, push) => {
    const holes = [], undefineds = [];
    for (let i = 0; i < value.length; i++) {
      if (value[i] !== undefined) continue;
      const absent = hasOwn(value, i) ? undefineds : holes;
      absent[absent.length] = i;
    }
    const isWhole = holes.length === 0 && undefineds.length === 0;
    push(isWhole ? ARRAY : PARTIAL_ARRAY);
    if (!isWhole) {
      pushList(push, undefineds);
      pushList(push, holes);
    }
    push(value.length);
    for (let i = 0; i < value.length; i++) write(out, seen, value[i]);
    return undefined;
  };
  const writePlain = (out, seen, value, push) => {
    const names = keys(value), items = [], undefineds = [];
    for (let i = 0; i < names.length; i++) {
      items[i] = value[names[i]];
      if (items[i] === undefined) undefineds[undefineds.length] = names[i];
    }
    push(undefineds.length === 0 ? OBJECT : PARTIAL_OBJECT);
    if (undefineds.length !== 0) pushList(push, undefineds);
    push(names.length);
    for (let i = 0; i < names.length; i++) {
      push(names[i]);
      write(out, seen, items[i]);
    }
    return undefined;
  };
  const pushList = (push, list) => {
    push(list.length);
    for (let i = 0; i < list.length; i++) push(list[i]);
  };
  // An object that Python has no type for: the name of its class, and what it is made of.
  const pushValue = (push, kind, parts) => {
    push(VALUE);
    push(kind);
    pushList(push, parts);
  };

  // The names of what a class has for RPC, up to RpcTarget: methods and other members.
  const writeMembers = (push, value) => {
    const found = { __proto__: null };
    let count = 0, holder = getPrototypeOf(value);
    push(TheString(value.constructor?.name ?? "RpcTarget"));
    while (holder !== null && holder !== internal.RpcTarget.prototype) {
      const own = P.ownKeys(holder);
      for (let i = 0; i < own.length; i++) {
        const name = own[i];
        if (typeof name !== "string" || name === "constructor" || found[name] !== undefined) continue;
        found[name] = typeof P.getOwnPropertyDescriptor(holder, name).value === "function";
        count += 1;
      }
      holder = getPrototypeOf(holder);
    }
    if (typeof value[Symbol.dispose] === "function") {
      found[DISPOSE_NAME] = true;
      count += 1;
    }
    push(count);
    const names = keys(found);
    for (let i = 0; i < names.length; i++) {
      push(names[i]);
      push(found[names[i]]);
    }
  };

  // The host is given a long list in pieces: a call has no more arguments than that.
  const MOST = 10_000;
  internal.send = (receive, parts, values) => {
    const out = [];
    for (let i = 0; i < parts.length; i++) out[i] = parts[i];
    out[out.length] = values.length;
    const seen = new TheMap();
    for (let i = 0; i < values.length; i++) write(out, seen, values[i]);
    for (let at = 0; out.length - at > MOST; at += MOST) {
      apply(host.piece, undefined, P.arraySlice(out, at, at + MOST));
    }
    const rest = out.length % MOST || MOST;
    try {
      return apply(receive, undefined, out.length <= MOST ? out : P.arraySlice(out, out.length - rest));
    } catch (error) {
      throw failed(error);
    }
  };

  const define = (object, name, value) => {
    P.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  };
  const makeValue = (kind, next) => {
    switch (kind) {
      case "RegExp": {
        const source = next();
        return new TheRegExp(source, next());
      }
      case "Date":
        return new TheDate(next());
      case "BigInt":
        return TheObject(TheBigInt(next()));
      default:
        return TheObject(next());
    }
  };

  // Read the values of a list that the host has written.
  internal.receive = (parts) => {
    let at = 0;
    const objects = [];
    const keep = (value) => {
      objects[objects.length] = value;
      return value;
    };
    const read = () => {
      const tag = parts[at++];
      switch (tag) {
        case UNDEFINED:
          return undefined;
        case NULL:
          return null;
        case SCALAR:
          return parts[at++];
        case BIGINT:
          return TheBigInt(parts[at++]);
        case SAME:
          return objects[parts[at++]];
        case ARRAY: {
          const count = parts[at++], made = keep([]);
          made.length = count;
          for (let i = 0; i < count; i++) {
            if (parts[at] === HOLE) at++;
            else define(made, i, read());
          }
          return made;
        }
        case MAP: {
          const count = parts[at++], made = keep(new TheMap());
          for (let i = 0; i < count; i++) {
            const key = read();
            P.mapSet(made, key, read());
          }
          return made;
        }
        case VIEW: {
          const kind = parts[at++], buffer = parts[at++];
          return keep(kind === "ArrayBuffer" ? buffer : new P[kind](buffer));
        }
        case VALUE:
          return keep(makeValue(parts[at++], () => parts[at++]));
        case OBJECT: {
          const count = parts[at++], made = keep({});
          for (let i = 0; i < count; i++) {
            const name = parts[at++];
            define(made, name, read());
          }
          return made;
        }
        case SET: {
          const count = parts[at++], made = keep(new TheSet());
          for (let i = 0; i < count; i++) P.setAdd(made, read());
          return made;
        }
        case DATE:
          return keep(new TheDate(parts[at++]));
        case BYTES:
          return keep(new TheUint8Array(parts[at++]));
        case ERROR: {
          const about = parts[at++];
          return keep(internal.makeError(about[0], about[1], about[2], about[3], about[4], about[5]));
        }
        case MESSAGE: {
          const isRequest = parts[at++], handle = parts[at++];
          return keep(isRequest ? internal.newRequest(handle) : internal.newResponse(handle));
        }
        case HEADERS:
          return keep(internal.newHeaders(parts[at++]));
        case BLOB: {
          const bytes = new TheUint8Array(parts[at++]);
          return keep(newBlob(bytes, parts[at++]));
        }
        case STREAM:
          return keep(internal.newBodyStream(parts[at++]));
        case STUB:
          return keep(internal.newStub(parts[at++]));
        case BINDING:
          return keep(internal.newFetcher(parts[at++]));
        default:
          throw new TheError(`The host wrote an unknown tag: ${tag}`);
      }
    };
    const count = parts[at++], values = [];
    for (let i = 0; i < count; i++) values[i] = read();
    return values;
  };
})
