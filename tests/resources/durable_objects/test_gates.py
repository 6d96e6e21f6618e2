"""Gates: what keeps other events out, what does not, and what is found to wait for ever."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from workernb.errors import DurableObjectError
from workernb.resources.durable_objects import instances

COUNTERS = """
def __init__(self, ctx, env):
    super().__init__(ctx, env)
    self.memory = 0

async def by_storage(self):
    count = await self.ctx.storage.get("count") or 0
    await self.ctx.storage.put("count", count + 1)
    return count + 1

async def by_fetch(self):
    count = await self.ctx.storage.get("count") or 0
    await self.env.OTHER.fetch("http://other/")
    await self.ctx.storage.put("count", count + 1)
    return count + 1

async def by_block(self):
    async def increment():
        count = await self.ctx.storage.get("count") or 0
        await self.env.OTHER.fetch("http://other/")
        await self.ctx.storage.put("count", count + 1)
        return count + 1
    return await self.ctx.blockConcurrencyWhile(increment)

async def by_transaction(self):
    async def increment(txn):
        count = await txn.get("count") or 0
        await self.env.OTHER.fetch("http://other/")
        await txn.put("count", count + 1)
        return count + 1
    return await self.ctx.storage.transaction(increment)

async def by_memory(self):
    count = self.memory
    await self.ctx.storage.put("count", count + 1)
    self.memory = count + 1
    return count + 1
"""

OTHER = """
import asyncio
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await asyncio.sleep(0)
        return Response("")
"""


@pytest.mark.parametrize(
    ("method", "is_right"),
    [
        ("by_storage", True),
        ("by_memory", True),
        ("by_block", True),
        ("by_transaction", True),
        ("by_fetch", False),
    ],
)
async def test_200_requests_at_once_count_right_where_the_gates_make_it(
    runtime, thing, method, is_right
):
    runtime.define("other", OTHER)
    handle = thing(COUNTERS, services={"OTHER": "other"})
    counts = await asyncio.gather(*[handle.run("a", method) for _ in range(200)])
    if is_right:
        assert counts == list(range(1, 201))  # And in the order in which they came.
    else:
        assert max(counts) < 200


async def test_a_constructor_holds_events_until_it_has_loaded(thing):
    handle = thing("""
def __init__(self, ctx, env):
    super().__init__(ctx, env)
    self.value = None
    ctx.blockConcurrencyWhile(self.load)
async def load(self):
    for _ in range(5):
        await asyncio.sleep(0)
    self.value = "loaded"
async def run(self):
    return self.value
""")
    assert await asyncio.gather(*[handle.run() for _ in range(3)]) == ["loaded"] * 3


async def test_what_an_event_waited_for_arrives_when_the_gate_is_open(thing):
    handle = thing("""
async def run(self):
    await asyncio.sleep(0)
    seen.append("run")
async def hold(self):
    async def work():
        seen.append("held")
        for _ in range(10):
            await asyncio.sleep(0)
        seen.append("freed")
    await self.ctx.blockConcurrencyWhile(work)
    return list(seen)
""")
    _, seen = await asyncio.gather(handle.run(), handle.run("a", "hold"))
    assert seen[:2] == ["held", "freed"]


async def test_sections_can_be_nested_and_begun_at_once(thing):
    handle = thing("""
async def run(self):
    async def inner():
        await asyncio.sleep(0)
        return 1
    async def outer():
        return 1 + await self.ctx.blockConcurrencyWhile(inner)
    async def write(txn):
        await txn.put("a", await self.ctx.blockConcurrencyWhile(outer))
        return await txn.get("a")
    block = self.ctx.blockConcurrencyWhile
    both = await asyncio.gather(block(inner), block(outer))
    return [await self.ctx.storage.transaction(write), both]
""")
    assert await handle.run() == [2, [1, 2]]


async def test_a_section_that_raises_resets_the_object(thing):
    handle = thing("""
calls = 0
async def run(self, fails=False):
    self.calls += 1
    async def work():
        if fails:
            raise ValueError("no")
    await self.ctx.blockConcurrencyWhile(work)
    return self.calls
""")
    assert [await handle.run(), await handle.run()] == [1, 2]
    with pytest.raises(ValueError, match="no"):
        await handle.run("a", "run", True)
    assert await handle.run() == 1


async def test_a_section_that_takes_too_long_resets_the_object(thing, monkeypatch):
    monkeypatch.setattr(instances, "MAX_SECTION_S", 0.01)
    handle = thing("""
