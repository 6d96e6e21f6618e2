// Queues of the streams, and calls of a source's or a sink's methods as promises.
(function (web) {
  'use strict';
  const { apply, arraySlice, Number, RangeError, TypeError, isNaN } = web.primordials;

  web.Queue = class Queue {
    #items = [];
    #head = 0;
    total = 0;

    get length() {
      return this.#items.length - this.#head;
    }
    get first() {
      return this.#items[this.#head];
    }

    push(item, size = 0) {
      this.#items[this.#items.length] = item;
      this.total += size;
    }

    shift() {
      const item = this.#items[this.#head];
      this.#items[this.#head] = undefined;
      this.#head += 1;
      if (this.#head > 64 && this.#head * 2 > this.#items.length) {
        this.#items = arraySlice(this.#items, this.#head);
        this.#head = 0;
      }
      return item;
    }

    clear() {
      this.#items = [];
      this.#head = this.total = 0;
    }
  };

  // Adds a chunk with its size; RangeError for a size that is none.
  web.enqueueSized = (queue, chunk, size) => {
    size = Number(size);
    if (isNaN(size) || size < 0 || size === Infinity) {
      throw new RangeError('The size of a chunk is a finite number, not negative.');
    }
    queue.push({ chunk, size }, size);
  };
  web.dequeueSized = (queue) => {
    const { chunk, size } = queue.shift();
    queue.total = queue.length === 0 ? 0 : queue.total - size;
    return chunk;
  };

  // Calls a function of a Worker's, and returns a promise of what it returns or throws.
  web.promiseCall = (callback, self, values) => {
    try {
      return web.resolved(apply(callback, self, values));
    } catch (error) {
      return web.rejected(error);
    }
  };

  // A source's or a sink's method; undefined when it has none, TypeError when it is no function.
  web.methodOf = (object, name) => {
    const method = object[name];
    if (method === undefined) return undefined;
    if (typeof method !== 'function') throw new TypeError(`The stream's ${name} is no function.`);
    return (...values) => web.promiseCall(method, object, values);
  };
  web.nothing = () => undefined;
});
