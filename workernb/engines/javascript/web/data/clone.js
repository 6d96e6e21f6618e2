// structuredClone: https://html.spec.whatwg.org/#structured-cloning
(function (web) {
  'use strict';
  const P = web.primordials;
  const { brand } = web;
  const {
    Map,
    TypeError,
    defineProperty,
    getOwnPropertyDescriptor,
    getPrototypeOf,
    hasOwn,
    isArray,
    isError,
    isView,
    keys,
    mapGet,
    mapHas,
    mapSet,
  } = P;

  const isMap = brand(P.mapSize),
    isSet = brand(P.setSize),
    isDate = brand(P.dateGetTime);
  const isRegExp = brand(P.regSource);
  const boxes = [
    [brand(P.numberValueOf), P.numberValueOf],
    [brand(P.stringValueOf), P.stringValueOf],
    [brand(P.booleanValueOf), P.booleanValueOf],
    [brand(P.bigintValueOf), P.bigintValueOf],
  ];
  const isSymbolObject = brand(P.symbolValueOf),
    isShared = brand(P.sharedByteLengthOf);
  const isWeakMap = (value) => {
    try {
      P.weakMapHas(value, value);
      return true;
    } catch {
      return false;
    }
  };
  const isWeakSet = (value) => {
    try {
      P.weakSetHas(value, value);
      return true;
    } catch {
      return false;
    }
  };
  const isWeakRef = brand(P.weakRefDeref);
  web.kinds = {
    isMap,
    isSet,
    isDate,
    isRegExp,
    boxes,
    isSymbolObject,
    isShared,
    isWeakMap,
    isWeakSet,
    isWeakRef,
    isPromise: (value) => web.host.promiseState(value) !== null,
  };

  const ERRORS = {
    __proto__: null,
    Error: P.Error,
    EvalError: P.EvalError,
    RangeError: P.RangeError,
    ReferenceError: P.ReferenceError,
    SyntaxError: P.SyntaxError,
    TypeError: P.TypeError,
    URIError: P.URIError,
  };

  function refuse(value, shown) {
    if (shown !== undefined) {
      /* as it is given */
    } else if (typeof value === 'symbol') shown = P.symbolToString(value);
    else if (typeof value === 'function') shown = P.functionToString(value);
    else shown = `#<${web.constructorName(value) ?? 'Object'}>`;
    throw web.domError('DataCloneError', 'CLONE', 'value', shown);
  }

  // Clones of our own classes, by a test that tells them: js-core adds Headers and its kin.
  const cloners = [];
  web.addCloner = (test, clone) => {
    cloners[cloners.length] = { test, clone };
  };
  const platformClasses = new P.WeakMap();
  const classOf = P.uncurryThis(P.WeakMap.prototype.get);
  const setClass = P.uncurryThis(P.WeakMap.prototype.set);
  web.refuseClones = (Class) => {
    setClass(platformClasses, Class.prototype, Class.name);
  };

  function platformClass(value) {
    for (let at = getPrototypeOf(value); at !== null; at = getPrototypeOf(at)) {
      const name = classOf(platformClasses, at);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  function clone(value, memory) {
    if (typeof value === 'symbol' || typeof value === 'function') refuse(value);
    if (value === null || typeof value !== 'object') return value;
    if (mapHas(memory, value)) return mapGet(memory, value);
    const made = cloneObject(value, memory);
    mapSet(memory, value, made);
    return made;
  }

  function cloneObject(value, memory) {
    const prototype = getPrototypeOf(value);
    if (isArray(value)) return cloneArray(value, memory);
    if ((prototype === P.Object.prototype || prototype === null) && value !== globalThis) {
      if (isError(value)) return cloneError(value, memory);
      if (P.objectToString(value) === '[object Arguments]') refuse(value);
      return cloneProperties(value, remember(memory, value, {}), memory);
    }
    if (value === globalThis) refuse(value, '#<ServiceWorkerGlobalScope>');
    return cloneBuiltIn(value, memory);
  }

  function remember(memory, value, made) {
    mapSet(memory, value, made);
    return made;
  }

  function cloneProperties(value, made, memory) {
    const names = keys(value);
    for (let i = 0; i < names.length; i++) {
      if (!hasOwn(value, names[i])) continue;
      defineProperty(made, names[i], {
        value: clone(value[names[i]], memory),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return made;
  }

  function cloneArray(value, memory) {
    const made = remember(memory, value, []);
    made.length = value.length;
    return cloneProperties(value, made, memory);
  }

  function cloneBuiltIn(value, memory) {
    for (let i = 0; i < boxes.length; i++)
      if (boxes[i][0](value)) return P.Object(boxes[i][1](value));
    if (isDate(value)) return new P.Date(P.dateGetTime(value));
    if (isRegExp(value)) return new P.RegExp(P.regSource(value), P.regFlags(value));
    if (isMap(value)) return cloneMap(value, memory);
    if (isSet(value)) return cloneSet(value, memory);
    if (web.isBuffer(value)) return copyBuffer(value);
    if (isView(value)) return cloneView(value, memory);
    if (isError(value)) return cloneError(value, memory);
    for (let i = 0; i < cloners.length; i++) {
      if (cloners[i].test(value)) return cloners[i].clone(value, (inner) => clone(inner, memory));
    }
    const name = platformClass(value);
    if (name === 'AbortSignal') throw web.domError('DataCloneError', 'CLONE_SIGNAL');
    if (name === 'ReadableStream' || name === 'WritableStream') {
      throw web.domError('DataCloneError', 'CLONE_STREAM', 'type', name);
    }
    if (P.isPrototypeOf(P.iteratorPrototype, value)) refuse(value, P.objectToString(value));
    if (name !== undefined) {
      throw web.domError('DataCloneError', 'CLONE_CLASS', 'type', name);
    }
    if (
      isSymbolObject(value) ||
      isShared(value) ||
      isWeakMap(value) ||
      isWeakSet(value) ||
      isWeakRef(value) ||
      web.kinds.isPromise(value)
    )
      refuse(value);
    return cloneProperties(value, remember(memory, value, {}), memory);
  }

  function cloneMap(value, memory) {
    const made = remember(memory, value, new Map());
    const pairs = [];
    P.mapForEach(value, (item, key) => {
      pairs[pairs.length] = { key, item };
    });
    for (let i = 0; i < pairs.length; i++) {
      mapSet(made, clone(pairs[i].key, memory), clone(pairs[i].item, memory));
    }
    return made;
  }

  function cloneSet(value, memory) {
    const made = remember(memory, value, new P.Set());
    const items = [];
    P.setForEach(value, (item) => {
      items[items.length] = item;
    });
    for (let i = 0; i < items.length; i++) P.setAdd(made, clone(items[i], memory));
    return made;
  }

  function copyBuffer(buffer) {
    if (P.isDetached(buffer)) throw web.domError('DataCloneError', 'CLONE_DETACHED');
    const size = P.byteLengthOf(buffer);
    const made = P.isResizable(buffer)
      ? new P.ArrayBuffer(size, { maxByteLength: P.maxByteLengthOf(buffer) })
      : new P.ArrayBuffer(size);
    P.bytesSet(new P.Uint8Array(made), new P.Uint8Array(buffer));
    return made;
  }

  function cloneView(view, memory) {
    const name = P.typedArrayName(view);
    if (name === undefined) {
      return new P.DataView(
        clone(P.viewBuffer(view), memory),
        P.viewByteOffset(view),
        P.viewByteLength(view),
      );
    }
    return new P[name](
      clone(P.typedArrayBuffer(view), memory),
      P.typedArrayByteOffset(view),
      P.typedArrayLength(view),
    );
  }

  function cloneError(error, memory) {
    if (web.isDOMException(error)) {
      const made = new web.DOMException(error.message, error.name);
      return copyText(error, made, 'stack');
    }
    const { name } = error;
    const Type = ERRORS[`${name}`] ?? P.Error;
    const made = remember(memory, error, new Type());
    const message = getOwnPropertyDescriptor(error, 'message');
    if (message !== undefined && 'value' in message) hide(made, 'message', `${message.value}`);
    copyText(error, made, 'stack');
    if (hasOwn(error, 'cause')) hide(made, 'cause', clone(error.cause, memory));
    return made;
  }

  function copyText(from, to, name) {
    const { [name]: text } = from;
    if (typeof text === 'string') hide(to, name, text);
    return to;
  }

  function hide(object, name, value) {
    defineProperty(object, name, { value, writable: true, enumerable: false, configurable: true });
  }

  function readTransfer(transfer) {
    const moved = [];
    for (const object of transfer) {
      if (object === null || typeof object !== 'object' || !web.isBuffer(object)) {
        throw web.platformError(TypeError, 'CLONE_TRANSFER');
      }
      if (P.isDetached(object) || P.arrayIndexOf(moved, object) !== -1) {
        throw web.domError('DataCloneError', 'CLONE_DETACHED');
      }
      moved[moved.length] = object;
    }
    return moved;
  }

  web.structuredClone = (value, transfer = undefined) => {
    const memory = new Map();
    const moved = transfer === undefined ? [] : readTransfer(transfer);
    // Buffers move only once all else has been cloned: an error leaves them where they are.
    const stand = [];
    for (let i = 0; i < moved.length; i++) {
      stand[i] = copyBuffer(moved[i]);
      mapSet(memory, moved[i], stand[i]);
    }
    const made = clone(value, memory);
    for (let i = 0; i < moved.length; i++) P.transferBuffer(moved[i]);
    return made;
  };

  web.expose({
    structuredClone: function structuredClone(value, options) {
      if (arguments.length === 0) {
        throw web.wrongParameter('structuredClone', 'ServiceWorkerGlobalScope', 1, 'any');
      }
      return web.structuredClone(value, options?.transfer);
    },
  });
});
