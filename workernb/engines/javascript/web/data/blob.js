// Blob and File: https://w3c.github.io/FileAPI/
(function (web) {
  'use strict';
  const { host, toBytes } = web;
  const {
    isArray,
    Number,
    String,
    TypeError,
    Error,
    Uint8Array,
    trunc,
    min,
    max,
    regExec,
    stringToLowerCase,
    typedArrayBuffer,
    typedArrayByteLength,
  } = web.primordials;

  const PRINTABLE = /^[\x20-\x7e]*$/;
  const normalType = (type) => {
    type = String(type);
    return regExec(PRINTABLE, type) === null ? '' : stringToLowerCase(type);
  };
  const token = {};

  class Blob {
    #bytes;
    #type;

    constructor(parts = [], options = {}) {
      if (parts === token) {
        this.#bytes = options.bytes;
        this.#type = options.type;
        return;
      }
      if (!isArray(parts)) {
        throw web.wrongArgument(new.target.name, 1, 'Array');
      }
      const type = options?.type;
      if (options?.endings !== undefined) throw web.platformError(Error, 'BLOB_ENDINGS');
      const pieces = [];
      let size = 0;
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        const bytes = isBlob(part) ? part.#bytes : (toBytes(part) ?? web.encode(String(part)));
        pieces[pieces.length] = bytes;
        size += typedArrayByteLength(bytes);
      }
      this.#bytes = web.joinBytes(pieces, size);
      this.#type = type === undefined ? '' : normalType(type);
    }

    get size() {
      return typedArrayByteLength(this.#bytes);
    }
    get type() {
      return this.#type;
    }

    slice(start = 0, end = this.size, type = '') {
      const size = typedArrayByteLength(this.#bytes);
      const position = (value) => {
        const number = trunc(Number(value)) || 0;
        return number < 0 ? max(size + number, 0) : min(number, size);
      };
      const from = position(start);
      const bytes = web.copyBytes(this.#bytes, from, position(end));
      return new Blob(token, { bytes, type: normalType(type) });
    }

    async arrayBuffer() {
      return typedArrayBuffer(web.copyBytes(this.#bytes));
    }
    async bytes() {
      return web.copyBytes(this.#bytes);
    }
    async text() {
      return host.decodeUTF8(this.#bytes);
    }
    stream() {
      return web.streamOfBytes(web.copyBytes(this.#bytes));
    }

    static {
      web.isBlob = (value) => value !== null && typeof value === 'object' && #bytes in value;
      web.blobBytes = (blob) => blob.#bytes;
    }
  }
  const { isBlob } = web;

  class File extends Blob {
    #name;
    #lastModified;

    constructor(parts, name, options = {}) {
      if (parts === token) {
        super(parts, options);
      } else {
        if (arguments.length < 2) {
          throw web.wrongArgument('File', 2, 'string');
        }
        super(parts, options);
      }
      this.#name = host.toUSVString(String(name));
      const modified = options?.lastModified;
      this.#lastModified =
        modified === undefined ? trunc(host.now()) : trunc(Number(modified)) || 0;
    }

    get name() {
      return this.#name;
    }
    get lastModified() {
      return this.#lastModified;
    }

    static {
      web.isFile = (value) => value !== null && typeof value === 'object' && #name in value;
    }
  }

  web.newBlob = (bytes, type) => new Blob(token, { bytes, type });
  web.newFile = (bytes, name, type) => new File(token, name, { bytes, type });
  web.define(Blob);
  web.define(File);
  web.expose({ Blob, File });
});
