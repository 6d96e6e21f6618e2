// FormData (https://xhr.spec.whatwg.org/#interface-formdata), and what a body is made of.
(function (web) {
  'use strict';
  const { host } = web;
  const {
    apply,
    defineProperty,
    String,
    Symbol,
    TypeError,
    Uint8Array,
    stringReplaceAll,
    typedArrayByteLength,
    then,
  } = web.primordials;

  const iterator = web.iteratorClass('FormData Iterator');
  const text = (value) => host.toUSVString(String(value));
  const need = (method, given, count) => {
    if (given < count) {
      const type = given === 1 ? 'File or Blob or string' : 'string';
      throw web.wrongParameter(method, 'FormData', given + 1, type);
    }
  };

  // A value as it is kept: a text, or a File.
  function valueOf(value, given, filename) {
    if (!web.isBlob(value)) {
      if (given > 2) {
        throw web.wrongParameter('append', 'FormData', 2, 'Blob');
      }
      return text(value);
    }
    if (given > 2) return web.newFile(web.blobBytes(value), text(filename), value.type);
    return web.isFile(value) ? value : web.newFile(web.blobBytes(value), 'blob', value.type);
  }

  class FormData {
    #entries = [];

    append(name, value, filename) {
      need('append', arguments.length, 2);
      this.#entries[this.#entries.length] = {
        name: text(name),
        value: valueOf(value, arguments.length, filename),
      };
    }

    set(name, value, filename) {
      need('set', arguments.length, 2);
      const entry = { name: text(name), value: valueOf(value, arguments.length, filename) };
      const kept = [];
      let placed = false;
      for (let i = 0; i < this.#entries.length; i++) {
        if (this.#entries[i].name !== entry.name) {
          kept[kept.length] = this.#entries[i];
        } else if (!placed) {
          placed = true;
          kept[kept.length] = entry;
        }
      }
      if (!placed) kept[kept.length] = entry;
      this.#entries = kept;
    }

    delete(name) {
      need('delete', arguments.length, 1);
      name = text(name);
      const kept = [];
      for (let i = 0; i < this.#entries.length; i++) {
        if (this.#entries[i].name !== name) kept[kept.length] = this.#entries[i];
      }
      this.#entries = kept;
    }

    get(name) {
      need('get', arguments.length, 1);
      name = text(name);
      for (let i = 0; i < this.#entries.length; i++) {
        if (this.#entries[i].name === name) return this.#entries[i].value;
      }
      return null;
    }

    getAll(name) {
      need('getAll', arguments.length, 1);
      name = text(name);
      const found = [];
      for (let i = 0; i < this.#entries.length; i++) {
        if (this.#entries[i].name === name) found[found.length] = this.#entries[i].value;
      }
      return found;
    }

    has(name) {
      need('has', arguments.length, 1);
      return this.get(name) !== null;
    }

    forEach(callback, self = undefined) {
      if (typeof callback !== 'function') {
        throw web.wrongParameter('forEach', 'FormData', 1, 'function');
      }
      for (let i = 0; i < this.#entries.length; i++) {
        apply(callback, self, [this.#entries[i].value, this.#entries[i].name, this]);
      }
    }

    keys() {
      return this.#iterate((entry) => entry.name);
    }
    values() {
      return this.#iterate((entry) => entry.value);
    }
    entries() {
      return this.#iterate((entry) => [entry.name, entry.value]);
    }

    #iterate(pick) {
      let at = 0;
      return iterator(() => {
        if (at >= this.#entries.length) return null;
        at += 1;
        return [pick(this.#entries[at - 1])];
      });
    }

    static {
      web.isFormData = (value) => #entries in value;
      web.formEntries = (form) => form.#entries;
    }
  }

  // Line ends as the HTML standard has them in forms.
  const toCRLF = (value) =>
    stringReplaceAll(
      stringReplaceAll(stringReplaceAll(value, '\r\n', '\n'), '\r', '\n'),
      '\n',
      '\r\n',
    );

  // The multipart body of a form: { bytes, type }.
  web.writeForm = (form) => {
    const boundary = host.newBoundary();
    const add = host.formWriter(boundary);
    const entries = web.formEntries(form);
    for (let i = 0; i < entries.length; i++) {
      const { name, value } = entries[i];
      if (typeof value === 'string') {
        add(toCRLF(name), toCRLF(value));
      } else {
        add(
          toCRLF(name),
          web.blobBytes(value),
          value.name,
          value.type === '' ? 'application/octet-stream' : value.type,
        );
      }
    }
    return {
      bytes: new Uint8Array(add()),
      type: `multipart/form-data; boundary=${boundary}`,
    };
  };

  // The form in a body's bytes; TypeError with the platform's text when it is none.
  web.readForm = (bytes, contentType) => {
    const entries = host.readForm(contentType, bytes);
    if (typeof entries === 'string') throw new TypeError(entries);
    const form = new FormData();
    const list = web.formEntries(form);
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      list[i] = {
        name: entry[0],
        value:
          entry.length === 2 ? entry[1] : web.newFile(new Uint8Array(entry[1]), entry[2], entry[3]),
      };
    }
    return form;
  };

  // What a body is made of, as the Fetch standard extracts it: { bytes or stream, type or null }.
  // bytes are a copy of a buffer's, but not of a Blob's, which nobody changes.
  web.extractBody = (value) => {
    if (value !== null && typeof value === 'object') {
      if (web.isReadable(value)) return { bytes: null, stream: value, type: null };
      if (web.isFormData(value)) return { stream: null, ...web.writeForm(value) };
      if (web.isSearchParams(value)) {
        return {
          bytes: web.encode(host.writeQuery(web.searchParamsList(value))),
          stream: null,
          type: 'application/x-www-form-urlencoded;charset=UTF-8',
        };
      }
      if (web.isBlob(value)) {
        return { bytes: web.blobBytes(value), stream: null, type: value.type || null };
      }
      const bytes = web.toBytes(value);
      if (bytes !== null) {
        return { bytes: web.copyBytes(bytes), stream: null, type: null };
      }
    }
    return {
      bytes: web.encode(String(value)),
      stream: null,
      type: 'text/plain;charset=UTF-8',
    };
  };

  web.define(FormData);
  defineProperty(FormData.prototype, Symbol.iterator, {
    value: FormData.prototype.entries,
    writable: true,
    configurable: true,
  });
  web.FormData = FormData;
  web.expose({ FormData });
});
