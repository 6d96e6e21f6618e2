"""Tasks: what an invocation has started, and what is cancelled when the invocation ends."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Coroutine, Mapping, Sequence
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import Termination
from workernb.runtime.enforcement.budget import warn_of_times
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.tracing.extras import SharedExtras
from workernb.runtime.tracing.invocations import Invocation, error_and_text, outcome_of
from workernb.runtime.tracing.logs import log, warn
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.runtime.tracing.tracebacks import raised_by
from workernb.runtime.tracing.traces import Trace

NOT_AWAITED = "its Worker's invocation ended first. Await it, or hand it to ctx.waitUntil(…)."
"""The reason that is logged for a call or task that was cancelled."""


def wait_until(invocation: Invocation, awaitable: Awaitable[Any]) -> None:
    """Keep the top-level request open until `awaitable` is done: `ctx.waitUntil`."""
    task = asyncio.ensure_future(awaitable)
    if task not in invocation.ensure_extras().tasks:
        adopt(invocation, task)
    trace: Trace = invocation.trace
    trace.wait_until_tasks = {*trace.wait_until_tasks, task}

    def done(task: asyncio.Future[Any]) -> None:
        trace.wait_until_tasks = trace.wait_until_tasks - {task}
        if not task.cancelled() and (error := task.exception()) is not None:
            error, text = error_and_text(error)
            failure = (outcome_of(error), text)
            # What ends all of a request's tasks is logged once.
            if failure != trace.late_failure or not issubclass(type(error), Termination):
                log(trace, raised_by(error) or invocation, "error", f"{text} (in a waitUntil task)")
            trace.late_failure = failure
        if invocation.extras is not None and invocation.extras.rpc is not None:
            invocation.extras.rpc.end_if_idle()
        finish_if_done(trace)

    task.add_done_callback(done)


def is_waited_for(invocation: Invocation) -> bool:
    """Return whether a waitUntil task of an invocation is left."""
    waiting, extras = invocation.trace.wait_until_tasks, invocation.extras
    return bool(waiting) and extras is not None and any(task in waiting for task in extras.tasks)


def adopt(invocation: Invocation, task: asyncio.Future[Any], work: object = None) -> None:
    """Add a task to those of the invocation that made it.

    work: the coroutine or the invocation that the task runs.
    """
    tasks = invocation.ensure_extras().tasks
    tasks[task] = work

    def done(task: asyncio.Future[Any]) -> None:
        work = tasks.pop(task, None)
        # The task may have been cancelled before its first step.
        if isinstance(work, Invocation):
            if work.outcome is None:
                abandon(work)
        elif isinstance(work, Coroutine):
            work.close()
        trace = invocation.trace
        unasked = (
            invocation.ended_ns or trace.aborted is not None or invocation in trace.over_budget
        )
        if unasked and not task.cancelled():
            # Nothing may ask for the exception, and asyncio would complain about that.
            task.exception()

    task.add_done_callback(done)


def release(invocation: Invocation, task: asyncio.Future[Any]) -> None:
    """Let a task of an invocation end without a warning: its result is not wanted any more."""
    work = invocation.ensure_extras().tasks.pop(task, None)
    if isinstance(work, Invocation) and not work.began_ns:
        abandon(work)


def leave(invocation: Invocation) -> None:
    """End what an invocation has begun, unless it goes on because it produces a stream.

    Its tasks are canceled, and the stream that it has not read. Called when its handler has ended,
    and again when its last stream has.
    """
    extras, trace = invocation.extras or invocation.ensure_extras(), invocation.trace
    if extras.__class__ is SharedExtras:
        return  # What it has begun is its connection's.
    if not extras.returned:
        extras.returned = True
        goes_on = bool(extras.bodies) and extras.failure is None
        if extras.rpc is not None:
            # The exception that is being handled, if any, is what the caller gets.
            extras.rpc.returned(sys.exception())
        if goes_on:
            trace.stamps.extend((invocation.ended_ns, 0, invocation.caller))
            invocation.ended_ns = 0
            return
    if extras.bodies:
        for body in list(extras.bodies):
            body.discard()
    if extras._tasks:
        _cancel_unfinished_tasks(invocation, extras._tasks)
    received, extras.received = extras.received, None
    if received is not None:
        received.discard()
    if extras.rpc is not None:
        extras.rpc.end_if_idle()


def _cancel_unfinished_tasks(
    invocation: Invocation, tasks: Mapping[asyncio.Future[Any], object]
) -> None:
    """Cancel and log the unfinished tasks of an invocation, except those of waitUntil."""
    trace: Trace = invocation.trace
    lives_on = isinstance(invocation, ObjectInvocation) and trace.aborted is None
    for task, work in list(tasks.items()):
        if lives_on and not isinstance(work, Invocation):
            # A Durable Object lives on, and what it has begun with it, as waitUntil's tasks.
            wait_until(invocation, task)
        if not task.done() and task not in trace.wait_until_tasks:
            task.cancel()
            if invocation.exception is None:
                name = work.describe() if isinstance(work, Invocation) else _name(task)
                warn(trace, invocation, f"{name} was cancelled: {NOT_AWAITED}", slip=True)


async def ended(trace: Trace) -> None:
    """Wait until a request has ended whose answer is there: its waitUntil tasks too."""
    while not trace.done:
        pending = [task for task in trace.wait_until_tasks if not task.done()]
        if pending:
            await asyncio.wait(pending)
        await asyncio.sleep(0)


def _name(task: asyncio.Future[Any]) -> str:
    return f"The task {task.get_name()}" if isinstance(task, asyncio.Task) else "A future"


def calls_not_awaited(trace: Trace) -> Sequence[Invocation]:
    """Return the unawaited calls among those made since this function was last called.

    They were made in the slice that ends, or in a callback before it.
    """
    new = trace.invocations[trace.checked_calls :]
    trace.checked_calls = len(trace.invocations)
    if trace.recorded is not trace.invocations:
        new += trace.recorded.take_pending()  # type: ignore[union-attr]
    unawaited = []
    for invocation in new:
        if invocation.steps is not None and invocation.waits_to_begin:
            unawaited.append(invocation)
    return unawaited


async def join(invocation: Invocation) -> Any:
    """Wait for the task in which a call has begun; RuntimeError if there is none."""
    kept_steps = invocation.trace.kept_steps
    if kept_steps is not None:
        kept_steps.pop(invocation, None)
    if invocation.extras is None or invocation.extras.task is None:
        raise RuntimeError("cannot reuse already awaited coroutine")
    return await invocation.extras.task


def keep_steps(invocation: Invocation) -> None:
    """Keep the coroutine of a call that has not been awaited until the request ends."""
    trace: Trace = invocation.trace
    if trace.kept_steps is None:
        trace.kept_steps = {}
    trace.kept_steps[invocation] = invocation.steps


def drop(invocation: Invocation) -> None:
    """Drop a call that nobody has awaited, and log that."""
    text = f"{invocation.describe()} was cancelled: {NOT_AWAITED}"
    warn(invocation.trace, invocation.caller, text, slip=True)
    abandon(invocation)


def abandon(invocation: Invocation) -> None:
    """Drop a call that has not begun."""
    invocation.ensure_extras().failure = ("canceled", "canceled before it began")
    steps, invocation.steps = invocation.steps, None
    if steps is not None:
        steps.close()  # From Python 3.13 on, it keeps what its frame refers to even so.


def abandon_request(trace: Trace) -> None:
    """End the trace of a request that was cancelled before it began."""
    if not trace.ended_ns:
        abandon(trace.invocations[0])
        finish_if_done(trace)


def finish_if_done(trace: Trace) -> None:
    """End the trace if its first invocation has ended, and no waitUntil task or stream is left."""
    root = trace.invocations[0]
    if (
        trace.wait_until_tasks
        or trace.bodies
        or trace.ended_ns
        or not (root.ended_ns or root.outcome)
    ):
        return
    if trace.kept_steps is not None:
        for invocation, steps in trace.kept_steps.items():
            if invocation.steps is not steps:
                steps.close()
            elif invocation.closed:
                abandon(invocation)
            else:
                drop(invocation)
        trace.kept_steps = None
    trace.ended_ns = wall_clock()
    limits = trace.limits
    wall_ns = trace.ended_ns - trace.began_ns
    if trace.cpu_ns > limits.warn_cpu_ns or wall_ns > limits.warn_wall_ns:
        warn_of_times(trace)
    trace.task = trace.steps = trace.loop = None
    if trace.raised_by_task is not None:
        trace.raised_by_task = None
    for body in list(trace.outside):
        body.discard()
    host = trace.host
    host.in_flight.discard(trace)
    guard.leave(trace)
    host.traces.keep(trace)
    for listener in list(host.on_finished):
        listener(trace)
