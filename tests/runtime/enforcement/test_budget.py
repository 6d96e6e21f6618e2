"""Whose a CPU budget is: the top-level request's, or each invocation's own."""

from __future__ import annotations

import asyncio

import pytest

from workernb import CpuLimitError, Limits, UsageError

ALONE = Limits(budget="per-invocation", cpu_ms=50)


async def test_a_shared_budget_is_drawn_on_by_all(define, runtime):
    define("auth", "burn(40); return Response('x')", limits=Limits(cpu_ms=1_000))
    handle = define(
        "gateway",
        "burn(30); await self.env.AUTH.fetch(request); return Response('x')",
        AUTH="auth",
        limits=Limits(cpu_ms=50),
    )
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    used = runtime.traces[-1].cpu_by_service()
    assert used["gateway"] > 29
    assert runtime.traces[-1].outcome == "exceededCpu"


async def test_each_invocation_may_have_a_budget_of_its_own(define, runtime):
    define("auth", "burn(30); return Response('x')", limits=ALONE)
    handle = define(
        "gateway",
        "burn(30); await self.env.AUTH.fetch(request); return Response('x')",
        AUTH="auth",
        limits=ALONE,
    )
    response = await handle.fetch()
    assert response.trace.outcome == "ok"
    assert response.trace.cpu_ms > 58


async def test_a_caller_may_go_on_without_a_callee_that_used_up_its_own(define, runtime):
    define("auth", "while True: pass", limits=ALONE)
    handle = define(
        "gateway",
        """
        try:
            await self.env.AUTH.fetch(request)
        except Exception as error:
            return Response(f"{type(error).__name__}: {error}")
        """,
        AUTH="auth",
        limits=ALONE,
    )
    response = await handle.fetch()
    assert await response.text() == "CpuLimitError: Worker exceeded CPU time limit."
    gateway, auth = response.trace.invocations
    assert (gateway.outcome, auth.outcome) == ("ok", "exceededCpu")
    assert 45 < auth.cpu_ms < 110


async def test_its_own_budget_cannot_be_swallowed(define, runtime):
    define(
        "auth", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    )
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    runtime.limits = ALONE
    with pytest.raises(CpuLimitError, match="exceeded CPU time limit"):
        await handle.fetch()
    assert runtime.traces[-1].invocations[1].outcome == "exceededCpu"


async def test_the_entry_may_use_up_its_own(define, runtime):
    handle = define("gateway", "while True: pass", limits=ALONE)
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    (note,) = caught.value.__notes__
    assert note.startswith("The CPU budget of an invocation of Worker 'gateway' is 50 ms; cut in ")
    assert runtime.traces[-1].outcome == "exceededCpu"


async def test_many_suspensions_do_not_blur_its_own(define, runtime):
    handle = define("gateway", "while True: await asyncio.sleep(0)", limits=ALONE)
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    # A tick hardly ever meets such short slices: it is seen as the stamps are folded.
    assert 49 < runtime.traces[-1].cpu_ms < 80


async def test_where_it_is_cut_as_it_waits_is_said_in_the_workers_own_lines(define, runtime):
    define("auth", "while True: await asyncio.sleep(0)")
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    runtime.limits = ALONE
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    (note,) = caught.value.__notes__
    assert "Worker 'auth' is 50 ms; cut in <worker auth v1>:" in note
    (log,) = runtime.traces[-1].logs
    assert "<worker auth v1>" in log.text
    assert "asyncio" not in log.text.replace("await asyncio.sleep(0)", "")


def test_an_unknown_budget_is_refused():
    with pytest.raises(UsageError, match="budget must be shared or per-invocation, not 'shraed'"):
        Limits(budget="shraed")


async def test_one_interrupt_ends_all_of_a_gather(define, runtime):
    import os
    import signal
    import threading

    define("busy", "while True: pass", limits=Limits(cpu_ms=20_000))
    define("waits", "await asyncio.sleep(0.2); return Response('x')")
    busy, waits = runtime["busy"], runtime["waits"]
    waiting = asyncio.ensure_future(waits.fetch())
    await asyncio.sleep(0.15)  # For longer than what counts as just now.
    calls = [busy.fetch(), busy.fetch()]

    def press() -> None:
        while not any(trace.cpu_ms > 20 for trace in list(runtime.in_flight)):
            pass
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    results = await asyncio.gather(*calls, return_exceptions=True)
    presser.join()
    assert [type(result).__name__ for result in results] == ["CanceledError"] * 2
    assert (await waiting).status == 200
