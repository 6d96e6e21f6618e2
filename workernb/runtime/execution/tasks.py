"""Tasks: what an invocation has started, and what becomes of it when the invocation ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import format_error
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.tracing.invocations import Invocation, outcome_of
from workernb.runtime.tracing.logs import log, warn
from workernb.runtime.tracing.traces import InvocationCounter, Trace

NOT_AWAITED = "its Worker's invocation ended first. Await it, or hand it to self.ctx.waitUntil(…)."
"""What is said of a call or task that was cancelled."""


def wait_until(invocation: Invocation, awaitable: Awaitable[Any]) -> None:
    """Let the top-level request end only when `awaitable` is done: `ctx.waitUntil`."""
    task = asyncio.ensure_future(awaitable)
    if task not in invocation.ensure_extras().tasks:
        adopt(invocation, task)
    trace: Trace = invocation.trace
    trace.waiting = {*trace.waiting, task}

    def done(task: asyncio.Future[Any]) -> None:
        trace.waiting = trace.waiting - {task}
        if not task.cancelled() and (error := task.exception()) is not None:
            text = format_error(error)
            trace.failed_late = (outcome_of(error), text)
            log(trace, invocation, "error", f"{text} (in a waitUntil task)")
        finish_if_done(trace)

    task.add_done_callback(done)


def adopt(invocation: Invocation, task: asyncio.Future[Any], made_of: object = None) -> None:
    """Take note of a task that an invocation's code has made of a coroutine or an invocation."""
    tasks = invocation.ensure_extras().tasks
    tasks[task] = made_of

    def done(task: asyncio.Future[Any]) -> None:
        made_of = tasks.pop(task, None)
        # The task may have been cancelled before its first step.
        if isinstance(made_of, Invocation):
            if made_of.outcome is None:
                abandon(made_of)
        elif isinstance(made_of, Coroutine):
            made_of.close()
        unasked = invocation.ended_ns or invocation.trace.aborted is not None
        if unasked and not task.cancelled():
            # Nothing may ask for the exception, and asyncio would complain about that.
            task.exception()

    task.add_done_callback(done)


def leave_nothing_running(invocation: Invocation) -> None:
    """Cancel what an invocation started and nothing awaits, and log what that was."""
    trace: Trace = invocation.trace
    for task, made_of in list(invocation.ensure_extras().tasks.items()):
        if not task.done() and task not in trace.waiting:
            task.cancel()
            if invocation.exception is None:
                name = made_of.describe() if isinstance(made_of, Invocation) else _name(task)
                warn(trace, invocation, f"{name} was cancelled: {NOT_AWAITED}")


def _name(task: asyncio.Future[Any]) -> str:
    return f"The task {task.get_name()}" if isinstance(task, asyncio.Task) else "A future"


def calls_not_awaited(trace: Trace) -> Sequence[Invocation]:
    """Return the calls that nothing has awaited, of those made since this was last asked.

    They were made in the slice that ends, or in a callback before it, which is in no slice.
    """
    made = trace.invocations[trace.looked_at :]
    trace.looked_at = len(trace.invocations)
    if isinstance(trace.recorded, InvocationCounter):
        made += trace.recorded.take()
    waiting = []
    for invocation in made:
        if invocation.steps is not None and invocation.waits_to_begin:
            waiting.append(invocation)
    return waiting


async def join(invocation: Invocation) -> Any:
    """Wait for the task in which a call has begun."""
    begun = invocation.trace.begun
    if begun is not None:
        begun.pop(invocation, None)
    if invocation.extras is None or invocation.extras.task is None:
        raise RuntimeError("cannot reuse already awaited coroutine")
    return await invocation.extras.task


def abandon(invocation: Invocation) -> None:
    """Drop a call that was never begun."""
    invocation.ensure_extras().failure = ("canceled", "canceled before it began")
    if invocation.steps is not None:
        invocation.steps.close()


def abandon_request(trace: Trace) -> None:
    """End the trace of a request that was cancelled before it began."""
    if not trace.ended_ns:
        abandon(trace.invocations[0])
        finish_if_done(trace)


def finish_if_done(trace: Trace) -> None:
    """End the trace if its first invocation has ended and no waitUntil task is left."""
    root = trace.invocations[0]
    if trace.waiting or trace.ended_ns or not (root.ended_ns or root.outcome):
        return
    trace.ended_ns = wall_clock()
    if trace.begun is not None:
        for steps in trace.begun.values():
            steps.close()
        trace.begun = None
    trace.task = trace.steps = None
    host = trace.host
    host.in_flight.discard(trace)
    guard.leave(trace)
    host.traces.keep(trace)
    for listener in list(host.on_finished):
        listener(trace)
