// crypto: https://w3c.github.io/webcrypto/. Digests and HMAC are the host's; other algorithms are
// refused by name.
(function (web) {
  'use strict';
  const { host, toBytes } = web;
  const {
    freeze,
    isView,
    Number,
    String,
    TypeError,
    Uint8Array,
    arrayIndexOf,
    arraySlice,
    arraySort,
    bytesSet,
    stringToUpperCase,
    stringReplaceAll,
    typedArrayBuffer,
    typedArrayByteLength,
    typedArrayName,
  } = web.primordials;

  const { fromCharCode } = String;
  const token = {};
  // Which parameter the data of a method is.
  const PLACES = { __proto__: null, digest: 2, sign: 3, verify: 4, importKey: 2 };
  const SIZES = {
    __proto__: null,
    MD5: 16,
    'SHA-1': 20,
    'SHA-256': 32,
    'SHA-384': 48,
    'SHA-512': 64,
  };
  const BLOCKS = { __proto__: null, 'SHA-1': 64, 'SHA-256': 64, 'SHA-384': 128, 'SHA-512': 128 };
  const JWK_NAMES = {
    __proto__: null,
    HS1: 'SHA-1',
    HS256: 'SHA-256',
    HS384: 'SHA-384',
    HS512: 'SHA-512',
  };
  const KNOWN = [
    'AES-CBC',
    'AES-CTR',
    'AES-GCM',
    'AES-KW',
    'ECDH',
    'ECDSA',
    'ED25519',
    'X25519',
    'HKDF',
    'PBKDF2',
    'RSA-OAEP',
    'RSA-PSS',
    'RSASSA-PKCS1-V1_5',
    'NODE-ED25519',
  ];

  const nameOf = (algorithm) =>
    stringToUpperCase(
      String(algorithm !== null && typeof algorithm === 'object' ? algorithm.name : algorithm),
    );
  const hashOf = (algorithm) => {
    const name = nameOf(algorithm);
    if (SIZES[name] === undefined) throw web.domError('NotSupportedError', 'DIGEST_ALGORITHM');
    return name;
  };
  const bytesOf = (data, method) => {
    const bytes = toBytes(data);
    if (bytes === null) {
      throw web.wrongParameter(method, 'SubtleCrypto', PLACES[method] ?? 1, 'Array');
    }
    return bytes;
  };
  const requireHmac = (algorithm, method) => {
    const name = nameOf(algorithm);
    if (name === 'HMAC') return;
    if (arrayIndexOf(KNOWN, name) === -1) {
      throw web.domError('NotSupportedError', 'CRYPTO_ALGORITHM', 'name', name);
    }
    throw missing(method, name);
  };
  const missing = (method, name) =>
    new web.DOMException(
      `workernb has no crypto.subtle.${method} for ${name}: it has digest, and HMAC's importKey, ` +
        'exportKey, generateKey, sign and verify.',
      'NotSupportedError',
    );

  const notJwk = () =>
    new web.DOMException(
      "The key is no JSON Web Key of an HMAC: { kty: 'oct', k, alg }.",
      'DataError',
    );

  class CryptoKey {
    #bytes;
    #about;

    constructor(given, bytes, about) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
      this.#bytes = bytes;
      this.#about = about;
    }

    get type() {
      return 'secret';
    }
    get extractable() {
      return this.#about.extractable;
    }
    get algorithm() {
      return this.#about.algorithm;
    }
    get usages() {
      return arraySlice(this.#about.usages);
    }

    static {
      web.keyBytes = (key, method) => {
        if (key === null || typeof key !== 'object' || !(#bytes in key)) {
          throw web.wrongParameter(method, 'SubtleCrypto', 2, 'CryptoKey');
        }
        return key.#bytes;
      };
    }
  }

  const readUsages = (usages) => {
    const list = [];
    for (const usage of usages) {
      if (usage !== 'sign' && usage !== 'verify') {
        throw web.domError('SyntaxError', 'CRYPTO_USAGE', 'usage', String(usage));
      }
      if (arrayIndexOf(list, usage) === -1) list[list.length] = usage;
    }
    if (list.length === 0) throw web.domError('SyntaxError', 'CRYPTO_NO_USAGES');
    return arraySort(list);
  };

  const hmacKey = (bytes, hash, extractable, usages) =>
    new CryptoKey(token, bytes, {
      extractable: !!extractable,
      usages: readUsages(usages),
      algorithm: freeze({
        name: 'HMAC',
        hash: freeze({ name: hash }),
        length: typedArrayByteLength(bytes) * 8,
      }),
    });

  const useKey = (key, usage) => {
    const bytes = web.keyBytes(key, usage);
    if (arrayIndexOf(key.usages, usage) === -1) {
      throw web.domError('InvalidAccessError', 'CRYPTO_KEY_USAGE', 'usage', usage);
    }
    return bytes;
  };

  const toBase64URL = (bytes) => {
    let text = '';
    for (let i = 0; i < typedArrayByteLength(bytes); i++) text += fromCharCode(bytes[i]);
    text = host.toBase64(text);
    return stringReplaceAll(stringReplaceAll(stringReplaceAll(text, '+', '-'), '/', '_'), '=', '');
  };
  const fromBase64URL = (text) => {
    const plain = stringReplaceAll(stringReplaceAll(String(text), '-', '+'), '_', '/');
    const decoded = host.fromBase64(plain);
    if (decoded === null) throw notJwk();
    const bytes = new Uint8Array(decoded.length);
    for (let i = 0; i < decoded.length; i++) {
      bytes[i] = web.primordials.stringCharCodeAt(decoded, i);
    }
    return bytes;
  };

  class SubtleCrypto {
    constructor(given) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
    }

    async digest(algorithm, data) {
      const name = hashOf(algorithm);
      return host.digest(name, bytesOf(data, 'digest'));
    }

    async sign(algorithm, key, data) {
      web.keyBytes(key, 'sign');
      requireHmac(algorithm, 'sign');
      return host.hmacSign(key.algorithm.hash.name, useKey(key, 'sign'), bytesOf(data, 'sign'));
    }

    async verify(algorithm, key, signature, data) {
      web.keyBytes(key, 'verify');
      requireHmac(algorithm, 'verify');
      const made = host.hmacSign(
        key.algorithm.hash.name,
        useKey(key, 'verify'),
        bytesOf(data, 'verify'),
      );
      return host.timingSafeEqual(new Uint8Array(made), bytesOf(signature, 'verify'));
    }

    async generateKey(algorithm, extractable, usages) {
      requireHmac(algorithm, 'generateKey');
      web.refuseWhileLoading();
      const hash = hashOf(algorithm.hash);
      const bits = algorithm.length === undefined ? BLOCKS[hash] * 8 : Number(algorithm.length);
      if (!(bits > 0) || bits % 8 !== 0)
        throw new web.DOMException(
          'The length of an HMAC key is a multiple of 8 bits here.',
          'OperationError',
        );
      return hmacKey(new Uint8Array(host.randomBytes(bits / 8)), hash, extractable, usages);
    }

    async importKey(format, data, algorithm, extractable, usages) {
      requireHmac(algorithm, 'importKey');
      if (algorithm.hash === undefined) throw web.platformError(TypeError, 'CRYPTO_NO_HASH');
      const hash = hashOf(algorithm.hash);
      let bytes;
      if (format === 'raw') {
        bytes = web.copyBytes(bytesOf(data, 'importKey'));
      } else if (format === 'jwk') {
        if (data === null || typeof data !== 'object' || data.kty !== 'oct') {
          throw notJwk();
        }
        if (data.alg !== undefined && JWK_NAMES[data.alg] !== hash) {
          throw notJwk();
        }
        bytes = fromBase64URL(data.k);
      } else {
        throw web.domError('NotSupportedError', 'CRYPTO_FORMAT', 'format', String(format));
      }
      if (typedArrayByteLength(bytes) === 0) throw web.domError('DataError', 'CRYPTO_EMPTY_KEY');
      return hmacKey(bytes, hash, extractable, usages);
    }

    async exportKey(format, key) {
      const bytes = web.keyBytes(key, 'exportKey');
      if (!key.extractable) throw web.domError('InvalidAccessError', 'CRYPTO_NOT_EXTRACTABLE');
      if (format === 'raw') return typedArrayBuffer(web.copyBytes(bytes));
      if (format !== 'jwk') {
        throw web.domError('NotSupportedError', 'CRYPTO_FORMAT', 'format', String(format));
      }
      const hash = key.algorithm.hash.name;
      const names = web.primordials.keys(JWK_NAMES);
      let alg;
      for (let i = 0; i < names.length; i++) if (JWK_NAMES[names[i]] === hash) alg = names[i];
      return {
        kty: 'oct',
        k: toBase64URL(bytes),
        alg,
        key_ops: key.usages,
        ext: key.extractable,
      };
    }

    async encrypt(algorithm) {
      throw missing('encrypt', nameOf(algorithm));
    }
    async decrypt(algorithm) {
      throw missing('decrypt', nameOf(algorithm));
    }
    async deriveKey(algorithm) {
      throw missing('deriveKey', nameOf(algorithm));
    }
    async deriveBits(algorithm) {
      throw missing('deriveBits', nameOf(algorithm));
    }
    async wrapKey(_format, _key, _by, algorithm) {
      throw missing('wrapKey', nameOf(algorithm));
    }
    async unwrapKey(_format, _key, _by, algorithm) {
      throw missing('unwrapKey', nameOf(algorithm));
    }

    timingSafeEqual(left, right) {
      const a = bytesOf(left, 'timingSafeEqual');
      const b = bytesOf(right, 'timingSafeEqual');
      if (typedArrayByteLength(a) !== typedArrayByteLength(b)) {
        throw web.platformError(TypeError, 'TIMING_SAFE_SIZES');
      }
      return host.timingSafeEqual(a, b);
    }
  }

  const MAX_RANDOM_BYTES = 65536;
  const INTEGERS = [
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
    'BigInt64Array',
    'BigUint64Array',
  ];
  const subtle = new SubtleCrypto(token);

  class Crypto {
    constructor(given) {
      if (given !== token) throw web.platformError(TypeError, 'ILLEGAL_CONSTRUCTOR');
    }

    get subtle() {
      return subtle;
    }

    getRandomValues(view) {
      if (!isView(view)) {
        throw web.wrongParameter('getRandomValues', 'Crypto', 1, 'JsArrayBufferView');
      }
      if (arrayIndexOf(INTEGERS, typedArrayName(view)) === -1) {
        throw web.domError('TypeMismatchError', 'ENTROPY_TYPE');
      }
      const bytes = toBytes(view);
      const size = typedArrayByteLength(bytes);
      if (size > MAX_RANDOM_BYTES) {
        throw web.domError('QuotaExceededError', 'ENTROPY_QUOTA', 'size', size);
      }
      web.refuseWhileLoading();
      bytesSet(bytes, new Uint8Array(host.randomBytes(size)));
      return view;
    }

    randomUUID() {
      web.refuseWhileLoading();
      return host.randomUUID();
    }
  }

  // The platform's own: a stream that what is written to it makes the digest of.
  class DigestStream extends web.WritableStream {
    #digest = web.deferred();
    #written = 0;

    constructor(algorithm) {
      const name = hashOf(algorithm);
      const feed = host.hasher(name);
      super({
        write: (chunk) => {
          const bytes = web.bytesOfChunk(chunk);
          this.#written += typedArrayByteLength(bytes);
          feed(bytes);
        },
        close: () => {
          this.#digest.resolve(feed());
        },
        abort: (reason) => {
          this.#digest.reject(reason);
        },
      });
      web.react(this.#digest.promise, web.nothing, web.nothing);
    }

    get digest() {
      return this.#digest.promise;
    }
    get bytesWritten() {
      return web.primordials.BigInt(this.#written);
    }
  }

  web.primordials.defineProperty(Math, 'random', {
    value: {
      random() {
        web.refuseWhileLoading();
        return host.random();
      },
    }.random,
    writable: true,
    enumerable: false,
    configurable: true,
  });

  const crypto = new Crypto(token);
  web.primordials.defineProperty(crypto, 'DigestStream', {
    value: DigestStream,
    writable: true,
    enumerable: false,
    configurable: true,
  });
  const classes = { Crypto, SubtleCrypto, CryptoKey };
  const keys = web.primordials.keys(classes);
  for (let i = 0; i < keys.length; i++) web.define(classes[keys[i]]);
  web.define(DigestStream);
  web.expose({ ...classes, crypto });
});
