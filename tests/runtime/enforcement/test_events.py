"""Events of each kind whose code never ends: cut at the budget, and the next event is served."""

from __future__ import annotations

import asyncio
import textwrap
from typing import Any

import pytest

import workernb
from workernb import CpuLimitError, DurableObjectError, Limits

BUDGET_MS = 30

SPINS = {
    "a loop": "while True: pass",
    "a loop that swallows": """
        while True:
            try: sum(range(9))
            except BaseException: pass""",
    "two layers that swallow": """
        while True:
            try:
                try:
                    while True: sum(range(9))
                except BaseException: len('')
            except BaseException: len('')""",
}

SOURCE = """\
import asyncio
from js import WebSocketPair
from workers import DurableObject, Response, WorkerEntrypoint

WHERE, spun = {where!r}, []

def spin(where):
    # Once only: the next event of the kind is served.
    if where != WHERE or spun:
        return
    spun.append(where)
{spin}

async def spin_later(where):
    spin(where)

class Thing(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        spin("constructor")
        ctx.blockConcurrencyWhile(lambda: spin_later("section of a constructor"))

    async def run(self):
        spin("method")
        await self.ctx.blockConcurrencyWhile(lambda: spin_later("section"))
        await self.ctx.storage.transaction(lambda txn: spin_later("transaction"))
        self.ctx.storage.transactionSync(lambda: spin("transactionSync"))
        asyncio.get_running_loop().call_soon(spin, "callback")
        asyncio.create_task(spin_later("task"))
        await asyncio.sleep(0.001)
        return "x"

    async def set_alarm(self):
        await self.ctx.storage.setAlarm(1)

    async def alarm(self, info):
        spin("alarm")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        server.accept()
        def on_message(event):
            spin("message")
            server.send("x")
        def on_close(event):
            spin("close")
        server.addEventListener("message", on_message)
        server.addEventListener("close", on_close)
        return Response(None, status=101, web_socket=client)

    async def run(self):
        return await self.env.THINGS.getByName("a").run()

    async def set_alarm(self):
        await self.env.THINGS.getByName("a").set_alarm()

    async def queue(self, batch, env, ctx):
        spin("queue")

    async def scheduled(self, controller, env, ctx):
        spin("scheduled")
"""


@pytest.fixture
def define_events(runtime: workernb.Runtime) -> Any:
    """Define a Worker that handles events of every kind, and spins once, in one of them."""

    def define_events(where: str, spin: str) -> workernb.Handle:
        source = SOURCE.format(where=where, spin=textwrap.indent(textwrap.dedent(spin), "    "))
        return runtime.define(
            "victim",
            source,
            limits=Limits(cpu_ms=BUDGET_MS),
            durable_objects={"THINGS": "#Thing"},
            consumers={"jobs": {"max_batch_timeout": 0}},
        )

    return define_events


SPIN = pytest.mark.parametrize("spin", SPINS.values(), ids=SPINS)


def check_cut(trace: workernb.Trace) -> None:
    assert trace.outcome == "exceededCpu"
    assert BUDGET_MS - 5 < trace.cpu_ms < BUDGET_MS + 100
    assert trace.done


@SPIN
@pytest.mark.parametrize(
    "where",
    ["constructor", "section of a constructor", "method", "section", "transaction",
     "transactionSync", "callback", "task"],
)  # fmt: skip
async def test_an_object_is_cut_and_made_anew(runtime, define_events, loop_errors, where, spin):
    handle = define_events(where, spin)
    with pytest.raises((CpuLimitError, DurableObjectError)):
        await handle.run()
    check_cut(runtime.traces[-1])
    assert await handle.run() == "x"
    assert not runtime.in_flight


@SPIN
async def test_an_alarm_is_cut_and_tried_again(runtime, define_events, loop_errors, spin):
    handle = define_events("alarm", spin)
    await handle.set_alarm()
    await runtime.clock.advance(0.5)
    check_cut(runtime.traces[-1])
    await runtime.clock.advance(3)
    assert runtime.traces[-1].invocations[0].event == "alarm"
    assert runtime.traces[-1].outcome == "ok"
    assert not runtime.clock.due


@SPIN
async def test_a_batch_is_cut_and_delivered_again(runtime, define_events, loop_errors, spin):
    define_events("queue", spin)
    await runtime.stores.queue("jobs").send("a")
    await runtime.clock.advance(60)
    cut, served = (trace for trace in runtime.traces if trace.invocations[0].event == "queue")
    check_cut(cut)
    assert served.outcome == "ok"
    assert not runtime.clock.due


@SPIN
async def test_a_schedule_is_cut(runtime, define_events, loop_errors, spin):
    handle = define_events("scheduled", spin)
    with pytest.raises(CpuLimitError):
        await handle.trigger(cron="* * * * *")
    check_cut(runtime.traces[-1])
    await handle.trigger(cron="* * * * *")
    assert runtime.traces[-1].outcome == "ok"


@SPIN
@pytest.mark.parametrize("where", ["message", "close"])
async def test_a_listener_is_cut_and_the_connection_is_lost(
    runtime, define_events, loop_errors, where, spin
):
    handle = define_events(where, spin)
    socket = await handle.connect()
    socket.send("a")
    if where == "message":
        assert [message async for message in socket] == []
        assert socket.close_code == 1006
    else:
        assert await socket.receive() == "x"
        socket.close()
    async with asyncio.timeout(30):
        while not socket.trace.done:  # noqa: ASYNC110 - what ends it sets no event
            await asyncio.sleep(0.01)
    check_cut(socket.trace)
    async with await handle.connect() as again:
        again.send("a")
        assert await again.receive() == "x"
