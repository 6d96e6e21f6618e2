// TextEncoder and TextDecoder (https://encoding.spec.whatwg.org/), atob and btoa.
(function (web) {
  'use strict';
  const { host, toBytes } = web;
  const {
    Uint8Array,
    String,
    TypeError,
    RangeError,
    stringCodePointAt,
    stringSlice,
    bytesSet,
    typedArrayLength,
  } = web.primordials;

  web.encode = (text) => new Uint8Array(host.encodeUTF8(text));

  class TextEncoder {
    get encoding() {
      return 'utf-8';
    }

    encode(input = '') {
      return new Uint8Array(host.encodeUTF8(String(input)));
    }

    encodeInto(source, destination) {
      source = String(source);
      if (web.primordials.typedArrayName(destination) !== 'Uint8Array') {
        throw web.wrongParameter('encodeInto', 'TextEncoder', 2, 'Uint8Array');
      }
      const room = typedArrayLength(destination);
      let read = 0,
        written = 0;
      while (read < source.length) {
        const point = stringCodePointAt(source, read);
        const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        if (written + size > room) break;
        written += size;
        read += point > 0xffff ? 2 : 1;
      }
      bytesSet(destination, new Uint8Array(host.encodeUTF8(stringSlice(source, 0, read))));
      return { read, written };
    }
  }

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #feed = null;

    constructor(label = 'utf-8', options = {}) {
      label = String(label);
      const encoding = host.encodingName(label);
      if (encoding === null) throw web.platformError(RangeError, 'ENCODING', 'label', label);
      this.#encoding = encoding;
      this.#fatal = !!options?.fatal;
      this.#ignoreBOM = !!options?.ignoreBOM;
    }

    get encoding() {
      return this.#encoding;
    }
    get fatal() {
      return this.#fatal;
    }
    get ignoreBOM() {
      return this.#ignoreBOM;
    }

    decode(input, options) {
      const bytes = input === undefined ? new Uint8Array(0) : toBytes(input);
      if (bytes === null) {
        throw web.wrongParameter('decode', 'TextDecoder', 1, 'Array');
      }
      const stream = !!options?.stream;
      if (this.#feed === null) {
        if (!stream && !this.#fatal && !this.#ignoreBOM && this.#encoding === 'utf-8') {
          return host.decodeUTF8(bytes);
        }
        this.#feed = host.decoder(this.#encoding, this.#fatal, this.#ignoreBOM);
      }
      const text = this.#feed(bytes, !stream);
      if (text === null) throw web.platformError(TypeError, 'DECODE');
      if (!stream) this.#feed = null;
      return text;
    }
  }

  web.define(TextEncoder);
  web.define(TextDecoder);
  web.TextDecoder = TextDecoder;
  web.expose({
    TextEncoder,
    TextDecoder,
    atob: function atob(data) {
      const text = host.fromBase64(String(data));
      if (text === null) throw web.domError('InvalidCharacterError', 'ATOB');
      return text;
    },
    btoa: function btoa(data) {
      const text = host.toBase64(String(data));
      if (text === null) throw web.domError('InvalidCharacterError', 'BTOA');
      return text;
    },
  });
});
