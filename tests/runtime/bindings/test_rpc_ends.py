"""How calls over RPC end: cancelled from above, never awaited, or refused as they go out."""

from __future__ import annotations

import asyncio
import gc
import textwrap

import pytest

import workernb
from workernb.http import Response

from ..conftest import outcomes
from .conftest import RPC_HEAD

CHAIN = """
class Worker(RpcTarget):
    async def wait(self, tell):
        await tell("target")
        await asyncio.Event().wait()

class Default(WorkerEntrypoint):
    async def wait(self, tell):
        await tell("below")
        await asyncio.Event().wait()

    async def target(self):
        return Worker()

    async def call(self, function, tell):
        return await function(tell)
"""

WAYS = {
    "a call": ("return await self.env.B.wait(tell)", 2),
    "a task": ("return await asyncio.gather(self.env.B.wait(tell), asyncio.sleep(0))", 2),
    "a pipelined call": ("return await self.env.B.target().wait(tell)", 3),
    "a callback": (
        """
        async def back(tell):
            await tell("back")
            await asyncio.Event().wait()
        return await self.env.B.call(back, tell)
        """,
        3,
    ),
    "a callback that calls": (
        """
        async def back(tell):
            return await self.env.B.wait(tell)
        return await self.env.B.call(back, tell)
        """,
        4,
    ),
}


@pytest.fixture
def below(runtime):
    return runtime.define("below", RPC_HEAD + CHAIN)


def caller(runtime, body):
    """Define a Worker whose method `run` takes a function and has this body."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)
    source = f"class Default(WorkerEntrypoint):\n    async def run(self, tell):\n{lines}"
    return runtime.define("caller", RPC_HEAD + source, services={"B": "below"})


@pytest.mark.parametrize("way", WAYS)
async def test_cancelling_the_caller_cancels_everything_below_it(below, runtime, until, way):
    body, invocations = WAYS[way]
    reached = asyncio.Event()
    handle = caller(runtime, body)
    task = asyncio.ensure_future(handle.run(lambda where: reached.set()))
    await reached.wait()
    (trace,) = runtime.in_flight
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: trace.done)
    ours = [i for i in trace.invocations if i.service != "the notebook"]
    finished = [i.method for i in ours if i.outcome == "ok"]
    assert finished == (["target"] if "pipelined" in way else [])
    assert {i.outcome for i in ours if i.method not in finished} == {"canceled"}
    assert len(ours) == invocations
    assert not [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]


async def test_a_call_that_is_cancelled_ends_what_is_below_and_its_caller_goes_on(below, runtime):
    handle = caller(
        runtime,
        """
        async def back(tell):
            await asyncio.Event().wait()
        try:
            async with asyncio.timeout(0.01):
                await self.env.B.call(back, tell)
        except TimeoutError:
            return "timed out"
        """,
    )
    assert await handle.run(lambda: None) == "timed out"
    root, call, callback = runtime.traces[-1].invocations
    assert (root.outcome, call.outcome, callback.outcome) == ("ok", "canceled", "canceled")


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("self.env.B.wait(tell)", "env.B.wait(…)"),
        ("self.env.B.target().wait(tell)", "env.B.target(…)"),
        ("call = self.env.B.target()\ncall.wait(tell).dispose()", "env.B.target(…)"),
    ],
)
async def test_a_result_that_nobody_awaits_is_named(below, runtime, call, name):
    handle = caller(runtime, f"{call}\nreturn 1")
    assert await handle.run(lambda where: pytest.fail("it ran")) == 1
    trace = runtime.traces[-1]
    assert outcomes(trace) == {"caller": "ok", "below": "canceled"}
    (warning,) = [log for log in trace.logs if log.level == "warn"]
    assert f"{name} was cancelled: its Worker's invocation ended first" in warning.text
    gc.collect()  # A coroutine that was never awaited would warn here, and fail the test.


async def test_a_callback_whose_result_nobody_awaits_is_named(runtime):
    runtime.define(
        "below",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def call(self, function):\n        function(1)\n        return 'done'\n",
    )
    handle = caller(
        runtime,
        """
        async def back(value):
            return value
        return await self.env.B.call(back)
        """,
    )
    assert await handle.run(None) == "done"
    trace = runtime.traces[-1]
    assert [i.outcome for i in trace.invocations] == ["ok", "ok", "canceled"]
    assert any("stub back(…) was cancelled" in log.text for log in trace.logs)


# What is refused on its way


TOO_BIG = "Serialized RPC arguments or return values are limited to 32MiB"
BIG = {
    "bytes": "bytes(33 * 1024 * 1024)",
    "text": "'x' * (33 * 1024 * 1024)",
    "many values": "[bytes(1024 * 1024)[n:] for n in range(33)]",
}

BIG_WORKER = """
class Target(RpcTarget):
    async def take(self, value):
        return {big}

