"""Budgets: may this call be made, and may this code go on."""

from __future__ import annotations

from types import FrameType

from workernb.errors import LimitError, PlatformText, with_notes
from workernb.runtime.services.limits import SHARED
from workernb.runtime.tracing.clock import fold, read_cpu_clock
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.tracebacks import debugged, where
from workernb.runtime.tracing.traces import Trace

from .abort import cpu_limit_exceeded, exceed_cpu


def refuse_call(caller: Invocation) -> BaseException | None:
    """Return why `caller` may make no further call; None if it may after all."""
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
    if granted >= limits.invocations - 1:
        return with_notes(
            LimitError(PlatformText.DEPTH),
            f"This request has made {limits.invocations} invocations, which is its limit "
            f"(the first one counts): {caller.chain}",
        )
    if granted >= limits.subrequests:
        return with_notes(
            LimitError(PlatformText.SUBREQUESTS),
            f"This request has made {limits.subrequests} subrequests, which is its limit.",
        )
    # The trace keeps no more invocations: grant as many again, and add up what there is.
    trace.calls_granted = min(limits.invocations - 1, limits.subrequests, granted + trace.KEPT)
    trace.calls_left = trace.calls_granted - granted
    fold(trace)
    return None


def check_at_hop(trace: Trace, now: int, holder: Invocation | None) -> None:
    """Read the CPU clock as `holder` holds the thread, and abort a request over its budget.

    Where no tick enforces the budget, the next hop does.
    """
    cpu = read_cpu_clock(trace, now, holder)
    thread = trace.thread
    if thread.trace is trace and trace.cpu_ns + cpu - thread.slice_cpu_ns > trace.budget_ns:
        exceed_cpu(trace)


def check_budget(
    trace: Trace, invocation: Invocation | None, frame: FrameType | None
) -> BaseException | None:
    """Return what is to end `invocation`, whose code `frame` runs; None when it may go on."""
    if debugged(frame):
        trace.debugged = True
    if trace.aborted is None and not trace.debugged and not _is_importing(trace):
        if trace.limits.budget != SHARED:
            return check_own_budget(trace, invocation, where(frame))
        if trace.cpu_ns + trace.thread.slice_so_far_ns(trace) > trace.budget_ns:
            exceed_cpu(trace, where(frame))
    return trace.aborted


def check_own_budget(
    trace: Trace, invocation: Invocation | None, place: str | None
) -> BaseException | None:
    """Return what is to end an invocation that has a budget of its own, and used it up.

    place: where in its source it is.
    """
    trace.checked_alone = True
    if invocation is None or trace.debugged:
        return None
    cpu_ms = trace.host.limits_of(invocation.version).cpu_ms
    if cpu_ms is None or invocation.cpu_ms <= cpu_ms:
        return None
    whose = f"The CPU budget of an invocation of Worker {invocation.service!r} is {cpu_ms:g} ms"
    return cpu_limit_exceeded(whose, place)


IMPORT_LIMIT = 10
"""How many times the startup limit an import may use before it is cut in its middle."""


def imports_too_long(trace: Trace) -> bool:
    """Return whether an import runs and has used so much CPU that it may never end."""
    if not trace.import_began_ns:
        return False
    so_far = trace.thread.cpu_now() - trace.import_began_ns
    return so_far > IMPORT_LIMIT * trace.limits.startup_ms * 1e6


def _is_importing(trace: Trace) -> bool:
    """Return whether an import runs and has time left: the budget does not cover it."""
    if not trace.import_began_ns:
        return False
    so_far = trace.imports_ns + trace.thread.cpu_now() - trace.import_began_ns
    return so_far <= trace.limits.startup_ms * 1e6
