"""CPU time is charged to the invocation that ran, and long traces are folded."""

from __future__ import annotations

import asyncio
import gc
import sys
import time

import pytest

from workernb import Limits

from ..conftest import FORWARD


@pytest.fixture(autouse=True)
def _no_garbage_collection():
    """A garbage collection lasts longer than what is measured here."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def near(ms: float):
    """Return what equals `ms` within 5 % or 1 ms: each preemption may move 0.1 ms."""
    # Under a tracer, such as coverage's, the lines around the measurement cost more.
    return pytest.approx(ms, rel=0.05, abs=1 if sys.gettrace() is None else 2)


def burned(*invocations):
    """Return the CPU time (ms) that the Workers of these invocations measured themselves."""
    return sum(float(log.text) for invocation in invocations for log in invocation.logs)


def check(trace, *expected):
    """Compare each invocation's CPU time with its Worker's own measurement.

    expected: what each of them was to use at least, in ms.
    """
    for invocation, at_least in zip(trace.invocations, expected, strict=True):
        assert burned(invocation) >= at_least
        assert invocation.cpu_ms == near(burned(invocation))


async def test_nested_invocations_are_charged_for_their_own_work(define):
    define("last", "burn(10); return Response('x')")
    define(
        "auth", "burn(15); r = await self.env.NEXT.fetch(request); burn(15); return r", NEXT="last"
    )
    handle = define(
        "gateway",
        "burn(25); r = await self.env.AUTH.fetch(request); burn(20); return r",
        AUTH="auth",
    )
    await define("first").fetch()  # The first request of a process imports what guards it.
    began = time.thread_time_ns()
    trace = (await handle.fetch()).trace
    thread_ms = (time.thread_time_ns() - began) / 1e6
    gateway, auth, last = trace.invocations
    check(trace, 45, 30, 10)
    assert gateway.inclusive_cpu_ms == near(burned(gateway, auth, last))
    assert auth.inclusive_cpu_ms == near(burned(auth, last))
    assert last.inclusive_cpu_ms == last.cpu_ms
    assert trace.cpu_ms == pytest.approx(thread_ms, rel=0.15)
    assert trace.cpu_by_service() == {
        invocation.service: invocation.cpu_ms for invocation in trace.invocations
    }


async def test_waiting_costs_no_cpu(define):
    define("auth", "burn(10); await asyncio.sleep(0.03); burn(10); return Response('x')")
    handle = define("gateway", FORWARD, AUTH="auth")
    trace = (await handle.fetch()).trace
    gateway, auth = trace.invocations
    check(trace, 0, 20)
    assert auth.wall_ms >= 30
    assert gateway.wall_ms >= auth.wall_ms


async def test_blocking_costs_wall_clock_and_no_cpu(define):
    define("auth", "time.sleep(0.03); return Response('x')")
    handle = define("gateway", "burn(5); return await self.env.AUTH.fetch(request)", AUTH="auth")
    trace = (await handle.fetch()).trace
    check(trace, 5, 0)
    auth = trace.invocations[1]
    assert auth.wall_ms >= 30


@pytest.mark.parametrize("make", ["", "asyncio.create_task"])
async def test_gathered_calls_and_tasks_are_charged_separately(define, make):
    define("auth", "burn(10); await asyncio.sleep(0); burn(5); return Response('x')")
    handle = define(
        "gateway",
        f"""
        async def helper():
            burn(10)
            await asyncio.sleep(0)
            burn(10)
        wrap = {make or "(lambda coroutine: coroutine)"}
        await asyncio.gather(wrap(self.env.AUTH.fetch("http://x/")), wrap(helper()),
                             wrap(self.env.AUTH.fetch("http://x/")))
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    check(trace, 20, 15, 15)


