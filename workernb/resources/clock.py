"""The clock of a runtime: its time, what is due at a time, and moving to a later one."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import math
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from contextvars import Context
from itertools import count
from typing import Any

from workernb.errors import CanceledError, UsageError

MAX_SLEEP_S = 60.0
"""How long (s of wall clock) the loop's timer is set for at most.

The loop's own clock stands still while a computer sleeps, and does not follow one that is set.
"""

What = Callable[[], Awaitable[Any] | None]


class Timer:
    """Something that is due. when: s since the epoch. why: a text for lists of what is due."""

    __slots__ = ("_number", "_what", "when", "why")

    def __init__(self, when: float, number: int, what: What, why: str) -> None:
        """Make a timer. number: its place among those that are due at the same time."""
        self.when = when
        self.why = why
        self._number = number
        self._what: What | None = what

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled, or has fired."""
        return self._what is None

    def cancel(self) -> None:
        """Prevent it from firing."""
        self._what = None

    def take(self) -> What | None:
        """Return what is to be called, which is then no longer due; None if it was cancelled."""
        what, self._what = self._what, None
        return what

    def __lt__(self, other: Timer) -> bool:
        return (self.when, self._number) < (other.when, other._number)

    def __repr__(self) -> str:
        return f"<Timer {self.why!r} at {self.when:.3f}{' (over)' if self.cancelled else ''}>"


