"""The guard: what is installed in the process while requests are in flight.

A tick that cuts a request whose CPU budget is used up, or a watchdog where there are no signals; a
handler of the notebook's interrupt; a heartbeat on the loop, without which an idle loop would not
see an interrupt, and which ends requests whose wall clock has run out or that hang; and the capture
of logs. Each is chained to what was there, and gone at exit; all but the tick also when nothing is
in flight. What a request has left behind may fail later, so the filters of asyncio's log stay too.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import sys
from contextlib import AbstractContextManager
from signal import SIGINT
from time import perf_counter_ns as wall_clock
from typing import Any
from weakref import WeakSet

from workernb.errors import Interrupted
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import LogCapture, hide_ours, is_no_end
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.tracebacks import worker_position
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

from . import ticks
from .abort import abort_and_wake, abort_hung, check_wall, end_over_budget
from .hangs import hangs
from .interrupts import CLEAN_UP_S, Interrupts, get_handler
from .main_thread import MainThread
from .memory import MemoryWatch
from .off_thread import OffThreadCpu
from .ticks import Ticks
from .watchdog import Watchdog

_ASYNCIO_FILTERS = (is_no_end, hide_ours)

BEAT_S = 0.02
HANGS_AFTER_S = 2.0
"""How long (s of wall clock) a request waits before it is first checked for a hang."""


SEARCH_S = 0.005
"""How long (s of wall clock) hangs are searched for at one heartbeat; the rest wait for another."""


class Heartbeat:
    """The heartbeat of one thread: its loop and the timer of the next beat."""

    __slots__ = ("loop", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make a heartbeat without a timer."""
        self.loop = loop
        self.timer: asyncio.TimerHandle | None = None


