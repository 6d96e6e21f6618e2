"""Strands: lines of execution of Workers' code, one for each Task that runs some.

Only the object that a Task steps has a send loop, and this is it. Below it, hops are plain
`yield from`, so a suspension passes through any number of Workers in C. What lies between two
suspensions is a slice: a stretch in which this strand alone holds the thread. A slice is
synchronous, so what is set for its length (the task factory, who is running) is seen by no other
code of the process.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any

from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.tracebacks import raised_at, waiting_at
from workernb.workers.current import current

if TYPE_CHECKING:
    from workernb.runtime.tracing.invocations import Invocation
    from workernb.runtime.tracing.traces import Trace

Steps = Generator[Any, Any, Any] | Coroutine[Any, Any, Any]


@types.coroutine
def strand(
    steps: Steps, trace: Trace, invocation: Invocation | None = None, context: Context | None = None
) -> Generator[Any, Any, Any]:
    """Step a Worker's coroutine, slice by slice, on behalf of `invocation`.

    context: what its slices run in, where the Task's own context is somebody else's.
    """
    loop = asyncio.get_running_loop()
    thread = trace.thread
    send, throw = steps.send, steps.throw
    run: Callable[..., Any] = _call
    if context is None:
        current.set(invocation)
    else:
        run = context.run
    who = invocation
    value: Any = None
    error: BaseException | None = None
    while True:
        factory = loop.get_task_factory()
        loop.set_task_factory(make_task)
        outer = thread.begin_slice(trace, factory, who)
        try:
            error = trace.condemned or error
            wanted = run(send, value) if error is None else run(throw, error)
            who = holder(trace.stamps)
        except StopIteration as stop:
            return stop.value
        except KeyboardInterrupt as interrupt:
            # Let out of a task, it would end the loop, and the kernel with it.
            raise trace.interrupt(raised_at(interrupt)) from interrupt
        except SystemExit as exit:
            raise RuntimeError(f"The Worker called sys.exit({exit.code!r}).") from exit
        finally:
            thread.end_slice(trace, outer)
            loop.set_task_factory(factory)
            for call in trace.waiting_to_begin():
                call.start(outer[2])
        if trace.condemned is not None and error is not trace.condemned:
            continue  # In this very slice, where nothing could be raised: it must not wait now.
        if not trace.alone_looked_at:
            # Where slices are short, a tick may never meet one.
            error = trace.judge_alone(who, waiting_at(steps))
            if error is not None:
                continue
        if invocation is None:
            trace.task = asyncio.current_task(loop)
        try:
            value, error = (yield wanted), None
        except BaseException as thrown:
            value, error = None, thrown
            trace.woken()


def _call(function: Callable[[Any], Any], argument: Any) -> Any:
    return function(argument)


async def as_coroutine(steps: Steps, invocation: Invocation | None, trace: Trace) -> Any:
    """Return a strand as the coroutine that `asyncio.Task` insists on."""
    return await strand(steps, trace, invocation)


def make_task(loop: asyncio.AbstractEventLoop, coro: Steps, **options: Any) -> asyncio.Future[Any]:
    """Make a task of what a Worker, or a library under it, hands to the loop within a slice.

    The loop's task factory for the length of a slice: such a task is charged to the invocation
    that made it.
    """
    invocation: Any = current.get()
    trace = getattr(invocation, "trace", None)
    if trace is None:
        return asyncio.Task(coro, loop=loop, **options)
    call = invocation.claim(coro)
    steps = as_coroutine(coro, invocation, trace)
    factory = trace.thread.factory or _plain_task
    task: asyncio.Future[Any] = factory(loop, steps, **options)
    invocation.adopt(task, call or coro)
    return task


def _plain_task(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
    return asyncio.Task(coro, loop=loop, **options)
