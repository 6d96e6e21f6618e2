"""Every error that workernb raises, and the table of the platform's texts.

Programs match on the platform's texts, so `str(error)` is exactly that text. Help for people (the
caller, the binding, what to write instead) is added as notes (PEP 678).

    Exception
     └ WorkernbError
        ├ UsageError          an invalid definition, option or name (also a ValueError)
        │  ├ OptionError      an invalid line of a magic; has the usage line
        │  └ RouteError       an invalid route pattern
        ├ BindingError        a call over a binding whose target does not exist
        ├ HandlerError        a missing handler, or one that did not return a Response
        ├ GlobalScopeError    a request made while a module loads
        ├ LimitError          a limit of the top-level request was exceeded
        │  ├ CpuLimitError    its CPU budget; raised to the owner of the notebook
        │  └ StartupError     the CPU limit of a module that loads
        ├ ComparisonError     a request that could not be compared
        ├ CanceledError       a request that the notebook's interrupt ended
        ├ HungError           a request that waits for something that can never happen
        ├ WrongLoopError      a synchronous call where no loop can be run
        └ AbortError          a call or a stream that an AbortSignal has ended
     OSError
     ├ BodyUsedError          a body that was read or sent on before
     └ NetworkError           a fetch that got no response
    BaseException
     └ Termination            ends a Worker's code; `except Exception` does not catch it
        ├ CpuLimitExceeded
        ├ WallLimitExceeded
        ├ Hung
        ├ StartupExceeded
        └ Interrupted
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)


class PlatformText:
    """The platform's texts, of workerd, the Python SDK and Wrangler, for `str.format`."""

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
    WAIT_UNTIL = (
        "waitUntil() tasks did not complete within the allowed time after invocation end and have "
        "been cancelled. See: "
        "https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil"
    )
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


class WorkernbError(Exception):
    """The base class of workernb's errors, except for OSErrors and Termination."""


class OneLine(WorkernbError):
    """An error that the notebook shows on one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        notes = getattr(self, "__notes__", [])
        return [" ".join([f"{type(self).__name__}: {self}", *notes])]


class UsageError(OneLine, ValueError):
    """A definition, an option or a name is invalid. One line says what to write instead."""


class OptionError(UsageError):
    """The line of a magic is invalid."""


class RouteError(UsageError):
    """A route pattern is invalid."""


class BindingError(WorkernbError):
    """A call was made over a binding whose target does not exist."""


class HandlerError(WorkernbError, TypeError):
    """A handler is missing, or returned something other than a Response."""


class GlobalScopeError(WorkernbError):
    """A request was made while a Worker's module loads."""


class LimitError(WorkernbError):
    """A limit of the top-level request was exceeded."""


class CpuLimitError(LimitError):
    """The CPU budget of the request was exceeded. Raised to the owner of the notebook."""


class StartupError(LimitError):
    """A Worker's module exceeded its CPU limit while it loaded."""


class ComparisonError(OneLine):
    """A request could not be made both over the binding and over HTTP."""


class CanceledError(OneLine):
    """The request was ended by the notebook's interrupt."""


class HungError(OneLine):
    """The request waits for something that can never happen."""


class WrongLoopError(OneLine, RuntimeError):
    """A synchronous call was made where no event loop can be run."""


class BodyUsedError(OSError):
    """A body was read or sent on before. A body can be read once (Fetch standard)."""


class NetworkError(OSError):
    """A Worker's `fetch` got no response. An OSError, as in the platform's Python Workers."""


class AbortError(WorkernbError):
    """A call or a stream was ended by an AbortSignal. The name is the standard's (DOM)."""


class Termination(BaseException):
    """Raised in a Worker's code to end it. Not an Exception: `except Exception` lets it pass."""


class CpuLimitExceeded(Termination):
    """The Worker exceeded its CPU budget. The name is the platform's."""


class WallLimitExceeded(Termination):
    """The request exceeded its limit of wall-clock time."""


class Hung(Termination):
    """The Worker waits for something that can never happen."""


class StartupExceeded(Termination):
    """The Worker's module exceeded its CPU limit while it loaded."""


class Interrupted(Termination):
    """The notebook was interrupted. Raised in the code of the Worker that is running."""


def with_notes(error: E, *notes: str | None) -> E:
    """Add the notes that are not None to `error`, and return it."""
    for note in notes:
        if note is not None:
            error.add_note(note)
    return error


def on_one_line(error: E, text: str) -> E:
    """Let the notebook show `error` as its type and `text`, on one line, and return it."""
    line = f"{type(error).__name__}: {text}"
    error._render_traceback_ = lambda: [line]  # type: ignore[attr-defined]
    return error


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return a question with the known names nearest to `name`; None when none is near."""
    import difflib  # Here, because a slip is rare and `import workernb` is not.

    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"Did you mean {' or '.join(near)}?" if near else None


# The attributes of a Worker's exception are read through BaseException's own descriptors, because
# its class may define others in their place, which raise or never end.


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return an exception's traceback."""
    found: TracebackType | None = _TRACEBACK.__get__(error)
    return found


def attributes_of(error: BaseException) -> dict[str, Any]:
    """Return the dict of an exception's attributes."""
    found: dict[str, Any] = _ATTRIBUTES.__get__(error)
    return found


def notes_of(error: BaseException) -> list[str]:
    """Return an exception's notes."""
    notes = attributes_of(error).get("__notes__")
    return [note for note in notes if type(note) is str] if type(notes) is list else []


def format_error(error: BaseException) -> str:
    """Return an exception as `Type: text`, whatever its `__str__` does.

    Raises Termination if that is cut.
    """
    name: str = _NAME.__get__(type(error))
    try:
        text = str.__str__(str(error))
    except Termination:
        raise
    except BaseException:
        text = "<exception str() failed>"
    return f"{name}: {text}" if text else name


_TRACEBACK: Any = BaseException.__dict__["__traceback__"]
_ATTRIBUTES: Any = BaseException.__dict__["__dict__"]
_NAME: Any = type.__dict__["__name__"]
