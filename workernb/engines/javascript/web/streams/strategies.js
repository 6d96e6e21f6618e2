// Queuing strategies: https://streams.spec.whatwg.org/#qs
(function (web) {
  'use strict';
  const { Number, RangeError, TypeError, isNaN } = web.primordials;

  const highWaterMarkOf = (init) => {
    if (init === null || typeof init !== 'object' || init.highWaterMark === undefined) {
      throw new TypeError('A queuing strategy needs { highWaterMark }.');
    }
    return Number(init.highWaterMark);
  };
  const byteSize = { size: (chunk) => chunk.byteLength }.size;
  const countSize = { size: () => 1 }.size;

  class ByteLengthQueuingStrategy {
    #highWaterMark;
    constructor(init) {
      this.#highWaterMark = highWaterMarkOf(init);
    }
    get highWaterMark() {
      return this.#highWaterMark;
    }
    get size() {
      return byteSize;
    }
  }

  class CountQueuingStrategy {
    #highWaterMark;
    constructor(init) {
      this.#highWaterMark = highWaterMarkOf(init);
    }
    get highWaterMark() {
      return this.#highWaterMark;
    }
    get size() {
      return countSize;
    }
  }

  // The high water mark of a strategy, checked; its size function.
  web.readStrategy = (strategy, highWaterMark) => {
    if (strategy !== undefined && strategy !== null && typeof strategy !== 'object') {
      throw new TypeError('A queuing strategy is an object { highWaterMark, size }.');
    }
    const size = strategy?.size;
    const mark = strategy?.highWaterMark;
    if (size !== undefined && typeof size !== 'function') {
      throw new TypeError('The size of a queuing strategy is a function.');
    }
    const number = mark === undefined ? highWaterMark : Number(mark);
    if (isNaN(number) || number < 0) throw new RangeError('Invalid highWaterMark');
    return { mark: number, size: size === undefined ? countSize : (chunk) => size(chunk) };
  };
  web.define(ByteLengthQueuingStrategy);
  web.define(CountQueuingStrategy);
  web.expose({ ByteLengthQueuingStrategy, CountQueuingStrategy });
});
