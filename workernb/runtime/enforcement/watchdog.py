"""The watchdog: a thread that enforces limits where no signal comes by itself.

Signals are handled by the main thread only, and not every platform has SIGPROF. On the threads
without them, the watchdog reads the CPU time every 5 ms of wall clock, and raises the exception
from its own thread. It is weaker than the tick: Python raises such an exception between two
bytecodes, so a regular expression that backtracks runs to its end. (A Worker's `time.sleep` sleeps
there in short steps, see `workernb.engines.clock`.)

On the main thread it makes up for ticks that do not come: the timer of SIGPROF stands still while
the thread sleeps, and the kernel looks at it only now and then, when the thread may be asleep.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from time import perf_counter_ns as wall_clock
from types import FrameType
from typing import Any

from workernb.errors import WallLimitExceeded
from workernb.runtime.tracing.clock import charge_sample, take_cpu_since_last_slice
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.traces import Host, Trace
from workernb.workers.current import current

from .budget import check_limits, imports_too_long, is_over_budget
from .cut import may_raise, raise_in_thread
from .headroom import headroom, is_deep
from .owners import owner_of
from .startup import Loading

PERIOD_S = 0.005
"""Interval (s of wall clock) of the checks where no signal comes."""

SLOW_PERIOD_S = 0.05
"""Interval (s of wall clock) of the checks while the tick comes by itself."""


class Watchdog:
    """Enforces the limits of the requests in flight on the threads that it watches."""

    def __init__(
        self,
        watched: Callable[[], set[Thread]],
        hosts: Collection[Host],
        ticks: Callable[[], int],
        is_ticking: Callable[[], bool],
        must_tick: Callable[[], bool],
    ) -> None:
        """Make a watchdog without threads.

        watched: returns the threads that may be watched. hosts: the runtimes. ticks: returns how
        many ticks came. is_ticking: returns whether the signal is still handled by the tick.
        must_tick: returns whether a slice may have to end whatever CPU it uses.
        """
        self._must_tick = must_tick
        self._hosts = hosts
        self._watched = watched
        self._ticks = ticks
        self._is_ticking = is_ticking
        self._threads: set[Thread] = set()
        self._signaled: SignaledThread | None = None
        self._loading: dict[Thread, Loading] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._runner: threading.Thread | None = None

    def watch(self, thread: Thread, signaled: bool) -> None:
        """Watch a thread until no request is in flight on it.

        signaled: whether the tick reaches it, so that only a tick that does not come is made up.
        """
        with self._lock:
            if signaled:
                self._signaled = self._signaled or SignaledThread(thread)
            elif thread not in self._threads:
                self._threads.add(thread)
                self._wake.set()  # It may have gone to sleep for a long period.
            if self._runner is None:
                self._stopped = False
                self._runner = threading.Thread(target=self._run, name="workernb", daemon=True)
                self._runner.start()

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Watch a module that loads on this thread, where no tick comes."""
        thread, running = this_thread(), current.get()
        assert isinstance(running, Loading)
        outer = self._loading.get(thread)
        self._loading[thread] = running
        self.watch(thread, signaled=False)
        try:
            yield
        finally:
            if outer is None:
                del self._loading[thread]
            else:
                self._loading[thread] = outer
            thread.end_cut()

    @property
    def running(self) -> bool:
        """Whether the watchdog's thread runs."""
        return self._runner is not None

    def stop(self) -> None:
        """Stop watching, and wait for the end of the watchdog's thread."""
        runner = self._runner
        self._stopped = True
        self._wake.set()
        if runner is not None and runner is not threading.current_thread():
            runner.join()

    def _run(self) -> None:
        while self._wait_for_next_check():
            # A thread may end during the check. The watchdog must survive any error, because
            # nothing else would cut these requests; it checks again in 5 ms.
            if self._signaled is not None:
                with contextlib.suppress(Exception):
                    self._check_signaled(self._signaled)
            for thread in list(self._threads):
                with contextlib.suppress(Exception):
                    self._check_thread(thread)

    def _wait_for_next_check(self) -> bool:
        """Wait for the next check; return whether there is one."""
        behind = self._signaled is not None and self._signaled.ticks_are_missing
        self._wake.wait(PERIOD_S if self._threads or behind else SLOW_PERIOD_S)
        with self._lock:
            self._wake.clear()
            watched = self._watched() | self._loading.keys()
            self._threads &= watched
            if self._signaled is not None and self._signaled.thread not in watched:
                self._signaled = None
            if (self._threads or self._signaled) and not self._stopped:
                return True
            # Under the same lock as the decision, so that a new request starts another thread.
            self._threads.clear()
            self._signaled = self._runner = None
            return False

    def _check_signaled(self, signaled: SignaledThread) -> None:
        """Make up for a tick that does not come, or for all if a Worker has taken the signal."""
        if self._is_ticking():
            self._threads.discard(signaled.thread)
            signaled.check(self._ticks(), self._must_tick())
        else:
            self._threads.add(signaled.thread)

    def _check_thread(self, thread: Thread) -> None:  # pragma: no cover - tested without a tracer
        trace, loading = thread.trace, self._loading.get(thread)
        frame = thread.frame
        if frame is None:
            return
        instruction = frame.f_lasti
        applies: Callable[[], bool] = lambda: thread.trace is trace  # noqa: E731
        if trace is not None:
            error = check_limits(trace, holder(trace.stamps), frame)
            in_libraries = imports_too_long(trace) or isinstance(error, WallLimitExceeded)
        elif loading is not None:
            error, in_libraries = loading.check_budget(frame), loading.imports_too_long
            applies = lambda: self._loading.get(thread) is loading  # noqa: E731
        else:
            owner = owner_of(frame, self._hosts)
            error, in_libraries = self._sample(thread, owner, frame), False
            applies = lambda: self._runs_outside_slices(owner, thread)  # noqa: E731
        if error is None:
            return
        if not may_raise(frame, in_libraries):
            if trace is not None:
                trace.overdue = True
            return
        if thread.frame is not frame:
            return
        # If the thread has run since, it might be in code that must not be cut. Between this check
        # and the raise it cannot run: the interpreter lock is released only at calls and loops.
        if thread.trace is trace and frame.f_lasti == instruction:
            if is_deep(frame):
                headroom.give_more()
            raise_in_thread(thread, error, applies)

    def _runs_outside_slices(
        self, owner: Invocation | None, thread: Thread
    ) -> bool:  # pragma: no cover - a tracer is not traced itself
        """Return whether the calling thread runs a callback or finalizer of the owner's request."""
        running: Any = current.get()
        if running is None:  # In a foreign context.
            running = owner_of(sys._getframe(), self._hosts)
        of = getattr(running, "trace", None)
        return thread.trace is None and owner is not None and of is owner.trace

    def _sample(
        self, thread: Thread, owner: Invocation | None, frame: FrameType
    ) -> BaseException | None:
        """Charge a period to the request whose callback or finalizer runs, outside of any slice.

        Return the error to raise in it, or None. owner: whose code runs, or None.
        """
        if owner is None:
            return None
        cpu_ns = min(take_cpu_since_last_slice(thread), int(PERIOD_S * 1e9))
        charge_sample(owner.trace, owner, cpu_ns)
        return check_limits(owner.trace, owner, frame)


