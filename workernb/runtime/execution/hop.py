"""The hop: runs one Worker's handler for one call.

`invoke` makes a call and returns the coroutine of `hop`, which awaits the handler's own coroutine.
So Python passes suspensions through any number of Workers in C. Only the outermost object, which a
Task steps, has a send loop: `drive`. The code between two suspensions is a slice. A slice is
synchronous, so no other code sees what is set during it: the task factory and the running
invocation.
"""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from time import perf_counter_ns as wall_clock
from typing import Any, TypeVar

from workernb.errors import (
    CpuLimitError,
    CpuLimitExceeded,
    InvocationAborted,
    InvocationAbortedError,
    Termination,
    attributes_of,
    exit_refused,
    format_error,
    notes_of,
    traceback_of,
    with_notes,
)
from workernb.http.redirects import MAX_REDIRECTS, redirected
from workernb.http.response import RedirectedUrl, Response
from workernb.runtime.enforcement.abort import (
    begin_wait,
    exceed_cpu,
    interrupt,
    raised_at_wake,
    take_back_cancellation,
)
from workernb.runtime.enforcement.budget import (
    check_at_hop,
    check_own_budget,
    is_used_up,
    outside_of,
    refuse_call,
)
from workernb.runtime.events.event import Event, missing_handler
from workernb.runtime.services.engine import Entrypoint, Handler
from workernb.runtime.services.limits import SHARED
from workernb.runtime.tracing.clock import begin_slice, end_slice
from workernb.runtime.tracing.invocations import Invocation, error_and_text, outcome_of
from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.tracebacks import (
    raised_position,
    trim_after_worker,
    trim_before_worker,
    waiting_position,
)
from workernb.runtime.tracing.traces import RaisedByTasks, Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

from .refusals import Steps, cut_if_over_budget, throw_again
from .remedies import note_remedy
from .tasks import (
    abandon,
    adopt,
    calls_not_awaited,
    drop,
    is_waited_for,
    join,
    keep_steps,
    leave,
)

T = TypeVar("T")

_set_current = current.set


def invoke(
    invocation: Invocation, entrypoint: Entrypoint, event: Event, argument: Any
) -> Coroutine[Any, Any, Any]:
    """Make a call, and return the coroutine that runs it.

    The call begins when it is awaited, or when its caller suspends. If a limit forbids it, awaiting
    it raises the error.
    """
    trace: Trace = invocation.trace
    if trace.calls_left <= 0 or invocation.depth > trace.max_depth:
        refusal = None if invocation.caller is None else refuse_call(invocation.caller)
        if refusal is not None:
            return FailedCall(refusal)
    trace.calls_left -= 1
    handler = entrypoint.handlers.get(event.name) or missing_handler(event.name)
    invocation.steps = steps = hop(invocation, handler, event, argument, True)
    trace.recorded.append(invocation)
    return steps


async def hop(
    invocation: Invocation,
    handler: Handler,
    event: Event,
    argument: Any,
    may_join: bool,
) -> Any:
    """Run a Worker's handler, and return the result for its caller.

    Raises what the handler raises. may_join: whether to wait for a call that has begun in a task of
    its own.
    """
    if invocation.steps is None and may_join:
        return await join(invocation)
    invocation.steps = None
    trace: Trace = invocation.trace
    invocation.began_ns = now = wall_clock()
    if now >= trace.cpu_valid_until:
        check_at_hop(trace, now, invocation)
    trace.stamps.append(invocation)
    _set_current(invocation)
    try:
        value = event.result(await handler(argument, invocation), argument, invocation)
        if trace.aborted is not None:
            raise trace.aborted
    except BaseException as error:
        try:  # noqa: SIM105 - another call could raise what is pending
            trace.thread.drop_pending()  # A cut from another thread must not be raised in `fail`.
        except BaseException:
            pass
        fail(invocation, error, event, argument)
        raise
    finally:
        _set_current(invocation.caller)
        invocation.ended_ns = now = wall_clock()
        extras = invocation.extras
        if extras is not None:
            leave(invocation)
        if now >= trace.cpu_valid_until:
            check_at_hop(trace, now, invocation)
    if extras is None or extras.redirect is None:
        return value
    return await _follow(invocation, handler, event, value)


