"""Every error that workernb raises.

Programs match on the platform's texts (`texts.py`), so `str(error)` is exactly that text. Help for
people (the caller, the binding, what to write instead) is added as notes (PEP 678).

    Exception
     └ WorkernbError
        ├ UsageError          an invalid definition, option or name (also a ValueError)
        │  ├ OptionError      an invalid line of a magic; has the usage line
        │  └ RouteError       an invalid route pattern
        ├ BindingError        a call over a binding whose target does not exist
        ├ HandlerError        a missing handler, or one that did not return a Response
        ├ RpcError            a method that is not there, or a stub that cannot be used
        ├ DataCloneError      a value that cannot be sent over RPC
        ├ StoreError          a store refused an operation, or could not do it
        ├ DurableObjectError  a Durable Object that was reset, or that waits for itself
        ├ GlobalScopeError    a request made while a module loads
        ├ LimitError          a limit of the top-level request was exceeded
        │  ├ CpuLimitError    its CPU budget; raised to the owner of the notebook
        │  └ StartupError     the CPU limit of a module that loads
        ├ ComparisonError     a request that could not be compared
        ├ InvocationAbortedError  a Worker has called ctx.abort()
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
        ├ InvocationAborted
        └ Interrupted
"""

from __future__ import annotations

import re
from collections.abc import Coroutine, Iterable
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType, TracebackType
from typing import Any, TypeVar

E = TypeVar("E", bound=BaseException)


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


class RpcError(WorkernbError, TypeError):
    """A call over RPC was refused: there is no such method, or the stub cannot be used."""


class DataCloneError(WorkernbError, TypeError):
    """A value cannot be sent over RPC. The text begins with `DataCloneError`, as there."""


class StoreError(WorkernbError):
    """A store refused an operation, or could not do it.

    message: the text, as of the platform's JsException. cause: the error behind it, of D1, or None.
    """

    cause: StoreError | None = None

    @property
    def message(self) -> str:
        """The text."""
        return str(self)


class DurableObjectError(WorkernbError):
    """A call ended because its Durable Object was reset, or would wait for itself for ever.

    The attributes are the platform's. retryable: whether the same call may succeed. overloaded:
    False here. durableObjectReset: whether the object's memory is lost.
    """

    retryable = False
    overloaded = False
    durableObjectReset = True


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


class InvocationAbortedError(WorkernbError):
    """The Worker that was called has ended its invocation with `ctx.abort()`."""


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


class HandshakeError(OneLine, OSError):
    """A Worker answered a request for a WebSocket with something else."""


class AbortError(WorkernbError):
    """A call or a stream was ended by an AbortSignal. The name is the standard's (DOM)."""


class JavaScriptError(Exception):
    """What a JavaScript Worker threw; its class has the name of JavaScript's.

    `str(error)` is the message. name: such as `TypeError`. stack: as JavaScript has it, without the
    lines of workernb. A TypeError of JavaScript's is a TypeError here too, a RangeError a
    ValueError.
    """

    def __init__(self, message: str = "", name: str | None = None, stack: str = "") -> None:
        """Make an error that was thrown. name: by default that of the class."""
        super().__init__(message)
        self.name = type(self).__name__ if name is None else name
        self.stack = stack

    @property
    def message(self) -> str:
        """The message."""
        return str(self)


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


class InvocationAborted(Termination):
    """A Worker ends its invocation itself: `ctx.abort()`."""


class Interrupted(Termination):
    """The notebook was interrupted. Raised in the code of the Worker that is running."""


def with_notes(error: E, *notes: str | None) -> E:
    """Add the notes that are not None to `error`, and return it."""
    for note in notes:
        if note is not None:
            error.add_note(note)
    return error


def exit_refused(exit: SystemExit) -> RuntimeError:
    """Return what is raised in place of a Worker's `sys.exit()`, which would end the kernel."""
    error = RuntimeError(f"The Worker called sys.exit({exit.code!r}).")
    return error.with_traceback(traceback_of(exit))


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


def forgotten_await(value: object) -> str | None:
    """Return a note about a coroutine that is used in place of its result; None for another value.

    A coroutine that has not begun is closed: else Python would warn of it at whatever line it is
    collected, which may be one of ours.
    """
    if not issubclass(type(value), Coroutine):
        return None
    if type(value) is CoroutineType and getcoroutinestate(value) == CORO_CREATED:
        value.close()
    return FORGOTTEN_AWAIT


FORGOTTEN_AWAIT = "It is a coroutine, and not yet its result: did you forget await?"


_names_coroutine = re.compile(
    r"(?:['\"]|\btype |\bnot |: )"
    r"(?:coroutine|TopLevelCall|RpcPromise|PipelinedPromise|StoreCall|FailedCall)\b"
).search


def note_forgotten_await(error: BaseException) -> None:
    """Add a note to an exception that a coroutine has caused which is used in place of its result.

    That is an AttributeError of a coroutine, or a TypeError of Python's own whose text names one.
    """
    note = None
    if issubclass(type(error), AttributeError):
        note = forgotten_await(_OBJECT.__get__(error))
    elif type(error) is TypeError and len(error.args) == 1 and type(error.args[0]) is str:
        note = FORGOTTEN_AWAIT if _names_coroutine(error.args[0]) else None
    if note is not None and note not in notes_of(error):
        attributes_of(error)["__notes__"] = [*notes_of(error), note]


# The attributes of a Worker's exception are read through BaseException's own descriptors, because
# its class may define others in their place, which raise or never end.


def without_our_frame(error: E) -> E:
    """Return an exception whose traceback begins in the code that was called from here."""
    tb = traceback_of(error)
    if tb is not None:
        BaseException.with_traceback(error, tb.tb_next)
    return error


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
_OBJECT: Any = AttributeError.__dict__["obj"]
