"""The clock: what begins and ends slices, stamps them, and charges CPU to invocations."""

from __future__ import annotations

import math
from time import perf_counter_ns as wall_clock
from time import thread_time_ns as cpu_clock
from typing import Any

from workernb.runtime.services.limits import SHARED

from .invocations import Invocation
from .metering import Metering, holder
from .threads import PreviousHolder, Thread
from .traces import InvocationCounter, Trace

CPU_READING_VALID_NS = 100_000
"""For how long (ns of wall clock) a reading of the CPU clock is carried on by the wall clock.

The CPU clock is a system call and takes ten times as long as the wall clock. Within a slice the
thread runs on, so for this long the wall clock tells its CPU time as well; a preemption can shift
at most this much from one invocation to the next. The ends of every slice are read exactly.
"""

RESUMED_AT_ONCE_NS = 10_000
"""Within how long (ns of wall clock) of the last slice's end a slice needs no reading of its own.

Waiting and being woken takes longer than that, so the thread has run on in the meantime.
"""


def begin_slice(
    thread: Thread, trace: Trace, factory: Any, invocation: Invocation | None
) -> PreviousHolder:
    """Give the thread to an invocation of `trace`; return what `end_slice` puts back."""
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
    """Charge `trace` for the slice, and give the thread back to what held it before."""
    now, cpu = wall_clock(), cpu_clock()
    trace.cpu_ns += cpu - thread.slice_cpu_ns
    trace.stamps.extend((now, cpu, None))
    thread.slice_cpu_ns = cpu
    thread.slice_ended_ns = now
    thread.trace, thread.factory, _, invocation = previous
    resumed = thread.trace
    if resumed is not None:
        resumed.cpu_valid_until = now + CPU_READING_VALID_NS
        resumed.stamps.extend((now, cpu, invocation))
    if len(trace.stamps) > trace.fold_at:
        fold(trace)


def read_cpu_clock(trace: Trace, now: int, invocation: Invocation | None) -> int:
    """Stamp what the thread's CPU clock says `now`, while `invocation` holds it; return it (ns)."""
    trace.cpu_valid_until = now + CPU_READING_VALID_NS
    cpu = cpu_clock()
    trace.stamps.extend((now, cpu, invocation))
    return cpu


def take_cpu_since_last_slice(thread: Thread) -> int:
    """Return the CPU (ns) used since the last slice ended, or since this was called last."""
    thread.slice_ended_ns = 0
    before, thread.slice_cpu_ns = thread.slice_cpu_ns, cpu_clock()
    return thread.slice_cpu_ns - before


def fold(trace: Trace) -> None:
    """Add up what was stamped so far, keep the first slices, and drop the stamps."""
    # Folding takes the runtime's own time: neither an invocation nor the budget is charged.
    began, budget_ns = cpu_clock(), trace.budget_ns
    trace.budget_ns = math.inf
    _add_up(trace)
    holding = holder(trace.stamps)
    trace.stamps.clear()
    cpu = read_cpu_clock(trace, wall_clock(), holding)
    if trace.thread.trace is trace:
        trace.thread.slice_cpu_ns += cpu - began
    trace.budget_ns = budget_ns
    trace.forget_figures()
    trace.checked_alone = trace.limits.budget == SHARED


def _add_up(trace: Trace) -> None:
    if len(trace.invocations) >= trace.KEPT and trace.kept is None:
        trace.kept = {id(invocation) for invocation in trace.invocations}
        trace.recorded = InvocationCounter(trace)
    if trace.first_slices is None:
        trace.first_slices = []
    metering = Metering(trace.first_slices)
    metering.add(trace.stamps, trace.KEPT)
    for invocation, used in metering.self_ns.items():
        kept = trace.kept is None or id(invocation) in trace.kept
        charge(trace, invocation if kept else invocation.service, used)


def charge(trace: Trace, key: Any, cpu_ns: int) -> None:
    """Add CPU (ns) to what is charged apart from the stamps: to an invocation, or by service."""
    if not trace.folded_ns:
        trace.folded_ns = {}
    trace.folded_ns[key] = trace.folded_ns.get(key, 0) + cpu_ns  # type: ignore[index]


def charge_sample(trace: Trace, invocation: Invocation, cpu_ns: int) -> None:
    """Charge CPU that was sampled, in a callback or a finalizer, instead of measured."""
    trace.cpu_ns += cpu_ns
    trace.sampled_ns += cpu_ns
    charge(trace, invocation, cpu_ns)
    trace.forget_figures()


def charge_off_thread(trace: Trace, invocation: Invocation, cpu_ns: int) -> None:
    """Note CPU that was sampled in another thread, which works for `invocation`."""
    used = trace.off_thread_ns.get(invocation, 0) + cpu_ns
    trace.off_thread_ns = {**trace.off_thread_ns, invocation: used}
