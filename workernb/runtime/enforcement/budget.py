"""Budgets: checks whether a call may be made, and whether code may go on."""

from __future__ import annotations

import sys
from types import FrameType

from workernb.errors import LimitError, with_notes
from workernb.runtime.services.limits import SHARED
from workernb.runtime.tracing.clock import fold, read_cpu_clock
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.tracebacks import is_debugged, worker_position
from workernb.runtime.tracing.traces import SeenStamp, Trace
from workernb.texts import PlatformText

from .abort import check_wall, cpu_limit_exceeded, exceed_cpu


def refuse_call(caller: Invocation) -> BaseException | None:
    """Return the error for a further call of `caller`, or None if it is allowed."""
    trace: Trace = caller.trace
    if trace.aborted is not None:
        return trace.aborted
    if caller.depth >= trace.max_depth:
        return with_notes(
            LimitError(PlatformText.DEPTH),
            f"Worker {caller.service!r} is {caller.depth} invocations deep; "
            f"the limit of a request is {trace.limits.depth}: {caller.chain}",
        )
    if trace.calls_left > 0:
        return None
    limits, granted = trace.limits, trace.calls_granted
    if granted == limits.calls_before_warning < limits.calls:
        warn_of_calls(caller, granted)
    if granted >= limits.invocations - 1:
        return with_notes(
            LimitError(PlatformText.DEPTH),
            f"This request has made {limits.invocations} invocations, which is its limit "
            f"(the first one counts): {caller.chain}",
        )
    subrequests = limits.subrequests - trace.operations_made
    if granted >= subrequests:
        return _too_many_subrequests(trace)
    # `calls_left` was capped at the number to warn at, or at what a trace keeps: raise it.
    before = limits.calls_before_warning
    most = before if granted < before else limits.calls
    trace.calls_granted = min(most, subrequests, granted + trace.KEPT)
    trace.calls_left = trace.calls_granted - granted
    if granted >= trace.KEPT - 1:
        fold(trace)  # The stamps so far, of which a trace keeps so many.
    return None


def take_subrequest(trace: Trace) -> BaseException | None:
    """Count a subrequest that is no invocation; return the error if it is not allowed."""
    if trace.aborted is not None:
        return trace.aborted
    calls_made = trace.calls_granted - trace.calls_left
    left = trace.limits.subrequests - trace.operations_made - calls_made
    if left <= 0:
        return _too_many_subrequests(trace)
    trace.operations_made += 1
    if left <= trace.calls_left:
        # The calls that are left to make are one fewer now.
        trace.calls_left = left - 1
        trace.calls_granted = calls_made + trace.calls_left
    return None


def _too_many_subrequests(trace: Trace) -> LimitError:
    made, others = trace.limits.subrequests, trace.operations_made
    of_others = f", {others} of them to stores or outside" if others else ""
    return with_notes(
        LimitError(PlatformText.SUBREQUESTS),
        f"This request has made {made} subrequests{of_others}, which is its limit.",
    )


def warn_of_calls(caller: Invocation, made: int) -> None:
    """Add a warning to a request that has made most of the calls that it may make."""
    limits = caller.trace.limits
    if limits.invocations - 1 <= limits.subrequests:
        of = f"{made + 1} of {limits.invocations} invocations"
    else:
        of = f"{made} of {limits.subrequests} subrequests"
    warn(caller.trace, caller, f"This request has made {of} that its limits allow: {caller.chain}")


def warn_of_times(trace: Trace) -> None:
    """Add warnings to a request that has ended with most of its CPU or of its time used."""
    limits, first = trace.limits, trace.invocations[0]
    if trace.aborted is not None:
        return
    if trace.cpu_ns > limits.warn_cpu_ns:
        used = f"{trace.cpu_ns / 1e6:,.0f} of its {limits.cpu_ms:,g} ms of CPU"
        warn(trace, first, f"This request has used {used}.")
    if trace.woken_ns or limits.wall_ms is None:
        return  # A connection may last.
    if trace.ended_ns - trace.began_ns > limits.warn_wall_ns:
        taken = f"{trace.wall_ms:,.0f} of its {limits.wall_ms:,g} ms"
        warn(trace, first, f"This request has taken {taken}.")


def check_at_hop(trace: Trace, now: int, invocation: Invocation) -> None:
    """Read the CPU clock as the caller holds the thread, and abort a request over its budget.

    Where no tick enforces the budget, the next hop does. invocation: that begins or has ended.
    """
    cpu = read_cpu_clock(trace, now, invocation.caller)
    thread = trace.thread
    if thread.trace is trace and is_used_up(trace, cpu - thread.slice_cpu_ns):
        exceed_cpu(trace, worker_position(sys._getframe()) or outside_of(invocation))


def check_at_pull(trace: Trace, now: int, invocation: Invocation | None) -> None:
    """Read the CPU clock as a stream's chunk is asked for, or there; abort a request over budget.

    invocation: the one that holds the thread from now on, the producer or the reader. Chunks can be
    produced without end in one slice, so its stamps are folded here too.
    """
    cpu = read_cpu_clock(trace, now, invocation)
    if is_used_up(trace, cpu - trace.thread.slice_cpu_ns):
        place = worker_position(sys._getframe())
        if place is None:
            service = (invocation or trace.invocations[0]).service
            place = f"Worker {service!r}, between two chunks of a stream"
        exceed_cpu(trace, place)
    if len(trace.stamps) > trace.fold_at:
        fold(trace)


