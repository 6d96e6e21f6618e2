"""Budgets: how much CPU a request or an invocation may use, and how many calls it may make."""

from __future__ import annotations

import pytest

from workernb import CpuLimitError, LimitError, Limits

from ..conftest import FORWARD, fetch_text

PER_INVOCATION = Limits(budget="per-invocation", cpu_ms=50)


DEPTH = (
    "Subrequest depth limit exceeded. This request recursed through Workers too many times. This "
    "can happen e.g. if you have a Worker or Durable Object that calls other Workers or objects "
    "recursively."
)


async def test_a_shared_budget_is_for_all_invocations_together(define, runtime):
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


async def test_a_budget_per_invocation_is_for_each_alone(define, runtime):
    define("auth", "burn(30); return Response('x')", limits=PER_INVOCATION)
    handle = define(
        "gateway",
        "burn(30); await self.env.AUTH.fetch(request); return Response('x')",
        AUTH="auth",
        limits=PER_INVOCATION,
    )
    response = await handle.fetch()
    assert response.trace.outcome == "ok"
    assert response.trace.cpu_ms > 58


async def test_a_caller_can_catch_the_end_of_its_callees_budget(define, runtime):
    define("auth", "while True: pass", limits=PER_INVOCATION)
    handle = define(
        "gateway",
        """
        try:
            await self.env.AUTH.fetch(request)
        except Exception as error:
            return Response(f"{type(error).__name__}: {error}")
        """,
        AUTH="auth",
        limits=PER_INVOCATION,
    )
    response = await handle.fetch()
    assert await response.text() == "CpuLimitError: Worker exceeded CPU time limit."
    gateway, auth = response.trace.invocations
    assert (gateway.outcome, auth.outcome) == ("ok", "exceededCpu")
    assert 45 < auth.cpu_ms < 110


async def test_an_invocation_cannot_catch_the_end_of_its_budget(define, runtime):
    define(
        "auth", "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    )
    handle = define("gateway", FORWARD, AUTH="auth")
    runtime.limits = PER_INVOCATION
    with pytest.raises(CpuLimitError, match="exceeded CPU time limit"):
        await handle.fetch()
    assert runtime.traces[-1].invocations[1].outcome == "exceededCpu"


async def test_the_first_invocation_exceeds_its_budget(define, runtime):
    handle = define("gateway", "while True: pass", limits=PER_INVOCATION)
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    (note,) = caught.value.__notes__
    assert note.startswith("The CPU budget of an invocation of Worker 'gateway' is 50 ms; cut in ")
    assert runtime.traces[-1].outcome == "exceededCpu"


# Its slices take 5 µs, of which a tracer takes nearly all.
@pytest.mark.no_cover
async def test_a_budget_per_invocation_is_kept_through_many_suspensions(define, runtime):
    handle = define("gateway", "while True: await asyncio.sleep(0)", limits=PER_INVOCATION)
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    # Ticks can miss such short slices, so the budget is checked when stamps are folded too.
    assert 49 < runtime.traces[-1].cpu_ms < 80


async def test_a_cut_of_a_suspended_invocation_names_its_own_line(define, runtime):
    define("auth", "while True: await asyncio.sleep(0)")
    handle = define("gateway", FORWARD, AUTH="auth")
    runtime.limits = PER_INVOCATION
    notes = []
    for _ in range(5):  # It may be cut between two steps, where it is at no line.
        with pytest.raises(CpuLimitError) as caught:
            await handle.fetch()
        (note,) = caught.value.__notes__
        notes.append(note)
    assert any("Worker 'auth' is 50 ms; cut in <worker auth v1>:" in note for note in notes), notes
    (log,) = runtime.traces[-1].logs
    assert "<worker auth v1>" in log.text
    assert "asyncio" not in log.text.replace("await asyncio.sleep(0)", "")


async def test_a_recursion_ends_at_32_invocations(define, runtime):
    handle = define("loop", "return await self.env.SELF.fetch(request)", SELF="loop")
    with pytest.raises(LimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == DEPTH
    assert "loop → loop → loop → … → loop" in caught.value.__notes__[0]
    assert len(runtime.traces[-1].invocations) == 32


async def test_a_request_makes_at_most_32_invocations(define):
    define("auth")
    handle = define(
        "gateway",
        """
        done = 0
        try:
            while True:
                await self.env.AUTH.fetch(request)
                done += 1
        except Exception as error:
            return Response(f"{done} {error}")
        """,
        AUTH="auth",
    )
    assert await fetch_text(handle) == f"31 {DEPTH}"


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(subrequests=3), "Too many subrequests by single Worker invocation."),
        (Limits(invocations=4), DEPTH),
        (Limits(depth=1), DEPTH),
    ],
)
async def test_each_limit_of_calls_has_the_platforms_text(define, limits, text):
    define("auth")
    handle = define(
        "gateway",
        "for _ in range(4):\n    await self.env.AUTH.fetch(request)\nreturn Response('x')",
        AUTH="auth",
        limits=limits,
    )
    with pytest.raises(LimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == text


async def test_depth_counts_nested_invocations_only(define):
    define("c")
    define("b", "return await self.env.C.fetch(request)", C="c")
    handle = define(
        "a",
        "await self.env.C.fetch('http://x/')\nreturn await self.env.B.fetch('http://x/')",
        B="b",
        C="c",
        limits=Limits(depth=2),
    )
    with pytest.raises(LimitError) as caught:
        await handle.fetch()
    assert "a → b" in caught.value.__notes__[0]


async def test_the_budget_is_that_of_the_first_worker(define):
    define("auth", "burn(30); return Response('x')", limits=Limits(cpu_ms=1))
    handle = define("gateway", FORWARD, AUTH="auth")
    assert (await handle.fetch()).status == 200


async def test_a_limit_ends_only_its_own_request(define):
    define("busy", "while True: pass")
    handle = define(
        "gateway",
        FORWARD,
        AUTH="busy",
        limits=Limits(cpu_ms=30),
    )
    waiting = define("waiting", "await asyncio.sleep(0.01); return Response('fine')").fetch()
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert await (await waiting).text() == "fine"
    assert (await define("after").fetch()).status == 200
