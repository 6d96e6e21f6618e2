"""The watchdog: a thread that enforces budgets where no signal can.

Signals reach the main thread only, and not every platform has SIGPROF. Elsewhere the watchdog
reads, every 5 ms of wall clock, how much CPU the threads that hold requests have used, and raises
the cut from outside. It is weaker than the tick: Python delivers such an exception between two
bytecodes, so a regular expression that backtracks is cut when it is done.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.tracebacks import is_worker
from workernb.runtime.tracing.traces import Trace

from .budget import check_budget
from .cut import may_raise

PERIOD_S = 0.005
TOOL = 4
"""Our id among the tools of `sys.monitoring`; 0 to 2 and 5 are for debuggers and profilers."""


class Watchdog:
    """Watches over threads for as long as requests are in flight on them."""

    def __init__(self, in_flight: Callable[[], set[Trace]]) -> None:
        """Begin with no thread to watch. in_flight: the requests that there are."""
        self._in_flight = in_flight
        self._threads: set[Thread] = set()
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._runner: threading.Thread | None = None

    def watch(self, thread: Thread) -> None:
        """Watch over a thread, until no request is in flight on it."""
        with self._lock:
            self._threads.add(thread)
            if self._runner is None:
                self._idle.clear()
                self._runner = threading.Thread(target=self._run, name="workernb", daemon=True)
                self._runner.start()

    @property
    def running(self) -> bool:
        """Whether its thread runs."""
        return self._runner is not None

    def stop(self) -> None:
        """Watch no longer, and wait until the thread has ended."""
        runner = self._runner
        self._idle.set()
        if runner is not None and runner is not threading.current_thread():
            runner.join()

    def _run(self) -> None:
        while self._goes_on():
            for thread in list(self._threads):
                # The thread may end while it is read. Nothing else would cut what is in flight,
                # so an error must not end the watchdog; it looks again in 5 ms.
                with contextlib.suppress(Exception):
                    self._look_at(thread)

    def _goes_on(self) -> bool:
        """Wait for the next look; whether there is one."""
        stopped = self._idle.wait(PERIOD_S)
        with self._lock:
            self._threads &= {trace.thread for trace in list(self._in_flight())}
            if self._threads and not stopped:
                return True
            # Under the same lock as the decision: a request that begins now starts another runner.
            self._threads.clear()
            self._runner = None
            _forget_lines()
            return False

    def _look_at(self, thread: Thread) -> None:  # pragma: no cover - tested without a tracer
        trace = thread.trace
        frame = sys._current_frames().get(thread.ident)
        if trace is None or frame is None:
            return
        at = frame.f_lasti
        invocation = holder(trace.stamps) if trace.stamps else None
        error = check_budget(trace, invocation, frame)
        if error is None or thread.trace is not trace:
            return
        _raise_at_next_lines(frame)
        ident, kind = ctypes.c_ulong(thread.ident), ctypes.py_object(type(error))
        if not may_raise(frame) or sys._current_frames().get(thread.ident) is not frame:
            return
        # A thread that had run on in the meantime might be in our own code. Between this check and
        # the raise it cannot: only a call or a loop would let it.
        if thread.trace is trace and frame.f_lasti == at:
            _raise_in(ident, kind)


def _raise_at_next_lines(
    frame: FrameType | None,
) -> None:  # pragma: no cover - tested without a tracer
    """Have the cut raised at each line of the Workers' code that a thread is in.

    Code that swallows the first exception then meets the next one in its `except`. This needs
    `sys.monitoring`, from Python 3.12 on; before, only the exception from outside is left.
    """
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        return
    if monitoring.get_tool(TOOL) is None:
        monitoring.use_tool_id(TOOL, "workernb")
        monitoring.register_callback(TOOL, monitoring.events.LINE, _at_line)
    while frame is not None:
        if is_worker(frame):
            monitoring.set_local_events(TOOL, frame.f_code, monitoring.events.LINE)
        frame = frame.f_back


def _at_line(code: CodeType, line: int) -> None:  # pragma: no cover - tested without a tracer
    """Raise what is to end the Worker that runs in this thread, if anything is."""
    trace = this_thread().trace
    if trace is not None:
        error = check_budget(trace, holder(trace.stamps), sys._getframe(1))
        if error is not None:
            raise error.with_traceback(None)


def _forget_lines() -> None:
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(TOOL) == "workernb":
        monitoring.register_callback(TOOL, monitoring.events.LINE, None)
        monitoring.free_tool_id(TOOL)


_raise_in: Any = ctypes.pythonapi.PyThreadState_SetAsyncExc
