// R2 buckets on env, and what they give.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
(function (host, internal) {
  "use strict";
  const { send, receive, follow, storeCall, isBlob, blobBytes } = internal;
  const P = internal.primordials;
  const { defineProperty, uncurryThis, TypeError: TheTypeError, Object: TheObject } = P;
  const { prototype: responses } = Response;
  const bodyOf = uncurryThis(P.getOwnPropertyDescriptor(responses, "body").get);
  const usedOf = uncurryThis(P.getOwnPropertyDescriptor(responses, "bodyUsed").get);
  const text = uncurryThis(responses.text), json = uncurryThis(responses.json);
  const bytes = uncurryThis(responses.bytes), blob = uncurryThis(responses.blob);
  const arrayBuffer = uncurryThis(responses.arrayBuffer);
  const setHeader = uncurryThis(Headers.prototype.set);
  const OURS = {};

  const check = (token) => {
    if (token !== OURS) throw internal.platformError(TheTypeError, "ILLEGAL_CONSTRUCTOR");
  };
  const set = (object, name, value) => {
    defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  };
  const asBuffer = (array) => P.typedArrayBuffer(array);

  class R2Checksums {
    #hexes;
    constructor(token, checksums, hexes) {
      check(token);
      this.#hexes = hexes;
      const names = P.keys(checksums);
      for (let i = 0; i < names.length; i++) set(this, names[i], asBuffer(checksums[names[i]]));
    }
    toJSON() {
      return this.#hexes;
    }
  }

  const FIELDS = [
    "key", "version", "size", "etag", "httpEtag", "uploaded", "httpMetadata", "customMetadata",
    "range", "storageClass",
  ];
  class HeadResult {
    #headers;
    constructor(token, found) {
      check(token);
      this.#headers = found.headers;
      for (let i = 0; i < FIELDS.length; i++) set(this, FIELDS[i], found[FIELDS[i]] ?? undefined);
      set(this, "checksums", new R2Checksums(OURS, found.checksums, found.hexes));
    }
    writeHttpMetadata(headers) {
      const pairs = this.#headers;
      if (pairs === null) {
        throw internal.platformError(TheTypeError, "R2_METADATA_UNKNOWN", "key", this.key);
      }
      for (let i = 0; i < pairs.length; i += 2) setHeader(headers, pairs[i], pairs[i + 1]);
    }
  }
  class GetResult extends HeadResult {
    #message;
    constructor(token, found) {
      super(token, found);
      this.#message = found.message;
    }
    get body() {
      return bodyOf(this.#message);
    }
    get bodyUsed() {
      return usedOf(this.#message);
    }
    arrayBuffer() {
      return arrayBuffer(this.#message);
    }
    bytes() {
      return bytes(this.#message);
    }
    text() {
      return text(this.#message);
    }
    json() {
      return json(this.#message);
    }
    blob() {
      return blob(this.#message);
    }
  }

  const newObject = (found) => {
    if (found === null) return null;
    return found.message === null ? new HeadResult(OURS, found) : new GetResult(OURS, found);
  };
  const bodyGiven = (value) => (isBlob(value) ? blobBytes(value) : value);

  class R2MultipartUpload {
    #number;
    constructor(token, found) {
      check(token);
      this.#number = found.number;
      set(this, "key", found.key);
      set(this, "uploadId", found.uploadId);
    }
    uploadPart(partNumber, value) {
      return storeCall(this.#number, "uploadPart", [partNumber, bodyGiven(value)]);
    }
    complete(uploadedParts) {
      return follow(storeCall(this.#number, "complete", [uploadedParts]), newObject);
    }
    abort() {
      return follow(storeCall(this.#number, "abort", []), () => undefined);
    }
  }

  class R2Bucket {
    #number;
    constructor(token, number) {
      check(token);
      this.#number = number;
    }
    head(key) {
      return follow(storeCall(this.#number, "head", [key]), newObject);
    }
    get(key, options) {
      return follow(storeCall(this.#number, "get", [key, options]), newObject);
    }
    put(key, value, options) {
      return follow(storeCall(this.#number, "put", [key, bodyGiven(value), options]), newObject);
    }
    delete(keys) {
      return follow(storeCall(this.#number, "delete", [keys]), () => undefined);
    }
    list(options) {
      return follow(storeCall(this.#number, "list", [options]), (found) => {
        const { objects } = found;
        for (let i = 0; i < objects.length; i++) objects[i] = newObject(objects[i]);
        return found;
      });
    }
    createMultipartUpload(key, options) {
      const made = storeCall(this.#number, "createMultipartUpload", [key, options]);
      return follow(made, (found) => new R2MultipartUpload(OURS, found));
    }
    resumeMultipartUpload(key, uploadId) {
      const found = send(host.resumeUpload, [this.#number], [key, uploadId]);
      return new R2MultipartUpload(OURS, receive(found)[0]);
    }
  }

  for (const Class of [R2Bucket, R2MultipartUpload, R2Checksums, HeadResult, GetResult]) {
    TheObject.defineProperty(Class.prototype, Symbol.toStringTag, { value: Class.name, configurable: true });
  }
  internal.storeClasses.R2Bucket = (number) => new R2Bucket(OURS, number);
})
