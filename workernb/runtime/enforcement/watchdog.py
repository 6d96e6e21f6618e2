"""The watchdog: a thread that enforces budgets where no signal can.

Signals are handled by the main thread only, and not every platform has SIGPROF. Every 5 ms of wall
clock, the watchdog reads the CPU times of the other threads that run requests, and raises the
exception from its own thread. It is weaker than the tick: Python raises such an exception between
two bytecodes, so a regular expression that backtracks runs to its end.
"""

from __future__ import annotations

import contextlib
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
"""Interval (s of wall clock) of the checks."""

TOOL = 4
"""The id of the tool for `sys.monitoring`; 0 to 2 and 5 are for debuggers and profilers."""


class Watchdog:
    """Enforces the budgets of the requests in flight on the threads that it watches."""

    def __init__(self, in_flight: Callable[[], set[Trace]]) -> None:
        """Make a watchdog without threads. in_flight: returns the requests in flight."""
        self._in_flight = in_flight
        self._threads: set[Thread] = set()
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._runner: threading.Thread | None = None

    def watch(self, thread: Thread) -> None:
        """Watch a thread until no request is in flight on it."""
        with self._lock:
            self._threads.add(thread)
            if self._runner is None:
                self._idle.clear()
                self._runner = threading.Thread(target=self._run, name="workernb", daemon=True)
                self._runner.start()

    @property
    def running(self) -> bool:
        """Whether the watchdog's thread runs."""
        return self._runner is not None

    def stop(self) -> None:
        """Stop watching, and wait for the end of the watchdog's thread."""
        runner = self._runner
        self._idle.set()
        if runner is not None and runner is not threading.current_thread():
            runner.join()

    def _run(self) -> None:
        while self._wait_for_next_check():
            for thread in list(self._threads):
                # The thread may end during the check. The watchdog must survive any error, because
                # nothing else would cut these requests; it checks again in 5 ms.
                with contextlib.suppress(Exception):
                    self._check_thread(thread)

    def _wait_for_next_check(self) -> bool:
        """Wait for the next check; return whether there is one."""
        stopped = self._idle.wait(PERIOD_S)
        with self._lock:
            self._threads &= {trace.thread for trace in list(self._in_flight())}
            if self._threads and not stopped:
                return True
            # Under the same lock as the decision, so that a new request starts another thread.
            self._threads.clear()
            self._runner = None
            _remove_line_events()
            return False

    def _check_thread(self, thread: Thread) -> None:  # pragma: no cover - tested without a tracer
        trace = thread.trace
        frame = sys._current_frames().get(thread.ident)
        if trace is None or frame is None:
            return
        instruction = frame.f_lasti
        invocation = holder(trace.stamps) if trace.stamps else None
        error = check_budget(trace, invocation, frame)
        if error is None or thread.trace is not trace:
            return
        _raise_at_next_lines(frame)
        import ctypes  # Not at import: most processes need no watchdog.

        raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
        ident, kind = ctypes.c_ulong(thread.ident), ctypes.py_object(type(error))
        if not may_raise(frame) or sys._current_frames().get(thread.ident) is not frame:
            return
        # If the thread has run since, it might be in code that must not be cut. Between this check
        # and the raise it cannot run: the interpreter lock is released only at calls and loops.
        if thread.trace is trace and frame.f_lasti == instruction:
            raise_in_thread(ident, kind)


def _raise_at_next_lines(
    frame: FrameType | None,
) -> None:  # pragma: no cover - tested without a tracer
    """Have the exception raised at each further line of the Worker code in a thread's stack.

    So code that catches the first exception gets the next one in its `except`. This needs
    `sys.monitoring`, which is new in Python 3.12; before, only the first exception is raised.
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
    """Raise the error for the Worker that runs on this thread, if there is one."""
    trace = this_thread().trace
    if trace is not None:
        error = check_budget(trace, holder(trace.stamps), sys._getframe(1))
        if error is not None:
            raise error.with_traceback(None)


def _remove_line_events() -> None:
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(TOOL) == "workernb":
        monitoring.register_callback(TOOL, monitoring.events.LINE, None)
        monitoring.free_tool_id(TOOL)
