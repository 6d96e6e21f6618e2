"""Synchronous calls: a top-level request, waited for instead of awaited."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from workernb.errors import Interrupted, PlatformText, WrongLoopError, on_one_line, with_notes
from workernb.runtime.enforcement.abort import wake
from workernb.runtime.enforcement.guard import CLEAN_UP_S
from workernb.runtime.tracing.tracebacks import waiting_at

from .dispatch import Dispatcher, canceled_in

T = TypeVar("T")


def run_sync(call: Coroutine[Any, Any, T], runtime: Dispatcher) -> T:
    """Run a call to its end from synchronous code, whatever loop is or is not running here."""
    home = runtime.loops.home_elsewhere()
    if home is not None:
        return asyncio.run_coroutine_threadsafe(call, home).result()
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _run(call, runtime.loops.private(), runtime)
    import nest_asyncio2  # Only now: nothing is patched before it is needed.

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
        # With a timeout: a Worker may refuse to end.
        with contextlib.suppress(KeyboardInterrupt):
            loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))
            if trace is not None and not task.done():
                wake(trace, Interrupted(PlatformText.CANCELED))
                loop.run_until_complete(asyncio.wait([task], timeout=CLEAN_UP_S))
        raise


def _retrieve(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
