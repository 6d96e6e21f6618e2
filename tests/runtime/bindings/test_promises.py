"""Promises: calls on results that are not awaited yet."""

from __future__ import annotations

import pytest

import workernb

from .conftest import RPC_HEAD

CHAIN = (
    RPC_HEAD
    + """
class Node(RpcTarget):
    def __init__(self, number):
        self.number = number

    async def next(self, by=1):
        await asyncio.sleep(0)
        return Node(self.number + by)

    async def value(self):
        return self.number

    async def fail(self):
        raise ValueError("on the way")

    def dispose(self):
        print(f"disposed {self.number}")

class Default(WorkerEntrypoint):
    async def node(self, number):
        return Node(number)

    async def fail(self):
        raise ValueError("at the first")

    async def data(self):
        return {"node": Node(5), "list": [1], "text": "x", "f": lambda v: v + 1}

    async def number(self):
        return 1

    async def make(self):
        return lambda value: value * 2
"""
)


@pytest.fixture
def chain(runtime):
    return runtime.define("chain", CHAIN)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("await c.node(1).value()", 1),
        ("await c.node(1).next().next(by=3).value()", 5),
        ("await c.data().node.value()", 5),
        ("await c.data().node.next().value()", 6),
        ("await c.data().text", "x"),
        ("await c.data().f(1)", 2),
        ("await c.make()(4)", 8),
        ("await asyncio.gather(c.node(1).value(), c.node(2).value())", [1, 2]),
    ],
)
async def test_a_chain_is_awaited_once(chain, run, expression, value):
    assert await run(f"c = self.env.C\nreturn {expression}", C="chain") == value


async def test_each_call_of_a_chain_is_an_invocation(chain, run, runtime):
    await run("return await self.env.C.node(1).next().value()", C="chain")
    trace = runtime.traces[-1]
    assert [(i.binding, i.method) for i in trace.invocations[1:]] == [
        ("C", "node"), ("stub Node", "next"), ("stub Node", "value"),
    ]  # fmt: skip
    assert {i.caller for i in trace.invocations[1:]} == {trace.invocations[0]}
    # Nobody has the results in between, so nobody is blamed for them.
    assert sorted(log.text for log in trace.logs) == ["disposed 1", "disposed 2"]


async def test_several_calls_share_a_result(chain, run, runtime):
    body = """
        node = self.env.C.node(1)
        following = node.next()
        values = await asyncio.gather(following.value(), node.value(), following.next().value())
        return [*values, await (await node).value()]
    """
    assert await run(body, C="chain") == [2, 1, 3, 1]
    methods = [i.method for i in runtime.traces[-1].invocations[1:]]
    assert methods.count("node") == methods.count("next") - 1 == 1


async def test_calls_after_the_result_is_there(chain, run):
    body = """
        node = self.env.C.node(1)
        await node
        value = node.value()
        await asyncio.sleep(0)
        return await value
    """
    assert await run(body, C="chain") == 1


async def test_calls_while_another_task_awaits_the_result(chain, run):
    body = """
        node = self.env.C.node(1).next()
        task = asyncio.create_task(node)
        await asyncio.sleep(0)
        return [await node.value(), await (await task).value()]
    """
    assert await run(body, C="chain") == [2, 2]


async def test_a_chain_that_nobody_awaits_runs_as_its_caller_waits(chain, run, runtime):
    body = """
        value = self.env.C.node(1).next().value()
        for _ in range(20):
            await asyncio.sleep(0)
        print("waited")
        return await value
    """
    assert await run(body, C="chain") == 2
    trace = runtime.traces[-1]
    (waited,) = [log for log in trace.logs if log.text == "waited"]
    last = trace.invocations[-1]
    assert last.method == "value"
    assert (last.ended_ns - trace.began_ns) / 1e6 <= waited.at_ms


