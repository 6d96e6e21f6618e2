"""Remote errors: the copy of an exception that the other side of a binding gets.

The name of its type, its message and its attributes cross, and `remote` is set. A class that a
Worker defined itself does not: its nearest base that both sides have takes its place, with the same
name. https://developers.cloudflare.com/workers/runtime-apis/rpc/error-handling/
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from workernb.errors import WorkernbError, attributes_of, notes_of, traceback_of

MAX_CAUSES = 8
"""How many causes of an exception are copied with it."""

Clone = Callable[[Any], Any]


def copy_of_error(error: BaseException, clone: Clone, attributes: bool = True) -> BaseException:
    """Return a copy of an exception, without traceback and causes.

    clone: copies its arguments and attributes. attributes: whether they are copied. What cannot be
    sent is left out; arguments are then replaced by the exception's text.
    """
    kind = type(error)
    shared: Any = _shared_class(kind)
    if shared is kind:
        copied = _made(kind, shared, _cloned_args(error, clone))
    else:
        own_text = kind.__str__ is not shared.__str__
        args = (_text(error),) if own_text else _cloned_args(error, clone)
        copied = _made(_renamed(_NAME.__get__(kind), shared), shared, args)
    if attributes:
        own = attributes_of(error)
        for name, value in own.items():
            if name not in ("__notes__", "remote"):
                try:
                    attributes_of(copied)[name] = clone(value)
                except Exception:
                    continue  # Left out, as the platform leaves it out.
    if notes := notes_of(error):
        attributes_of(copied)["__notes__"] = notes
    return copied


def remote_copy(error: Exception, clone: Clone, attributes: bool = True) -> BaseException:
    """Return a copy of an exception that a callee raised, with `remote` set.

    Traceback and causes are kept, so that the callee's lines can be shown. Our own errors are
    returned themselves: no Worker made them.
    """
    if isinstance(error, WorkernbError):
        return error
    copied = copy_of_error(error, clone, attributes)
    BaseException.with_traceback(copied, traceback_of(error))
    attributes_of(copied)["remote"] = True
    newest, original = copied, error
    for _ in range(MAX_CAUSES):
        explicit = _CAUSE.__get__(original)
        cause = explicit or (None if original.__suppress_context__ else _CONTEXT.__get__(original))
        if cause is None:
            break
        copied_cause = copy_of_error(cause, clone, attributes)
        BaseException.with_traceback(copied_cause, traceback_of(cause))
        if explicit is not None:
            _CAUSE.__set__(newest, copied_cause)
        else:
            _CONTEXT.__set__(newest, copied_cause)
        newest, original = copied_cause, cause
    return copied


_CAUSE: Any = BaseException.__dict__["__cause__"]
_CONTEXT: Any = BaseException.__dict__["__context__"]


_ARGS: Any = BaseException.__dict__["args"]
_NAME: Any = type.__dict__["__name__"]


def _shared_class(kind: type[BaseException]) -> type[Any]:
    """Return the nearest base of an exception's class that no Worker has defined."""
    for base in kind.__mro__:
        if issubclass(base, BaseException) and not base.__module__.startswith("<worker "):
            return base
    return Exception


def _cloned_args(error: BaseException, clone: Clone) -> tuple[Any, ...]:
    try:
        return tuple(clone(value) for value in _ARGS.__get__(error))
    except Exception:
        return (_text(error),)


def _text(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except Exception:
        return "<exception str() failed>"


def _made(kind: type[Any], shared: type[Any], args: tuple[Any, ...]) -> BaseException:
    """Return an instance of `kind`; an initializer that is not Python's own does not run."""
    made: BaseException
    try:
        if shared.__module__ == "builtins" and not issubclass(shared, BaseExceptionGroup):
            made = kind(*args)
            return made
        made = kind.__new__(kind, *args)
    except Exception:
        made = Exception.__new__(Exception)
    _ARGS.__set__(made, args)
    return made


@lru_cache(maxsize=256)
def _renamed(name: str, base: type[Any]) -> type[BaseException]:
    """Return a subclass of `base` with another name, in place of a class that cannot cross."""
    made: type[BaseException] = type(name, (base,), {"__module__": "builtins"})
    return made
