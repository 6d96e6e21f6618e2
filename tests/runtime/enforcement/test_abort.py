"""An aborted request ends, whatever its Workers do about it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
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


WAITS = {
    "a sleep": "await asyncio.sleep(1e6)",
    "an event": "await asyncio.Event().wait()",
    "a queue": "await asyncio.Queue().get()",
    "a callee": "await self.env.WAITS.fetch(request)",
    "gather": "await asyncio.gather(asyncio.sleep(1e6), asyncio.Event().wait())",
    "swallows its end": """
while True:
    try:
        await asyncio.sleep(1e6)
    except BaseException:
        pass
""",
    "swallows its end twice": """
while True:
    try:
        try:
            await asyncio.sleep(1e6)
        except BaseException:
            await asyncio.sleep(1e6)
    except BaseException:
        await asyncio.sleep(1e6)
""",
    "waits as it ends": """
try:
    await asyncio.sleep(1e6)
finally:
    await asyncio.sleep(1e6)
""",
}
"""Bodies of handlers that wait for ever, by what they wait for."""

SPINS = {
    "a task": "task = asyncio.create_task(spin())",
    "a callback": "asyncio.get_running_loop().call_soon(spin_now)",
    "a timer": "asyncio.get_running_loop().call_later(0.001, spin_now)",
    "a task that has waited": "task = asyncio.create_task(spin_later())",
    "a call": "task = asyncio.create_task(self.env.BUSY.fetch(request))",
}
SPIN = """
def spin_now():
    while True: pass
async def spin():
    spin_now()
async def spin_later():
    await asyncio.sleep(0.001)
    spin_now()
"""


@pytest.mark.parametrize("spins", SPINS)
@pytest.mark.parametrize("waits", WAITS)
async def test_a_request_that_waits_while_something_of_it_is_cut_ends(
    define, runtime, until, loop_errors, waits, spins
):
    define("busy", "while True: pass")
    define("waits", "await asyncio.sleep(1e6)")
    body = f"{SPIN}\n{SPINS[spins]}\n{WAITS[waits]}"
    handle = define("worker", body, limits=Limits(cpu_ms=50), BUSY="busy", WAITS="waits")
    async with asyncio.timeout(20):
        with contextlib.suppress(CpuLimitError):
            await handle.fetch()
        await until(lambda: not runtime.in_flight)
    assert runtime.traces[-1].outcome == "exceededCpu"
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    await asyncio.sleep(0)
    gc.collect()
    assert [error for error in loop_errors if "callback" not in error["message"]] == []


OWN_SPINS = [spins for spins in SPINS if spins != "a call"]
"""What uses up the budget of the invocation itself, where each has its own."""


@pytest.mark.parametrize("spins", OWN_SPINS)
@pytest.mark.parametrize("waits", WAITS)
async def test_an_invocation_that_waits_while_something_of_it_is_cut_ends_alone(
    define, runtime, until, loop_errors, waits, spins
):
    runtime.limits = Limits(cpu_ms=50, budget="per-invocation")
    define("waits", "await asyncio.sleep(1e6)")
    body = f"{SPIN}\n{SPINS[spins]}\n{WAITS[waits]}"
    define("worker", body, WAITS="waits")
    caller = """
    async with asyncio.timeout(1e6):
        try:
            await self.env.WORKER.fetch(request)
        except Exception as error:
            await asyncio.sleep(0.001)
            return Response(f"{type(error).__name__}: {error}")
    """
    handle = define("caller", caller, WORKER="worker")
    async with asyncio.timeout(20):
        answer = await handle.fetch()
        await until(lambda: not runtime.in_flight)
    assert await answer.text() == "CpuLimitError: Worker exceeded CPU time limit."
    first, second, *callee = (each.outcome for each in answer.trace.invocations)
    assert (first, second) == ("ok", "exceededCpu")
    assert callee in ([], ["canceled"])
    await asyncio.sleep(0)
    gc.collect()
    assert [error for error in loop_errors if "callback" not in error["message"]] == []


async def test_an_invocation_that_waits_in_a_task_ends_for_its_own_budget(define, runtime):
    runtime.limits = Limits(cpu_ms=50, budget="per-invocation")
    define("worker", f"{SPIN}\n{SPINS['a callback']}\n{WAITS['a sleep']}")
    define("echo", "await asyncio.sleep(0.2)\nreturn Response('echo')")
    caller = """
    async def ask():
        return await self.env.WORKER.fetch("http://worker/")
    answers = await asyncio.gather(
        ask(), self.env.WORKER.fetch(request), self.env.ECHO.fetch("http://echo/"),
        return_exceptions=True,
    )
    return Response(" ".join(type(answer).__name__ for answer in answers))
    """
    handle = define("caller", caller, WORKER="worker", ECHO="echo")
    async with asyncio.timeout(20):
        answer = await handle.fetch()
    assert await answer.text() == "CpuLimitError CpuLimitError Response"
    assert answer.trace.outcome == "ok"


async def test_a_callee_that_refuses_its_end_ends_with_the_request(define, runtime):
    runtime.limits = Limits(cpu_ms=50, budget="per-invocation")
    define("waits", WAITS["swallows its end"])
    body = f"{SPIN}\n{SPINS['a callback']}\n{WAITS['a callee']}"
    handle = define("worker", body, WAITS="waits")
    async with asyncio.timeout(20):
        with pytest.raises(CpuLimitError):
            await handle.fetch()
    assert not runtime.in_flight


async def test_waituntil_tasks_end_for_the_budget_of_their_invocation(define, runtime, until):
    body = f"""
{SPIN}
self.ctx.waitUntil(asyncio.sleep(1e6))
self.ctx.waitUntil(spin_later())
return Response("answer")
"""
    handle = define("worker", body, limits=Limits(cpu_ms=50, budget="per-invocation"))
    async with asyncio.timeout(20):
        answer = await handle.fetch()
        await until(lambda: not runtime.in_flight)
    assert answer.trace.outcome == "exceededCpu"


async def test_waituntil_tasks_end_when_one_of_them_is_cut(define, runtime, until):
    body = f"""
{SPIN}
self.ctx.waitUntil(asyncio.sleep(1e6))
self.ctx.waitUntil(asyncio.gather(asyncio.sleep(1e6), asyncio.Event().wait()))
self.ctx.waitUntil(spin_later())
return Response("answer")
"""
    handle = define("worker", body, limits=Limits(cpu_ms=50))
    async with asyncio.timeout(20):
        answer = await handle.fetch()
        await until(lambda: not runtime.in_flight)
    assert await answer.text() == "answer"
    assert answer.trace.outcome == "exceededCpu"


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
    assert note == f"The request to Worker 'slow' was given 50 ms of wall clock; {cut}"


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="uncancel() leaves a task that is about to be cancelled so"
)
async def test_what_a_worker_cancels_is_not_left_to_the_notebook(define):
    """The task that runs is the notebook's."""
    body = """
await asyncio.sleep(0)
while True:
    asyncio.current_task().cancel()
    try:
        await asyncio.sleep(0)
    except BaseException:
        pass
"""
    handle = define("worker", body, limits=Limits(cpu_ms=20))
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0)
