"""What the runtime installs in the process, only while requests are in flight.

A tick (SIGPROF, every 5 ms of CPU) that cuts a request whose CPU budget is used up, or a watchdog
where there are no signals; a handler that turns the interrupt of the notebook's user to the
requests that run; a heartbeat on the loop, without which an idle loop would not see an interrupt,
and which ends requests whose wall clock has run out or that hang; and the capture of logs. Each is
chained to what was there, and gone when nothing is in flight and at exit.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import asyncio
import atexit
import contextlib
import logging
import signal
import threading
from collections.abc import Iterator
from time import perf_counter_ns as wall_clock
from types import FrameType
from typing import Any

from workernb.errors import Interrupted, PlatformText
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import LogCapture
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.tracebacks import where
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

from .cut import CutInjector
from .hangs import hangs
from .memory import MemoryWatch
from .off_thread import Elsewhere
from .startup import Loading
from .watchdog import Watchdog

# What `signal.getsignal` wraps, to make enums of numbers, which takes longer than all the rest.
_get_handler = _signal.getsignal

TICK_S = 0.005
BEAT_S = 0.02
JUST_NOW_S = 0.1
"""How long (s of wall clock) ago a request ran that an interrupt ends with the one that runs."""
HANGS_AFTER_S = 2.0
"""How long (s of wall clock) a request waits before the first look whether it hangs."""

has_tick = hasattr(signal, "SIGPROF")
"""Whether this platform has the signal that ticks; elsewhere the watchdog enforces budgets."""


class Guard:
    """What watches over the requests in flight in this process."""

    def __init__(self) -> None:
        """Begin with nothing installed."""
        self.in_flight: set[Trace] = set()
        self._capture: LogCapture | None = None
        self._prof: Any = None
        self._ticking = False
        self._busy: Trace | None = None
        self._interrupt: Any = None
        self._hears = self._on_interrupt
        self._main: Thread | None = None
        self._loading = 0
        self._ended: Trace | None = None
        self._memory = MemoryWatch()
        self._elsewhere = Elsewhere()
        self._cut = CutInjector()
        self._watchdog = Watchdog(lambda: self.in_flight)

    def enter(self, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        """Watch over a request that begins."""
        self.in_flight.add(trace)
        thread = trace.thread
        if self.idle or thread.beats_on is not loop or thread.beat is None:
            self._install(thread, loop)
        if not (thread.is_main and has_tick):
            self._watchdog.watch(thread)
        if thread.is_main and _get_handler(signal.SIGINT) is not self._hears:
            self._catch_interrupts()

    def leave(self, trace: Trace) -> None:
        """Watch no longer over a request that has ended."""
        self.in_flight.discard(trace)
        self._ended = trace

    @property
    def idle(self) -> bool:
        """Whether nothing of ours is installed in the process."""
        return self._capture is None

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Watch over a module that loads on this thread, so that it can be cut."""
        thread = this_thread()
        if not (thread.is_main and has_tick):
            yield  # Nothing but the tick enforces this one.
            return
        self._main = thread
        self._loading += 1
        self._start_ticking()
        try:
            yield
        finally:
            self._loading -= 1
            if thread.trace is None:
                self._end_long_slice()
            if not self._loading and self.idle:
                self._stop_ticking()

    # The heartbeat

    def _heartbeat(self, thread: Thread, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not thread.beats_on:
            return
        here = [trace for trace in self.in_flight if trace.thread is thread]
        thread.beat = loop.call_later(BEAT_S, self._heartbeat, thread, loop) if here else None
        for trace in here:
            self._look_at(trace)
        self._elsewhere.look(self.in_flight)
        self._memory.look([*here, *([self._ended] if self._ended else [])])
        self._ended = None
        if not self.in_flight:
            self.uninstall()

    def _look_at(self, trace: Trace) -> None:
        """End a request that has taken too long, or that waits for what can never come."""
        wall_ms = trace.limits.wall_ms
        if wall_ms is not None and trace.wall_ms > wall_ms:
            trace.exceed_wall()
        waited_s = (wall_clock() - trace.last_stamp_ns) / 1e9
        if waited_s < HANGS_AFTER_S:
            trace.look_again_s = HANGS_AFTER_S
        elif waited_s >= trace.look_again_s and trace.task and trace.condemned is None:
            # Ever more rarely: it takes some milliseconds.
            trace.look_again_s = 2 * waited_s
            if hangs(trace.task, (Trace, Invocation)):
                trace.hang()

    # Installing

    def _install(self, thread: Thread, loop: asyncio.AbstractEventLoop) -> None:
        if self._capture is None:
            self._elsewhere.begin()
            self._capture = LogCapture()
            logging.getLogger().addHandler(self._capture)
        if thread.is_main:
            self._main = thread
        if thread.is_main and has_tick:
            self._start_ticking()
        if thread.beat is not None:
            thread.beat.cancel()
        thread.beats_on = loop
        thread.beat = loop.call_later(BEAT_S, self._heartbeat, thread, loop)

    def _start_ticking(self) -> None:
        if not self._ticking:
            self._prof = signal.signal(signal.SIGPROF, self._tick)
            signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
            self._ticking = True

    def uninstall(self) -> None:
        """Remove all that was installed, and put back what was there."""
        if self._capture is not None:
            logging.getLogger().removeHandler(self._capture)
            self._capture = None
        self._release_interrupts()
        if not self._loading:
            self._stop_ticking()

    def _stop_ticking(self) -> None:
        if self._ticking and _on_main_thread():
            # The timer first: the signal's default action ends the process.
            signal.setitimer(signal.ITIMER_PROF, 0)
            if _get_handler(signal.SIGPROF) == self._tick:
                signal.signal(signal.SIGPROF, self._prof or signal.SIG_DFL)
            self._ticking = False

    def stop(self) -> None:
        """Remove all that was installed, at exit."""
        self._watchdog.stop()
        self.uninstall()

    # The tick

    def _tick(self, signum: int, frame: FrameType | None) -> None:
        thread = self._main
        assert thread is not None
        who: Any = current.get()
        if isinstance(who, Loading):
            error = who.judge(frame)
            if error is not None:
                self._cut.here(error, frame, lambda: current.get() is who)
            return
        if self.in_flight:
            self._elsewhere.look(self.in_flight)
        trace = thread.trace
        if trace is None:
            trace = self._sample(thread, who)
            if trace is None:
                return
        elif thread.end_long_slice is None:
            thread.end_long_slice = self._end_long_slice
            self._begin_long_slice(trace)
        error = trace.judge(who, frame)
        if error is not None:
            self._end(trace, error, frame, who if trace.condemned is None else None)

    def _sample(self, thread: Thread, who: Any) -> Trace | None:
        """Charge a tick to the request whose callback or finalizer runs, outside of any slice.

        There is no hook for these that does not replace the loop's own methods; but the context
        that the tick interrupts is theirs, and tells whose they are.
        """
        trace: Trace | None = getattr(who, "trace", None)
        if trace is None:
            if not self.in_flight:
                self.uninstall()
            return None
        trace.charge_sample(who, min(thread.since_edge_ns(), int(TICK_S * 1e9)))
        if self._busy is None:
            self._begin_long_slice(trace)
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon_threadsafe(self._end_long_slice)
        return trace

    def _begin_long_slice(self, trace: Trace) -> None:
        """Turn interrupts to the request that runs, until its slice or callback ends."""
        self._busy = trace
        self._catch_interrupts()

    def _end_long_slice(self) -> None:
        self._busy = None
        self._cut.call_off()

    def _end(
        self,
        trace: Trace,
        error: BaseException,
        frame: FrameType | None,
        only: Invocation | None = None,
    ) -> None:
        """Raise `error` in the code of a request that runs, or of one invocation in it."""
        thread = self._main
        if thread is not None and thread.trace is not None:
            # Before its first tick a slice would not know that there is something to end.
            thread.end_long_slice = self._end_long_slice

        def concerned() -> bool:  # pragma: no cover - what traces is not traced
            who = current.get()
            return who is only if only else getattr(who, "trace", None) is trace

        self._cut.here(error, frame, concerned)

    # The interrupt

    def _catch_interrupts(self) -> None:
        """Be the first to hear of an interrupt; a kernel sets a handler anew for each cell.

        Released when idle, and not at the end of each request: setting a handler takes longer
        than a request.
        """
        if _get_handler(signal.SIGINT) is not self._hears:
            self._interrupt = signal.signal(signal.SIGINT, self._hears)

    def _release_interrupts(self) -> None:
        if _on_main_thread() and _get_handler(signal.SIGINT) is self._hears:
            signal.signal(signal.SIGINT, self._interrupt)

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        """End the request that runs; when none does, do what would have been done without us."""
        trace = self._busy or (self._main and self._main.trace)
        if trace:
            error = trace.interrupt(where(frame))
            self._interrupt_others(trace)
            self._end(trace, error, frame)
        elif callable(self._interrupt):
            self._interrupt(signum, frame)
        else:
            raise KeyboardInterrupt

    def _interrupt_others(self, running: Trace) -> None:
        """End what would keep the kernel busy next: who interrupts means all of a gather.

        Requests that wait are left alone.
        """
        for trace in list(running.runtime.in_flight):
            if trace is running or trace.thread is not running.thread:
                continue
            if not trace.stamps or wall_clock() - trace.last_stamp_ns < JUST_NOW_S * 1e9:
                trace.wake(Interrupted(PlatformText.CANCELED))


def _on_main_thread() -> bool:
    """Return whether this is the one thread that may set signal handlers."""
    return threading.get_ident() == threading.main_thread().ident


guard = Guard()
atexit.register(guard.stop)