class Default(WorkerEntrypoint):
    async def take(self, value):
        return len(value)

    async def give(self):
        return {big}

    async def target(self):
        return Target()
"""


@pytest.mark.parametrize("big", BIG.values(), ids=BIG)
@pytest.mark.parametrize(
    "call",
    ["take({big})", "take(value={big})", "give()", "target().take({big})", "target().take(1)"],
)
async def test_33_mib_are_refused_both_ways(runtime, run, call, big):
    runtime.define("big", RPC_HEAD + BIG_WORKER.format(big=big))
    body = f"""
    try:
        return await self.env.B.{call.format(big=big)}
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"
    """
    text = await run(body, B="big")
    assert text.startswith(f"DataCloneError: {TOO_BIG}")
    assert runtime.traces[-1].outcome == "ok"  # The caller has caught it, and goes on.


async def test_31_mib_cross_both_ways(runtime, run):
    runtime.define(
        "big",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def echo(self, value): return value\n",
    )
    assert await run("return len(await self.env.B.echo(bytes(31 << 20)))", B="big") == 31 << 20


@pytest.mark.parametrize("call", ["method()", "target().method()", "apply(coroutine)"])
async def test_a_coroutine_of_a_coroutine_is_refused_wherever_it_comes_from(runtime, run, call):
    runtime.define(
        "twice",
        RPC_HEAD
        + """
async def inner():
    return 1

class Target(RpcTarget):
    async def method(self):
        return inner()

class Default(WorkerEntrypoint):
    async def method(self):
        return inner()

    async def target(self):
        return Target()

    async def apply(self, function):
        return await function()
""",
    )
    body = f"""
        async def inner():
            return 1
        async def coroutine():
            return inner()
        return await self.env.T.{call}
    """
    with pytest.raises(TypeError) as caught:
        await run(body, T="twice")
    assert str(caught.value) == "Awaitable <class 'coroutine'> cannot be sent over RPC."
    assert "did you forget await?" in caught.value.__notes__[0]
    gc.collect()


# The count of subrequests


async def outside(request):
    return Response("outside")


@pytest.mark.parametrize("order", ["rcfks", "skfcr", "kkffr", "rrrkf", "fcfcf"])
async def test_calls_fetches_and_stores_share_one_count(runtime, order):
    runtime.outbound = outside
    runtime.define(
        "below",
        RPC_HEAD + "class Default(WorkerEntrypoint):\n"
        "    async def add(self, a): return a\n"
        "    async def call(self, function): return await function()\n"
        "    async def fetch(self, request): return Response('x')\n",
    )
    handle = runtime.define(
        "caller",
        RPC_HEAD
        + f"""
from workers import fetch

class Default(WorkerEntrypoint):
    async def run(self):
        async def back(): pass
        ways = {{
            "r": lambda: self.env.B.add(1),
            "c": lambda: self.env.B.call(back),
            "f": lambda: fetch("http://outside.test/"),
            "s": lambda: self.env.B.fetch("http://below/"),
            "k": lambda: self.env.CACHE.get("k"),
        }}
        made = ""
        for way in {order!r}:
            try:
                await ways[way]()
            except Exception as error:
                return [made, str(error), type(error).__name__]
            made += way
        return [made]
""",
        services={"B": "below"},
        kv_namespaces={"CACHE": "cache"},
    )
    cost = {"r": 1, "c": 2, "f": 1, "s": 1, "k": 1}
    all_of_them = sum(cost[way] for way in order)
    runtime.limits = workernb.Limits(subrequests=all_of_them)
    assert await handle.run() == [order]
    runtime.limits = workernb.Limits(subrequests=all_of_them - 1)
    text = "Too many subrequests by single Worker invocation."
    assert await handle.run() == [order[:-1], text, "LimitError"]
