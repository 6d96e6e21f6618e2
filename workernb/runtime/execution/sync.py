"""Synchronous calls: top-level requests without `await`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from workernb.errors import Interrupted, WrongLoopError, with_notes
from workernb.runtime.enforcement.abort import abort_and_wake
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.interrupts import CLEAN_UP_S
from workernb.runtime.tracing.threads import this_thread
from workernb.runtime.tracing.tracebacks import waiting_position
from workernb.texts import PlatformText
from workernb.workers.current import current

from .dispatch import Dispatcher, interrupted_in
from .loops import Loops

T = TypeVar("T")


def run_sync(call: Coroutine[Any, Any, T], runtime: Dispatcher) -> T:
    """Run a call to its end from synchronous code, with or without a running loop.

    From a thread beside the runtime's loop, the request runs on that loop, or in the calling thread
    if the loop stands still, because a cell waits for the thread. Raises WrongLoopError if the
    running loop cannot be nested; CanceledError when the notebook's interrupt ends it.
    """
    home = runtime.loops.home_in_other_thread()
    if home is not None and (begun := _begin_at_home(call, runtime.loops)):
        return begun.result()
    loop = asyncio._get_running_loop()
    if loop is None:
        if this_thread().is_main:
            return _run(call, runtime.loops.private(), runtime)
        return _run_here(call, runtime)
    import nest_asyncio2  # Imported late, because it patches asyncio.

    try:
        nest_asyncio2.apply(loop)
    except ValueError as error:
        call.close()
        raise with_notes(
            WrongLoopError(f"fetch_sync cannot run within this loop: {error}"),
            "Use await …fetch(…) instead.",
        ) from None
    return _run(call, loop, runtime)


def _begin_at_home(
    call: Coroutine[Any, Any, T], loops: Loops
) -> concurrent.futures.Future[T] | None:
    """Begin a call on the home loop; return its future, or None if the loop stands still."""
    begun: list[concurrent.futures.Future[T]] = []

    def begin() -> None:
        begun.append(asyncio.run_coroutine_threadsafe(call, asyncio.get_running_loop()))

    return begun[0] if loops.claim(begin) else None


def _run_here(call: Coroutine[Any, Any, T], runtime: Dispatcher) -> T:
    """Run a call in this thread, together with what its request has given to waitUntil."""
    before = set(runtime.in_flight)

    async def run() -> T:
        try:
            return await call
        finally:
            # The loop ends with the call.
            here = this_thread()
            new = {t for t in set(runtime.in_flight) - before if t.thread is here}
            tasks = {task for trace in new for task in trace.wait_until_tasks}
            if tasks:
                await asyncio.wait(tasks)

    with runtime.loops.own() as runner:
        return runner.run(run())


def _run(call: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, runtime: Dispatcher) -> T:
    """Run a call; after an interrupt, cancel its request, which would go on in the loop."""
    before = set(runtime.in_flight)
    task = asyncio.Task(call, loop=loop)
    try:
        with guard.interrupts.waiting_without_await():
            return loop.run_until_complete(task)
    except KeyboardInterrupt:
        new = next((trace for trace in runtime.in_flight if trace not in before), None)
        trace = getattr(call, "trace", new)
        place = waiting_position(trace and trace.steps)
        task.add_done_callback(_retrieve_exception)
        task.cancel()
        _wait_briefly(task, loop)  # A Worker may ignore the cancellation.
        if trace is not None and not task.done():
            abort_and_wake(trace, Interrupted(PlatformText.CANCELED))
            _wait_briefly(task, loop)
        if current.get() is not None:
            raise  # A Worker has made the call, and its request is to end.
        raise interrupted_in(place) from None


def _wait_briefly(task: asyncio.Task[Any], loop: asyncio.AbstractEventLoop) -> None:
    """Wait for a task, until the time for its end is over or another interrupt comes."""
    with contextlib.suppress(KeyboardInterrupt), guard.interrupts.waiting_without_await():
        loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))


def _retrieve_exception(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