async def run(self, waits=False):
    async def work():
        if waits:
            await asyncio.sleep(3600)
    await self.ctx.blockConcurrencyWhile(work)
    return 1
""")
    text = (
        r"^A call to blockConcurrencyWhile\(\) in a Durable Object waited for too long. The call "
        r"was canceled and the Durable Object was reset.$"
    )
    long, other = handle.run("a", "run", True), handle.run()
    results = await asyncio.gather(long, other, return_exceptions=True)
    for error in results:
        assert isinstance(error, DurableObjectError)
        with pytest.raises(DurableObjectError, match=text):
            raise error
    assert await handle.run() == 1


async def test_an_object_that_waits_for_itself_is_told_so(thing):
    handle = thing("""
async def run(self):
    return await self.ctx.blockConcurrencyWhile(self.call_itself)
async def call_itself(self):
    return await self.env.THINGS.getByName("a").other()
async def other(self):
    return 1
""")
    with pytest.raises(DurableObjectError, match=r"things\['a'\]\.other\(\) would wait for itself"):
        await handle.run()
    assert await handle.run("a", "other") == 1


async def test_two_objects_that_wait_for_each_other_are_told_so_with_both(thing):
    handle = thing("""
async def run(self, other):
    async def work():
        await asyncio.sleep(0)
        return await self.env.THINGS.getByName(other).done()
    return await self.ctx.blockConcurrencyWhile(work)
async def done(self):
    return 1
""")
    calls = handle.run("a", "run", "b"), handle.run("b", "run", "a")
    results = await asyncio.gather(*calls, return_exceptions=True)
    failed = [each for each in results if isinstance(each, DurableObjectError)]
    assert failed
    assert "Two requests wait for each other's Durable Object for ever." in map(str, failed)
    notes = "\n".join(failed[0].__notes__)
    assert "things['a'].run()" in notes
    assert "things['b'].run()" in notes
    assert await handle.run("a", "done") == 1


async def test_waits_at_the_gate_are_in_the_trace(runtime, thing):
    handle = thing("""
async def run(self):
    async def work():
        await asyncio.sleep(0.002)
    await self.ctx.blockConcurrencyWhile(work)
""")
    await asyncio.gather(handle.run(), handle.run())
    waited = [trace.invocations[-1].waited_ms for trace in runtime.traces]
    assert waited[0] == 0
    assert waited[1] > 1
    assert runtime.traces[-1].invocations[-1].object_name == "a"


async def test_the_output_gate_a_callee_sees_what_was_written_before(runtime, thing):
    handle = thing("""
async def run(self):
    self.ctx.storage.kv.put("a", 1)
    return await self.env.THINGS.getByName("b").check()
async def check(self):
    return 1
""")
    instance_of = runtime.stores.objects._instances
    stores = []

    original = runtime.stores.objects.instance

    def instance(entrypoint, invocation):
        stores.extend(each.storage._is_open for each in instance_of.values())
        return original(entrypoint, invocation)

    runtime.stores.objects.instance = instance
    assert await handle.run() == 1
    assert stores == [False]


def test_events_in_the_loops_of_two_threads_wait_for_each_other(thing):
    handle = thing("""
async def run(self):
    async def increment():
        count = await self.ctx.storage.get("count") or 0
        await asyncio.sleep(0)
        await self.ctx.storage.put("count", count + 1)
        return count + 1
    return await self.ctx.blockConcurrencyWhile(increment)
""")
    together = threading.Barrier(2)

    async def count() -> list[int]:
        together.wait()
        return [await handle.run() for _ in range(50)]

    with ThreadPoolExecutor(2) as pool:
        one, other = [pool.submit(asyncio.run, count()) for _ in range(2)]
    assert sorted(one.result() + other.result()) == list(range(1, 101))


def test_an_object_that_is_reset_ends_its_events_in_another_threads_loop(thing):
    handle = thing("""
async def run(self):
    print("waits")
    await asyncio.sleep(60)
async def abort(self):
    self.ctx.abort("reset")
""")
    runtime = handle._runtime
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asyncio.run, handle.run())
        while not [trace for trace in list(runtime.in_flight) if trace.logs]:
            threading.Event().wait(0.001)
        with pytest.raises(DurableObjectError, match="reset"):
            asyncio.run(handle.run("a", "abort"))
        with pytest.raises(DurableObjectError, match="reset"):
            waiting.result(30)