hop.__name__ = hop.__qualname__ = "fetch"  # The name in the repr of the coroutine.


async def _follow(
    invocation: Invocation,
    handler: Handler,
    event: Event,
    response: Response,
) -> Response:
    """Call the same handler once more, for the redirect that an invocation has answered with."""
    trace: Trace = invocation.trace
    extras, caller = invocation.ensure_extras(), invocation.caller
    if extras.redirects == MAX_REDIRECTS:
        raise TypeError(PlatformText.TOO_MANY_REDIRECTS)
    request = redirected(extras.redirect, response)
    refusal = None if caller is None or trace.calls_left > 0 else refuse_call(caller)
    if refusal is not None:
        raise refusal
    trace.calls_left -= 1
    following = invocation.__class__(
        trace, caller, invocation.binding, invocation,
        request._method, request._url, invocation.depth,
    )  # fmt: skip
    following.ensure_extras().redirects = extras.redirects + 1
    following.ensure_extras().overrides = extras.overrides
    trace.recorded.append(following)
    found: Response = await hop(following, handler, event, request, False)
    found._url = RedirectedUrl(found._url)
    return found


def fail(
    invocation: Invocation,
    error: BaseException,
    event: Event | None = None,
    argument: Any = None,
) -> None:
    """Note how an invocation ended; raise what its caller gets, if that is another error.

    That is the reason for which the request was aborted, the end of the invocation's own budget,
    the cut of code in the error itself, or the event's copy of the error.
    """
    trace: Trace = invocation.trace
    kind = type(error)
    ended = error
    if kind is InvocationAborted and trace.aborted is None:
        invocation.ensure_extras().failure = outcome_of(error), format_error(error)
        raise InvocationAbortedError(*error.args).with_traceback(traceback_of(error)) from None
    if kind is CpuLimitExceeded and trace.aborted is None and invocation not in trace.over_budget:
        # Its caller's own budget is used up, which waits for it.
        invocation.ensure_extras().failure = ("canceled", "canceled with its caller")
        return
    if not issubclass(kind, ENDS):
        if trace.aborted is not None:
            # What it raised, as it was cut, does not count.
            ended = trace.aborted
        elif trace.limits.budget != SHARED:
            ended = check_own_budget(trace, invocation, raised_position(error)) or error
    if ended is error:
        with contextlib.suppress(Exception):
            note_remedy(error)
    ended, text = error_and_text(ended)
    invocation.ensure_extras().failure = outcome_of(ended), text
    attributes_of(ended)["remote"] = True
    if ended is not error and trace.aborted is not None:
        raise trace.aborted from None
    own_budget = trace.aborted is None and issubclass(type(ended), CpuLimitExceeded)
    if own_budget and invocation.caller is not None:
        # The budget was this invocation's alone: its caller may go on, as on the platform.
        raised = with_notes(CpuLimitError(PlatformText.CPU), *notes_of(ended))
        raised.__traceback__ = traceback_of(ended) or traceback_of(error)
        trim_after_worker(raised)  # The library code that it was raised in is not to blame.
        raise raised from None
    if ended is not error:
        raise ended from None
    if event is not None and event.error is not None and issubclass(kind, Exception):
        copied = event.error(error, argument, invocation)  # type: ignore[arg-type]
        if copied is not error:
            context = copied.__context__
            try:
                raise copied
            finally:
                copied.__context__ = context  # Not the original, which `raise` has put there.


ENDS = (Termination, GeneratorExit, asyncio.CancelledError)
"""What ends a Worker's code from outside."""