def is_used_up(trace: Trace, slice_ns: int = 0) -> bool:
    """Return whether a request has used up its budget.

    slice_ns: the CPU time of the slice that runs. While the notebook reads a stream, its own code
    runs within slices too: that is taken out here, once it matters.
    """
    used_ns = trace.cpu_ns + slice_ns
    if used_ns <= trace.budget_ns:
        return False
    if not trace.bodies:
        return True
    fold(trace)
    trace.cpu_ns -= max(0, used_ns - sum(trace.folded_ns.values()))
    return trace.cpu_ns + slice_ns > trace.budget_ns


def _is_checked_soon(trace: Trace) -> bool:
    """Return whether a stream's next chunk checks the budget, and more exactly than a tick can.

    To be asked at each tick: it is so unless CPU was used since a tick that came after the last
    chunk. The wall clock would not do, since the thread may have been preempted.
    """
    if not trace.bodies:
        return False
    last_stamp_ns, cpu_ns = trace.last_stamp_ns, trace.thread.cpu_now()
    if last_stamp_ns != trace.seen_at_tick.ns:
        trace.seen_at_tick = SeenStamp(last_stamp_ns, cpu_ns)
    return cpu_ns - trace.seen_at_tick.cpu_ns < CHUNK_IS_SOON_NS


CHUNK_IS_SOON_NS = 1_000_000
"""How much CPU (ns) a request with an open stream may use until its next chunk checks that."""


def outside_of(invocation: Invocation) -> str:
    """Return where a request was cut that was in no Worker's source then."""
    return f"Worker {invocation.service!r}, at its {'end' if invocation.ended_ns else 'beginning'}"


def check_limits(
    trace: Trace, invocation: Invocation | None, frame: FrameType | None
) -> BaseException | None:
    """Return the error to raise in `invocation`, whose code `frame` runs; None if it may go on."""
    if is_debugged(frame):
        trace.debugged = True  # Which exempts it from the limits of CPU and of wall clock.
    place = worker_position(frame)
    check_wall(trace, place)
    if trace.aborted is None and not trace.debugged and not _is_importing(trace):
        if trace.limits.budget != SHARED:
            return check_own_budget(trace, invocation, place)
        is_checked_soon = _is_checked_soon(trace)
        if is_over_budget(trace, invocation) and not is_checked_soon:
            exceed_cpu(trace, place or _named(invocation))
    return trace.aborted


def is_over_budget(trace: Trace, invocation: Invocation | None) -> bool:
    """Return whether the running slice has used up the budget of its request, or its own one.

    The part of a running import that is not charged is left out. invocation: the one that runs.
    """
    uncharged_ns = uncharged_of(trace, _import_so_far_ns(trace))
    if trace.limits.budget == SHARED:
        used_ns = trace.cpu_ns + trace.thread.slice_so_far_ns(trace)
        return used_ns - uncharged_ns > trace.budget_ns
    if invocation is None:
        return False
    cpu_ms = trace.host.limits_of(invocation.version).cpu_ms
    return cpu_ms is not None and invocation.cpu_ms - uncharged_ns / 1e6 > cpu_ms


def _named(invocation: Invocation | None) -> str | None:
    """Return the name of an invocation's Worker, for where nothing nearer is known."""
    return None if invocation is None else f"Worker {invocation.service!r}"


def check_own_budget(
    trace: Trace, invocation: Invocation | None, place: str | None
) -> BaseException | None:
    """Return the error for an invocation that has used up its own budget; None if it may go on.

    place: its position in the Worker's source.
    """
    trace.own_budgets_checked = True
    if invocation is None or trace.debugged or not is_over_budget(trace, invocation):
        return None
    cpu_ms = trace.host.limits_of(invocation.version).cpu_ms
    budget = f"The CPU budget of an invocation of Worker {invocation.service!r} is {cpu_ms:g} ms"
    error = cpu_limit_exceeded(budget, place)
    trace.own_budgets_checked = False  # It may catch the error and go on.
    trace.over_budget = {invocation: error, **trace.over_budget}
    return error


IMPORT_LIMIT = 10
"""How many times the startup limit an import may use before it is cut in its middle."""


def imports_too_long(trace: Trace) -> bool:
    """Return whether an import runs and has used so much CPU that it may never end."""
    return _import_so_far_ns(trace) > IMPORT_LIMIT * trace.limits.startup_ms * 1e6


def _is_importing(trace: Trace) -> bool:
    """Return whether an import is running within the startup limit, outside of the budget."""
    if not trace.import_began_ns:
        return False
    return trace.imports_ns + _import_so_far_ns(trace) <= trace.limits.startup_ms * 1e6


def _import_so_far_ns(trace: Trace) -> int:
    """Return the CPU (ns) that an import has used so far; 0 if none runs."""
    began_ns = trace.import_began_ns  # Once: the watchdog asks from another thread.
    return trace.thread.cpu_now() - began_ns if began_ns else 0


def uncharged_of(trace: Trace, import_ns: int) -> int:
    """Return the part of an import's CPU (ns) that is within the startup limit, and not charged."""
    return max(0, min(import_ns, int(trace.limits.startup_ms * 1e6) - trace.imports_ns))
