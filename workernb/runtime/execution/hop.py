"""The hop: one Worker's handler run for one call. This is where a binding call happens.

`invoke` makes a call and returns a coroutine of `hop`, which awaits the handler's own coroutine, so
Python passes suspensions through any number of Workers in C. Only the object that a Task steps has
a send loop: `drive`. What lies between two suspensions is a slice, in which one coroutine alone
holds the thread. A slice is synchronous, so what is set for its length (the task factory, the
running invocation) is seen by no other code of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import (
    CpuLimitError,
    CpuLimitExceeded,
    PlatformText,
    format_error,
    with_notes,
)
from workernb.runtime.enforcement.abort import exceed_cpu, interrupt, take_back_cancellation
from workernb.runtime.enforcement.budget import check_at_hop, check_own_budget, refuse_call
from workernb.runtime.enforcement.cut import MAX_REFUSALS, CuttingThrow
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.events.event import Event, missing_handler
from workernb.runtime.services.engine import Entrypoint, Handler
from workernb.runtime.tracing.clock import begin_slice, end_slice
from workernb.runtime.tracing.invocations import Invocation, outcome_of
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.tracebacks import (
    from_the_worker_on,
    raised_at,
    to_the_worker,
    waiting_at,
)
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

from .tasks import NOT_AWAITED, abandon, adopt, calls_not_awaited, join, leave_nothing_running

Steps = Generator[Any, Any, Any] | Coroutine[Any, Any, Any]

_set_current = current.set
_FORGOTTEN_AWAIT = "It is a coroutine, and not yet its result: did you forget await?"


def invoke(
    invocation: Invocation, entrypoint: Entrypoint, event: Event, argument: Any
) -> Coroutine[Any, Any, Any]:
    """Make a call, and return the coroutine that runs it.

    It begins when it is awaited, at the latest when its caller suspends. A call that a limit
    refuses raises why when it is awaited.
    """
    trace: Trace = invocation.trace
    if trace.calls_left <= 0 or invocation.depth > trace.max_depth:
        refusal = None if invocation.caller is None else refuse_call(invocation.caller)
        if refusal is not None:
            return FailedCall(refusal)
    trace.calls_left -= 1
    name, result = event
    handler = entrypoint.handlers.get(name) or missing_handler(name)
    invocation.steps = steps = hop(invocation, handler, result, argument, True)
    trace.recorded.append(invocation)
    return steps


async def hop(
    invocation: Invocation,
    handler: Handler,
    result: Callable[[Any, Any, Invocation], Any],
    argument: Any,
    may_join: bool,
) -> Any:
    """Run a Worker's handler here and now, and return what its caller gets.

    What the handler raises is raised here, as it is. result: of the event. may_join: whether to
    wait for the call where it has begun in a task of its own.
    """
    if invocation.steps is None and may_join:
        return await join(invocation)
    invocation.steps = None
    trace: Trace = invocation.trace
    invocation.began_ns = now = wall_clock()
    if now >= trace.cpu_valid_until:
        check_at_hop(trace, now, invocation.caller)
    trace.stamps.append(invocation)
    _set_current(invocation)
    try:
        value = result(await handler(argument, invocation), argument, invocation)
        if trace.aborted is not None:
            raise trace.aborted
        return value
    except BaseException as error:
        fail(invocation, error)
        raise
    finally:
        if invocation.extras is not None:
            leave_nothing_running(invocation)
        _set_current(invocation.caller)
        invocation.ended_ns = now = wall_clock()
        if now >= trace.cpu_valid_until:
            check_at_hop(trace, now, invocation.caller)


hop.__name__ = hop.__qualname__ = "fetch"  # As whoever prints the coroutine knows it.


def fail(invocation: Invocation, error: BaseException) -> None:
    """Note how an invocation ended; raise the request's own reason where it was aborted."""
    if isinstance(error, CpuLimitExceeded) and not error.args:
        error.args = (PlatformText.CPU_CUT,)  # The watchdog can only raise a class.
    forgotten = isinstance(error, AttributeError) and isinstance(error.obj, Coroutine)
    if forgotten and _FORGOTTEN_AWAIT not in getattr(error, "__notes__", ()):
        error.add_note(_FORGOTTEN_AWAIT)
    reason = invocation.trace.aborted
    ended_by = reason if reason is not None and isinstance(error, Exception) else error
    invocation.ensure_extras().failure = outcome_of(ended_by), format_error(ended_by)
    with contextlib.suppress(Exception):
        error.remote = True  # type: ignore[attr-defined]
    if reason is not None:
        if isinstance(error, Exception):
            raise reason from None
    elif isinstance(error, CpuLimitExceeded) and invocation.caller is not None:
        # The budget was this invocation's alone: its caller may go on, as on the platform.
        ended = with_notes(CpuLimitError(PlatformText.CPU), *getattr(error, "__notes__", ()))
        ended.__traceback__ = error.__traceback__
        to_the_worker(ended)  # The library code that it was raised in is not to blame.
        raise ended from None