@pytest.mark.parametrize(
    ("expression", "error", "text"),
    [
        ("c.fail().next().value()", ValueError, "at the first"),
        ("c.node(1).fail().value()", ValueError, "on the way"),
        ("c.number().next()", workernb.RpcError, "Can't pipeline on RPC that did not return an"),
        ("c.data().nothing()", workernb.RpcError, 'does not implement the method "nothing"'),
        ("c.data().text()", workernb.RpcError, '"text" is not a function.'),
        ("c.data().text.x", workernb.RpcError, 'does not implement the method "x"'),
        ("c.node(1)" + ".next()" * 63 + ".value()", workernb.RpcError,
         "RPC pipelined property path is too deep (max 64)."),
        ("c.nothing().next()", workernb.RpcError, 'does not implement the method "nothing"'),
        ("c.node((1,)).next()", TypeError, "<class 'tuple'> cannot be sent over RPC."),
        ("c.node(1).next(object())", workernb.DataCloneError, "DataCloneError"),
    ],
)  # fmt: skip
async def test_what_fails_fails_the_rest(chain, run, expression, error, text):
    limits = {"invocations": 100}
    body = f"c = self.env.C\nreturn await {expression}"
    with pytest.raises(error) as caught:
        await run(body, limits=limits, C="chain")
    assert text in str(caught.value)


async def test_who_waits_for_a_failed_call_gets_its_error(chain, run):
    body = """
        call = self.env.C.node(1).fail()
        first, second = asyncio.create_task(call), call.value()
        await asyncio.sleep(0)
        results = await asyncio.gather(first, second, return_exceptions=True)
        try:
            await call
        except ValueError as error:
            results.append(error)
        return [str(result) for result in results]
    """
    assert await run(body, C="chain") == ["on the way"] * 3


async def test_all_who_wait_for_a_call_that_was_dropped_are_told(chain, run, runtime, until):
    body = """
        call = self.env.C.node(1)
        call.close()
        async def wait():
            await call
        self.ctx.waitUntil(wait())
        self.ctx.waitUntil(wait())
        return 1
    """
    assert await run(body, C="chain") == 1
    await until(lambda: not runtime.in_flight)
    assert [log.text.partition(":")[0] for log in runtime.traces[-1].logs] == [
        "RuntimeError",
        "RpcError",
    ]


async def test_a_disposed_promise_is_refused(chain, run):
    for use in ("await node", "await node.value()"):
        body = f"node = self.env.C.node(1)\nawait node.value()\nnode.dispose()\n{use}"
        with pytest.raises(workernb.RpcError, match="RPC promise used after being disposed"):
            await run(body, C="chain")


async def test_a_promise_disposes_its_result(chain, run, runtime):
    await run("with self.env.C.node(1) as node:\n    await node.value()\nprint('end')", C="chain")
    assert [log.text for log in runtime.traces[-1].logs] == ["disposed 1", "end"]


async def test_a_closed_call_never_runs(chain, run, runtime):
    await run("self.env.C.node(1).close()\nawait asyncio.sleep(0)", C="chain")
    assert runtime.traces[-1].invocations[1].outcome == "canceled"


async def test_names_of_promises_are_shown(chain, run):
    body = """
        node = self.env.C.node(1)
        shown = [repr(node.next), repr(node), repr(self.env.C.node)]
        await node
        return shown
    """
    assert await run(body, C="chain") == [
        "<RpcProperty next>", "<RpcPromise node: await it for the result>", "<RpcProperty node>",
    ]  # fmt: skip


TALLY = (
    RPC_HEAD
    + """
class Tally(RpcTarget):
    count = 0

    async def add(self):
        self.count += 1
        return self.count

class Default(WorkerEntrypoint):
    async def tally(self):
        return Tally()
"""
)


async def test_a_call_on_a_result_begins_after_those_made_before_on_its_stub(runtime, run):
    runtime.define("tally", TALLY)
    body = """
        made = self.env.T.tally()
        tally = await made
        first, second = tally.add(), tally.add()
        third = made.add()
        return [await third, await second, await first, await tally.add()]
    """
    assert await run(body, T="tally") == [3, 2, 1, 4]


@pytest.mark.parametrize(
    "end", ["await made", "await asyncio.create_task(made)", "await made.add()"]
)
async def test_a_call_that_nobody_awaits_begins_once_its_result_is_there(runtime, run, end):
    runtime.define("tally", TALLY)
    body = f"""
        made = self.env.T.tally()
        call = made.add()
        {end}
        for _ in range(20):
            await asyncio.sleep(0)
    """
    await run(body, T="tally")
    made = runtime.traces[-1].invocations[1:]
    expected = ["tally", "add", "add"] if "add" in end else ["tally", "add"]
    assert [call.method for call in made] == expected
    assert {call.outcome for call in made} == {"ok"}
