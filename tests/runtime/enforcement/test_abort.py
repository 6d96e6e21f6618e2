"""An aborted request ends, whatever its Workers do about it."""

from __future__ import annotations

import asyncio
import time

import pytest

from workernb import CanceledError, CpuLimitError, LimitError, Limits


async def test_the_wall_clock_has_a_limit(define, runtime):
    define("auth", "await asyncio.Event().wait()")
    handle = define(
        "gateway",
        "try:\n    return await self.env.AUTH.fetch(request)\n"
        "except BaseException:\n    return Response('rescued')",
        AUTH="auth",
        limits=Limits(wall_ms=50),
    )
    began = time.monotonic()
    with pytest.raises(LimitError, match="wall"):
        await handle.fetch()
    assert time.monotonic() - began < 1
    assert runtime.traces[-1].outcome == "exceededWallTime"


async def test_the_caller_cannot_rescue_a_request_that_has_no_budget_left(define, runtime):
    define("busy", "while True: pass")
    handle = define(
        "gateway",
        """
        try:
            await self.env.BUSY.fetch(request)
        except BaseException:
            return Response("rescued")
        """,
        BUSY="busy",
        limits=Limits(cpu_ms=20),
    )
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert [invocation.outcome for invocation in runtime.traces[-1].invocations] == [
        "exceededCpu"
    ] * 2


async def test_a_request_that_is_interrupted_as_it_begins_to_wait_does_not_wait(define):
    worker = define(
        "worker",
        """
        import contextlib, signal
        stack = contextlib.ExitStack()
        stack.callback(signal.raise_signal, signal.SIGINT)
        # In contextlib it cannot be raised, and no line of the Worker's follows.
        stack.close(); await asyncio.sleep(60)
        """,
    )
    async with asyncio.timeout(20):
        with pytest.raises(CanceledError):
            await worker.fetch()
