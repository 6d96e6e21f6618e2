"""The thread that Workers share: which top-level request holds it, and what it has used."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable
from time import perf_counter_ns as wall_clock
from time import thread_time_ns as cpu_clock
from typing import TYPE_CHECKING, Any, TypeAlias

from .metering import holder

if TYPE_CHECKING:
    import asyncio

    from workernb.runtime.execution.sync import Call

    from .traces import Trace

FRESH_NS = 100_000
"""For how long (ns of wall clock) a reading of the CPU clock is carried on by the wall clock.

The CPU clock is a system call, ten times as dear as the wall clock. Within a slice the thread runs
on, so for this long the wall clock tells its CPU time as well; what a preemption can shift from
one invocation to the next is bounded by it. The ends of every slice are read exactly.
"""

AT_ONCE_NS = 10_000
"""How soon (ns of wall clock) after another a slice begins without a reading of the CPU clock.

To wait and to be woken takes the thread longer than that: it has run on in the meantime.
"""

Outer: TypeAlias = "tuple[Trace | None, Any, int, Any]"
"""What a slice found as it began: the trace that held the thread, the task factory, when (ns of
wall clock) that was, and the invocation that held the thread.

Nobody held it, unless loops or eager tasks nest.
"""


class Thread:
    """The slices of one thread."""

    __slots__ = (
        "beat",
        "beats_on",
        "begins_calls_of",
        "calls",
        "edge_ns",
        "end_long_slice",
        "factory",
        "ident",
        "is_main",
        "name",
        "slice_cpu_ns",
        "trace",
    )

    def __init__(self) -> None:
        """Begin with nobody on the thread."""
        self.ident = threading.get_ident()
        self.is_main = self.ident == threading.main_thread().ident
        self.name = threading.current_thread().name
        self.trace: Trace | None = None
        self.factory: Any = None
        self.slice_cpu_ns = 0
        self.edge_ns = 0  # When the last slice ended, in ns of wall clock.
        # The guard's heartbeat, on the loop that runs here.
        self.beat: asyncio.TimerHandle | None = None
        self.beats_on: asyncio.AbstractEventLoop | None = None
        # Calls from outside that nobody has awaited yet, and the loop that is to begin them.
        self.calls: list[Call] = []
        self.begins_calls_of: asyncio.AbstractEventLoop | None = None
        # Set by the guard for the length of a slice that it has ticked.
        self.end_long_slice: Callable[[], None] | None = None

    def begin_slice(self, trace: Trace, factory: Any, who: Any) -> Outer:
        """Give the thread to `who` of `trace`; returns what to give back to `end_slice`."""
        now = wall_clock()
        outer = self.trace, self.factory, now, self.trace and holder(self.trace.stamps)
        since = now - self.edge_ns
        cpu = self.slice_cpu_ns + since if since < AT_ONCE_NS else cpu_clock()
        if self.trace is not None:
            self.trace.cpu_ns += cpu - self.slice_cpu_ns
            self.trace.stamps.extend((now, cpu, None))
        self.trace = trace
        self.factory = factory
        self.slice_cpu_ns = cpu
        trace.fresh_until = now + FRESH_NS
        trace.stamps.extend((now, cpu, who))
        return outer

    def end_slice(self, trace: Trace, outer: Outer) -> None:
        """Take the thread from `trace`, charge it for the slice, and give it to who held it."""
        now, cpu = wall_clock(), cpu_clock()
        trace.cpu_ns += cpu - self.slice_cpu_ns
        trace.stamps.extend((now, cpu, None))
        self.slice_cpu_ns = cpu
        self.edge_ns = now
        if trace.cpu_ns > trace.budget_ns:
            # Where slices are short, who looks from outside may never meet one.
            trace.exceed_cpu()
        self.trace, self.factory, _, who = outer
        if self.end_long_slice is not None:
            self.end_long_slice()
            self.end_long_slice = None
        if self.trace is not None:
            self.trace.fresh_until = now + FRESH_NS
            self.trace.stamps.extend((now, cpu, who))
        if len(trace.stamps) > trace.fold_at:
            trace.fold()

    def cpu_now(self) -> int:
        """Return the CPU (ns) that this thread has used, from whichever thread it is asked."""
        if threading.get_ident() == self.ident:
            return cpu_clock()
        return cpu_of(self.ident)

    def slice_so_far_ns(self, trace: Trace) -> int:
        """Return the CPU (ns) of the slice that runs, if it is one of `trace`; else 0."""
        return self.cpu_now() - self.slice_cpu_ns if self.trace is trace else 0

    def since_edge_ns(self) -> int:
        """Return the CPU (ns) used since the last slice ended or this was last asked."""
        self.edge_ns = 0
        before, self.slice_cpu_ns = self.slice_cpu_ns, cpu_clock()
        return self.slice_cpu_ns - before


def cpu_of(ident: int) -> int:
    """Return the CPU (ns) that a thread of this process has used; OSError when it has ended."""
    if sys.platform != "win32":
        return time.clock_gettime_ns(time.pthread_getcpuclockid(ident))
    kernel = ctypes.windll.kernel32  # pragma: no cover
    handle = kernel.OpenThread(0x0800, False, ident)  # To query, and nothing else.
    if not handle:
        raise OSError(f"There is no thread {ident}.")
    created, ended, system, user = (ctypes.c_uint64() for _ in range(4))
    kernel.GetThreadTimes(handle, *map(ctypes.byref, (created, ended, system, user)))
    kernel.CloseHandle(handle)
    return (system.value + user.value) * 100


_local = threading.local()


def this_thread() -> Thread:
    """Return the one record of the calling thread."""
    try:
        return _local.thread  # type: ignore[no-any-return]
    except AttributeError:
        _local.thread = thread = Thread()
        return thread
