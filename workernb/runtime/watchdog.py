"""The watchdog: a thread that enforces budgets where no signal can.

Signals reach the main thread only, and not every platform has SIGPROF. There this looks, every
5 ms of wall clock, at how much CPU the threads that hold requests have used, and raises the cut
from outside. It is weaker than the tick: Python delivers such an exception between two bytecodes,
so a regular expression that backtracks is cut when it is done.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cutting import may_raise
from .thread import Thread

if TYPE_CHECKING:
    from .traces import Trace

PERIOD_S = 0.005


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
        while not self._idle.wait(PERIOD_S):
            with self._lock:
                busy = {trace.thread for trace in list(self._in_flight())}
                self._threads &= busy
                if not self._threads:
                    break
            for thread in list(self._threads):
                self._look_at(thread)
        with self._lock:
            self._threads.clear()
            self._runner = None

    def _look_at(self, thread: Thread) -> None:
        trace = thread.trace
        frame = sys._current_frames().get(thread.ident)
        if trace is None or frame is None:
            return
        who = trace.stamps[-3] if trace.stamps else None
        with contextlib.suppress(OSError):  # The thread has ended in the meantime.
            error = trace.judge(who, frame)
            # This thread has the interpreter: the other one stands where `frame` says.
            if error is not None and may_raise(frame) and thread.trace is trace:
                _raise_in(thread.ident, type(error))


def _raise_in(ident: int, kind: type[BaseException]) -> None:
    set_exception: Any = ctypes.pythonapi.PyThreadState_SetAsyncExc
    set_exception(ctypes.c_ulong(ident), ctypes.py_object(kind))
