"""Loops: the one that a runtime's requests run on, and one for synchronous calls."""

from __future__ import annotations

import asyncio
import weakref

from workernb.runtime.tracing.threads import this_thread


class Loops:
    """The loops of one runtime.

    home: the first loop that makes a request is the one of all, for as long as it runs.
    """

    def __init__(self) -> None:
        """Begin without a loop."""
        self.home: asyncio.AbstractEventLoop | None = None
        self._home_thread = 0
        self._private: asyncio.AbstractEventLoop | None = None

    def home_elsewhere(self) -> asyncio.AbstractEventLoop | None:
        """Return the home if it runs in another thread; else None."""
        running = asyncio._get_running_loop()
        if running is not None and running is self.home:
            return None
        here = this_thread().ident
        if self.home is not None and self.home.is_running():
            return None if self._home_thread == here else self.home
        if running is not None:
            self.home, self._home_thread = running, here
        return None

    def private(self) -> asyncio.AbstractEventLoop:
        """Return a loop for synchronous calls where none runs; the same one each time."""
        if self._private is None or self._private.is_closed():
            self._private = asyncio.new_event_loop()
            weakref.finalize(self, self._private.close)
        return self._private

    def close(self) -> None:
        """Close the loop for synchronous calls."""
        if self._private is not None:
            self._private.close()