@types.coroutine
def drive(
    steps: Steps, trace: Trace, invocation: Invocation | None = None, context: Context | None = None
) -> Generator[Any, Any, Any]:
    """Step a Worker's coroutine, slice by slice, on behalf of `invocation`.

    context: what its slices run in, where the Task's own context belongs to other code.
    """
    loop = asyncio.get_running_loop()
    thread = trace.thread
    send = steps.send
    throw: Callable[[BaseException], Any] = steps.throw
    run: Callable[..., Any] = _call if context is None else context.run
    if context is None:
        current.set(invocation)
    holding = invocation
    value: Any = None
    error: BaseException | None = None
    while True:
        factory = loop.get_task_factory()
        loop.set_task_factory(make_task)
        previous = begin_slice(thread, trace, factory, holding)
        try:
            error = trace.aborted or error
            wanted = run(send, value) if error is None else run(throw, error)
            holding = holder(trace.stamps)
        except StopIteration as stop:
            return stop.value
        except KeyboardInterrupt as interrupted:
            # Let out of a task, it would end the loop, and the kernel with it.
            raise interrupt(trace, raised_at(interrupted)) from interrupted
        except SystemExit as exit:
            raise RuntimeError(f"The Worker called sys.exit({exit.code!r}).") from exit
        finally:
            end_slice(thread, trace, previous)
            loop.set_task_factory(factory)
            if thread is guard.signals.ticked:
                guard.signals.end_long_slice()
            if trace.cpu_ns > trace.budget_ns:
                # Ticks can miss short slices, so check the budget here too.
                exceed_cpu(trace)
            for call in calls_not_awaited(trace):
                begin_in_task(call, previous[2])
        if trace.aborted is not None:
            # Raise at the next step instead of suspending.
            throw = _throw_again(steps, throw) if error is trace.aborted else throw
            continue
        if not trace.checked_alone:
            error = check_own_budget(trace, holding, waiting_at(steps))
            if error is not None:
                continue
        if invocation is None:
            trace.task = asyncio.current_task(loop)
        try:
            value, error = (yield wanted), None
        except BaseException as thrown:
            value, error = None, thrown
        if invocation is None:
            take_back_cancellation(trace)


def _throw_again(
    steps: Steps, throw: Callable[[BaseException], Any]
) -> Callable[[BaseException], Any]:
    """Return what throws at a coroutine that has suspended instead of ending.

    In the end it is closed, and left as it is if it refuses that too. throw: what threw last.
    """
    if not isinstance(throw, CuttingThrow):
        return CuttingThrow(steps.throw)
    if throw.times < MAX_REFUSALS:
        return throw

    def close_and_raise(error: BaseException) -> Any:
        with contextlib.suppress(BaseException):
            steps.close()
        raise error

    return close_and_raise


def _call(function: Callable[[Any], Any], argument: Any) -> Any:
    return function(argument)


async def as_coroutine(steps: Steps, invocation: Invocation | None, trace: Trace) -> Any:
    """Drive steps in the coroutine that `asyncio.Task` insists on."""
    return await drive(steps, trace, invocation)


# Calls and tasks that begin in a task of their own


def begin_in_task(invocation: Invocation, since: int) -> None:
    """Begin a call in a task of its own, which whatever awaits it later joins.

    The call is dropped if its caller closed it, or has ended since then (ns of wall clock).
    """
    trace: Trace = invocation.trace
    caller = invocation.caller
    if invocation.closed:
        abandon(invocation)
        return
    if caller is not None and caller.ended_ns >= since:
        warn(trace, caller, f"{invocation.describe()} was cancelled: {NOT_AWAITED}")
        abandon(invocation)
        return
    if trace.begun is None:
        trace.begun = {}
    trace.begun[invocation] = given = invocation.steps
    invocation.steps = None
    # Handler and argument exist only in the coroutine's frame.
    made_with = given.cr_frame.f_locals
    handler, result, argument = (made_with[name] for name in ("handler", "result", "argument"))
    again = hop(invocation, handler, result, argument, False)
    steps = as_coroutine(again, caller, trace)
    task = asyncio.Task(steps, loop=asyncio.get_running_loop())
    invocation.ensure_extras().task = task
    if caller is not None:
        adopt(caller, task, invocation)


def make_task(loop: asyncio.AbstractEventLoop, coro: Steps, **options: Any) -> asyncio.Future[Any]:
    """Make a task of what a Worker, or a library under it, hands to the loop within a slice.

    This is the loop's task factory for the length of a slice. The task is charged to the
    invocation that made it.
    """
    invocation: Any = current.get()
    trace = getattr(invocation, "trace", None)
    if trace is None:
        return asyncio.Task(coro, loop=loop, **options)
    call = _claim(coro)
    steps = as_coroutine(coro, invocation, trace)
    factory = trace.thread.factory or _plain_task
    task: asyncio.Future[Any] = factory(loop, steps, **options)
    adopt(invocation, task, call or coro)
    return task


def _claim(steps: object) -> Invocation | None:
    """Return the call that a coroutine runs, which a task is to begin; None when it is none."""
    frame = getattr(steps, "cr_frame", None)
    if frame is None or frame.f_code is not hop.__code__:
        return None
    invocation: Invocation = frame.f_locals["invocation"]
    invocation.ensure_extras().claimed = True
    return invocation


def _plain_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop, **options)


class FailedCall(Coroutine[Any, Any, Any]):
    """A call that could not be made: awaiting it raises why, without a frame of ours."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        """Keep the error to be raised."""
        self._error = error

    def __await__(self) -> Generator[Any, Any, Any]:
        """Raise the error."""
        try:
            raise self._error
        except BaseException as error:
            from_the_worker_on(error)
            raise
        yield

    def send(self, value: Any) -> Any:
        """Raise the error, as a Task's first step."""
        raise self._error

    def throw(self, *error: Any) -> Any:
        """Raise the error, whatever was to be raised."""
        raise self._error

    def close(self) -> None:
        """Forget the error."""

    def __repr__(self) -> str:
        return f"<fetch that failed with {type(self._error).__name__}: await it to see why>"
