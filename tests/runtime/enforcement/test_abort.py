"""An aborted request ends, whatever its Workers do about it."""

from __future__ import annotations

import asyncio
import time

import pytest

from workernb import CanceledError, CpuLimitError, LimitError, Limits

RESCUE = """
try:
    return await self.env.AUTH.fetch(request)
except BaseException:
    return Response("rescued")
"""
"""The body of a handler that catches whatever its call raises."""


async def test_the_wall_clock_limit_wakes_a_waiting_request(define, runtime):
    define("auth", "await asyncio.Event().wait()")
    handle = define(
        "gateway",
        RESCUE,
        AUTH="auth",
        limits=Limits(wall_ms=50),
    )
    began = time.monotonic()
    with pytest.raises(LimitError, match="wall"):
        await handle.fetch()
    assert time.monotonic() - began < 1
    assert runtime.traces[-1].outcome == "exceededWallTime"


async def test_a_caller_cannot_catch_the_end_of_its_budget(define, runtime):
    define("auth", "while True: pass")
    handle = define(
        "gateway",
        RESCUE,
        AUTH="auth",
        limits=Limits(cpu_ms=20),
    )
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    gateway, auth = runtime.traces[-1].invocations
    assert gateway.outcome == auth.outcome == "exceededCpu"


async def test_a_request_that_is_interrupted_just_before_it_waits_does_not_wait(define):
    worker = define(
        "worker",
        """
        import contextlib, signal
        stack = contextlib.ExitStack()
        stack.callback(signal.raise_signal, signal.SIGINT)
        # Nothing can be raised within contextlib, and no line of the Worker's follows.
        stack.close(); await asyncio.sleep(60)
        """,
    )
    async with asyncio.timeout(20):
        with pytest.raises(CanceledError):
            await worker.fetch()


async def test_an_aborted_request_makes_no_further_calls(define, runtime):
    define("auth")
    handle = define(
        "gateway",
        """
        try:
            await asyncio.Event().wait()
        except BaseException:
            return await self.env.AUTH.fetch(request)
        """,
        AUTH="auth",
        limits=Limits(wall_ms=50),
    )
    with pytest.raises(LimitError):
        await handle.fetch()
    assert runtime.traces[-1].outcome == "exceededWallTime"
    assert [invocation.service for invocation in runtime.traces[-1].invocations] == ["gateway"]


async def test_the_awaiting_task_is_not_cancelled(define):
    handle = define("slow", "await asyncio.sleep(60)", limits=Limits(wall_ms=50))
    with pytest.raises(LimitError):
        await handle.fetch()
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    await asyncio.sleep(0)


async def test_abort_notes_say_what_the_limit_was(define):
    handle = define("slow", "await asyncio.sleep(60)", limits=Limits(wall_ms=50))
    with pytest.raises(LimitError) as caught:
        await handle.fetch()
    (note,) = caught.value.__notes__
    cut = "cut in <worker slow v1>:13, in fetch."
    assert note == f"The request was given 50 ms of wall clock; {cut}"
