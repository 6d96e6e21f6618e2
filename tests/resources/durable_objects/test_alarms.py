"""Alarms: set, called, tried again, given up; all of it on the runtime's clock."""

from __future__ import annotations

import asyncio

import pytest

import workernb
from workernb.runtime.schedules import date_text

from .conftest import source

ALARM = """
async def run(self, in_s=60, fails=0, anew=0):
    import time
    await self.ctx.storage.put({"fails": fails, "anew": anew, "calls": []})
    await self.ctx.storage.setAlarm(in_s * 1000 + self.env.NOW)
    return await self.ctx.storage.getAlarm()

async def alarm(self, info):
    calls = await self.ctx.storage.get("calls")
    calls.append([info.retryCount, info.isRetry, await self.ctx.storage.getAlarm()])
    await self.ctx.storage.put("calls", calls)
    print("alarm", len(calls))
    if await self.ctx.storage.get("anew") >= len(calls):
        await self.ctx.storage.setAlarm(info.scheduledTime + 60_000)
    if await self.ctx.storage.get("fails") >= len(calls):
        raise ValueError("alarm failed")

async def state(self):
    return [await self.ctx.storage.get("calls"), await self.ctx.storage.getAlarm()]

async def delete(self):
    await self.ctx.storage.deleteAlarm()
"""


@pytest.fixture
def alarm(runtime, thing):
    return lambda body=ALARM: thing(body, vars={"NOW": int(runtime.clock.now() * 1000)})


async def test_an_alarm_is_called_when_it_is_due(runtime, alarm):
    handle = alarm()
    at = await handle.run()
    assert at == handle.version.definition.vars["NOW"] + 60_000
    assert [timer.why for timer in runtime.clock.due] == ["alarm of things#Thing a"]
    await runtime.clock.advance(59)
    assert await handle.run("a", "state") == [[], at]
    assert await runtime.clock.advance(2) == 1
    assert await handle.run("a", "state") == [[[0, False, None]], None]
    trace = next(trace for trace in runtime.traces if trace.invocations[0].event == "alarm")
    assert (trace.title, trace.outcome) == ("things['a']: alarm", "ok")
    assert [log.text for log in trace.logs] == ["alarm 1"]


async def test_its_request_says_why_and_prints_while_the_clock_is_moved(runtime, alarm, capsys):
    at = await alarm().run("a", "run", 60, 1) / 1000
    await runtime.clock.advance(70)
    traces = [trace for trace in runtime.traces if trace.invocations[0].event == "alarm"]
    assert traces[0].why == f"alarm, due {date_text(at)}"
    assert [trace.why.partition(", retry ")[2] for trace in traces] == ["", "1"]
    assert {trace.limits.wall_ms for trace in traces} == {60_000}
    assert capsys.readouterr().out == "alarm 1\nalarm 2\n"


async def test_the_move_waits_for_what_an_alarm_leaves_to_wait_until(runtime, thing):
    handle = thing(
        """
async def run(self):
    await self.ctx.storage.setAlarm(1)

async def alarm(self, info):
    async def later():
        await asyncio.sleep(0.02)
        print("later")
    self.ctx.waitUntil(later())
"""
    )
    await handle.run()
    await runtime.clock.advance(1)
    trace = next(trace for trace in runtime.traces if trace.invocations[0].event == "alarm")
    assert [log.text for log in trace.logs] == ["later"]


async def test_an_interrupt_ends_the_move_and_leaves_the_alarm(runtime, thing):
    handle = thing(
        """
async def run(self):
    await self.ctx.storage.setAlarm(1)

async def alarm(self, info):
    import signal
    signal.raise_signal(signal.SIGINT)
    await asyncio.sleep(60)
"""
    )
    await handle.run()
    with pytest.raises(workernb.CanceledError):
        await runtime.clock.advance(1)
    assert [timer.why for timer in runtime.clock.due] == ["alarm of things#Thing a"]


async def test_it_is_tried_again_and_given_up(runtime, alarm):
    handle = alarm()
    await handle.run("a", "run", 60, 100)
    assert await runtime.clock.advance(61) == 1
    assert await runtime.clock.advance(2 + 4 + 8 + 16 + 32 + 64) == 6
    calls, at = await handle.run("a", "state")
    assert calls == [[n, n > 0, None] for n in range(7)]
    assert at is None
    assert await runtime.clock.advance(3600) == 0
    traces = [trace for trace in runtime.traces if trace.invocations[0].event == "alarm"]
    assert {trace.outcome for trace in traces} == {"exception"}
    assert "The alarm is given up after 6 retries: ValueError: alarm failed" in [
        log.text for log in traces[-1].logs
    ]


async def test_one_that_succeeds_at_last_is_done(runtime, alarm):
    handle = alarm()
    await handle.run("a", "run", 60, 2)
    await runtime.clock.advance(120)
    assert await handle.run("a", "state") == [
        [[0, False, None], [1, True, None], [2, True, None]], None,
    ]  # fmt: skip


