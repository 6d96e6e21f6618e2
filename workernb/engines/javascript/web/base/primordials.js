// The built-ins as they are before any code of a Worker runs. The other files call nothing else, as a
// Worker may change every prototype: no method of a built-in object, no iteration of an array.
(function (web) {
  'use strict';

  const uncurryThis = Function.prototype.bind.bind(Function.prototype.call);
  const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
  const getter = (prototype, name) => uncurryThis(getOwnPropertyDescriptor(prototype, name).get);
  const methods = (prefix, prototype, names) => {
    for (const name of names) {
      const title = name[0].toUpperCase() + name.slice(1);
      primordials[prefix + title] = uncurryThis(prototype[name]);
    }
  };

  const primordials = {
    __proto__: null,
    uncurryThis,
    apply: Reflect.apply,
    construct: Reflect.construct,
    ownKeys: Reflect.ownKeys,
    setPrototypeOf: Object.setPrototypeOf,
    freeze: Object.freeze,
    keys: Object.keys,
    hasOwn: Object.hasOwn,
    isExtensible: Object.isExtensible,
    defineProperty,
    getOwnPropertyDescriptor,
    getPrototypeOf,
    isArray: Array.isArray,
    isInteger: Number.isInteger,
    isError: Error.isError,
    isView: ArrayBuffer.isView,
    stringify: JSON.stringify,
    parseJSON: JSON.parse,
    objectToString: uncurryThis(Object.prototype.toString),
    isPrototypeOf: uncurryThis(Object.prototype.isPrototypeOf),
    functionToString: uncurryThis(Function.prototype.toString),
    symbolToString: uncurryThis(Symbol.prototype.toString),
    symbolValueOf: uncurryThis(Symbol.prototype.valueOf),
    symbolDescription: getter(Symbol.prototype, 'description'),
    numberValueOf: uncurryThis(Number.prototype.valueOf),
    numberToString: uncurryThis(Number.prototype.toString),
    numberToFixed: uncurryThis(Number.prototype.toFixed),
    booleanValueOf: uncurryThis(Boolean.prototype.valueOf),
    stringValueOf: uncurryThis(String.prototype.valueOf),
    bigintValueOf: uncurryThis(BigInt.prototype.valueOf),
    dateGetTime: uncurryThis(Date.prototype.getTime),
    dateToISOString: uncurryThis(Date.prototype.toISOString),
    regExec: uncurryThis(RegExp.prototype.exec),
    regToString: uncurryThis(RegExp.prototype.toString),
    regSource: getter(RegExp.prototype, 'source'),
    regFlags: getter(RegExp.prototype, 'flags'),
    mapSize: getter(Map.prototype, 'size'),
    setSize: getter(Set.prototype, 'size'),
    byteLengthOf: getter(ArrayBuffer.prototype, 'byteLength'),
    maxByteLengthOf: getter(ArrayBuffer.prototype, 'maxByteLength'),
    isResizable: getter(ArrayBuffer.prototype, 'resizable'),
    isDetached: getter(ArrayBuffer.prototype, 'detached'),
    transferBuffer: uncurryThis(ArrayBuffer.prototype.transfer),
    sliceBuffer: uncurryThis(ArrayBuffer.prototype.slice),
    sharedByteLengthOf: getter(SharedArrayBuffer.prototype, 'byteLength'),
    viewBuffer: getter(DataView.prototype, 'buffer'),
    viewByteOffset: getter(DataView.prototype, 'byteOffset'),
    viewByteLength: getter(DataView.prototype, 'byteLength'),
    weakMapHas: uncurryThis(WeakMap.prototype.has),
    weakSetHas: uncurryThis(WeakSet.prototype.has),
    weakRefDeref: uncurryThis(WeakRef.prototype.deref),
    then: uncurryThis(Promise.prototype.then),
    promiseAll: Promise.all.bind(Promise),
    iteratorPrototype: Iterator.prototype,
    asyncIteratorPrototype: getPrototypeOf(getPrototypeOf(async function* () {}.prototype)),
    max: Math.max,
    min: Math.min,
    floor: Math.floor,
    trunc: Math.trunc,
    sqrt: Math.sqrt,
    round: Math.round,
    isNaN: Number.isNaN,
    isFinite: Number.isFinite,
    parseInt,
    parseFloat,
    Array,
    ArrayBuffer,
    BigInt,
    BigInt64Array,
    BigUint64Array,
    Boolean,
    DataView,
    Date,
    Error,
    EvalError,
    Float16Array,
    Float32Array,
    Float64Array,
    Function,
    Int16Array,
    Int32Array,
    Int8Array,
    Map,
    Number,
    Object,
    Promise,
    RangeError,
    ReferenceError,
    RegExp,
    Set,
    String,
    Symbol,
    SyntaxError,
    TypeError,
    Uint16Array,
    Uint32Array,
    Uint8Array,
    Uint8ClampedArray,
    URIError,
    AggregateError,
    WeakMap,
  };
  methods('array', Array.prototype, ['join', 'slice', 'sort', 'splice', 'indexOf']);
  methods('string', String.prototype, [
    'slice',
    'indexOf',
    'lastIndexOf',
    'charCodeAt',
    'codePointAt',
    'toLowerCase',
    'toUpperCase',
    'startsWith',
    'endsWith',
    'includes',
    'repeat',
    'padEnd',
    'padStart',
    'toWellFormed',
    'trim',
    'split',
    'replaceAll',
  ]);
  methods('map', Map.prototype, ['get', 'set', 'has', 'delete', 'forEach', 'clear']);
  methods('set', Set.prototype, ['add', 'has', 'delete', 'forEach']);

  const typedArray = getPrototypeOf(Uint8Array).prototype;
  methods('bytes', typedArray, ['set']);
  primordials.typedArrayName = getter(typedArray, Symbol.toStringTag);
  primordials.typedArrayLength = getter(typedArray, 'length');
  primordials.typedArrayBuffer = getter(typedArray, 'buffer');
  primordials.typedArrayByteOffset = getter(typedArray, 'byteOffset');
  primordials.typedArrayByteLength = getter(typedArray, 'byteLength');
  web.primordials = primordials;

  const { host } = web;
  const {
    apply,
    isView,
    typedArrayName,
    byteLengthOf,
    typedArrayBuffer,
    typedArrayByteOffset,
    typedArrayByteLength,
    viewBuffer,
    viewByteOffset,
    viewByteLength,
    then,
  } = primordials;

  // An error with a text of the platform; fields: the names and values in it, in turn.
  web.platformError = (Type, ...name) => new Type(apply(host.text, null, name));

  // A TypeError for a parameter of a method, or of a constructor, that has the wrong type.
  web.wrongParameter = (method, target, number, type) =>
    web.platformError(
      primordials.TypeError,
      'PARAMETER',
      'method',
      method,
      'target',
      target,
      'number',
      number,
      'type',
      type,
    );
  web.wrongArgument = (target, number, type) =>
    web.platformError(
      primordials.TypeError,
      'CONSTRUCTOR_PARAMETER',
      'target',
      target,
      'number',
      number,
      'type',
      type,
    );

  // Puts names on globalThis as the built-ins are there: not enumerable, and to be replaced.
  web.expose = (names) => {
    const keys = primordials.keys(names);
    for (let i = 0; i < keys.length; i++) {
      defineProperty(globalThis, keys[i], {
        value: names[keys[i]],
        writable: true,
        enumerable: false,
        configurable: true,
      });
    }
  };

  // Gives a class its name for Object.prototype.toString, and makes its members enumerable, as
  // Web IDL has them.
  web.define = (Class, tag = Class.name) => {
    const names = primordials.ownKeys(Class.prototype);
    for (let i = 0; i < names.length; i++) {
      if (typeof names[i] === 'string' && names[i] !== 'constructor') {
        defineProperty(Class.prototype, names[i], { enumerable: true });
      }
    }
    defineProperty(Class.prototype, Symbol.toStringTag, { value: tag, configurable: true });
    return Class;
  };

  const brand = (read) => (value) => {
    try {
      read(value);
      return true;
    } catch {
      return false;
    }
  };
  web.isBuffer = brand(byteLengthOf);
  web.brand = brand;

  // The bytes of an ArrayBuffer or a view, in the same memory; null for anything else.
  web.toBytes = (value) => {
    if (value === null || typeof value !== 'object') return null;
    if (isView(value)) {
      const name = typedArrayName(value);
      if (name === 'Uint8Array') return value;
      if (name === undefined) {
        return new primordials.Uint8Array(
          viewBuffer(value),
          viewByteOffset(value),
          viewByteLength(value),
        );
      }
      return new primordials.Uint8Array(
        typedArrayBuffer(value),
        typedArrayByteOffset(value),
        typedArrayByteLength(value),
      );
    }
    return web.isBuffer(value) ? new primordials.Uint8Array(value) : null;
  };

  // A copy of bytes, or of some of them. No method is asked, which may be a subclass's.
  web.copyBytes = (bytes, from = 0, to = typedArrayByteLength(bytes)) => {
    const size = primordials.max(to - from, 0);
    const copy = new primordials.Uint8Array(size);
    if (size > 0) {
      primordials.bytesSet(
        copy,
        new primordials.Uint8Array(
          typedArrayBuffer(bytes),
          typedArrayByteOffset(bytes) + from,
          size,
        ),
      );
    }
    return copy;
  };

  // A promise, with the functions that settle it.
  web.deferred = () => {
    const made = { __proto__: null };
    made.promise = new primordials.Promise((resolve, reject) => {
      made.resolve = resolve;
      made.reject = reject;
    });
    return made;
  };
  const promisePrototype = primordials.Promise.prototype;
  const isPromise = (value) =>
    value !== null &&
    typeof value === 'object' &&
    primordials.getPrototypeOf(value) === promisePrototype;
  web.isPromise = isPromise;
  web.resolved = (value) =>
    isPromise(value) ? value : new primordials.Promise((resolve) => resolve(value));
  web.rejected = (error) => new primordials.Promise((_, reject) => reject(error));
  web.react = (promise, onFulfilled, onRejected) => {
    then(promise, onFulfilled, onRejected);
  };

  // What `promise.then` gives. The engine asks a promise that a step returns for its `then`, which
  // may be a Worker's; here it is not asked.
  web.chain = (promise, onFulfilled, onRejected) => {
    const { promise: made, resolve, reject } = web.deferred();
    const settle = (step) => (value) => {
      try {
        const result = step(value);
        if (isPromise(result)) then(result, resolve, reject);
        else resolve(result);
      } catch (error) {
        reject(error);
      }
    };
    then(promise, settle(onFulfilled), onRejected === undefined ? reject : settle(onRejected));
    return made;
  };

  // An iterator of a Web IDL iterable: step() returns [value], or null at the end.
  web.iteratorClass = (tag) => {
    const prototype = {
      __proto__: primordials.iteratorPrototype,
      next() {
        return steps.call_(this);
      },
    };
    defineProperty(prototype, Symbol.toStringTag, { value: tag, configurable: true });
    const kept = new primordials.WeakMap();
    const keep = primordials.uncurryThis(primordials.WeakMap.prototype.set);
    const find = primordials.uncurryThis(primordials.WeakMap.prototype.get);
    const steps = {
      call_(iterator) {
        const step = find(kept, iterator);
        if (step === undefined) throw new primordials.TypeError('Illegal invocation');
        const found = step();
        return found === null ? { value: undefined, done: true } : { value: found[0], done: false };
      },
    };
    return (step) => {
      const iterator = { __proto__: prototype };
      keep(kept, iterator, step);
      return iterator;
    };
  };
});
