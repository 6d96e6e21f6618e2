"""Loops: the event loop of a runtime's requests, and one for synchronous calls."""

from __future__ import annotations

import asyncio
import weakref

from workernb.runtime.tracing.threads import this_thread


class Loops:
    """The event loops of one runtime.

    home: the loop of all requests: the first one that makes a request, as long as it runs.
    """

    def __init__(self) -> None:
        """Make a record without loops."""
        self.home: asyncio.AbstractEventLoop | None = None
        self._home_thread = 0
        self._private: asyncio.AbstractEventLoop | None = None

    def home_in_other_thread(self) -> asyncio.AbstractEventLoop | None:
        """Return the home loop if it runs in another thread; else None."""
        running = asyncio._get_running_loop()
        if running is not None and running is self.home:
            return None
        this_ident = this_thread().ident
        if self.home is not None and self.home.is_running():
            return None if self._home_thread == this_ident else self.home
        if running is not None:
            self.home, self._home_thread = running, this_ident
        return None

    def private(self) -> asyncio.AbstractEventLoop:
        """Return the loop for synchronous calls in threads where no loop runs."""
        if self._private is None or self._private.is_closed():
            self._private = asyncio.new_event_loop()
            weakref.finalize(self, _close, self._private)
        return self._private

    def close(self) -> None:
        """Close the loop for synchronous calls."""
        if self._private is not None:
            _close(self._private)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel the tasks of a loop, such as those that keep connections, and close it."""
    if loop.is_closed() or loop.is_running():
        return
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks and asyncio._get_running_loop() is None:
        loop.run_until_complete(asyncio.wait(tasks, timeout=1))
    loop.close()
