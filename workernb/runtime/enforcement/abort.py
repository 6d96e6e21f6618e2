"""Abort: end a request for a reason, whatever its Workers do, and wake it if it waits.

Once a request is aborted no call of it begins, no result counts, and each step of its coroutines
raises the reason.
"""

from __future__ import annotations

from workernb.errors import (
    CpuLimitExceeded,
    Hung,
    Interrupted,
    PlatformText,
    WallLimitExceeded,
    with_notes,
)
from workernb.runtime.tracing.tracebacks import debugged
from workernb.runtime.tracing.traces import Trace


def abort(trace: Trace, reason: BaseException) -> BaseException:
    """End the request; return the reason that counts, which is the first one given."""
    if trace.aborted is None:
        trace.aborted = reason
        trace.calls_left = 0  # So that a call checks this alone.
    return trace.aborted


def interrupt(trace: Trace, place: str | None = None) -> BaseException:
    """Abort the request because the notebook's user interrupted it. place: where it was."""
    error = Interrupted(PlatformText.CANCELED)
    return abort(trace, with_notes(error, place and f"Interrupted in {place}."))


def exceed_cpu(trace: Trace, place: str | None = None) -> None:
    """Abort the request because its CPU budget is used up, unless it is being debugged."""
    if trace.aborted is None and not trace.debugged and not debugged():
        budget = f"The CPU budget of the request was {trace.limits.cpu_ms:g} ms"
        abort(trace, cpu_limit_exceeded(budget, place))


def cpu_limit_exceeded(budget: str, place: str | None) -> CpuLimitExceeded:
    """Return the error of a CPU budget that is used up. budget: whose it is, and how much."""
    note = f"{budget}; cut in {place}." if place else f"{budget}."
    return with_notes(CpuLimitExceeded(PlatformText.CPU_CUT), note)


def exceed_wall(trace: Trace) -> None:
    """Abort the request because it has taken too long, and wake it.

    Not while it is debugged, nor after: that takes time.
    """
    if trace.debugged or trace.aborted is not None:
        return
    waited = f"The request was given {trace.limits.wall_ms:g} ms of wall clock."
    wake(trace, with_notes(WallLimitExceeded(PlatformText.WALL), waited))


def hang(trace: Trace) -> None:
    """Abort the request because nothing is left that could wake it."""
    place = trace.waits_at
    note = place and f"It waits in {place}; nobody can end that."
    wake(trace, with_notes(Hung(PlatformText.HUNG), note))


def wake(trace: Trace, reason: BaseException) -> None:
    """Abort the request, and wake it if it waits, for its handler or for waitUntil tasks."""
    abort(trace, reason)
    if trace.task is not None and not trace.to_uncancel:
        # The task may be the notebook's own and goes on: `take_back_cancellation` undoes this.
        trace.to_uncancel = trace.task.cancel()
    elif trace.invocations[0].ended_ns:
        for task in trace.waiting:
            task.cancel()


def take_back_cancellation(trace: Trace) -> None:
    """Undo the cancellation that woke the request's task, if one did (as asyncio.timeout does).

    The task runs again, so it need not be woken until it waits.
    """
    if trace.to_uncancel and trace.task is not None:
        trace.to_uncancel = False
        trace.task.uncancel()
    trace.task = None