class SignaledThread:
    """The main thread, where the tick comes: what the watchdog has seen of the slice that runs.

    ticks_are_missing: whether the slice may use CPU without a tick.
    """

    def __init__(self, thread: Thread) -> None:
        """Begin to watch."""
        self.thread = thread
        self.ticks_are_missing = False
        self._slice: tuple[Trace, int] | None = None
        self._ticks = self._cpu = self._wall = 0

    def check(self, ticks: int, must_tick: bool = False) -> None:
        """Send the signal if the slice has used a tick's CPU without one, or must end."""
        trace: Trace | None = self.thread.trace
        seen = None if trace is None else (trace, self.thread.slice_cpu_ns)
        now, cpu = wall_clock(), self.thread.cpu_now()
        used, passed, same = cpu - self._cpu, now - self._wall, seen == self._slice
        ticked, self._ticks = ticks != self._ticks, ticks
        if trace is None or not same:
            self._slice, self.ticks_are_missing = seen, False
        elif not ticked and (used >= PERIOD_S * 1e9 or must_tick or _must_end(trace)):
            self.ticks_are_missing = True
            if is_deep(self.thread.frame) and (_must_end(trace) or _is_over_budget(trace)):
                headroom.give_more()
            signal.pthread_kill(self.thread.ident, signal.SIGPROF)
        elif not ticked:
            self.ticks_are_missing = True
            return  # The CPU adds up until a tick is due.
        else:
            self.ticks_are_missing = used < passed / 2  # It sleeps now and then.
        self._cpu, self._wall = cpu, now


def _is_over_budget(trace: Trace) -> bool:
    """Return whether the running slice has used up a budget, and no debugger lets it go on."""
    return not trace.debugged and is_over_budget(trace, holder(trace.stamps))


def _must_end(trace: Trace) -> bool:
    """Return whether a request must end, whatever CPU it uses."""
    wall_ms = trace.limits.wall_ms
    return trace.aborted is not None or (wall_ms is not None and trace.wall_ms > wall_ms)
