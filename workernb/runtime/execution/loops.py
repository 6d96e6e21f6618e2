"""Loops: the event loop of a runtime's requests, and one for synchronous calls."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator

from workernb.runtime.tracing.threads import this_thread

ANSWERS_WITHIN_S = 0.05
"""How long (s of wall clock) a thread waits for the home loop to begin its call."""


def call_in(
    loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: object
) -> None:
    """Call a function in a loop: at once where that runs here, else soon; never if it is closed."""
    if loop is asyncio._get_running_loop():
        function(*arguments)
        return
    with contextlib.suppress(RuntimeError):  # It is closed.
        loop.call_soon_threadsafe(function, *arguments)


class _Claim:
    """A call that either the home loop or the calling thread begins, whichever takes it first.

    answered: set when the home loop has come to it.
    """

    def __init__(self, begin: Callable[[], None], notify: Callable[[], object]) -> None:
        self.answered = threading.Event()
        self._begin = begin
        self._notify = notify
        self._free = threading.Lock()

    def answer(self) -> None:
        """Begin the call, unless it is taken; on the home loop."""
        if self.take():
            self._begin()
        self.answered.set()
        with contextlib.suppress(RuntimeError):  # The caller's loop may be closed.
            self._notify()

    def take(self) -> bool:
        """Take the call, unless it is taken; return whether it was free."""
        return self._free.acquire(blocking=False)


class Loops:
    """The event loops of one runtime.

    home: the loop of all requests: the main thread's first one that makes a request, as long as it
    runs. Another thread's loop may end at any time: it runs the requests of its own thread, while
    there is no home, or home stands still because a cell waits for the thread.
    on_home: called with a loop that becomes home.
    """

    def __init__(self) -> None:
        """Make a record without loops."""
        self.on_home: Callable[[asyncio.AbstractEventLoop], None] | None = None
        self.home: asyncio.AbstractEventLoop | None = None
        self._home_thread = 0
        self._private: asyncio.AbstractEventLoop | None = None
        self._own: set[asyncio.AbstractEventLoop] = set()
        self._stands_still = False

    def home_in_other_thread(self) -> asyncio.AbstractEventLoop | None:
        """Return the home loop if it runs in another thread; else None."""
        running = asyncio._get_running_loop()
        if running is not None and (running is self.home or running in self._own):
            return None
        this_ident = this_thread().ident
        if self.home is not None and self.home.is_running():
            return None if self._home_thread == this_ident else self.home
        if running is not None and this_thread().is_main:
            self.home, self._home_thread = running, this_ident
            if self.on_home is not None:
                self.on_home(running)
        return None

    def claim(self, begin: Callable[[], None]) -> bool:
        """Call `begin` on the home loop, from another thread; return False if it stands still.

        Then `begin` is not called. A loop that a cell blocks may wait for this very thread.
        """
        if self._stands_still:
            return False
        claim = self._offer(begin, lambda: None)
        if claim.answered.wait(ANSWERS_WITHIN_S):
            return True
        if not claim.take():
            claim.answered.wait()  # The home loop is about to begin it.
            return True
        self._note_silence(claim)
        return False

    async def claim_from_loop(self, begin: Callable[[], None]) -> bool:
        """Do the same as `claim`, without blocking the loop that runs in this thread."""
        if self._stands_still:
            return False
        loop = asyncio.get_running_loop()
        answered = asyncio.Event()
        claim = self._offer(begin, lambda: loop.call_soon_threadsafe(answered.set))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await answered.wait()
                return True
        if not claim.take():
            await answered.wait()
            return True
        self._note_silence(claim)
        return False

    def _offer(self, begin: Callable[[], None], notify: Callable[[], object]) -> _Claim:
        """Offer a call to the home loop. notify: called there when the loop has come to it."""
        assert self.home is not None
        claim = _Claim(begin, notify)

        def answer() -> None:
            self._stands_still = False
            claim.answer()

        self.home.call_soon_threadsafe(answer)
        return claim

    def _note_silence(self, claim: _Claim) -> None:
        """Let the next calls not wait for the home loop, until it comes to this one."""
        self._stands_still = not claim.answered.is_set()

    @contextlib.contextmanager
    def own(self) -> Iterator[asyncio.Runner]:
        """Make a loop for one call in the calling thread, and close it."""
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            self._own.add(loop)
            try:
                yield runner
            finally:
                self._own.discard(loop)

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
