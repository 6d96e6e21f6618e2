// DOMException: https://webidl.spec.whatwg.org/#idl-DOMException
(function (web) {
  'use strict';
  const { defineProperty, Error, String } = web.primordials;

  const CODES = {
    __proto__: null,
    IndexSizeError: 1,
    HierarchyRequestError: 3,
    WrongDocumentError: 4,
    InvalidCharacterError: 5,
    NoModificationAllowedError: 7,
    NotFoundError: 8,
    NotSupportedError: 9,
    InUseAttributeError: 10,
    InvalidStateError: 11,
    SyntaxError: 12,
    InvalidModificationError: 13,
    NamespaceError: 14,
    InvalidAccessError: 15,
    TypeMismatchError: 17,
    SecurityError: 18,
    NetworkError: 19,
    AbortError: 20,
    URLMismatchError: 21,
    QuotaExceededError: 22,
    TimeoutError: 23,
    InvalidNodeTypeError: 24,
    DataCloneError: 25,
  };
  const CONSTANTS = [
    'INDEX_SIZE_ERR',
    'DOMSTRING_SIZE_ERR',
    'HIERARCHY_REQUEST_ERR',
    'WRONG_DOCUMENT_ERR',
    'INVALID_CHARACTER_ERR',
    'NO_DATA_ALLOWED_ERR',
    'NO_MODIFICATION_ALLOWED_ERR',
    'NOT_FOUND_ERR',
    'NOT_SUPPORTED_ERR',
    'INUSE_ATTRIBUTE_ERR',
    'INVALID_STATE_ERR',
    'SYNTAX_ERR',
    'INVALID_MODIFICATION_ERR',
    'NAMESPACE_ERR',
    'INVALID_ACCESS_ERR',
    'VALIDATION_ERR',
    'TYPE_MISMATCH_ERR',
    'SECURITY_ERR',
    'NETWORK_ERR',
    'ABORT_ERR',
    'URL_MISMATCH_ERR',
    'QUOTA_EXCEEDED_ERR',
    'TIMEOUT_ERR',
    'INVALID_NODE_TYPE_ERR',
    'DATA_CLONE_ERR',
  ];

  class DOMException extends Error {
    #message;
    #name;

    constructor(message = '', options = 'Error') {
      super();
      this.#message = String(message);
      const named = options !== null && typeof options === 'object';
      const name = named ? options.name : options;
      this.#name = name === undefined ? 'Error' : String(name);
      if (named && 'cause' in options) {
        defineProperty(this, 'cause', {
          value: options.cause,
          writable: true,
          enumerable: false,
          configurable: true,
        });
      }
    }

    get message() {
      return this.#message;
    }
    get name() {
      return this.#name;
    }
    get code() {
      return CODES[this.#name] ?? 0;
    }

    static {
      web.isDOMException = (value) => #name in value;
    }
  }
  web.define(DOMException);
  for (let i = 0; i < CONSTANTS.length; i++) {
    const constant = { value: i + 1, enumerable: true };
    defineProperty(DOMException, CONSTANTS[i], constant);
    defineProperty(DOMException.prototype, CONSTANTS[i], constant);
  }

  web.DOMException = DOMException;
  // A DOMException with a text of the platform.
  web.domError = (name, ...text) =>
    new DOMException(web.primordials.apply(web.host.text, null, text), name);
  web.expose({ DOMException });
});
