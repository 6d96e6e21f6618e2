"""The clock: begins and ends slices, records stamps, and charges CPU to invocations."""

from __future__ import annotations

import math
from time import perf_counter_ns as wall_clock
from time import thread_time_ns as cpu_clock
from typing import Any

from workernb.runtime.services.limits import SHARED

from .counter import InvocationCounter
from .invocations import Invocation
from .metering import Metering, holder
from .threads import PreviousHolder, Thread
from .traces import Trace

CPU_READING_VALID_NS = 100_000
"""How long (ns of wall clock) the CPU time is extrapolated from a reading by the wall clock.

Reading the CPU clock is a system call and takes ten times as long as reading the wall clock. Within
a slice the thread usually runs without interruption, so the wall clock advances as its CPU clock
does. A preemption can shift at most this much CPU time from one invocation to the next. Both ends
of every slice are read exactly.
"""

RESUMED_AT_ONCE_NS = 10_000
"""How soon (ns of wall clock) after the last slice a new one begins without reading the CPU clock.

Waiting and being woken takes longer than that, so the thread has run without interruption.
"""


def begin_slice(
    thread: Thread, trace: Trace, factory: Any, invocation: Invocation | None
) -> PreviousHolder:
    """Begin a slice of an invocation of `trace`; return what `end_slice` restores."""
    now = wall_clock()
    holding = thread.trace
    previous = holding, thread.factory, now, holding and holder(holding.stamps)
    since = now - thread.slice_ended_ns
    cpu = thread.slice_cpu_ns + since if since < RESUMED_AT_ONCE_NS else cpu_clock()
    if holding is not None:
        holding.cpu_ns += cpu - thread.slice_cpu_ns
        holding.stamps.extend((now, cpu, None))
    thread.trace = trace
    thread.factory = factory
    thread.slice_cpu_ns = cpu
    trace.cpu_valid_until = now + CPU_READING_VALID_NS
    trace.stamps.extend((now, cpu, invocation))
    return previous


def end_slice(thread: Thread, trace: Trace, previous: PreviousHolder) -> None:
    """Charge `trace` for the slice, call off its cut, and restore the thread's previous holder.

    The thread is restored also if this raises: what a Worker has set to be called, such as a
    tracer, may be cut while it is called here.
    """
    resumed, factory, _, invocation = previous
    try:
        now, cpu = wall_clock(), cpu_clock()
        trace.cpu_ns += cpu - thread.slice_cpu_ns
        trace.stamps.extend((now, cpu, None))
        thread.slice_cpu_ns = cpu
        thread.slice_ended_ns = now
    finally:
        thread.trace, thread.factory = resumed, factory
        if thread.ends_cut is not None:
            thread.ends_cut()
    if resumed is not None:
        resumed.cpu_valid_until = now + CPU_READING_VALID_NS
        resumed.stamps.extend((now, cpu, invocation))
    if len(trace.stamps) > trace.fold_at:
        fold(trace)


def read_cpu_clock(trace: Trace, now: int, invocation: Invocation | None) -> int:
    """Record a stamp for `now` with the thread's CPU time, and return that (ns).

    invocation: the one that holds the thread.
    """
    trace.cpu_valid_until = now + CPU_READING_VALID_NS
    cpu = cpu_clock()
    trace.stamps.extend((now, cpu, invocation))
    return cpu


def take_cpu_since_last_slice(thread: Thread) -> int:
    """Return the CPU time (ns) since the last slice ended, or since the last such call."""
    thread.slice_ended_ns = 0
    before, thread.slice_cpu_ns = thread.slice_cpu_ns, thread.cpu_now()
    return thread.slice_cpu_ns - before


def fold(trace: Trace) -> None:
    """Replace the stamps so far by their sums and the first slices."""
    holding, budget_ns = holder(trace.stamps), trace.budget_ns
    # The CPU time of folding is charged neither to an invocation nor to the budget; that until
    # here is.
    began = read_cpu_clock(trace, wall_clock(), holding)
    trace.budget_ns = math.inf
    _sum_stamps(trace)
    trace.stamps.clear()
    cpu = read_cpu_clock(trace, wall_clock(), holding)
    if trace.thread.trace is trace:
        trace.thread.slice_cpu_ns += cpu - began
    trace.budget_ns = budget_ns
    trace.forget_figures()
    trace.own_budgets_checked = trace.limits.budget == SHARED


def _sum_stamps(trace: Trace) -> None:
    if len(trace.invocations) >= trace.KEPT and trace.kept is None:
        trace.kept = {id(invocation) for invocation in trace.invocations}
        trace.recorded = InvocationCounter(trace)
    if trace.first_slices is None:
        trace.first_slices = []
    metering = Metering(trace.first_slices)
    metering.add(trace.stamps, trace.KEPT)
    for operation, used in metering.operations_ns.items():
        operation.folded_ns += used
    for invocation, used in metering.self_ns.items():
        kept = trace.kept is None or id(invocation) in trace.kept
        charge(trace, invocation if kept else invocation.service, used)


def charge(trace: Trace, key: Any, cpu_ns: int) -> None:
    """Charge CPU (ns) that no stamp records. key: an invocation, or the name of a service."""
    if not trace.folded_ns:
        trace.folded_ns = {}
    trace.folded_ns[key] = trace.folded_ns.get(key, 0) + cpu_ns  # type: ignore[index]


def charge_sample(trace: Trace, invocation: Invocation, cpu_ns: int) -> None:
    """Charge CPU (ns) of a callback or finalizer, which is sampled instead of measured."""
    trace.cpu_ns += cpu_ns
    trace.sampled_ns += cpu_ns
    charge(trace, invocation, cpu_ns)
    trace.forget_figures()


def charge_off_thread(trace: Trace, invocation: Invocation, cpu_ns: int) -> None:
    """Charge CPU (ns) sampled in another thread that works for `invocation`."""
    used = trace.off_thread_ns.get(invocation, 0) + cpu_ns
    trace.off_thread_ns = {**trace.off_thread_ns, invocation: used}
