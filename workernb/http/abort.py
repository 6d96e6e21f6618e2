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
Copy = Callable[[BaseException], BaseException]

_ONABORT = object()
"""The key of the listener `onabort`."""


def _call_if_alive(reference: weakref.WeakMethod[Any], key: object) -> None:
    function = reference()
    if function is not None:
        function(key)


def _unchanged(reason: BaseException) -> BaseException:
    return reason


class AbortSignal:
    """Says whether something is to be ended, and why: `env.AUTH.fetch(url, signal=signal)`.

    Made by an AbortController, or by `abort`, `timeout` and `any`. One that was sent over RPC is
    aborted as soon as its sender's is.
    """

    __slots__ = ("__weakref__", "_kept", "_listeners", "_onabort", "_reason", "_sources")

    def __init__(self) -> None:
        """Raise TypeError: a signal is made by a controller."""
        raise TypeError(PlatformText.ILLEGAL_CONSTRUCTOR)

    @classmethod
    def _make(cls) -> AbortSignal:
        signal = object.__new__(cls)
        signal._reason = None
        signal._listeners = {}
        signal._sources = ()
        signal._kept = set()
        signal._onabort = None
        return signal

    _reason: BaseException | None
    _listeners: dict[object, tuple[Context, Listener]]
    _sources: tuple[AbortSignal, ...]
    _kept: set[AbortSignal]  # The followers that have listeners.
    _onabort: Listener | None

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
            source._follow(reference, _unchanged)
        return signal

    def _send(self, copy: Copy) -> AbortSignal:
        """Return the signal that arrives when this one is sent to another Worker.

        It is aborted as soon as this one is. copy: returns the reason that the other Worker gets.
        """
        signal = AbortSignal._make()
        if self._reason is not None:
            signal._reason = copy(self._reason)
            return signal
        signal._sources = (self,)
        self._follow(weakref.ref(signal), copy)
        return signal

    def _follow(self, reference: weakref.ref[AbortSignal], copy: Copy) -> None:
        def pass_on() -> None:
            follower = reference()
            if follower is not None and self._reason is not None:
                follower._abort(copy(self._reason))

        key = object()
        self._listen(key, pass_on)
        follower = reference()
        if follower is not None:
            # Weakly: what a finalizer refers to would live as long as the follower.
            forget = weakref.WeakMethod(self._forget)
            weakref.finalize(follower, _call_if_alive, forget, key).atexit = False

    def _listen(self, key: object, listener: Listener) -> None:
        """Call `listener` in this context when the signal is aborted, once for each key.

        The signals that it follows keep it alive from now on: somebody waits for it.
        """
        self._listeners.setdefault(key, (copy_context(), listener))
        for source in self._sources:
            source._kept.add(self)

    def _forget(self, key: object) -> None:
        """Undo `_listen`."""
        self._listeners.pop(key, None)
        if not self._listeners:
            for source in self._sources:
                source._kept.discard(self)

    @property
    def onabort(self) -> Listener | None:
        """A callable without arguments, called when the signal is aborted; or None."""
        return self._onabort

    @onabort.setter
    def onabort(self, listener: Listener | None) -> None:
        self._onabort = listener
        self._forget(_ONABORT)
        if listener is not None and self._reason is None:
            self._listen(_ONABORT, listener)

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
            self._listen(listener, lambda: listener(self))

    addEventListener = add_event_listener

    def remove_event_listener(self, type: str, listener: Callable[..., object]) -> None:
        """Undo `add_event_listener`."""
        if type == "abort":
            self._forget(listener)

    removeEventListener = remove_event_listener

    def _abort(self, reason: object) -> None:
        if self._reason is not None:
            return
        self._reason = _as_exception(reason)
        listeners = list(self._listeners.values())
        self._listeners.clear()
        for source in self._sources:
            source._kept.discard(self)
        followers, self._kept = self._kept, set()  # Alive until they have been told.
        for context, listener in listeners:
            context.run(listener)
        del followers

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
        signal._listen(key, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if task.cancelled() and signal._reason is not None:
            raise signal._reason from None
        raise
    finally:
        signal._forget(key)
