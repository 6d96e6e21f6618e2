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
