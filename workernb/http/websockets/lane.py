"""Lanes: one direction of a connection, with what was sent and has not been handled."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from .events import Event

MAX_WAITING = 128 * 1024 * 1024
"""How much (bytes) may wait in a lane; a connection whose receiver is further behind is lost."""

MANY = 64
LARGE = 4 * 1024 * 1024


class Holder(Protocol):
    """What has accepted an end: an invocation of a Worker's, a Durable Object, or the notebook.

    hibernates: whether it is an object, which need not be in memory.
    """

    hibernates: bool

    def check(self) -> None:
        """Raise RuntimeError where the end may not be used: in another request."""

    def post(self, event: Event) -> None:
        """Have an event handled soon. May be called from any thread."""

    def closed(self) -> None:
        """Note that the connection has ended in both directions."""


class Lane:
    """One direction of a connection. The ends refer to its lanes, and not to each other.

    holder: what handles the events, once the receiving end was accepted. waiting: the events until
    then. count, size: the messages that were sent and not handled, and their bytes.
    """

    __slots__ = ("_drained", "count", "holder", "size", "waiting")

    def __init__(self) -> None:
        """Begin empty, without a receiver."""
        self.holder: Holder | None = None
        self.waiting: deque[Event] = deque()
        self.count = self.size = 0
        self._drained: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Send an event."""
        self.count += 1
        self.size += event.size
        if self.holder is None:
            self.waiting.append(event)
        else:
            self.holder.post(event)

    def open(self, holder: Holder) -> None:
        """Have `holder` handle what has been sent, and what will be."""
        self.holder = holder
        while self.waiting:
            holder.post(self.waiting.popleft())

    def handled(self, event: Event) -> None:
        """Note that an event was handled."""
        self.count -= 1
        self.size -= event.size
        if self._drained is not None and not self._is_full:
            drained, self._drained = self._drained, None
            if not drained.done():
                drained.set_result(None)

    @property
    def _is_full(self) -> bool:
        return self.count > MANY or self.size > LARGE

    async def drain(self) -> None:
        """Wait until the receiver has handled most of what was sent. For its own loop only."""
        if self._is_full:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
