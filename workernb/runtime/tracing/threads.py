"""Threads: which request holds a thread, and the CPU time that the thread has used."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from time import thread_time_ns as cpu_clock
from types import FrameType
from typing import Any, TypeAlias


class Thread:
    """A thread, and the slice that runs on it.

    trace: the request whose slice runs, or None. factory: the loop's own task factory during a
    slice. ends_cut: what calls off the cut of the slice that runs, or None. drop_pending: a
    function in C that raises, at its end, instead of an exception that is pending in this thread.
    slice_cpu_ns: the CPU clock when the slice began, or when the last one ended. slice_ended_ns:
    when the last slice ended, in ns of wall clock; 0 if the CPU time since then has been charged.
    """

    __slots__ = (
        "drop_pending",
        "ends_cut",
        "factory",
        "ident",
        "is_main",
        "name",
        "slice_cpu_ns",
        "slice_ended_ns",
        "trace",
    )

    def __init__(self) -> None:
        """Make the record of the calling thread."""
        self.ident = threading.get_ident()
        self.is_main = self.ident == threading.main_thread().ident
        self.name = threading.current_thread().name
        self.trace: Any = None
        self.factory: Any = None
        self.ends_cut: Callable[[], None] | None = None
        self.drop_pending: Callable[[], Any] = int
        self.slice_cpu_ns = 0
        self.slice_ended_ns = 0

    def end_cut(self) -> None:
        """Call off the cut of the slice that runs, if there is one."""
        if self.ends_cut is not None:
            self.ends_cut()

    def forget_slice_of(self, trace: object) -> None:
        """Forget a slice that was not ended: a Worker's tracer, say, was cut as it began."""
        if self.trace is trace:
            self.trace = self.factory = None
            self.end_cut()

    @property
    def frame(self) -> FrameType | None:
        """The frame that runs on this thread; None if it has ended."""
        return current_frames().get(self.ident)

    def cpu_now(self) -> int:
        """Return the CPU time (ns) of this thread; callable from any thread.

        Of a thread that has ended, that at its last slice.
        """
        if threading.get_ident() == self.ident:
            return cpu_clock()
        try:
            return cpu_of(self.ident)
        except OSError:
            return self.slice_cpu_ns

    def slice_so_far_ns(self, trace: object) -> int:
        """Return the CPU time (ns) of the running slice if it belongs to `trace`, else 0."""
        return self.cpu_now() - self.slice_cpu_ns if self.trace is trace else 0


PreviousHolder: TypeAlias = tuple[Any, Any, int, Any]
"""The state of the thread before a slice, to be restored when the slice ends.

The trace whose slice ran, the task factory, the time (ns of wall clock), and the invocation that
held the thread. Trace and invocation are None unless loops or eager tasks nest.
"""


def current_frames() -> dict[int, FrameType]:
    """Return the frame that runs on each thread, by the thread's ident.

    Python 3.11 holds a lock of the interpreter's meanwhile. Were garbage collected then, and a tick
    came in a finalizer, it would wait for that lock for ever.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if collects:
            gc.enable()


def cpu_of(ident: int) -> int:
    """Return the CPU time (ns) of a thread of this process; OSError if it has ended."""
    if hasattr(time, "pthread_getcpuclockid"):
        return time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
    if sys.platform == "win32":  # pragma: no cover
        import psutil

        for thread in psutil.Process().threads():
            if thread.id == ident:
                return round((thread.user_time + thread.system_time) * 1e9)
    raise OSError(f"The CPU time of thread {ident} is not known.")


_local = threading.local()


def this_thread() -> Thread:
    """Return the record of the calling thread."""
    try:
        return _local.thread  # type: ignore[no-any-return]
    except AttributeError:
        _local.thread = thread = Thread()
        return thread
