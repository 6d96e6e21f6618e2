"""The clock: what is due, called in its order, in real time and while the clock is moved."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from contextvars import ContextVar

import pytest

import workernb
from workernb import UsageError

DAY_S = 86_400.0


@pytest.fixture
def clock(runtime):
    return runtime.clock


def test_the_time_is_that_of_day_until_it_is_moved(clock):
    before = time.time()
    assert before <= clock.now() <= time.time()
    assert clock.ahead_s == 0


async def test_it_runs_on_from_where_it_was_moved_to(clock):
    assert await clock.advance(3 * DAY_S) == 0
    assert clock.now() - time.time() + 0.001 >= 3 * DAY_S
    first = clock.now()
    await asyncio.sleep(0.01)
    assert clock.now() > first
    clock.real()
    assert clock.ahead_s == 0
    assert abs(clock.now() - time.time()) < 10


async def test_what_is_due_is_called_in_order_and_at_its_own_time(clock):
    began, called = clock.now(), []

    def note(name):
        return lambda: called.append((name, round(clock.now() - began)))

    clock.call_at(began + 30, note("third"), "third")
    clock.call_at(began + 10, note("first"), "first")
    clock.call_at(began + 10, note("second"), "second")
    clock.call_later(3600, note("later"), "later")
    assert [timer.why for timer in clock.due] == ["first", "second", "third", "later"]
    assert await clock.advance(60) == 3
    assert called == [("first", 10), ("second", 10), ("third", 30)]
    assert [timer.why for timer in clock.due] == ["later"]
    assert repr(clock).endswith("1 due>")


async def test_the_clock_stands_until_what_was_called_has_ended(clock):
    began, called = clock.now(), []

    async def slow():
        await asyncio.sleep(0.02)
        called.append(clock.now() - began)
        clock.call_later(1, lambda: called.append(clock.now() - began), "asked for meanwhile")

    clock.call_at(began + 10, slow, "slow")
    assert await clock.advance(60) == 2
    assert called == [pytest.approx(10), pytest.approx(11)]


async def test_what_is_cancelled_is_not_called(clock):
    called = []
    timer = clock.call_later(5, lambda: called.append("no"), "never")
    assert not timer.cancelled
    assert "never" in repr(timer)
    timer.cancel()
    assert timer.cancelled
    assert clock.due == []
    assert await clock.advance(10) == 0
    assert called == []


async def test_in_real_time_it_is_called_by_the_loop(clock):
    called = asyncio.Event()
    clock.call_at(time.time() - 1000, called.set, "overdue")
    await asyncio.wait_for(called.wait(), 10)
    called.clear()
    later = clock.call_later(3600, lambda: None, "later")
    clock.call_later(0.01, called.set, "soon")  # Earlier than what the loop's timer is set for.
    await asyncio.wait_for(called.wait(), 10)
    assert clock.due == [later]


async def test_what_is_called_has_no_context_of_whoever_asked(clock):
    variable: ContextVar[str] = ContextVar("variable", default="none")
    variable.set("the asker's")
    found = asyncio.get_running_loop().create_future()
    clock.call_later(0, lambda: found.set_result(variable.get()), "soon")
    assert await asyncio.wait_for(found, 10) == "none"


async def test_a_failure_is_reported_and_the_next_is_called(clock):
    reported, called = [], []
    asyncio.get_running_loop().set_exception_handler(lambda loop, what: reported.append(what))

    async def fails():
        raise ValueError("on purpose")

    clock.call_later(1, fails, "what fails")
    clock.call_later(2, lambda: called.append(True), "the next")
    assert await clock.advance(3) == 2
    assert called == [True]
    assert "what fails" in reported[0]["message"]
    assert isinstance(reported[0]["exception"], ValueError)


async def test_set_back_tells_by_how_much(clock):
    told = []
    clock.on_set_back.append(told.append)
    clock.real()
    assert told == []
    await clock.advance(100)
    timer = clock.call_later(50, lambda: None, "in 150 s")
    clock.real()
    assert told == [pytest.approx(100, abs=10)]
    assert timer.when - clock.now() == pytest.approx(150, abs=10)


async def test_cancelling_a_move_leaves_the_clock_where_it_was(clock):
    began = clock.now()
    reached = asyncio.Event()

    async def hangs():
        reached.set()
        await asyncio.get_running_loop().create_future()

    clock.call_at(began + 10, hangs, "hangs")
    move = asyncio.ensure_future(clock.advance(1000))
    await reached.wait()
    with pytest.raises(UsageError, match="being moved already"):
        await clock.advance(1)
    with pytest.raises(UsageError, match="set back afterwards"):
        clock.real()
    move.cancel()
    with pytest.raises(asyncio.CancelledError):
        await move
    assert not clock.moving
    assert 10 <= clock.now() - began < 500


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
async def test_it_moves_forward_only(clock, seconds):
    with pytest.raises(UsageError, match="moves forward only"):
        await clock.advance(seconds)


@pytest.mark.parametrize("when", [float("nan"), float("inf")])
def test_a_time_is_finite(clock, when):
    with pytest.raises(ValueError, match="finite"):
        clock.call_at(when, lambda: None, "never")


async def test_another_thread_asks_and_moves(clock):
    called = []
    asked = threading.Event()
    here = asyncio.Event()
    loop = asyncio.get_running_loop()
    clock.call_later(3600, lambda: None, "so that it runs on this loop")

    def elsewhere():
        clock.call_later(0, lambda: loop.call_soon(here.set), "soon")
        clock.call_later(60, lambda: called.append(threading.current_thread()), "later")
        asked.set()
        return asyncio.run(clock.advance(100))

    count = asyncio.to_thread(elsewhere)
    assert await asyncio.wait_for(count, 10) in (1, 2)
    await asyncio.wait_for(here.wait(), 10)
    assert called == [threading.current_thread()]


def test_it_goes_on_on_the_next_loop(runtime):
    clock, called = runtime.clock, []

    async def ask():
        clock.call_later(0.01, lambda: called.append(True), "soon")

    asyncio.run(ask())
    assert called == []

    async def request():
        handle = runtime.define("web", "def on_fetch(request): return Response('hi')\n"
                                "from workers import Response")  # fmt: skip
        await handle.fetch()
        for _ in range(1000):
            if called:
                return
            await asyncio.sleep(0.01)

    asyncio.run(request())
    assert called == [True]


def test_what_another_loop_has_begun_does_not_keep_it_from_moving(runtime):
    clock, loop = runtime.clock, asyncio.new_event_loop()
    begun = []

    async def ask():
        called = asyncio.Event()

        async def hangs():
            begun.append(asyncio.current_task())
            called.set()
            await loop.create_future()

        clock.call_later(0, hangs, "hangs")
        await called.wait()

    loop.run_until_complete(ask())
    clock.call_later(1, lambda: begun.append("moved"), "on the next loop")
    assert asyncio.run(clock.advance(2)) == 1
    assert begun[1:] == ["moved"]
    begun[0].cancel()
    loop.run_until_complete(asyncio.wait(begun[:1]))
    loop.close()


async def test_nothing_is_left_of_a_closed_runtime():
    runtime = workernb.Runtime()
    clock, loop = runtime.clock, asyncio.get_running_loop()
    clock.call_later(3600, lambda: None, "later")
    timers = [timer for timer in loop._scheduled if not timer.cancelled()]
    assert len(timers) == 1
    runtime.close()
    assert timers[0].cancelled()
    assert clock.due == []
    assert clock.call_later(1, lambda: None, "too late").cancelled
    assert all(timer.cancelled() for timer in timers)


async def test_a_runtime_that_is_dropped_is_not_kept_by_its_timers():
    runtime = workernb.Runtime()
    runtime.clock.call_later(3600, lambda: None, "later")
    dropped = weakref.ref(runtime.clock)
    del runtime
    gc.collect()
    assert dropped() is None