async def test_one_that_is_set_anew_in_the_handler_ends_the_retries(runtime, alarm):
    handle = alarm()
    at = await handle.run("a", "run", 60, 1, 1)
    await runtime.clock.advance(61)
    assert await handle.run("a", "state") == [[[0, False, None]], at + 60_000]
    await runtime.clock.advance(60)
    assert await handle.run("a", "state") == [[[0, False, None], [0, False, None]], None]


async def test_it_can_be_deleted_and_replaced(runtime, alarm):
    handle = alarm()
    await handle.run()
    await handle.run("a", "delete")
    assert await runtime.clock.advance(100) == 0
    await handle.run("a", "run", 300)
    await handle.run("a", "run", 200)
    assert len(runtime.clock.due) == 1
    assert await runtime.clock.advance(201) == 1


async def test_a_time_that_is_over_means_now(runtime, alarm):
    handle = alarm()
    await handle.run("a", "run", -60)
    assert await runtime.clock.advance(0) == 1


async def test_an_alarm_that_is_rolled_back_was_not_set(runtime, alarm):
    handle = alarm(
        ALARM
        + """
async def rolled(self):
    async def write(txn):
        await txn.setAlarm(self.env.NOW + 5000)
        txn.rollback()
    await self.ctx.storage.transaction(write)
"""
    )
    at = await handle.run()
    await handle.run("a", "rolled")
    assert await handle.run("a", "state") == [[], at]
    assert await runtime.clock.advance(59) == 0
    assert await runtime.clock.advance(2) == 1


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("setAlarm(0)", r"setAlarm\(\) cannot be called with an alarm time <= 0"),
        ("setAlarm(-5)", r"setAlarm\(\) cannot be called with an alarm time <= 0"),
        ("setAlarm(1e30)", r"before the year 2262"),
        ("setAlarm('soon')", r"setAlarm\(\) takes ms since the epoch, or a datetime, not str"),
    ],
)
async def test_invalid_times_are_refused(alarm, call, text):
    handle = alarm(ALARM + f"\nasync def bad(self):\n    await self.ctx.storage.{call}")
    with pytest.raises(TypeError, match=text):
        await handle.run("a", "bad")


async def test_a_class_without_a_handler_is_told(thing):
    handle = thing("async def run(self):\n    await self.ctx.storage.setAlarm(5)")
    text = r"Your Durable Object class must have an alarm\(\) handler in order to call setAlarm\(\)"
    with pytest.raises(TypeError, match=text):
        await handle.run()


async def test_alarms_survive_the_runtime_and_those_that_are_overdue_are_called(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    now = int(runtime.clock.now() * 1000)
    settings = {"durable_objects": {"THINGS": "#Thing"}, "vars": {"NOW": now}}
    handle = runtime.define("things", source(ALARM), **settings)
    await handle.run("a", "run", 3600)
    await handle.run("b", "run", 7200)
    runtime.close()
    again = workernb.Runtime(stores=tmp_path)
    assert again.clock.due == []  # Its Worker is not defined yet.
    handle = again.define("things", source(ALARM), **settings)
    assert await again.clock.advance(5000) == 1
    assert await handle.run("a", "state") == [[[0, False, None]], None]
    assert await handle.run("b", "state") == [[], now + 7_200_000]
    again.close()


ENDLESS = """
async def run(self):
    await self.ctx.storage.setAlarm(1)
    return await self.ctx.storage.getAlarm()

async def alarm(self, info):
    if info.isRetry:
        print("again")
        return
    await self.wait()

async def wait(self):
    {wait}
"""


async def test_an_interrupt_ends_the_move_and_the_alarm_is_tried_again(runtime, thing):
    handle = thing(
        ENDLESS.format(
            wait="import signal; signal.raise_signal(signal.SIGINT)\n    while True: pass"
        )
    )
    await handle.run()
    with pytest.raises(workernb.CanceledError, match="canceled"):
        await runtime.clock.advance(60)
    assert [timer.why for timer in runtime.clock.due] == ["alarm of things#Thing a"]
    await runtime.clock.advance(60)
    assert [log.text for log in runtime.traces[-1].logs] == ["again"]


async def test_an_alarm_whose_move_is_cancelled_stays_due(runtime, thing):
    handle = thing(ENDLESS.format(wait="print('waits')\n    await asyncio.sleep(60)"))
    await handle.run()
    moving = asyncio.ensure_future(runtime.clock.advance(60))
    while not [trace for trace in runtime.in_flight if trace.logs]:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0)
    moving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await moving
    assert [timer.why for timer in runtime.clock.due] == ["alarm of things#Thing a"]
    runtime.clock.close()  # Else it is called again, at once.
    while runtime.in_flight:  # noqa: ASYNC110 - it is being canceled, which sets no event
        await asyncio.sleep(0)
