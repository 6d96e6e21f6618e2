"""The ticker of the live pictures."""

from __future__ import annotations

import asyncio

import pytest

from workernb.views.widgets.ticker import Ticker, call_on_loop


class Countdown:
    """A listener for some ticks."""

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks
        self.ended = asyncio.Event()

    def tick(self) -> bool:
        self.ticks -= 1
        if self.ticks:
            return True
        self.ended.set()
        return False


class Failing:
    """A listener whose tick raises."""

    def tick(self) -> bool:
        raise ValueError("failed")


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr("workernb.views.widgets.ticker.TICK_S", 0.001)


async def test_listeners_are_called_until_they_return_false(fast):
    ticker = Ticker.of(asyncio.get_running_loop())
    short, long = Countdown(2), Countdown(4)
    ticker.add(short)
    ticker.add(long)
    await long.ended.wait()
    assert (short.ticks, long.ticks) == (0, 0)
    await asyncio.sleep(0)
    assert not ticker.running


async def test_a_removed_listener_is_not_called(fast):
    ticker = Ticker.of(asyncio.get_running_loop())
    listener = Countdown(2)
    ticker.add(listener)
    ticker.remove(listener)
    assert not ticker.running
    assert listener.ticks == 2


async def test_a_listener_that_fails_does_not_stop_the_ticker(fast):
    loop = asyncio.get_running_loop()
    errors: list[str] = []
    loop.set_exception_handler(lambda loop, context: errors.append(str(context["exception"])))
    ticker = Ticker.of(loop)
    listener, failing = Countdown(3), Failing()
    ticker.add(listener)
    ticker.add(failing)
    await listener.ended.wait()
    ticker.remove(failing)
    assert len(errors) >= 2
    assert set(errors) == {"failed"}
    assert not ticker.running


def test_without_a_loop_things_are_done_at_once():
    done = []
    call_on_loop(None, done.append, 1)
    assert done == [1]
