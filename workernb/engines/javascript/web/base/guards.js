// What a Worker may not do with the language itself: make code from text, and walk an array so long
// that the engine does not ask in between whether it is to stop.
(function (web) {
  'use strict';
  const {
    apply,
    defineProperty,
    getPrototypeOf,
    isArray,
    EvalError,
    RangeError,
    Error,
    TypeError,
  } = web.primordials;

  const refuse = () => {
    throw web.platformError(EvalError, 'CODE_FROM_STRINGS');
  };
  const kinds = [function () {}, async function () {}, function* () {}, async function* () {}];
  for (let i = 0; i < kinds.length; i++) {
    const prototype = getPrototypeOf(kinds[i]);
    const original = prototype.constructor;
    const replacement = {
      [original.name]: function () {
        refuse();
      },
    }[original.name];
    defineProperty(replacement, 'length', { value: 1, configurable: true });
    defineProperty(replacement, 'prototype', { value: original.prototype, writable: false });
    defineProperty(prototype, 'constructor', {
      value: replacement,
      writable: i === 0,
      enumerable: false,
      configurable: true,
    });
    if (i === 0) web.expose({ Function: replacement });
  }
  web.expose({
    eval: {
      eval() {
        refuse();
      },
    }.eval,
  });

  const MAX_LENGTH = 2 ** 23;
  const check = (length) => {
    if (length > MAX_LENGTH) {
      throw new RangeError(
        `An array method would walk ${length} elements: the most is ${MAX_LENGTH}`,
      );
    }
  };
  const walking = [
    'at',
    'copyWithin',
    'every',
    'fill',
    'filter',
    'find',
    'findIndex',
    'findLast',
    'findLastIndex',
    'flat',
    'flatMap',
    'forEach',
    'includes',
    'indexOf',
    'join',
    'lastIndexOf',
    'map',
    'reduce',
    'reduceRight',
    'reverse',
    'shift',
    'slice',
    'some',
    'sort',
    'splice',
    'toReversed',
    'toSorted',
    'toSpliced',
    'toString',
    'unshift',
    'with',
    'toLocaleString',
  ];
  const wrap = (holder, name, measure) => {
    const original = holder[name];
    const wrapped = {
      [name](...values) {
        check(measure(this, values));
        return apply(original, this, values);
      },
    }[name];
    defineProperty(wrapped, 'length', { value: original.length, configurable: true });
    defineProperty(holder, name, {
      value: wrapped,
      writable: true,
      enumerable: false,
      configurable: true,
    });
  };
  const lengthOf = (self) => self?.length;
  for (let i = 0; i < walking.length; i++) wrap(Array.prototype, walking[i], lengthOf);
  wrap(Array.prototype, 'concat', (self, values) => {
    let total = self?.length;
    for (let i = 0; i < values.length; i++) if (isArray(values[i])) total += values[i].length;
    return total;
  });
  wrap(String, 'raw', (_, values) => values[0]?.raw?.length);

  // V8's, which libraries call to take frames of their own off a stack.
  defineProperty(Error, 'captureStackTrace', {
    value: function captureStackTrace(target) {
      if (target === null || (typeof target !== 'object' && typeof target !== 'function')) {
        throw new TypeError(`Invalid argument`);
      }
      defineProperty(target, 'stack', {
        value: new Error().stack,
        writable: true,
        enumerable: false,
        configurable: true,
      });
    },
    writable: true,
    enumerable: false,
    configurable: true,
  });
});
