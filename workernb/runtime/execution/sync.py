"""Synchronous calls: top-level requests without `await`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from workernb.errors import Interrupted, PlatformText, WrongLoopError, on_one_line, with_notes
from workernb.runtime.enforcement.abort import abort_and_wake
from workernb.runtime.enforcement.guard import CLEAN_UP_S
from workernb.runtime.tracing.tracebacks import waiting_position

from .dispatch import Dispatcher, canceled_in

T = TypeVar("T")


def run_sync(call: Coroutine[Any, Any, T], runtime: Dispatcher) -> T:
    """Run a call to its end from synchronous code, with or without a running loop.

    Raises WrongLoopError if the running loop cannot be nested.
    """
    home = runtime.loops.home_in_other_thread()
    if home is not None:
        return asyncio.run_coroutine_threadsafe(call, home).result()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _run(call, runtime.loops.private(), runtime)
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


def _run(call: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, runtime: Dispatcher) -> T:
    """Run a call; after an interrupt, cancel its request, which would go on in the loop."""
    before = set(runtime.in_flight)
    task = asyncio.Task(call, loop=loop)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt as interrupt:
        new = next((trace for trace in runtime.in_flight if trace not in before), None)
        trace = getattr(call, "trace", new)
        on_one_line(interrupt, canceled_in(waiting_position(trace and trace.steps)))
        task.add_done_callback(_retrieve_exception)
        task.cancel()
        # With a timeout, because a Worker may ignore the cancellation.
        with contextlib.suppress(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))
            if trace is not None and not task.done():
                abort_and_wake(trace, Interrupted(PlatformText.CANCELED))
                loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))
        raise


def _retrieve_exception(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
