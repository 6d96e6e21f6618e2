"""The ticker of the live pictures: 20 ticks a second while a page shows one, otherwise none.

At each tick, a picture reads the counters and the requests in flight from its runtime.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Protocol

TICK_S = 0.05
"""The time between two ticks (s)."""


class Listener(Protocol):
    """What a ticker calls."""

    def tick(self) -> bool:
        """Handle a tick; returns whether to be called at the next one."""
        ...


class Ticker:
    """Calls its listeners on an event loop, at every tick until they return False."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Create a ticker that does not run yet."""
        self._loop = weakref.ref(loop)
        self._listeners: dict[Listener, None] = {}
        self._handle: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Ticker:
        """Return the loop's one Ticker."""
        return _tickers.setdefault(loop, cls(loop))

    @property
    def running(self) -> bool:
        """Whether a timer is set."""
        return self._handle is not None

    def add(self, listener: Listener) -> None:
        """Add a listener, and set the timer."""
        self._listeners[listener] = None
        if self._handle is None:
            self._set_timer()

    def remove(self, listener: Listener) -> None:
        """Remove a listener; the last one's removal cancels the timer."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set_timer(self) -> None:
        loop = self._loop()
        if loop is not None and not loop.is_closed():
            self._handle = loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._handle = None
        try:
            for listener in list(self._listeners):
                if not listener.tick():
                    self._listeners.pop(listener, None)
        finally:
            if self._listeners and self._handle is None:
                self._set_timer()


_tickers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Ticker] = weakref.WeakKeyDictionary()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, or None."""
    return asyncio._get_running_loop()


def call_on_loop(
    loop: asyncio.AbstractEventLoop | None, callback: Callable[..., object], *args: object
) -> None:
    """Call a callback on an event loop: now if it runs in this thread, otherwise soon.

    Jupyter delivers a widget's events on another thread while a cell awaits.
    """
    if loop is None or loop.is_closed() or loop is running_loop():
        callback(*args)
    else:
        loop.call_soon_threadsafe(callback, *args)
