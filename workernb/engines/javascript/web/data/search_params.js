// URLSearchParams: https://url.spec.whatwg.org/#interface-urlsearchparams
(function (web) {
  'use strict';
  const { host } = web;
  const {
    apply,
    ownKeys,
    getOwnPropertyDescriptor,
    String,
    TypeError,
    arraySort,
    regExec,
    stringIndexOf,
    stringSlice,
    stringStartsWith,
    Symbol,
    defineProperty,
  } = web.primordials;

  const iterator = web.iteratorClass('URLSearchParams Iterator');
  const text = (value) => host.toUSVString(String(value));
  const need = (method, given, count) => {
    if (given < count) {
      throw web.wrongParameter(method, 'URLSearchParams', given + 1, 'USVString');
    }
  };
  let replace, link;

  // Most queries have nothing to decode, and are split faster than the host is asked.
  const TO_DECODE = /[%+\ud800-\udfff]/;
  function parseQuery(query) {
    if (regExec(TO_DECODE, query) !== null) return host.parseQuery(query);
    const list = [];
    for (let at = 0; at < query.length;) {
      const found = stringIndexOf(query, '&', at);
      const end = found === -1 ? query.length : found;
      if (end > at) {
        const equals = stringIndexOf(query, '=', at);
        const nameEnd = equals === -1 || equals > end ? end : equals;
        list[list.length] = stringSlice(query, at, nameEnd);
        list[list.length] = stringSlice(query, nameEnd + 1, end);
      }
      at = end + 1;
    }
    return list;
  }

  // The pairs are kept one after the other: name, value, name, value.
  class URLSearchParams {
    #list = [];
    #changed = null;

    constructor(init = '') {
      if (init !== null && (typeof init === 'object' || typeof init === 'function')) {
        this.#list = init[Symbol.iterator] == null ? fromRecord(init) : fromPairs(init);
        return;
      }
      const query = String(init);
      this.#list = parseQuery(stringStartsWith(query, '?') ? stringSlice(query, 1) : query);
    }

    get size() {
      return this.#list.length / 2;
    }

    append(name, value) {
      need('append', arguments.length, 2);
      const list = this.#list;
      list[list.length] = text(name);
      list[list.length] = text(value);
      this.#changed?.();
    }

    delete(name, value) {
      need('delete', arguments.length, 1);
      name = text(name);
      const wanted = value === undefined ? undefined : text(value);
      this.#list = without(this.#list, name, wanted, 0);
      this.#changed?.();
    }

    get(name) {
      need('get', arguments.length, 1);
      const at = find(this.#list, text(name));
      return at === -1 ? null : this.#list[at + 1];
    }

    getAll(name) {
      need('getAll', arguments.length, 1);
      name = text(name);
      const found = [],
        list = this.#list;
      for (let i = 0; i < list.length; i += 2) {
        if (list[i] === name) found[found.length] = list[i + 1];
      }
      return found;
    }

    has(name, value) {
      need('has', arguments.length, 1);
      return find(this.#list, text(name), value === undefined ? undefined : text(value)) !== -1;
    }

    set(name, value) {
      need('set', arguments.length, 2);
      name = text(name);
      value = text(value);
      const at = find(this.#list, name);
      if (at === -1) {
        this.#list[this.#list.length] = name;
        this.#list[this.#list.length] = value;
      } else {
        this.#list[at + 1] = value;
        this.#list = without(this.#list, name, undefined, at + 2);
      }
      this.#changed?.();
    }

    sort() {
      const pairs = [],
        list = this.#list;
      for (let i = 0; i < list.length; i += 2) {
        pairs[pairs.length] = { name: list[i], value: list[i + 1] };
      }
      arraySort(pairs, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
      for (let i = 0; i < pairs.length; i++) {
        list[2 * i] = pairs[i].name;
        list[2 * i + 1] = pairs[i].value;
      }
      this.#changed?.();
    }

    toString() {
      return host.writeQuery(this.#list);
    }

    forEach(callback, self = undefined) {
      if (typeof callback !== 'function') {
        throw web.wrongParameter('forEach', 'URLSearchParams', 1, 'function');
      }
      for (let i = 0; i < this.#list.length; i += 2) {
        apply(callback, self, [this.#list[i + 1], this.#list[i], this]);
      }
    }

    keys() {
      return this.#iterate((list, i) => list[i]);
    }
    values() {
      return this.#iterate((list, i) => list[i + 1]);
    }
    entries() {
      return this.#iterate((list, i) => [list[i], list[i + 1]]);
    }

    #iterate(pick) {
      let at = 0;
      return iterator(() => {
        if (at >= this.#list.length) return null;
        at += 2;
        return [pick(this.#list, at - 2)];
      });
    }

    static {
      web.isSearchParams = (value) => #list in value;
      web.searchParamsList = (params) => params.#list;
      replace = (params, query) => {
        params.#list = parseQuery(query);
      };
      link = (params, changed) => {
        params.#changed = changed;
      };
    }
  }

  function find(list, name, value) {
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name && (value === undefined || list[i + 1] === value)) return i;
    }
    return -1;
  }

  function without(list, name, value, from) {
    const kept = [];
    for (let i = 0; i < list.length; i += 2) {
      if (i >= from && list[i] === name && (value === undefined || list[i + 1] === value)) continue;
      kept[kept.length] = list[i];
      kept[kept.length] = list[i + 1];
    }
    return kept;
  }

  function fromPairs(pairs) {
    const list = [];
    for (const pair of pairs) {
      const values = [];
      if (pair !== null && typeof pair === 'object') {
        for (const value of pair) values[values.length] = text(value);
      }
      if (values.length !== 2) throw web.platformError(TypeError, 'QUERY_PAIRS');
      list[list.length] = values[0];
      list[list.length] = values[1];
    }
    return list;
  }

  function fromRecord(record) {
    const list = [],
      names = ownKeys(record);
    for (let i = 0; i < names.length; i++) {
      if (!getOwnPropertyDescriptor(record, names[i])?.enumerable) continue;
      list[list.length] = text(names[i]);
      list[list.length] = text(record[names[i]]);
    }
    return list;
  }

  web.define(URLSearchParams);
  defineProperty(URLSearchParams.prototype, Symbol.iterator, {
    value: URLSearchParams.prototype.entries,
    writable: true,
    configurable: true,
  });
  web.URLSearchParams = URLSearchParams;
  web.replaceQuery = replace;
  web.linkQuery = link;
  web.expose({ URLSearchParams });
});
