// Streams that encode and decode text, compress and decompress.
(function (web) {
  'use strict';
  const { host } = web;
  const { String, TypeError, stringCharCodeAt, stringSlice, Uint8Array } = web.primordials;

  class TextEncoderStream {
    #sides;

    constructor() {
      // The first half of a character that the next chunk completes.
      let half = '';
      this.#sides = web.createTransform(
        (chunk, add) => {
          let text = half + String(chunk);
          half = '';
          const last = stringCharCodeAt(text, text.length - 1);
          if (last >= 0xd800 && last < 0xdc00) {
            half = stringSlice(text, text.length - 1);
            text = stringSlice(text, 0, text.length - 1);
          }
          if (text !== '') add(web.encode(text));
        },
        (add) => {
          if (half !== '') add(web.encode(half));
        },
      );
    }

    get encoding() {
      return 'utf-8';
    }
    get readable() {
      return this.#sides.readable;
    }
    get writable() {
      return this.#sides.writable;
    }
  }

  class TextDecoderStream {
    #decoder;
    #sides;

    constructor(label = 'utf-8', options = {}) {
      const decoder = new web.TextDecoder(label, options);
      const decode = web.decode;
      this.#decoder = decoder;
      this.#sides = web.createTransform(
        (chunk, add) => {
          const bytes = web.toBytes(chunk);
          if (bytes === null) throw web.platformError(TypeError, 'TRANSFORM_SOURCE');
          const text = decode(decoder, bytes, { stream: true });
          if (text !== '') add(text);
        },
        (add) => {
          const text = decode(decoder);
          if (text !== '') add(text);
        },
      );
    }

    get encoding() {
      return this.#decoder.encoding;
    }
    get fatal() {
      return this.#decoder.fatal;
    }
    get ignoreBOM() {
      return this.#decoder.ignoreBOM;
    }
    get readable() {
      return this.#sides.readable;
    }
    get writable() {
      return this.#sides.writable;
    }
  }

  const checkFormat = (format) => {
    format = String(format);
    if (format !== 'gzip' && format !== 'deflate' && format !== 'deflate-raw') {
      throw web.platformError(TypeError, 'COMPRESSION_FORMAT');
    }
    return format;
  };
  const addBytes = (add, buffer) => {
    const bytes = new Uint8Array(buffer);
    if (web.primordials.typedArrayByteLength(bytes) > 0) add(bytes);
  };

  class CompressionStream {
    #sides;

    constructor(format) {
      const feed = host.compressor(checkFormat(format));
      this.#sides = web.createTransform(
        (chunk, add) => addBytes(add, feed(web.bytesOfChunk(chunk))),
        (add) => addBytes(add, feed()),
      );
    }

    get readable() {
      return this.#sides.readable;
    }
    get writable() {
      return this.#sides.writable;
    }
  }

  const FAILURES = {
    __proto__: null,
    corrupt: 'DECOMPRESSION',
    trailing: 'DECOMPRESSION_TRAILING',
    truncated: 'DECOMPRESSION_TRUNCATED',
  };
  const refuse = (failure) => {
    if (typeof failure === 'string') throw web.platformError(TypeError, FAILURES[failure]);
  };

  class DecompressionStream {
    #sides;

    constructor(format) {
      const feed = host.decompressor(checkFormat(format));
      this.#sides = web.createTransform(
        (chunk, add) => {
          let piece = feed(web.bytesOfChunk(chunk));
          while (piece !== null) {
            refuse(piece);
            addBytes(add, piece);
            piece = feed(null);
          }
        },
        () => {
          refuse(feed());
        },
      );
    }

    get readable() {
      return this.#sides.readable;
    }
    get writable() {
      return this.#sides.writable;
    }
  }

  const classes = { TextEncoderStream, TextDecoderStream, CompressionStream, DecompressionStream };
  const keys = web.primordials.keys(classes);
  for (let i = 0; i < keys.length; i++) web.define(classes[keys[i]]);
  web.decode = web.primordials.uncurryThis(web.TextDecoder.prototype.decode);
  web.expose(classes);
});
