"""The clock of the live pictures: it ticks 20 times a second while somebody looks, and else never.

Nothing is published to it: what ticks pulls counters and requests in flight from a runtime.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Protocol

TICK_S = 0.05
"""How long (s) from one frame to the next."""


class Ticking(Protocol):
    """What a clock moves."""

    def tick(self) -> bool:
        """Bring a picture up to date; returns whether somebody still looks."""
        ...


class Clock:
    """Calls what ticks on a loop, for as long as it wants to be called."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a clock that stands still."""
        self._loop = weakref.ref(loop)
        self._ticking: dict[Ticking, None] = {}
        self._handle: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Clock:
        """Return the one clock of a loop."""
        return _clocks.setdefault(loop, cls(loop))

    @property
    def running(self) -> bool:
        """Whether a timer is set."""
        return self._handle is not None

    def add(self, one: Ticking) -> None:
        """Tick this one too, from now on."""
        self._ticking[one] = None
        if self._handle is None:
            self._set()

    def remove(self, one: Ticking) -> None:
        """Tick this one no more."""
        self._ticking.pop(one, None)
        if not self._ticking and self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _set(self) -> None:
        loop = self._loop()
        if loop is not None and not loop.is_closed():
            self._handle = loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self._handle = None
        try:
            for one in list(self._ticking):
                if not one.tick():
                    self._ticking.pop(one, None)
        finally:
            if self._ticking and self._handle is None:
                self._set()


_clocks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Clock] = weakref.WeakKeyDictionary()


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs here, or None."""
    return asyncio._get_running_loop()


def on_loop(
    loop: asyncio.AbstractEventLoop | None, act: Callable[..., object], *args: object
) -> None:
    """Do something on a loop: now if it runs here, and else as soon as it turns.

    Jupyter delivers a widget's events on another thread while a cell awaits.
    """
    if loop is None or loop.is_closed() or loop is running_loop():
        act(*args)
    else:
        loop.call_soon_threadsafe(act, *args)