def run_in_slice(trace: Trace, invocation: Invocation, function: Callable[..., T], *args: Any) -> T:
    """Call a function that may run code of a Worker's outside of its coroutines.

    That is charged to `invocation`, and cut, as in any slice.
    """
    thread, began_ns = trace.thread, wall_clock()
    previous = begin_slice(thread, trace, asyncio.get_running_loop().get_task_factory(), invocation)
    token = current.set(invocation)
    try:
        return function(*args)
    finally:
        try:
            current.reset(token)
        finally:
            end_slice(thread, trace, previous)
        if invocation.ended_ns:
            invocation.ended_ns += wall_clock() - began_ns  # What it is charged for, it took.
        if trace.cpu_ns > trace.budget_ns and is_used_up(trace):
            exceed_cpu(trace, outside_of(invocation))


@types.coroutine
def drive(
    steps: Steps, trace: Trace, invocation: Invocation | None = None, context: Context | None = None
) -> Generator[Any, Any, Any]:
    """Run a Worker's coroutine, slice by slice.

    invocation: the one that holds the thread at first; None for a whole top-level request. context:
    the context for its slices if the Task's own one belongs to other code.
    """
    loop = asyncio.get_running_loop()
    thread = trace.thread
    send = steps.send
    throw: Callable[[BaseException], Any] = steps.throw
    run: Callable[..., Any] = _call_directly if context is None else context.run
    if context is None:
        current.set(invocation)
    holding = invocation
    value: Any = None
    error: BaseException | None = None
    while True:
        factory = loop.get_task_factory()
        previous = begin_slice(thread, trace, factory, holding)
        try:
            loop.set_task_factory(make_task)
            error = trace.aborted or error
            yielded = run(send, value) if error is None else run(throw, error)
            holding = holder(trace.stamps)
        except StopIteration as stop:
            return stop.value
        except KeyboardInterrupt as interrupted:
            # Raised from a task, it would end the loop, and the kernel with it.
            raise interrupt(trace, raised_position(interrupted)) from interrupted
        except SystemExit as exit:
            raise exit_refused(exit) from None
        finally:
            try:
                end_slice(thread, trace, previous)
            finally:
                loop.set_task_factory(factory)
            if trace.cpu_ns > trace.budget_ns and is_used_up(trace):
                # Ticks can miss short slices, so check the budget here too.
                exceed_cpu(
                    trace,
                    waiting_position(steps) or outside_of(holding or trace.invocations[0]),
                )
            for call in calls_not_awaited(trace):
                begin_in_task(call, previous[2])
        if trace.aborted is not None:
            # Raise at the next step instead of suspending.
            throw = throw_again(steps, throw) if error is trace.aborted else throw
            continue
        if not trace.own_budgets_checked:
            throw, error = cut_if_over_budget(steps, throw, trace, holding, error)
            if error is not None:
                continue
        if invocation is None:
            begin_wait(trace, loop)
        try:
            value, error = (yield yielded), None
        except BaseException as thrown:
            value, error = None, raised_at_wake(trace, thrown)
        if invocation is None:
            take_back_cancellation(trace)


def _call_directly(function: Callable[[Any], Any], argument: Any) -> Any:
    return function(argument)


async def as_coroutine(steps: Steps, invocation: Invocation | None, trace: Trace) -> Any:
    """Drive `steps` within a coroutine, which `asyncio.Task` requires.

    Raises RuntimeError in place of an exception that asyncio's Task in Python, which nest_asyncio2
    puts in place, cannot keep: the task would never end.
    """
    try:
        return await drive(steps, trace, invocation)
    except BaseException as error:
        _drop_frames_of_other_tasks(error, trace)
        runs = invocation or trace.invocations[0]
        if issubclass(type(error), ENDS) or run_in_slice(trace, runs, _can_be_kept, error):
            raise
        text = format_error(error)
        raise RuntimeError(text).with_traceback(traceback_of(error)) from None


def _drop_frames_of_other_tasks(error: BaseException, trace: Trace) -> None:
    """Leave only the first task's frames and its own in the traceback of what many tasks raise.

    All tasks of a request that is aborted do. Each would add its frames to those of all before, and
    whoever looks for the Worker that has raised it would look through them all. A few are left:
    tasks may await each other.
    """
    own = first = traceback_of(error)
    times, before = 1, trace.raised_by_task
    if before is not None and before.error is error:
        first, times = before.first, before.times + 1
        if times > FEW_TASKS:
            at = own
            while at is not None and at.tb_next is not before.last:
                at = at.tb_next
            if at is not None:
                at.tb_next = first
    if not trace.ended_ns:
        trace.raised_by_task = RaisedByTasks(error, first, own, times)


