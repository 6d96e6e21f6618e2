"""%clock: shows the clock and what is due, and moves it."""

from __future__ import annotations

import time

import pytest

import workernb

TICKER = """\
%%worker ticker -q --cron "0 9 * * *"
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def scheduled(self, controller, env, ctx):
        print("tick", controller.cron)
"""


async def test_it_shows_what_is_due(shell):
    assert "the time of day; due: nothing" in (await shell.ok("%clock")).text
    shown = await shell.ok(TICKER, "%clock")
    assert "09:00:00" in shown.text
    assert "cron 0 9 * * * of ticker" in shown.text
    (table,) = shown.displays
    assert "<table>" in table["text/html"]


async def test_moving_it_fires_what_falls_due(shell):
    shown = await shell.ok(TICKER, "%clock +3d")
    assert shown.text.count("tick 0 9 * * *") == 3
    assert "3 d ahead. 3 fell due on the way" in shown.text
    assert shown.text.count("ticker: scheduled 0 9 * * *") == 3
    assert "cron, due" in shown.text
    assert len(workernb.get_runtime().traces) == 3
    listed = (await shell.ok("%requests")).text
    assert listed.count("cron, due") == 3
    assert "(cron, due" in (await shell.ok("%trace")).text
    back = await shell.ok("%clock real")
    assert "the time of day; due" in back.text
    assert "cron 0 9 * * * of ticker" in back.text


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("+90s", 90), ("+1h30m", 5400), ("+0.5h", 1800), ("+1w", 604_800), ("+2d1s", 172_801)],
)
async def test_how_far(shell, typed, seconds):
    await shell.ok(f"%clock {typed}")
    assert workernb.get_runtime().clock.ahead_s == pytest.approx(seconds, abs=5)


async def test_to_a_time(shell):
    await shell.ok("%clock 2100-12-24T18:00")
    assert workernb.get_runtime().clock.now() == pytest.approx(4_133_959_200 - 86_400 * 7, abs=60)
    outcome = await shell.run("%clock 2026-01-01")
    assert "The clock moves forward only: it is 2100-12-24" in outcome.text
    assert "%clock real" in outcome.text
    await shell.ok("%clock 2100-12-24T20:00+01:00")


@pytest.mark.parametrize("typed", ["3d", "+3x", "+", "yesterday", "-3d", "+d"])
async def test_what_is_refused(shell, typed):
    outcome = await shell.run(f"%clock {typed}")
    assert "%clock" in outcome.text
    assert "+3d" in outcome.text or "real" in outcome.text


async def test_where_no_await_can_stand(shell):
    await shell.ok(TICKER, "def move():\n    %clock +1d\n", "move()")
    assert len(workernb.get_runtime().traces) == 1
    assert workernb.get_runtime().clock.now() > time.time() + 86_000


async def test_completion_knows_it(shell):
    from workernb.notebook.completion import _candidates

    assert _candidates("clock", "r") == (["real"], "r")


@pytest.mark.parametrize(
    "body", ["await asyncio.sleep(3600)", "while True: pass", "await asyncio.sleep(0)"]
)
def test_an_interrupt_ends_a_move(shared_kernel, body):
    kernel = shared_kernel
    kernel.ok(
        '%%worker ticker -q --cron "* * * * *" --cpu-ms 100000\n'
        "import asyncio\n"
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def scheduled(self, controller, env, ctx):\n"
        "        if not hasattr(Default, 'begun'):\n"
        "            print('begun', flush=True)\n"
        "        Default.begun = True\n"
        f"        {body}\n",
        "import time, workernb\nclock = workernb.get_runtime().clock\nbefore = clock.now()",
    )
    running = kernel.send("%clock +10000d")
    kernel.wait_for("begun")
    outcome, _ = kernel.interrupt(running)
    assert outcome.status == "error", outcome.text
    kernel.ok("assert not clock.moving", "assert 0 < clock.now() - before < 86_400 * 9000")
    assert "due" in kernel.ok("%clock real").text
    kernel.ok("%remove ticker")
