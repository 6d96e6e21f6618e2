"""Calls: top-level requests as the coroutines that a notebook awaits, or waits for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from workernb.errors import WrongLoopError, on_one_line, with_notes
from workernb.runtime.tracing.threads import Thread
from workernb.runtime.tracing.tracebacks import from_the_worker_on, waiting_at

from .dispatch import Answer, canceled_in, serve, serve_in_a_task

if TYPE_CHECKING:
    from workernb.runtime.runtime import Runtime
    from workernb.runtime.tracing.invocations import Invocation
    from workernb.runtime.tracing.traces import Trace

T = TypeVar("T")


class Call(Coroutine[Any, Any, Answer]):
    """A top-level request that was made: a coroutine, to be awaited once.

    Whoever awaits it runs it, in the same task. What nobody has awaited by the loop's next turn
    but one begins in a task of its own: so calls that are made before the first is awaited
    overlap, as on the platform.
    """

    __slots__ = ("_root", "_runtime", "_steps", "_task", "_what")

    def __init__(self, runtime: Runtime, *what: Any) -> None:
        """Make the request, if there is a loop to run it. what: as `Runtime.start` takes it."""
        self._runtime = runtime
        self._what = what
        self._root: Invocation | None = None
        self._task: asyncio.Future[Answer] | None = None
        self._steps: Generator[Any, Any, Answer] | None = None
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._make(loop)

    def _make(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the request here, or have it made and run by the runtime's loop elsewhere."""
        home = self._runtime.home_elsewhere()
        if home is not None:
            there = asyncio.run_coroutine_threadsafe(self._make_and_serve(), home)
            self._task = asyncio.wrap_future(there)
            return
        self._root = self._runtime.start(*self._what)
        thread = self._root.trace.thread
        thread.calls.append(self)
        if thread.begins_calls_of is not loop:
            thread.begins_calls_of = loop
            # Not yet at the next turn: a task that is to await it may take its first step then.
            loop.call_soon(loop.call_soon, _begin_all, thread)

    def begin(self) -> None:
        """Begin the request in a task of its own, which whoever awaits it later joins."""
        if self._root is not None:
            task = asyncio.Task(serve_in_a_task(self._root), loop=asyncio.get_running_loop())
            task.add_done_callback(self._ended)
            self._task = task

    def _ended(self, task: asyncio.Task[Answer]) -> None:
        if not task.cancelled():
            task.exception()  # The trace has it: asyncio need not complain when nobody asks.
        if self._root is not None:
            self._root.trace.abandon()  # If it was cancelled before its first step.

    async def _make_and_serve(self) -> Answer:
        return await serve_in_a_task(self._runtime.start(*self._what))

    @property
    def trace(self) -> Trace | None:
        """What happens in the request; None while it is not made, or in another thread."""
        return None if self._root is None else self._root.trace

    def __await__(self) -> Generator[Any, Any, Answer]:
        """Return the steps of the request, for who awaits it to run."""
        if self._root is None and self._task is None:
            self._make(asyncio.get_running_loop())
        if self._task is not None or self._root is None:
            return self._join()
        if not self._claim():
            raise RuntimeError("cannot reuse already awaited coroutine")
        return serve(self._root)

    def _claim(self) -> bool:
        """Take the call off the list of those to begin; whether it was there."""
        calls = self._root.trace.thread.calls if self._root is not None else []
        if calls and calls[-1] is self:
            calls.pop()
            return True
        with contextlib.suppress(ValueError):
            calls.remove(self)
            return True
        return False

    def _join(self) -> Generator[Any, Any, Answer]:
        assert self._task is not None
        try:
            return (yield from self._task.__await__())
        except BaseException as error:
            from_the_worker_on(error)
            raise

    def __repr__(self) -> str:
        what = "" if self.trace is None else f" of {self.trace.method} {self.trace.url}"
        return f"<fetch{what}: await it for the answer>"

    # The rest of a coroutine, for what a Task drives: gather, create_task, TaskGroup.

    def send(self, value: Any) -> Any:
        """Step the call, as a Task does."""
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an exception in the call, as a Task does to cancel it."""
        if self._steps is None:
            self.close()
            raise error[0]
        return self._steps.throw(*error)

    def close(self) -> None:
        """Cancel the request, if it has begun."""
        if self._claim() and self._root is not None:
            self._root.trace.abandon()
        if self._steps is not None:
            self._steps.close()
        if self._task is not None:
            self._task.cancel()


def _begin_all(thread: Thread) -> None:
    """Begin the calls of a thread that nobody has awaited so far."""
    thread.begins_calls_of = None
    calls = thread.calls[:]
    thread.calls.clear()
    for call in calls:
        call.begin()


def run_sync(call: Coroutine[Any, Any, T], runtime: Runtime) -> T:
    """Run a call to its end from synchronous code, whatever loop is or is not running here."""
    home = runtime.home_elsewhere()
    if home is not None:
        return asyncio.run_coroutine_threadsafe(call, home).result()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _run(call, runtime.private_loop(), runtime)
    import nest_asyncio2  # Only now: nothing is patched before somebody needs it.

    try:
        nest_asyncio2.apply(loop)
    except ValueError as error:
        call.close()
        raise with_notes(
            WrongLoopError(f"fetch_sync cannot run within this loop: {error}"),
            "Use await …fetch(…) instead.",
        ) from None
    return _run(call, loop, runtime)


def _run(call: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, runtime: Runtime) -> T:
    """Run a call; an interrupt leaves the loop, and must not leave the request behind in it."""
    before = set(runtime.in_flight)
    task = asyncio.Task(call, loop=loop)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt as interrupt:
        begun = next((trace for trace in runtime.in_flight if trace not in before), None)
        trace = getattr(call, "trace", begun)
        on_one_line(interrupt, canceled_in(waiting_at(trace and trace.steps)))
        task.add_done_callback(_retrieve)
        task.cancel()
        # Not until it is done: a Worker may refuse to end.
        with contextlib.suppress(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))
        raise


CLEAN_UP_S = 0.2
"""How long (s) a synchronous call that was interrupted may take to end."""


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
