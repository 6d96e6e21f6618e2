"""What a request may use, and what it gets when it wants more."""

from __future__ import annotations

import asyncio
import time

import pytest

from workernb import PRESETS, CpuLimitError, LimitError, Limits, UsageError

DEPTH = (
    "Subrequest depth limit exceeded. This request recursed through Workers too many times. This "
    "can happen e.g. if you have a Worker or Durable Object that calls other Workers or objects "
    "recursively."
)


def test_the_presets():
    assert PRESETS["notebook"] == Limits(
        cpu_ms=1_000, wall_ms=60_000, subrequests=1_000, invocations=32, depth=32
    )
    assert (PRESETS["free"].cpu_ms, PRESETS["free"].subrequests) == (10, 50)
    assert (PRESETS["standard"].cpu_ms, PRESETS["standard"].wall_ms) == (30_000, None)


@pytest.mark.parametrize("value", [0, -1, "10", True, float("nan")])
def test_a_limit_is_a_number_above_zero(value):
    with pytest.raises(UsageError, match="must be a number above 0"):
        Limits(cpu_ms=value)


def test_an_unknown_limit_is_refused():
    with pytest.raises(UsageError, match="There is no limit 'cpu'") as caught:
        Limits().but(cpu=3)
    assert caught.value.__notes__ == ["Did you mean cpu_ms?"]


async def test_a_recursion_ends_with_the_platforms_text(define, runtime):
    handle = define("loop", "return await self.env.SELF.fetch(request)", SELF="loop")
    with pytest.raises(LimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == DEPTH
    assert "loop → loop → loop → … → loop" in caught.value.__notes__[0]
    assert len(runtime.traces[-1].invocations) == 32


async def test_a_worker_makes_at_most_32_invocations(define):
    define("auth", "return Response('x')")
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
    assert await (await handle.fetch()).text() == f"31 {DEPTH}"


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(subrequests=3), "Too many subrequests by single Worker invocation."),
        (Limits(invocations=4), DEPTH),
        (Limits(depth=1), DEPTH),
    ],
)
async def test_each_limit_by_itself(define, limits, text):
    define("auth", "return Response('x')")
    handle = define(
        "gateway",
        "for _ in range(4):\n    await self.env.AUTH.fetch(request)\nreturn Response('x')",
        AUTH="auth",
        limits=limits,
    )
    with pytest.raises(LimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == text


async def test_depth_counts_nesting_and_not_calls(define):
    define("c", "return Response('x')")
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


async def test_the_budget_of_the_entry_worker_rules(define):
    define("auth", "burn(30); return Response('x')", limits=Limits(cpu_ms=1))
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    assert (await handle.fetch()).status == 200


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


async def test_a_limit_ends_one_request_and_no_other(define):
    define("busy", "while True: pass")
    handle = define(
        "gateway",
        "return await self.env.BUSY.fetch(request)",
        BUSY="busy",
        limits=Limits(cpu_ms=30),
    )
    waiting = define("waiting", "await asyncio.sleep(0.01); return Response('fine')").fetch()
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert await (await waiting).text() == "fine"
    assert (await define("after", "return Response('x')").fetch()).status == 200


async def test_many_invocations_are_folded(define, runtime, monkeypatch):
    monkeypatch.setattr("workernb.runtime.tracing.traces.KEPT", 100)
    define("auth", "burn(0.05); return Response('x')")
    handle = define(
        "gateway",
        """
        for number in range(500):
            await self.env.AUTH.fetch(request)
            if number % 100 == 0:
                await asyncio.sleep(0)
        return Response("x")
        """,
        AUTH="auth",
        limits=Limits(invocations=10**6, subrequests=10**6),
    )
    trace = (await handle.fetch()).trace
    assert len(trace.invocations) == 100
    assert trace.not_kept == 401
    assert len(trace.slices) <= 100
    shares = trace.cpu_by_service()
    assert list(shares) == ["gateway", "auth"]
    burned = sum(float(log.text) for log in trace.logs)
    assert burned <= shares["auth"] < burned + 500 * 0.05
    assert sum(shares.values()) == pytest.approx(trace.cpu_ms)
    assert len(trace.stamps) < 3000


async def test_many_suspensions_are_folded(define, monkeypatch):
    monkeypatch.setattr("workernb.runtime.tracing.traces.KEPT", 100)
    handle = define("busy", "for _ in range(2000): await asyncio.sleep(0)\nreturn Response('x')")
    trace = (await handle.fetch()).trace
    assert len(trace.slices) == 100
    assert len(trace.stamps) <= 3 * 206
    assert trace.cpu_ms > 0


async def test_traces_are_bounded(define, runtime):
    runtime.traces.MOST = 5
    handle = define("echo", "return Response('x')")
    for _ in range(9):
        await handle.fetch()
    assert [trace.number for trace in runtime.traces] == [5, 6, 7, 8, 9]
    runtime.traces.MOST_BYTES = 1
    await handle.fetch()
    assert [trace.number for trace in runtime.traces] == [10]


async def test_logs_are_bounded(define):
    handle = define("chatty", "for _ in range(300): print('x' * 1024)\nreturn Response('x')")
    logs = (await handle.fetch()).trace.logs
    assert len(logs) == 257
    assert "More than 256KB" in logs[-1].text


async def test_a_thousand_waiting_requests_keep_apart(define):
    define("auth", "await asyncio.sleep(0.1)\nreturn Response(request.url)")
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    answers = await asyncio.gather(*(handle.fetch(f"http://x/{n}") for n in range(1000)))
    for number, answer in enumerate(answers):
        assert await answer.text() == f"http://x/{number}"
        assert [call.url for call in answer.trace.invocations] == [f"http://x/{number}"] * 2
