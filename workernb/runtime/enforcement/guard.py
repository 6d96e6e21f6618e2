"""The guard: installs what enforces limits, while requests are in flight.

That is a tick that cuts requests over their CPU budget, or a watchdog where there are no signals; a
handler for the notebook's interrupt; a heartbeat on the loop, so that an idle loop handles an
interrupt, and which ends requests that hang or exceed their wall clock limit; and the capture of
logs. Handlers are chained to those that were installed before, and removed when no request is in
flight and at exit.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
from contextlib import AbstractContextManager
from signal import SIGINT
from time import perf_counter_ns as wall_clock

from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import LogCapture
from workernb.runtime.tracing.threads import Thread
from workernb.runtime.tracing.traces import Trace

from . import signals
from .abort import abort_hung, exceed_wall
from .hangs import hangs
from .memory import MemoryWatch
from .off_thread import OffThreadCpu
from .signals import Signals, get_handler
from .watchdog import Watchdog

BEAT_S = 0.02
"""Interval (s of wall clock) of the heartbeat."""
HANGS_AFTER_S = 2.0
"""How long (s of wall clock) a request waits before it is first checked for a hang."""


class Heartbeat:
    """The heartbeat of one thread: its loop and the timer of the next beat."""

    __slots__ = ("loop", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a heartbeat without a timer."""
        self.loop = loop
        self.timer: asyncio.TimerHandle | None = None


class Guard:
    """Enforces the limits of the requests in flight in this process."""

    def __init__(self) -> None:
        """Begin with nothing installed."""
        self.in_flight: set[Trace] = set()
        self.signals = Signals(self.in_flight, self._sample_off_thread, self.uninstall)
        self._beats: dict[Thread, Heartbeat] = {}
        self._capture: LogCapture | None = None
        self._ended: Trace | None = None
        self._memory = MemoryWatch()
        self._off_thread = OffThreadCpu()
        self._watchdog = Watchdog(lambda: self.in_flight)

    def enter(self, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        """Add a request that begins, and install what is missing."""
        self.in_flight.add(trace)
        thread = trace.thread
        beat = self._beats.get(thread)
        if self._capture is None or beat is None or beat.loop is not loop:
            self._install(thread, loop)
        if not (thread.is_main and signals.has_tick):
            self._watchdog.watch(thread)
        if thread.is_main and get_handler(SIGINT) is not self.signals.interrupt_handler:
            self.signals.catch_interrupts()

    def leave(self, trace: Trace) -> None:
        """Remove a request that has ended."""
        self.in_flight.discard(trace)
        self._ended = trace

    @property
    def idle(self) -> bool:
        """Whether nothing is installed in the process."""
        return self._capture is None

    def loading(self) -> AbstractContextManager[None]:
        """Enforce the startup limit on the module that loads within this context."""
        return self.signals.loading(lambda: not self.idle)

    # The heartbeat

    def _heartbeat(self, thread: Thread, beat: Heartbeat) -> None:
        if self._beats.get(thread) is not beat:
            return
        traces = [trace for trace in self.in_flight if trace.thread is thread]
        if traces:
            beat.timer = beat.loop.call_later(BEAT_S, self._heartbeat, thread, beat)
        else:
            self._beats.pop(thread, None)  # A tick may have uninstalled in the meantime.
        for trace in traces:
            self._check(trace)
        self._sample_off_thread()
        if thread.trace is None:  # Within a nested loop, a Worker would be charged for it.
            self._memory.check([*traces, *([self._ended] if self._ended else [])])
            self._ended = None
        if not self.in_flight:
            self.uninstall()

    def _check(self, trace: Trace) -> None:
        """Abort a request that hangs, or that has reached its wall clock limit."""
        wall_ms = trace.limits.wall_ms
        if wall_ms is not None and trace.wall_ms > wall_ms:
            exceed_wall(trace)
        waited_s = (wall_clock() - trace.last_stamp_ns) / 1e9
        if waited_s < HANGS_AFTER_S:
            trace.next_hang_check_s = HANGS_AFTER_S
        elif waited_s >= trace.next_hang_check_s and trace.task and trace.aborted is None:
            # At growing intervals, because a check takes some milliseconds.
            trace.next_hang_check_s = 2 * waited_s
            if hangs(trace.task, (Trace, Invocation)):
                abort_hung(trace)

    def _sample_off_thread(self) -> None:
        self._off_thread.sample(self.in_flight)

    # Installing

    def _install(self, thread: Thread, loop: asyncio.AbstractEventLoop) -> None:
        if self._capture is None:
            self._off_thread.begin()
            self._memory.begin()
            self._capture = LogCapture()
            logging.getLogger().addHandler(self._capture)
        if thread.is_main:
            self.signals.start_ticking(thread)
        previous = self._beats.get(thread)
        if previous is not None and previous.timer is not None:
            previous.timer.cancel()
        self._beats[thread] = beat = Heartbeat(loop)
        beat.timer = loop.call_later(BEAT_S, self._heartbeat, thread, beat)

    def uninstall(self) -> None:
        """Remove everything that was installed, and restore the previous handlers."""
        if self._capture is not None:
            logging.getLogger().removeHandler(self._capture)
            self._capture = None
        self._beats.clear()
        self.signals.release_interrupts()
        self.signals.stop_ticking()

    def stop(self) -> None:
        """Stop the watchdog, and remove everything that was installed."""
        self._watchdog.stop()
        self.uninstall()


guard = Guard()
atexit.register(guard.stop)
