"""AbortController and AbortSignal, which end a call or a stream from outside.

https://dom.spec.whatwg.org/#aborting-ongoing-activities
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Iterable
from contextvars import Context, copy_context
from typing import Any, TypeVar

from workernb.errors import AbortError
from workernb.texts import PlatformText

T = TypeVar("T")
Listener = Callable[[], object]


class AbortSignal:
    """Says whether something is to be ended, and why: `env.AUTH.fetch(url, signal=signal)`.

    Made by an AbortController, or by `abort`, `timeout` and `any`. onabort: a callable without
    arguments, called when the signal is aborted; or None.
    """

    __slots__ = ("__weakref__", "_listeners", "_reason", "_sources", "onabort")

    def __init__(self) -> None:
        """Raise TypeError: a signal is made by a controller."""
        raise TypeError(PlatformText.ILLEGAL_CONSTRUCTOR)

    @classmethod
    def _make(cls) -> AbortSignal:
        signal = object.__new__(cls)
        signal._reason = None
        signal._listeners = {}
        signal._sources = ()
        signal.onabort = None
        return signal

    _reason: BaseException | None
    _listeners: dict[object, tuple[Context, Listener]]
    _sources: tuple[AbortSignal, ...]
    onabort: Listener | None

    @staticmethod
    def abort(reason: object = None) -> AbortSignal:
        """Return a signal that is aborted already."""
        signal = AbortSignal._make()
        signal._abort(reason)
        return signal

    @staticmethod
    def timeout(milliseconds: float) -> AbortSignal:
        """Return a signal that is aborted with a TimeoutError after some ms of wall clock."""
        signal = AbortSignal._make()
        reference = weakref.ref(signal)

        def expire() -> None:
            expired = reference()
            if expired is not None:
                expired._abort(TimeoutError(PlatformText.SIGNAL_TIMEOUT))

        asyncio.get_running_loop().call_later(milliseconds / 1e3, expire)
        return signal

    @staticmethod
    def any(signals: Iterable[AbortSignal]) -> AbortSignal:
        """Return a signal that is aborted as soon as one of `signals` is, with its reason."""
        signal = AbortSignal._make()
        sources = tuple(signals)
        for source in sources:
            if source._reason is not None:
                signal._reason = source._reason
                return signal
        signal._sources = sources  # They stay alive as long as it does.
        reference = weakref.ref(signal)
        for source in sources:
            source._follow(reference)
        return signal

    def _follow(self, reference: weakref.ref[AbortSignal]) -> None:
        def pass_on() -> None:
            follower = reference()
            if follower is not None:
                follower._abort(self._reason)

        key = object()
        self._listeners[key] = copy_context(), pass_on
        follower = reference()
        if follower is not None:
            weakref.finalize(follower, self._listeners.pop, key, None).atexit = False

    @property
    def aborted(self) -> bool:
        """Whether the signal is aborted."""
        return self._reason is not None

    @property
    def reason(self) -> BaseException | None:
        """The exception that what is aborted raises, or None."""
        return self._reason

    def throw_if_aborted(self) -> None:
        """Raise the reason if the signal is aborted."""
        if self._reason is not None:
            raise self._reason

    throwIfAborted = throw_if_aborted

    def add_event_listener(self, type: str, listener: Callable[..., object]) -> None:
        """Have `listener` called, with the signal, when the signal is aborted. type: `abort`."""
        if type == "abort" and self._reason is None:
            self._listeners.setdefault(listener, (copy_context(), lambda: listener(self)))

    addEventListener = add_event_listener

    def remove_event_listener(self, type: str, listener: Callable[..., object]) -> None:
        """Undo `add_event_listener`."""
        if type == "abort":
            self._listeners.pop(listener, None)

    removeEventListener = remove_event_listener

    def _abort(self, reason: object) -> None:
        if self._reason is not None:
            return
        self._reason = _as_exception(reason)
        listeners = list(self._listeners.values())
        self._listeners.clear()
        if self.onabort is not None:
            self.onabort()
        for context, listener in listeners:
            context.run(listener)

    def __repr__(self) -> str:
        return f"<AbortSignal{', aborted' if self.aborted else ''}>"


class AbortController:
    """Has a signal, and aborts it: `controller.abort()`."""

    __slots__ = ("signal",)

    def __init__(self) -> None:
        """Make a controller with a signal of its own."""
        self.signal = AbortSignal._make()

    def abort(self, reason: object = None) -> None:
        """Abort the signal.

        reason: the exception that what is aborted raises; by default an AbortError. Any other
        object becomes the text of one.
        """
        self.signal._abort(reason)


def _as_exception(reason: object) -> BaseException:
    if isinstance(reason, BaseException):
        return reason
    return AbortError(PlatformText.ABORTED if reason is None else str(reason))


async def abortable(work: Awaitable[T], signal: AbortSignal) -> T:
    """Return what `work` gives; raise the signal's reason, and cancel it, once that is aborted."""
    task: asyncio.Future[T] = asyncio.ensure_future(work)
    key: Any = object()
    if signal.aborted:
        task.cancel()
    else:
        signal._listeners[key] = copy_context(), task.cancel
    try:
        return await task
    except asyncio.CancelledError:
        if task.cancelled() and signal._reason is not None:
            raise signal._reason from None
        raise
    finally:
        signal._listeners.pop(key, None)
