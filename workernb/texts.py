"""The texts of the platform: of workerd, the Python SDK and Wrangler.

Programs match on them, so an error's `str` is exactly one of these.
"""

from __future__ import annotations


class PlatformText:
    """The platform's texts, of workerd, the Python SDK and Wrangler, for `str.format`."""

    PARAMETER = (
        "Failed to execute '{method}' on '{target}': parameter {number} is not of type '{type}'."
    )
    CONSTRUCTOR_PARAMETER = (
        "Failed to construct '{target}': constructor parameter {number} is not of type '{type}'."
    )
    ARRAY_ELEMENT = (
        "Incorrect type for array element {number}: the provided value is not of type '{type}'."
    )
    URL_HREF = (
        "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL "
        "string'."
    )
    CODE_FROM_STRINGS = "Code generation from strings disallowed for this context"
    EVENT_CAPTURE = "addEventListener(): useCapture must be false."
    EVENT_DISPATCHED = "The event is already being dispatched."
    ENCODING = '"{label}" is not a valid encoding.'
    DECODE = "Failed to decode input."
    ATOB = (
        "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric "
        "ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are "
        "allowed.)"
    )
    BTOA = "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range."
    BLOB_ENDINGS = "The 'endings' field on 'Options' is not implemented."
    QUERY_PAIRS = "Invalid URL search params sequence."
    INVALID_URL = "Invalid URL string."
    STREAM_CLOSED = "This ReadableStream is closed."
    STREAM_ENQUEUE = "Unable to enqueue"
    READER_MODE = "mode must be undefined or 'byob' in call to getReader()."
    TRANSFORM_BYTES = (
        "This TransformStream is being used as a byte stream, but received an object of "
        "non-ArrayBuffer/ArrayBufferView type on its writable side."
    )
    TRANSFORM_SOURCE = (
        "This TransformStream is being used as a byte stream, but received a value that is not a "
        "BufferSource."
    )
    TRANSFORM_TERMINATED = "The transform stream has been terminated"
    FIXED_LENGTH_MORE = "Attempt to write too many bytes through a FixedLengthStream."
    FIXED_LENGTH_LESS = "FixedLengthStream did not see all expected bytes before close()."
    COMPRESSION_FORMAT = "The compression format must be either 'deflate', 'deflate-raw' or 'gzip'."
    DECOMPRESSION = "Decompression failed."
    DECOMPRESSION_TRAILING = "Trailing bytes after end of compressed data"
    DECOMPRESSION_TRUNCATED = "Called close() on a decompression stream with incomplete data"
    DIGEST_ALGORITHM = "Unrecognized or unimplemented digest algorithm requested."
    CRYPTO_ALGORITHM = 'Unrecognized key import algorithm "{name}" requested.'
    CRYPTO_NO_HASH = 'Missing field "hash" in "algorithm".'
    CRYPTO_FORMAT = 'Unrecognized key import format "{format}".'
    CRYPTO_NO_USAGES = "Secret/private CryptoKeys must have at least one usage."
    CRYPTO_USAGE = 'Attempt to import secret HMAC key with invalid usage "{usage}".'
    CRYPTO_KEY_USAGE = (
        'Requested key usage "{usage}" does not match any usage listed in this CryptoKey.'
    )
    CRYPTO_NOT_EXTRACTABLE = "Attempt to export non-extractable HMAC key."
    CRYPTO_EMPTY_KEY = (
        "Imported HMAC key length (0) must be a non-zero value up to 7 bits less than, and no "
        "greater than, the bit length of the raw key data (0)."
    )
    TIMING_SAFE_SIZES = "Input buffers must have the same byte length."
    ENTROPY_TYPE = "ArrayBufferView argument to getRandomValues() must be an integer-typed view."
    ENTROPY_QUOTA = (
        "getRandomValues() only accepts buffers of size <= 64K but provided {size} bytes."
    )
    CLONE = "{value} could not be cloned."
    CLONE_CLASS = (
        'Could not serialize object of type "{type}". This type does not support serialization.'
    )
    CLONE_SIGNAL = "AbortSignal serialization is not enabled."
    CLONE_STREAM = "{type} can only be serialized for RPC."
    CLONE_DETACHED = "An ArrayBuffer is detached and could not be cloned."
    CLONE_TRANSFER = "Object is not transferable"
    BODY_USED_REQUEST = "Body already used"
    BODY_USED_RESPONSE = "Response body is already used"
    BODY_USED = (
        "Body has already been used. It can only be used once. "
        "Use tee() first if you need to read it twice."
    )
    STREAM_LOCKED = "This ReadableStream is currently locked to a reader."
    STREAM_LOCKED_BODY = "This ReadableStream is locked to a reader, and cannot be used as a body."
    STREAM_DISTURBED = (
        "This ReadableStream is disturbed (has already been read from), and cannot be used as a "
        "body."
    )
    READER_RELEASED = "This ReadableStream reader has been released."
    WRITABLE_LOCKED = "This WritableStream is currently locked to a writer."
    WRITABLE_CLOSED = "This WritableStream has been closed."
    WRITER_RELEASED = "This WritableStream writer has been released."
    CONTROLLER_CLOSED = "Unable to enqueue"
    STREAM_ABORTED = "Stream was aborted."
    NOT_BYTES = "This ReadableStream did not return bytes."
    NOT_ITERABLE = (
        "Failed to execute 'from' on 'ReadableStream': parameter 1 is not of type "
        "'AsyncGenerator' ({type})."
    )
    TEE_LIMIT = (
        "ReadableStream.tee() buffer limit exceeded. This error usually occurs when a Request or "
        "Response with a large body is cloned, then only one of the clones is read, forcing the "
        "Workers runtime to buffer the entire body in memory. To fix this issue, remove "
        "unnecessary calls to Request/Response.clone() and ReadableStream.tee(), and always read "
        "clones/tees in parallel."
    )
    OTHER_REQUEST = (
        "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, "
        "request/response bodies, and others) created in the context of one request handler "
        "cannot be accessed from a different request's handler. This is a limitation of "
        "Cloudflare Workers which allows us to improve overall performance. (I/O type: {kind})"
    )
    ILLEGAL_CONSTRUCTOR = "Illegal constructor"
    ABORTED = "The operation was aborted"
    SIGNAL_TIMEOUT = "The operation was aborted due to timeout"
    SIGNAL_TYPE = (
        "Incorrect type for the 'signal' field on 'RequestInitializerDict': the provided value is "
        "not of type 'AbortSignal'."
    )
    CACHE_MODE = "Unsupported cache mode: {mode}"
    INTEGRITY = (
        "Subrequest integrity checking is not implemented. The integrity option must be either "
        "undefined or an empty string."
    )
    ONE_TIME_BODY = (
        "A request with a one-time-use body (it was initialized from a stream, not a buffer) "
        "encountered a redirect requiring the body to be retransmitted. To avoid this error in "
        "the future, construct this request from a buffer-like body initializer."
    )
    ERROR_RESPONSE = (
        "Return value from serve handler must not be an error response (like Response.error())"
    )
    SOCKET_STATUS = "Responses with a WebSocket must have status code 101."
    SOCKET_TYPE = (
        "Incorrect type for the 'webSocket' field on 'InitializerDict': the provided value is not "
        "of type 'WebSocket'."
    )
    SOCKET_CLONE = "Cannot clone a response to a WebSocket handshake."
    SOCKET_NO_UPGRADE = (
        "Worker tried to return a WebSocket in a response to a request which did not contain the "
        'header "Upgrade: websocket".'
    )
    SOCKET_NOT_ACCEPTED = (
        "You must call one of accept() or state.acceptWebSocket() on this WebSocket before "
        "sending messages."
    )
    SOCKET_ACCEPTED = "Can't return WebSocket in a Response after calling accept()."
    SOCKET_MOVED = "Can't return WebSocket that was already used in a response."
    SOCKET_MOVED_ACCEPT = "Can't accept() WebSocket that was already used in a response."
    SOCKET_SEND_AFTER_CLOSE = "Can't call WebSocket send() after close()."
    SOCKET_CODE = "Invalid WebSocket close code: {code}."
    SOCKET_REASON_WITHOUT_CODE = (
        "If you specify a WebSocket close reason, you must also specify a code."
    )
    SOCKET_REASON = "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded."
    SOCKET_TOO_LARGE = "Message is too large"
    SOCKET_LOST = "WebSocket disconnected without sending Close frame."
    CANNOT_RECONSTRUCT = "Cannot reconstruct a Request with a used body."
    UNSUPPORTED_BODY = "Unsupported type in {what}: {type}"
    CANNOT_LOAD = "Fetch API cannot load: {url}"
    UNABLE_TO_PARSE = "Unable to parse URL: {url}"
    INVALID_METHOD = "Invalid HTTP method string: {method}"
    GET_WITH_BODY = "Request with a GET or HEAD method cannot have a body."
    INVALID_REDIRECT = (
        'Invalid redirect value, must be one of "follow" or "manual" ("error" won\'t be '
        'implemented since it does not make sense at the edge; use "manual" and check the '
        "response status code)."
    )
    STATUS_RANGE = (
        "Responses may only be constructed with status codes in the range 200 to 599, inclusive."
    )
    NULL_BODY_STATUS = "Response with null body status (101, 204, 205, or 304) cannot have a body."
    TOO_MANY_REDIRECTS = "Too many redirects."
    INVALID_LOCATION = "Invalid Location header; unable to follow redirect."
    CONNECTION_LOST = "Network connection lost."
    INTERNAL_REFERENCE = "internal error; reference = {reference}"
    GZIP_FAILED = "Gzip decompression failed."
    MEMORY_BEFORE_EOF = "Memory limit would be exceeded before EOF."
    NO_ROUTE = "There is nothing here yet"
    LOOP_LIMIT = "error code: 1019"
    CPU_PAGE = "error code: 1102"
    INVALID_STATUS_TEXT = "Invalid statusText"
    NOT_A_REDIRECT = (
        "{status} is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308."
    )
    RESPONSE_OPTIONS = "Expected no options when constructing Response from a js.Response"
    IMMUTABLE_HEADERS = "Can't modify immutable headers."
    HEADER_NAME = "Invalid header name."
    HEADER_VALUE = "Invalid header value."
    HEADERS_TYPE = "Received unexpected type for headers argument"
    GET_ALL = 'getAll() can only be used with the header name "Set-Cookie".'
    BLOB_PART = "Don't know how to handle {type} for Blob()"
    BLOB_SIZE = "Blob size {size} exceeds limit {limit}"
    FORM_DATA_INIT = "Expected form_data to be a dict or an instance of FormData"
    FORM_DATA_LIST = "Expected single item in arguments to FormData.__setitem__"
    FORM_NO_TYPE = "Parsing a Body as FormData requires a Content-Type header."
    FORM_TYPE = (
        "Unrecognized Content-Type header value. FormData can only parse the following MIME "
        "types: multipart/form-data, application/x-www-form-urlencoded"
    )
    FORM_CHARSET = "Non-utf-8 application/x-www-form-urlencoded body."
    FORM_NO_BOUNDARY = (
        "No boundary string in Content-Type header. The multipart/form-data MIME type requires a "
        "boundary parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. "
        "See RFC 7578, section 4."
    )
    FORM_NO_START = "No initial boundary string (or you have a truncated message)."
    FORM_AFTER_BOUNDARY = "Boundary string was not succeeded by CRLF, LF, or '--'."
    FORM_NO_HEADER_END = "No multipart message header termination found."
    FORM_PART_HEADERS = "FormData part had invalid headers."
    FORM_NO_DISPOSITION = "No valid Content-Disposition header found in FormData part."
    FORM_DISPOSITION_INVALID = "Invalid Content-Disposition header found in FormData part."
    FORM_DISPOSITION = (
        'Content-Disposition header for FormData part must have the value "form-data", possibly '
        'followed by parameters. Got: "{type}"'
    )
    FORM_NO_NAME = "Content-Disposition header in FormData part is missing a name."
    FORM_NO_NEXT = "No subsequent boundary string after multipart message."
    NO_SUCH_SERVICE = (
        'Worker "{worker}"\'s binding "{binding}" refers to a service "{service}", '
        "but no such service is defined."
    )
    NO_SUCH_ENTRYPOINT = (
        'Worker "{worker}"\'s binding "{binding}" refers to service "{service}" with a named '
        'entrypoint "{entrypoint}", but "{service}" has no such named entrypoint.'
    )
    NO_HANDLER = "Handler does not export a {name}() function."
    NO_TEST = "Entrypoint does not export a test() function."
    NO_HANDLER_LOG = (
        "Received a {event} but we lack a handler for {event}s. "
        "Did you remember to export a {name}() function?"
    )
    NOT_A_RESPONSE = "Incorrect type for Promise: the Promise did not resolve to 'Response'."
    GLOBAL_SCOPE = (
        "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or "
        "connect()), setting a timeout, and generating random values are not allowed within "
        "global scope. To fix this error, perform this operation within a handler."
    )
    FAILED_IMPORT = "Failed to import '{module}': {reason}"
    ONLY_IN_GLOBAL_SCOPE = (
        "Only 'cloudflare:workers' and 'cloudflare:sockets' are available in the global scope."
    )
    NOT_OVER_RPC = "{type} cannot be sent over RPC."
    AWAITABLE_OVER_RPC = "Awaitable {type} cannot be sent over RPC."
    RANDOM = "Cannot use {module}.{name}() outside of request context"
    ENTROPY = "Cannot get entropy outside of request context"
    TWO_DEFAULTS = "Cannot define multiple default entrypoints"
    DEPTH = (
        "Subrequest depth limit exceeded. This request recursed through Workers too many times. "
        "This can happen e.g. if you have a Worker or Durable Object that calls other Workers or "
        "objects recursively."
    )
    SUBREQUESTS = "Too many subrequests by single Worker invocation."
    CPU = "Worker exceeded CPU time limit."
    CPU_CUT = "Python Worker exceeded CPU time limit"
    INTERNAL = "Internal Server Error"
    WALL = "Worker exceeded wall time limit."
    MEMORY = "Worker has exceeded memory limit."
    STARTUP = "Script startup exceeded CPU time limit."
    HUNG = (
        "The Workers runtime canceled this request because it detected that your Worker's code had "
        "hung and would never generate a response. Refer to: "
        "https://developers.cloudflare.com/workers/observability/errors/"
    )
    CANCELED = "The execution context responding to this call was canceled."
    CONTEXT_ENDED = "The execution context which hosts this callback is no longer running."
    CONTEXT_ABORTED = "The Worker aborted this invocation: ctx.abort() was called."
    WAIT_UNTIL = (
        "waitUntil() tasks did not complete within the allowed time after invocation end and have "
        "been cancelled. See: "
        "https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil"
    )
    NO_METHOD = 'The RPC receiver does not implement the method "{name}".'
    NOT_A_FUNCTION = '"{path}" is not a function.'
    RESERVED_METHOD = "'{name}' is a reserved method and cannot be called over RPC."
    RPC_SIZE = (
        "Serialized RPC arguments or return values are limited to 32MiB, but the size of this "
        "value was: {size} bytes."
    )
    RPC_REFUSED = "{type} cannot be sent over RPC."
    RPC_AWAITABLE = "Awaitable {type} cannot be sent over RPC."
    DATA_CLONE = (
        'DataCloneError: Could not serialize object of type "{type}". '
        "This type does not support serialization."
    )
    STUB_DISPOSED = "RPC stub used after being disposed."
    PROMISE_DISPOSED = "RPC promise used after being disposed."
    NOT_AN_OBJECT = "Can't pipeline on RPC that did not return an object."
    TOO_DEEP = "RPC pipelined property path is too deep (max 64)."
    NOT_DISPOSED = (
        "An RPC stub was not disposed properly. You must call dispose() on all stubs in order to "
        "let the other side know that you are no longer using them."
    )
    KEY_TYPE = "A key is a string, not {type}."
    KV_EMPTY_KEY = "Key name cannot be empty."
    KV_DOT_KEY = '"{key}" is not allowed as a key name.'
    KV_FAILED = "KV {method} failed: {status} {text}"
    KV_LONG_KEY = "UTF-8 encoded length of {length} exceeds key length limit of 512."
    KV_TYPE = (
        'Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".'
    )
    KV_VALUE = (
        "KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as "
        "values."
    )
    KV_TTL = "Invalid expiration_ttl of {ttl}. Please specify integer greater than 0."
    KV_SHORT_TTL = "Invalid expiration_ttl of {ttl}. Expiration TTL must be at least 60."
    KV_EXPIRATION = (
        "Invalid expiration of {at}. Please specify integer greater than the current number of "
        "seconds since the UNIX epoch."
    )
    KV_NEAR_EXPIRATION = (
        "Invalid expiration of {at}. Expiration times must be at least 60 seconds in the future."
    )
    KV_METADATA = "Metadata length of {length} exceeds limit of 1024."
    KV_LENGTH = "Value length of {length} exceeds limit of 26214400."
    KV_CACHE_TTL = "Invalid cache_ttl of {ttl}. Cache TTL must be at least 30."
    KV_RATE = "Too Many Requests"
    KV_LIMIT = "Invalid key_count_limit of {limit}. Please specify an integer less than 1000."
    KV_CURSOR = "Invalid cursor."
    KV_MANY_KEYS = "You can request a maximum of 100 keys"
    KV_NO_KEYS = "You must request a minimum of 1 key"
    KV_BULK_TYPE = '"{type}" is not a valid type. Use "json" or "text"'
    KV_BULK_JSON = "At least one of the requested keys corresponds to a non-json value"
    KV_BULK_SIZE = "Total size of request exceeds the limit of 25MB"
    SQL_TRANSACTION = (
        "To execute a transaction, please use the state.storage.transaction() or "
        "state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT "
        "statements. The JavaScript API is safer because it will automatically roll back on "
        "exceptions, and because it interacts correctly with Durable Objects' automatic atomic "
        "write coalescing."
    )
    SQL_NO_STATEMENT = "SQL code did not contain a statement."
    SQL_PARAMETERS = "Wrong number of parameter bindings for SQL query."
    SQL_LAST_PARAMETERS = (
        "When executing multiple SQL statements in a single call, only the last statement can have "
        "parameters."
    )
    D1_NO_STATEMENTS = "No SQL statements detected."
    D1_COLUMN = "D1_COLUMN_NOTFOUND: Column not found ({column})"
    D1_TYPE = "D1_TYPE_ERROR: Type '{type}' not supported for value '{value}'"
    D1_EXEC = "D1_EXEC_ERROR: Error in line 1: {line}: "
    D1_DUMP = "D1_DUMP_ERROR: dump() is only there for databases of D1's alpha version."
    R2_METADATA_UNKNOWN = (
        "HTTP metadata unknown for key `{key}`. Did you forget to add 'httpMetadata' to `include` "
        "when listing?"
    )
    R2_QUOTED_ETAG = "Conditional ETag should not be wrapped in quotes ({etag})."
    R2_SUFFIX = "Suffix is incompatible with {name}."
    R2_OFFSET = "Invalid range. Starting offset ({offset}) must be greater than or equal to 0."
    R2_STREAM = (
        "Provided readable stream must have a known length (request/response body or readable half "
        "of FixedLengthStream)"
    )
    R2_ALGORITHMS = "You cannot specify multiple hashing algorithms."
    R2_HEX = "{algorithm} is {digits} hex characters, not {given}"
    R2_BYTES = "{algorithm} is {length} bytes, not {given}"
    R2_PART = "Part number must be between 1 and 10000 (inclusive). Actual value was: {number}"
    R2_BUCKET = (
        "Bucket names must begin and end with an alphanumeric character, only contain lowercase "
        "letters, numbers, and hyphens, and be between 3 and 63 characters long."
    )
    QUEUE_FAILED = "Queue {verb} failed: {text}"
    QUEUE_TYPE = 'Content Type "{type}" requires a value of type {wanted}, but received: {given}'
    QUEUE_CONTENT_TYPE = "Unsupported queue message content type: {type}"
    QUEUE_EMPTY_BATCH = "sendBatch() requires at least one message"
    QUEUE_MESSAGE_SIZE = "message length of {size} bytes exceeds limit of 128000"
    QUEUE_BATCH = "batch message count of {count} exceeds limit of 100"
    QUEUE_BATCH_SIZE = "batch size of {size} bytes exceeds limit of 288000"
    QUEUE_DEAD = (
        'Moving message "{id}" on queue "{queue}" to dead letter queue "{dead}" after {attempts} '
        "failed attempts..."
    )
    QUEUE_DROPPED = 'Dropped message "{id}" on queue "{queue}" after {attempts} failed attempts!'
    OBJECT_ID_DIGITS = "Invalid Durable Object ID: must be 64 hex digits"
    OBJECT_ID_NAMESPACE = "Durable Object ID is not valid for this namespace."
    OBJECT_JURISDICTION = "jurisdiction: invalid value {given}; it is one of {known}."
    OBJECT_ABORT = "Durable Object abort requested"
    OBJECT_UPDATED = "Durable Object reset because its code was updated."
    SOCKET_HIBERNATES = "Can't accept() WebSocket after enabling hibernation."
    SOCKET_ATTACHMENT = (
        "A WebSocket 'attachment' cannot be larger than {most} bytes.'attachment' was {size} bytes."
    )
    SOCKET_TAGS = "a Hibernatable WebSocket cannot have more than {most} tags"
    SOCKET_TAG = '"{tag}" is longer than the max tag length ({most} characters).'
    SOCKET_ACCEPTED_BEFORE = (
        "Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`"
    )
    SOCKET_NOT_HIBERNATING = (
        "only hibernatable websockets can be passed to getTags and similar methods"
    )
    OBJECT_CPU = "Durable Object exceeded its CPU time limit and was reset."
    OBJECT_NOT_EXPORTED = (
        "Your Worker depends on the following Durable Objects, which are not exported in your "
        "entrypoint file: {name}."
    )
    OBJECT_BLOCKED = (
        "A call to blockConcurrencyWhile() in a Durable Object waited for too long. The call was "
        "canceled and the Durable Object was reset."
    )
    OBJECT_CONSTRAINTS = (
        "Durable Object was reset and rolled back to its last known good state because the "
        "application left the database in a state where constraints were violated: {text}"
    )
    OBJECT_NO_SQL = (
        "SQL is not enabled for this Durable Object class. To enable it, change `new_classes` to "
        "`new_sqlite_classes` within the 'migrations' field in your wrangler.jsonc or "
        "wrangler.toml file."
    )
    OBJECT_NAME = 'binding should have a string "name" field.'
    OBJECT_CLASS_NAME = 'binding should have a string "class_name" field.'
    OBJECT_SCRIPT = 'binding should have a "script_name" field if "environment" is present.'
    STORAGE_LIST = "list() cannot be called with both start and startAfter values."
    STORAGE_DELETE_ALL = "Cannot call deleteAll() within a transaction"
    STORAGE_ROLLED_BACK = "Cannot {verb} on rolled back transaction"
    STORAGE_COMMITTED = (
        "Cannot call {verb} on transaction that has already committed: did you move `txn` outside "
        "of the closure?"
    )
    STORAGE_ITERATOR = (
        "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one "
        "kv.list() iterator can exist at a time."
    )
    SQL_NO_ROW = "Expected exactly one result from SQL query, but got no results."
    SQL_MANY_ROWS = "Expected exactly one result from SQL query, but got multiple results."
    ALARM_TIME = "setAlarm() cannot be called with an alarm time <= 0"
    ALARM_HANDLER = (
        "Your Durable Object class must have an alarm() handler in order to call setAlarm()"
    )
    RATE_OPTIONS = "bad rate limit options: [{options}]"
    RATE_PERIOD = 'bindings "simple.period" must be either 10 or 60 but got {given}'
    CACHE_METHOD = "Cannot cache response to non-GET request."
    CACHE_PARTIAL = "Cannot cache response to a range request (206 Partial Content)."
    CACHE_VARY = "Cannot cache response with 'Vary: *' header."
    CACHE_STATUS = "Cache is unable to store an error response"
    CACHE_URL = "Invalid URL. Cache API keys must be fully-qualified, valid URLs."
    BINDING_WITH_ID = '"{keyword}[{index}]" bindings must have a "{field}" field but got {given}.'
    NAMED_BINDING = (
        '"{keyword}[{index}]" bindings should have a string "{field}" field but got {given}.'
    )
    SERVICE_OBJECTS = '"services" bindings should be objects, but got {given}'
    TOML_DATE = "{field} is a TOML date, which is not supported. Please use a string instead."
    SERVICE_NAME = (
        'Expected "name" to be of type string, alphanumeric and lowercase with dashes only '
        "but got {name}."
    )
    UNIQUE_NAMES = (
        "Bindings must have unique names, so that they can all be referenced in the worker."
    )
    NOT_INHERITED = (
        '"{field}" exists at the top level, but not on "env.{environment}".\n'
        'This is not what you probably want, since "{field}" is not inherited by environments.\n'
        'Please add "{field}" to "env.{environment}".'
    )
    NOT_100 = "Sum of specified percentages ({total}%) must be 100%"
    NOT_FOUND = "Service binding '{binding}' references Worker '{service}' which was not found."
    NO_ENVIRONMENT = 'No environment found in configuration with name "{environment}".'
