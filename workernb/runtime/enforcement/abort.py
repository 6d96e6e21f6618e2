"""Abort: ends a request for a reason, whatever its Workers do, and wakes it if it waits.

After that, no call of the request begins, no result of a handler is used, and each step of its
coroutines raises the reason.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import (
    CpuLimitExceeded,
    Hung,
    Interrupted,
    WallLimitExceeded,
    attributes_of,
    notes_of,
    with_notes,
)
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.tracebacks import is_debugged, waits_in
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

MAX_WAKES = 50
"""How many waits of a request are ended for budgets per invocation before all of it is ended."""


def abort(trace: Trace, reason: BaseException) -> BaseException:
    """Abort the request; return the reason, which is the first one given."""
    if trace.aborted is None:
        trace.aborted = reason
        trace.calls_left = 0  # So a call has only this attribute to check.
    return trace.aborted


def interrupt(trace: Trace, place: str | None = None) -> BaseException:
    """Abort the request because the notebook's user interrupted it. place: its position."""
    error = Interrupted(PlatformText.CANCELED)
    return abort(trace, with_notes(error, place and f"Interrupted in {place}."))


def exceed_cpu(trace: Trace, place: str | None = None) -> None:
    """Abort the request because its CPU budget is used up, unless it is being debugged."""
    if trace.aborted is None and not trace.debugged and not is_debugged():
        budget = f"The CPU budget of the request to {_first(trace)} was {trace.limits.cpu_ms:g} ms"
        abort(trace, cpu_limit_exceeded(budget, place))


def _first(trace: Trace) -> str:
    """Return the name of the Worker whose budget and time all of a request's Workers share."""
    return f"Worker {trace.invocations[0].service!r}"


def cpu_limit_exceeded(budget: str, place: str | None) -> CpuLimitExceeded:
    """Return the error about a used-up CPU budget. budget: a text that says which, and how much."""
    note = f"{budget}; cut in {place}." if place else f"{budget}."
    return with_notes(CpuLimitExceeded(PlatformText.CPU_CUT), note)


def cut_in(error: BaseException, place: str) -> None:
    """Say that code was cut in `place`, where what has cut it knew no nearer one.

    Code that Python does not run has no frame, so the tick names the nearest frame of Python's.
    """
    notes = notes_of(error)
    for number, note in enumerate(notes):
        before, cut, _ = note.partition("; cut in ")
        if cut or note.startswith("The CPU budget"):
            notes[number] = f"{before.removesuffix('.')}; cut in {place}."
            break
        if note.startswith("Interrupted in "):
            notes[number] = f"Interrupted in {place}."
            break
    else:
        if isinstance(error, Interrupted):
            notes.append(f"Interrupted in {place}.")
    attributes_of(error)["__notes__"] = notes


def note_last_cut(error: BaseException, place: str | None) -> None:
    """Note where code was cut last, if that is another Worker's than where it was cut first.

    Code that catches the first cut is cut again.
    """
    worker = place and place.partition(":")[0]
    if worker and not any(worker in note for note in notes_of(error)):
        with_notes(error, f"Then cut in {place}.")


def check_wall(trace: Trace, place: str | None = None) -> None:
    """Abort the request if its wall clock limit is exceeded.

    A request that was debugged is exempt, because debugging takes time; so is one that waits for
    messages of a WebSocket, each of which gets the limit anew. place: its position, if it does not
    wait.
    """
    wall_ms = trace.limits.wall_ms
    if wall_ms is None or trace.wall_ms <= wall_ms:
        return
    if trace.debugged or trace.aborted is not None:
        return
    since_message_ms = (wall_clock() - trace.woken_ns) / 1e6
    if trace.root_has_returned and (trace.waits_for_messages or since_message_ms <= wall_ms):
        return
    place = place or trace.waits_at
    given = f"The request to {_first(trace)} was given {trace.limits.wall_ms:g} ms of wall clock"
    note = f"{given}; cut in {place}." if place else f"{given}."
    abort(trace, with_notes(WallLimitExceeded(PlatformText.WALL), note))


def abort_hung(trace: Trace) -> None:
    """Abort the request because it waits for something that cannot happen, and wake it."""
    place = trace.waits_at
    note = place and f"It waits in {place}; nobody can end that."
    abort_and_wake(trace, with_notes(Hung(PlatformText.HUNG), note))


def abort_and_wake(trace: Trace, reason: BaseException) -> None:
    """Abort the request, and wake it if it waits, for its handler or for waitUntil tasks."""
    abort(trace, reason)
    if trace.task is not None and not trace.to_uncancel:
        # The task may be the notebook's own, so `take_back_cancellation` undoes this.
        trace.to_uncancel = trace.task.cancel()
    elif trace.invocations[0].ended_ns or trace.bodies:
        for task in trace.wait_until_tasks:
            task.cancel()
        for body in list(trace.bodies):
            body.discard()


def end_over_budget(trace: Trace) -> None:
    """End the waits of invocations that have used up budgets of their own.

    That was in a task or a callback, while the handler waits for something else. Called on the
    loop, where nothing of the request runs.
    """
    for invocation, error in trace.over_budget.items():
        extras = invocation.extras
        if invocation.outcome is None:
            task = _task_that_waits_in(trace, invocation)
            if task is not None:
                trace.wakes += 1
                if trace.wakes > MAX_WAKES:
                    abort_and_wake(trace, error)
                    return
                trace.cuts_at_wake = {**(trace.cuts_at_wake or {}), task: error}
                task.cancel()
        elif extras is not None and extras.tasks:
            for left in list(extras.tasks):
                left.cancel()


def _task_that_waits_in(trace: Trace, invocation: Invocation) -> asyncio.Task[Any] | None:
    """Return the task that waits in an invocation's handler, or None."""
    if trace.task is not None and waits_in(trace.steps, invocation):
        return trace.task
    for each in trace.invocations:
        for task in [] if each.extras is None else list(each.extras.tasks):
            if isinstance(task, asyncio.Task) and waits_in(task.get_coro(), invocation):
                return task
    return None


def raised_at_wake(trace: Trace, thrown: BaseException) -> BaseException:
    """Return what to raise in the task that runs in place of what has woken it, by default that."""
    if trace.cuts_at_wake is None:
        return thrown
    task = asyncio.current_task()
    if task is None or task not in trace.cuts_at_wake:
        return thrown
    task.uncancel()
    return trace.cuts_at_wake.pop(task)


def take_back_cancellation(trace: Trace) -> None:
    """Undo the cancellation that woke the request's task, if one did (as asyncio.timeout does).

    The task runs again, so it need not be woken until it waits.
    """
    if trace.to_uncancel and trace.task is not None:
        trace.to_uncancel = False
        trace.task.uncancel()
    trace.task = None


def begin_wait(trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
    """Note the task of a top-level request that is about to wait, so that it can be woken."""
    trace.task = task = asyncio.current_task(loop)
    if trace.cancels_before is None and task is not None:
        trace.cancels_before = task.cancelling()


def restore_cancellations(trace: Trace) -> None:
    """Undo what an aborted request has cancelled of the task that runs, as a TaskGroup in it does.

    The task is the notebook's, whose next `await` would be cancelled.
    """
    if trace.aborted is None or trace.cancels_before is None:
        return
    task = asyncio.current_task()
    while task is not None and task.cancelling() > trace.cancels_before:
        task.uncancel()
