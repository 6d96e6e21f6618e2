"""Crons: they fire by the runtime's clock, in real time and while it is moved."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

SOURCE = """
import asyncio
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        print(controller.cron, controller.scheduledTime)
        if controller.cron == "5 * * * *":
            raise ValueError("at five past")
        ctx.waitUntil(self.later(controller))

    async def later(self, controller):
        await asyncio.sleep(0.001)
        print("later", controller.cron)
"""


def at(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


async def move_to(clock, when: float) -> int:
    return await clock.advance(when - clock.now())


async def test_they_fire_in_order_while_the_clock_is_moved(runtime):
    clock = runtime.clock
    await clock.advance(at("2100-01-01 00:00") - clock.now())
    runtime.define("jobs", SOURCE, crons=["*/30 * * * *", "5 * * * *"])
    runtime.define("more", SOURCE, crons=["0 1 * * *"])
    assert [timer.why for timer in clock.due] == [
        "cron 5 * * * * of jobs", "cron */30 * * * * of jobs", "cron 0 1 * * * of more",
    ]  # fmt: skip
    assert await move_to(clock, at("2100-01-01 01:10")) == 5
    made = [(trace.title, trace.why, trace.outcome) for trace in runtime.traces]
    assert made == [
        ("jobs: scheduled 5 * * * *", "cron, due 2100-01-01 00:05:00", "exception"),
        ("jobs: scheduled */30 * * * *", "cron, due 2100-01-01 00:30:00", "ok"),
        ("more: scheduled 0 1 * * *", "cron, due 2100-01-01 01:00:00", "ok"),
        ("jobs: scheduled */30 * * * *", "cron, due 2100-01-01 01:00:00", "ok"),
        ("jobs: scheduled 5 * * * *", "cron, due 2100-01-01 01:05:00", "exception"),
    ]
    logs = [log.text for log in runtime.traces[1].logs]
    assert logs == [f"*/30 * * * * {at('2100-01-01 00:30') * 1000}", "later */30 * * * *"]


async def test_they_follow_the_definition(runtime):
    clock = runtime.clock
    runtime.define("jobs", SOURCE, crons=["* * * * *", "0 * * * *"])
    assert len(clock.due) == 2
    runtime.define("jobs", SOURCE, crons=["0 * * * *"])
    assert [timer.why for timer in clock.due] == ["cron 0 * * * * of jobs"]
    runtime.remove("jobs")
    assert clock.due == []
    runtime.define("other", SOURCE, crons=["0 0 31 11 *"])
    assert clock.due == []  # A day that never comes.


async def test_they_begin_anew_when_the_clock_is_set_back(runtime):
    clock = runtime.clock
    await clock.advance(86_400 * 30)
    runtime.define("jobs", SOURCE, crons=["* * * * *"])
    clock.real()
    (timer,) = clock.due
    assert 0 < timer.when - time.time() <= 61


async def test_they_fire_in_real_time(runtime, monkeypatch):
    clock = runtime.clock
    runtime.define("jobs", SOURCE, crons=["* * * * *"])
    (timer,) = clock.due
    fired = asyncio.Event()
    runtime.on_finished.append(lambda trace: fired.set())
    await clock.advance(timer.when - clock.now() - 0.05)  # Just before a minute is over.
    await asyncio.wait_for(fired.wait(), 10)
    assert runtime.traces[-1].outcome == "ok"
    assert [timer.why for timer in clock.due] == ["cron * * * * * of jobs"]


async def test_a_worker_without_a_handler_is_said_so_in_the_trace(runtime):
    runtime.define("jobs", "x = 1", crons=["* * * * *"])
    runtime.define("web", "from workers import Response\n"
                   "def on_fetch(request, env, ctx): return Response('x')",
                   crons=["* * * * *"])  # fmt: skip
    assert await runtime.clock.advance(60) == 2
    assert "HandlerError" in runtime.traces[-1].exception