class Clock:
    """The time of a runtime: the time of day, unless it has been moved ahead.

    What is due is called on the loop of the runtime's requests: between cells too, as long as that
    loop runs. moving: whether `advance` is at work. on_set_back: callables, called with the number
    of seconds by which `real` has set the clock back.
    """

    def __init__(self) -> None:
        """Begin with the time of day, and nothing due."""
        self.on_set_back: list[Callable[[float], None]] = []
        self.moving = False
        self._ahead_s = 0.0
        self._stands_at = 0.0  # While it is moved.
        self._timers: list[Timer] = []
        self._numbers = count()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for: Timer | None = None
        self._tasks: set[asyncio.Future[None]] = set()
        self._closed = False

    # The time

    def now(self) -> float:
        """Return the time, in s since the epoch."""
        return self._stands_at if self.moving else time.time() + self._ahead_s

    @property
    def ahead_s(self) -> float:
        """How far it is ahead of the time of day, in s."""
        return self.now() - time.time() if self.moving else self._ahead_s

    # What is due

    def call_at(self, when: float, what: What, why: str) -> Timer:
        """Call `what` at a time (s since the epoch), or soon if that is over; return its timer.

        what: is called without arguments on the runtime's loop, in an empty context. What it
        returns is awaited, in a task of its own; while the clock is moved, it is awaited before
        anything else is called, and a CanceledError, by which the user's interrupt ends a request,
        ends the move. Other exceptions go to the loop's exception handler. why: what it is, as
        `cron */5 * * * * of clock`. Of what is due at the same time, that comes first which was
        asked for first. Raises ValueError for a time that is no finite number. May be called from
        any thread.
        """
        if not math.isfinite(when):
            raise ValueError(f"A time is a finite number of seconds, not {when!r}.")
        timer = Timer(when, next(self._numbers), what, why)
        if self._closed:
            timer.cancel()
            return timer
        with self._lock:
            heapq.heappush(self._timers, timer)
        self._arm()
        return timer

    def call_later(self, seconds: float, what: What, why: str) -> Timer:
        """Call `what` after a number of seconds; otherwise the same as `call_at`."""
        return self.call_at(self.now() + seconds, what, why)

    @property
    def due(self) -> list[Timer]:
        """What is due, in the order in which it will be called."""
        with self._lock:
            return sorted(timer for timer in self._timers if not timer.cancelled)

    def _next(self) -> Timer | None:
        """Return the timer that is due first; None if there is none."""
        with self._lock:
            while self._timers and self._timers[0].cancelled:
                heapq.heappop(self._timers)
            return self._timers[0] if self._timers else None

    def _take_due(self, until: float) -> tuple[Timer, What] | None:
        """Remove and return the first timer that is due by `until`, with what it calls."""
        while (timer := self._next()) is not None and timer.when <= until:
            with self._lock:
                if self._timers and self._timers[0] is timer:
                    heapq.heappop(self._timers)
            what = timer.take()
            if what is not None:
                return timer, what
        return None

    # Moving

    async def advance(self, seconds: float) -> int:
        """Move the time forward, and return how much fell due on the way.

        Whatever is due is called in its order, one after the other, each at its own time: the clock
        stands there until what was called has ended, and before it moves, until all has that was
        called before. What is asked for meanwhile is called too if
        it falls due. Afterwards the clock runs on from there. Cancelling leaves it where it is.
        Raises UsageError if it is being moved already, or for a negative number of seconds.
        """
        if not 0 <= seconds < math.inf:
            raise UsageError(f"The clock moves forward only, not by {seconds!r} s.")
        if self.moving:
            raise UsageError("The clock is being moved already.")
        here = asyncio.get_running_loop()
        if self._adopt(here) is not here:
            assert self._loop is not None
            moved = asyncio.run_coroutine_threadsafe(self._move(seconds), self._loop)
            return await asyncio.wrap_future(moved)
        return await self._move(seconds)

    async def _move(self, seconds: float) -> int:
        self._disarm()
        self._stands_at = self.now()
        self.moving = True
        until, fired = self._stands_at + seconds, 0
        try:
            # What was called before has its place before what falls due on the way.
            while under_way := self._under_way():
                await asyncio.wait(under_way)
            while (found := self._take_due(until)) is not None:
                timer, what = found
                self._stands_at = max(self._stands_at, timer.when)
                fired += 1
                await self._call(what, timer)
                await asyncio.sleep(0)
            self._stands_at = until
        finally:
            self.moving = False
            self._ahead_s = self._stands_at - time.time()
            self._arm()
        return fired

    def _under_way(self) -> list[asyncio.Future[None]]:
        """Return the tasks of what was called on this loop, but for the one that asks."""
        loop, asking = asyncio.get_running_loop(), asyncio.current_task()
        return [task for task in self._tasks if task.get_loop() is loop and task is not asking]

    def real(self) -> None:
        """Set the clock back to the time of day; what is due later stays due, at its own time.

        Raises UsageError while it is being moved.
        """
        if self.moving:
            raise UsageError("The clock is being moved: it can be set back afterwards.")
        back, self._ahead_s = self._ahead_s, 0.0
        self._disarm()
        if back:
            for listener in list(self.on_set_back):
                listener(back)
        self._arm()

    # On the loop

    def run_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call what is due on `loop` from now on."""
        if self._loop is not loop:
            self._disarm()
            self._loop = loop
        self._arm()

    def _adopt(self, running: asyncio.AbstractEventLoop | None) -> asyncio.AbstractEventLoop | None:
        """Return the loop for what is due: `running`, unless there is one that runs already."""
        loop = self._loop
        if running is not None and loop is not running and (loop is None or not loop.is_running()):
            self._disarm()
            self._loop = loop = running
        return loop

    def _arm(self) -> None:
        """Set the loop's timer to what is due first."""
        running = asyncio._get_running_loop()
        loop = self._adopt(running)
        if loop is None or loop.is_closed() or self.moving:
            return
        if loop is not running and loop.is_running():
            self._call_in_its_thread(loop, Clock._arm)
            return
        first = self._next()
        if first is None or first is not self._armed_for:
            self._disarm()
        if first is not None and self._armed_for is None:
            delay = min(max(first.when - self.now(), 0.0), MAX_SLEEP_S)
            # In an empty context: the one that runs may be that of a Worker.
            self._handle = loop.call_later(
                delay, _call_method, weakref.ref(self), Clock._fire, context=Context()
            )
            self._armed_for = first

    def _call_in_its_thread(
        self, loop: asyncio.AbstractEventLoop, method: Callable[[Clock], None]
    ) -> None:
        with contextlib.suppress(RuntimeError):  # It may just be closed.
            loop.call_soon_threadsafe(_call_method, weakref.ref(self), method, context=Context())

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self._armed_for = None

    def _fire(self) -> None:
        """Call what is due now, each in a task of its own."""
        self._handle = self._armed_for = None
        now = self.now()
        while not self.moving and (found := self._take_due(now)) is not None:
            timer, what = found
            task = asyncio.ensure_future(self._call(what, timer))
            self._tasks.add(task)  # The loop has only a weak reference to it.
            task.add_done_callback(self._tasks.discard)
        self._arm()

    async def _call(self, what: What, timer: Timer) -> None:
        try:
            result = what()
            if result is not None:
                await result
        except CanceledError:
            if self.moving:
                raise
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"What was due has failed: {timer.why}", "exception": error}
            )

    def close(self) -> None:
        """Forget what is due; nothing is called any more."""
        self._closed = True
        with self._lock:
            self._timers.clear()
        loop = self._loop
        if loop is not None and loop is not asyncio._get_running_loop() and loop.is_running():
            self._call_in_its_thread(loop, Clock._disarm)
        else:
            self._disarm()

    def __repr__(self) -> str:
        ahead = f", {self.ahead_s:,.0f} s ahead" if self.ahead_s else ""
        return f"<Clock{ahead}, {len(self.due)} due>"


def _call_method(clock: weakref.ref[Clock], method: Callable[[Clock], None]) -> None:
    """Call a method of a clock, unless it is gone: a loop's timer does not keep it alive."""
    found = clock()
    if found is not None:
        method(found)