FEW_TASKS = 20
"""How many tasks of a request may raise the same exception and leave their frames in it."""


def _can_be_kept(error: BaseException) -> bool:
    """Return whether a Task in Python can keep an exception, of which it reads two attributes."""
    try:
        error.__class__, error.__traceback__  # noqa: B018 - they may be properties of the Worker's
    except Termination:
        raise
    except BaseException:
        return False
    return True


# Calls and tasks that begin in a task of their own


def begin_in_task(invocation: Invocation, since: int) -> None:
    """Begin a call in a task of its own; a later `await` of the call waits for that task.

    The call is dropped if its caller closed it, or has ended after `since` (ns of wall clock) and
    has no waitUntil task that may await it.
    """
    trace: Trace = invocation.trace
    caller = invocation.caller
    if invocation.closed:
        abandon(invocation)
        return
    if caller is not None and caller.ended_ns >= since:
        (keep_steps if is_waited_for(caller) else drop)(invocation)
        return
    keep_steps(invocation)
    original, invocation.steps = invocation.steps, None
    # Handler and argument exist only in the coroutine's frame.
    arguments = original.cr_frame.f_locals
    handler, event, argument = (arguments[name] for name in ("handler", "event", "argument"))
    if event.in_task is not None:
        event.in_task(argument)
    replacement = hop(invocation, handler, event, argument, False)
    steps = as_coroutine(replacement, caller, trace)
    task = asyncio.Task(steps, loop=asyncio.get_running_loop())
    invocation.ensure_extras().task = task
    if caller is not None:
        adopt(caller, task, invocation)


def make_task(loop: asyncio.AbstractEventLoop, coro: Steps, **options: Any) -> asyncio.Future[Any]:
    """Make a task that is driven, and charged to the invocation that runs.

    This is the loop's task factory during a slice.
    """
    invocation: Any = current.get()
    trace = getattr(invocation, "trace", None)
    if trace is None:
        return asyncio.Task(coro, loop=loop, **options)
    callee = claim_call(coro)
    steps = as_coroutine(coro, invocation, trace)
    factory = trace.thread.factory or _plain_task
    task: asyncio.Future[Any] = factory(loop, steps, **options)
    adopt(invocation, task, callee or coro)
    invocation.raise_if_overdue()
    return task


def call_of(steps: object) -> Invocation | None:
    """Return the invocation whose call a coroutine runs; None if it runs no call."""
    frame = getattr(steps, "cr_frame", None)
    if frame is None or frame.f_code is not hop.__code__:
        return None
    invocation: Invocation = frame.f_locals["invocation"]
    return invocation


def claim_call(steps: object) -> Invocation | None:
    """Return the invocation whose call a coroutine runs, marked as claimed; or None.

    Whoever claims a call awaits it later, in a task; so it is not begun in another one.
    """
    invocation = call_of(steps)
    if invocation is not None:
        invocation.ensure_extras().claimed = True
    return invocation


def _plain_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop, **options)


class FailedCall(Coroutine[Any, Any, Any]):
    """A call that could not be made: awaiting it raises the error, without workernb's frames."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        """Store the error to raise."""
        self._error = error

    def __await__(self) -> Generator[Any, Any, Any]:
        """Raise the error."""
        try:
            raise self._error
        except BaseException as error:
            trim_before_worker(error)
            raise
        yield

    def send(self, value: Any) -> Any:
        """Raise the error, as a Task's first step."""
        raise self._error

    def throw(self, *error: Any) -> Any:
        """Raise the error, instead of the given one."""
        raise self._error

    def close(self) -> None:
        """Do nothing: there is no coroutine to close."""

    def __repr__(self) -> str:
        return f"<fetch that failed with {type(self._error).__name__}: await it to see why>"