async def test_interleaved_requests_are_charged_separately(define):
    handle = define(
        "worker",
        """
        ms = float(request.url.rsplit("/", 1)[1])
        for _ in range(4):
            burn(ms)
            await asyncio.sleep(0)
        return Response("x")
        """,
    )
    began = time.thread_time_ns()
    answers = await asyncio.gather(*(handle.fetch(f"http://x/{ms}") for ms in (5, 10, 15)))
    thread_ms = (time.thread_time_ns() - began) / 1e6
    for answer, at_least in zip(answers, (20, 40, 60), strict=True):
        check(answer.trace, at_least)
    assert sum(answer.trace.cpu_ms for answer in answers) == pytest.approx(thread_ms, rel=0.15)


async def test_an_async_generator_is_charged_to_its_worker(define):
    define("auth", "burn(10); return Response('x')")
    handle = define(
        "gateway",
        """
        async def steps():
            for _ in range(3):
                burn(5)
                yield await self.env.AUTH.fetch("http://x/")
        async for _ in steps():
            burn(5)
        return Response("x")
        """,
        AUTH="auth",
    )
    trace = (await handle.fetch()).trace
    check(trace, 30, 10, 10, 10)


async def test_slices_come_in_order_and_do_not_overlap(define):
    define("auth", "burn(5); await asyncio.sleep(0); burn(5); return Response('x')")
    handle = define(
        "gateway", "burn(5); r = await self.env.AUTH.fetch(request); burn(5); return r", AUTH="auth"
    )
    trace = (await handle.fetch()).trace
    services = [part.invocation.service for part in trace.slices]
    assert services == ["gateway", "auth", "auth", "gateway"]
    for before, after in zip(trace.slices, trace.slices[1:], strict=False):
        assert before.begin_ns <= before.end_ns <= after.begin_ns
    measured = sum(part.cpu_ns for part in trace.slices) + trace.sampled_ns
    assert measured / 1e6 == pytest.approx(trace.cpu_ms)


async def test_a_request_in_flight_has_figures(define, runtime, until):
    define("auth", "burn(15); await asyncio.sleep(0.1); return Response('x')")
    handle = define("gateway", FORWARD, AUTH="auth")
    request = handle.fetch()
    (trace,) = runtime.in_flight
    await until(lambda: len(trace.invocations) == 2)
    assert trace.outcome is None
    assert trace.cpu_by_service()["auth"] == near(burned(trace.invocations[1]))
    assert trace.invocations[1].wall_ms > 0
    await request


async def test_invocations_beyond_10_000_are_added_up_by_service(define):
    define("auth", "burn(0.05); return Response('x')")
    handle = define(
        "gateway",
        """
        for number in range(10_500):
            await self.env.AUTH.fetch(request)
            if number % 100 == 0:
                await asyncio.sleep(0)
        return Response("x")
        """,
        AUTH="auth",
        limits=Limits(cpu_ms=60_000, invocations=10**6, subrequests=10**6),
    )
    trace = (await handle.fetch()).trace
    assert len(trace.invocations) == 10_000
    assert trace.not_kept == 501
    assert len(trace.slices) <= 10_000
    shares = trace.cpu_by_service()
    assert list(shares) == ["gateway", "auth"]
    measured = sum(float(log.text) for log in trace.logs)
    assert measured <= shares["auth"] < measured + 10_500 * 0.05
    assert sum(shares.values()) == pytest.approx(trace.cpu_ms)
    assert len(trace.stamps) < 30_000


async def test_slices_beyond_10_000_are_added_up(define):
    handle = define(
        "busy",
        "for _ in range(25_000): await asyncio.sleep(0)\nreturn Response('x')",
        limits=Limits(cpu_ms=60_000),
    )
    trace = (await handle.fetch()).trace
    assert len(trace.slices) == 10_000
    assert len(trace.stamps) <= 3 * 20_006
    assert trace.cpu_ms > 0


async def test_an_invocation_that_fails_took_at_least_the_cpu_that_it_is_charged(define, runtime):
    handle = define("worker", "raise ValueError('x' * 100)")
    await define("first").fetch()
    for _ in range(3):
        with pytest.raises(ValueError, match="xxx"):
            await handle.fetch()
        (invocation,) = runtime.traces[-1].invocations
        assert invocation.wall_ms > 0.95 * invocation.cpu_ms