class Guard:
    """Enforces the limits of the requests in flight in this process.

    hosts: the runtimes. forgotten_at_exit: whether it must be registered again for the exit.
    """

    def __init__(self) -> None:
        """Begin with nothing installed."""
        self.in_flight: set[Trace] = set()
        self.hosts: WeakSet[Any] = WeakSet()
        main = MainThread(self.hosts)
        self.interrupts = Interrupts(main, self.in_flight)
        self.ticks = Ticks(
            main,
            self.interrupts,
            self.in_flight,
            self._sample_off_thread,
            self._uninstall_at_tick,
        )
        self._beats: dict[Thread, Heartbeat] = {}
        self._capture: LogCapture | None = None
        self._ended: Trace | None = None
        self.forgotten_at_exit = False
        self._searched_s = 0.0
        self._memory = MemoryWatch()
        self._off_thread = OffThreadCpu()
        self._watchdog = Watchdog(
            self._watched,
            self.hosts,
            lambda: self.ticks.count,
            lambda: self.ticks.are_handled,
            lambda: self.interrupts.clean_up_is_over,
        )

    def enter(self, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        """Add a request that begins, and install what is missing."""
        trace.loop = loop
        self.in_flight.add(trace)
        thread = trace.thread
        beat = self._beats.get(thread)
        if self._capture is None or beat is None or beat.loop is not loop:
            self._install(thread, loop)
        if not (thread.is_main and ticks.has_tick):
            self._watchdog.watch(thread, signaled=False)
        if thread.is_main and get_handler(SIGINT) is not self.interrupts.handler:
            self.interrupts.catch()

    def leave(self, trace: Trace) -> None:
        """Remove a request that has ended."""
        self.in_flight.discard(trace)
        self._ended = trace
        if trace.aborted is not None and trace.thread.is_main:
            self.ticks.start_again()  # The Worker may have taken the signal.

    @property
    def idle(self) -> bool:
        """Whether nothing of ours but the tick is installed in the process."""
        return self._capture is None

    def loading(self) -> AbstractContextManager[None]:
        """Watch over a module that loads on this thread, so that it can be cut."""
        if this_thread().is_main and ticks.has_tick:
            return self.ticks.loading()
        return self._watchdog.loading()

    # The heartbeat

    def _heartbeat(self, thread: Thread, beat: Heartbeat) -> None:
        if self._beats.get(thread) is not beat:
            return
        traces = [trace for trace in self.in_flight if trace.thread is thread]
        if traces:
            beat.timer = beat.loop.call_later(BEAT_S, self._heartbeat, thread, beat)
            if thread.is_main:
                self.interrupts.catch()  # The kernel sets a handler for each cell.
        else:
            self._beats.pop(thread, None)  # A tick may have uninstalled in the meantime.
        if thread.is_main:
            self.ticks.start_again()
        self._searched_s = 0.0
        for trace in traces:
            self._check(trace)
        self._forget_lost()
        self._sample_off_thread()
        if thread.trace is None:  # Within a nested loop, a Worker would be charged for it.
            self._memory.check([*traces, *([self._ended] if self._ended else [])])
            self._ended = None
        if not self.in_flight:
            self.uninstall()

    def _check(self, trace: Trace) -> None:
        """Wake a request that is aborted; end one that takes too long or can never be woken."""
        if self.interrupts.is_outlived_by(trace, trace.task):
            abort_and_wake(trace, Interrupted(PlatformText.CANCELED))
            return
        check_wall(trace)
        if trace.aborted is not None:
            abort_and_wake(trace, trace.aborted)
            return
        if trace.over_budget:
            end_over_budget(trace)
        waited_s = (wall_clock() - trace.last_stamp_ns) / 1e9
        if waited_s < HANGS_AFTER_S:
            trace.next_hang_check_s = HANGS_AFTER_S
        elif waited_s >= trace.next_hang_check_s and trace.task and self._searched_s < SEARCH_S:
            began = wall_clock()
            if hangs(trace.task, (Trace, Invocation), waited_s):
                abort_hung(trace)
            # More and more rarely: a check takes some milliseconds, and more on a large heap.
            took_s = (wall_clock() - began) / 1e9
            self._searched_s += took_s
            trace.next_hang_check_s = max(2 * waited_s, waited_s + 20 * took_s)

    def _forget_lost(self) -> None:
        """End the requests whose loop was closed meanwhile: nothing else ever will."""
        for trace in list(self.in_flight):
            if trace.loop is None or not trace.loop.is_closed():
                continue
            self.in_flight.discard(trace)
            trace.host.in_flight.discard(trace)
            coroutine = None if trace.task is None else trace.task.get_coro()
            if trace.thread is this_thread() and coroutine is not None:
                # What its code raises now, nobody is left to be told.
                with contextlib.suppress(Exception):
                    coroutine.close()

    def canceled_by_interrupt(self, trace: Trace) -> bool:
        """Return whether the notebook's interrupt has canceled the task that runs a request.

        The kernel cancels the cell's task, so it arrives as any other cancellation does.
        """
        task, interrupted_ns = asyncio.current_task(), self.interrupts.interrupted_ns
        if task is None or not task.cancelling() or trace.began_ns > interrupted_ns:
            return False
        if self.interrupts.cell.is_second(trace.began_ns):
            return False  # The cell has caught the error of the first interrupt, and went on.
        return (wall_clock() - interrupted_ns) / 1e9 < 10 * CLEAN_UP_S

    def _watched(self) -> set[Thread]:
        """Return the threads with requests in flight, and the main thread until it is idle."""
        watched = {trace.thread for trace in list(self.in_flight)}
        return watched | {thread for thread in list(self._beats) if thread.is_main}

    def _sample_off_thread(self) -> None:
        self._off_thread.sample(self.in_flight)

    # Installing

    def _install(self, thread: Thread, loop: asyncio.AbstractEventLoop) -> None:
        self._forget_lost()
        if self._capture is None:
            self._off_thread.begin()
            self._capture = LogCapture()
            logging.getLogger().addHandler(self._capture)
            for each in _ASYNCIO_FILTERS:
                logging.getLogger("asyncio").addFilter(each)
        if thread.is_main:
            self.ticks.start(thread)
            self._watchdog.watch(thread, signaled=ticks.has_tick)
        previous = self._beats.get(thread)
        if previous is not None and previous.timer is not None:
            previous.timer.cancel()
        self._beats[thread] = beat = Heartbeat(loop)
        beat.timer = loop.call_later(BEAT_S, self._heartbeat, thread, beat)

    def uninstall(self) -> None:
        """Remove what is needed while requests are in flight, and put back what was there.

        The tick stays: only it can end a callback or a task that a request has left behind. So do
        the filters of what asyncio logs about these.
        """
        if self._capture is not None:
            logging.getLogger().removeHandler(self._capture)
            self._capture = None
        self._beats.clear()
        self.interrupts.release()
        if self.forgotten_at_exit:
            self.forgotten_at_exit = False
            atexit.register(_stop_at_exit)

    def _uninstall_at_tick(self) -> None:
        """Uninstall where no heartbeat does, since the loop has ended: it has what to do before."""
        ended = self._ended
        if ended is None or wall_clock() - ended.ended_ns > 10 * BEAT_S * 1e9:
            self.uninstall()

    def stop(self) -> None:
        """Stop the watchdog, and remove everything that was installed."""
        self._watchdog.stop()
        self.uninstall()
        for each in _ASYNCIO_FILTERS:
            logging.getLogger("asyncio").removeFilter(each)
        self.ticks.stop()


guard = Guard()


@atexit.register
def _stop_at_exit() -> None:
    """Stop the guard, unless it is a Worker that runs what is registered for the exit."""
    if worker_position(sys._getframe()) is None:
        guard.stop()
    else:
        guard.forgotten_at_exit = True  # What is registered is forgotten when it has run.
