"""Objects: one for each id, ids and stubs, resets, redefinition, eviction."""

from __future__ import annotations

import asyncio
import hashlib
import hmac

import pytest

import workernb
from workernb import BindingError, HandlerError, RpcError, UsageError
from workernb.errors import DurableObjectError

from .conftest import source

COUNTER = """
def __init__(self, ctx, env):
    super().__init__(ctx, env)
    self.calls = 0

async def run(self, *args):
    self.calls += 1
    return self.calls

async def stored(self, by=1):
    count = (await self.ctx.storage.get("count") or 0) + by
    await self.ctx.storage.put("count", count)
    return count

async def fetch(self, request):
    self.calls += 1
    return Response(f"{self.ctx.id.name} {self.calls}")

@property
def size(self):
    return {"calls": self.calls}

def plain(self):
    return self.calls

async def abort(self, reason=None):
    self.ctx.abort(reason)
"""


def worker(body):
    """Return a Worker that runs `body`, where `t` is its namespace THINGS."""
    lines = "\n".join("        " + line for line in body.strip().splitlines())
    return (
        "import asyncio\nfrom workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n    async def run(self, *args):\n"
        f"        t = self.env.THINGS\n{lines}\n"
    )


async def until_it_waits(handle):
    """Wait until an event of an object waits for something."""
    objects = handle._runtime.stores.objects
    while not any(task for each in objects._instances.values() for task in each.events.values()):  # noqa: ASYNC110
        await asyncio.sleep(0)


@pytest.fixture
def caller(runtime, thing):
    """Call code of another Worker that is bound to the class of COUNTER."""
    thing(COUNTER)

    def caller(body, *args):
        handle = runtime.define("caller", worker(body), durable_objects={"THINGS": "things#Thing"})
        return handle.run(*args)

    return caller


async def test_there_is_one_instance_for_each_id(thing):
    handle = thing(COUNTER)
    assert [await handle.run("a"), await handle.run("a"), await handle.run("b")] == [1, 2, 1]


async def test_a_stub_has_methods_properties_and_fetch(caller):
    assert await caller("return await t.getByName('a').run()") == 1
    assert await caller("return await t.getByName('a').plain()") == 1
    assert await caller("return await t.getByName('a').size.calls") == 1
    assert await caller("return (await t.getByName('a').size)['calls']") == 1
    fetched = "return await (await t.getByName('a').fetch('http://x/')).text()"
    assert await caller(fetched) == "a 2"
    assert await caller("return await t.get(t.idFromName('a')).run()") == 3


async def test_a_name_that_is_not_there_says_what_is(caller):
    with pytest.raises(RpcError, match=r'does not implement the method "runn"') as raised:
        await caller("return await t.getByName('a').runn()")
    assert "Did you mean run?" in "\n".join(raised.value.__notes__)
    with pytest.raises(AttributeError) as raised:
        await caller("return await t.increment()")
    assert "env.THINGS.getByName('…').increment(…)" in "\n".join(raised.value.__notes__)
    with pytest.raises(AttributeError, match="_secret"):
        await caller("return await t.getByName('a')._secret()")


async def test_calls_of_one_stub_arrive_in_order(caller):
    body = """
stub = t.getByName('a')
first = stub.run()
second = await stub.run()
third, fourth = stub.run(), stub.run()
return [second, await fourth, await third, await first]
"""
    assert await caller(body) == [2, 4, 3, 1]
    assert await caller(
        "s = t.getByName('b')\nreturn await asyncio.gather(*[s.run() for _ in '123'])"
    ) == [1, 2, 3]


async def test_ids_are_those_of_the_platforms_local_runtime(caller):
    text = await caller("return t.idFromName('a').toString()")
    key = hashlib.sha256(b"things-Thing").digest()
    base = hmac.digest(key, b"a", "sha256")[:16]
    assert text == (base + hmac.digest(key, base, "sha256")[:16]).hex()
    same = "a, b = t.idFromName('a'), t.idFromString(t.idFromName('a').toString())\n"
    compared = await caller(same + "return [a.equals(b), a == b, a.name, b.name, str(b) == str(a)]")
    assert compared == [True, True, "a", None, True]
    assert await caller("return [t.getByName('é').name, t.get(t.newUniqueId()).name]") == [
        "é",
        None,
    ]
    unique = await caller("return [str(t.newUniqueId()), str(t.newUniqueId())]")
    assert len(set(unique)) == 2
    assert await caller("return t.idFromName('a' * 1025).name") is None
    assert await caller("return len(t.idFromName('a' * 1024).name)") == 1024


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("t.idFromString('abc')", r"Invalid Durable Object ID: must be 64 hex digits"),
        ("t.idFromString('0' * 64)", r"Durable Object ID is not valid for this namespace\."),
        ("t.newUniqueId(jurisdiction='moon')", r'jurisdiction: invalid value "moon"'),
        ("t.jurisdiction('moon')", r'jurisdiction: invalid value "moon"'),
        ("t.get('a')", r"get\(\) takes a DurableObjectId, not str\."),
        ("t.getByName(1)", r"An object's name is a text, not int\."),
        ("t.getByName('a', hint='weur')", r"There is no option 'hint'\."),
    ],
)
async def test_invalid_ids_and_options_are_refused(caller, expression, text):
    with pytest.raises(TypeError, match=text):
        await caller(f"return str({expression})")


async def test_a_jurisdiction_has_objects_of_its_own(caller):
    body = """
eu = t.jurisdiction('eu')
await t.getByName('a').run()
id = eu.idFromName('a')
return [await eu.getByName('a').run(), await t.get(t.idFromString(str(id))).run(),
        str(id) != str(t.idFromName('a')), str(eu.newUniqueId()) != '']
"""
    assert await caller(body) == [1, 2, True, True]
    with pytest.raises(TypeError, match="not valid for this namespace"):
        await caller("return str(t.jurisdiction('eu').idFromString(str(t.idFromName('a'))))")


async def test_a_class_may_be_used_by_its_own_exports(thing):
    handle = thing("""
async def run(self):
    return await self.ctx.exports.Thing.getByName("b").two()
async def two(self):
    return self.ctx.id.name
""")
    assert await handle.run() == "b"


async def test_an_object_calls_itself_and_others(thing):
    handle = thing("""
async def run(self, n=3):
    return [self.ctx.id.name, n and await self.env.THINGS.getByName("a").run(n - 1)]
""")
    assert await handle.run() == ["a", ["a", ["a", ["a", 0]]]]


# Resets


async def test_abort_loses_memory_and_keeps_storage(caller):
    assert await caller("await t.getByName('a').run()\nreturn await t.getByName('a').stored()") == 1
    for reason, text in (("'enough'", "enough"), ("", "Durable Object abort requested")):
        with pytest.raises(DurableObjectError, match=text) as raised:
            await caller(f"return await t.getByName('a').abort({reason})")
        error = raised.value
        assert (error.durableObjectReset, error.remote, error.retryable) == (True, True, False)
    assert await caller("s = t.getByName('a')\nreturn [await s.run(), await s.stored()]") == [1, 2]


async def test_a_stub_stays_broken_after_a_reset(caller):
    body = """
stub, texts = t.getByName('a'), []
for method in ('abort', 'run', 'fetch'):
    try:
        await (stub.fetch('http://x/') if method == 'fetch' else getattr(stub, method)())
    except Exception as error:
        texts.append(str(error))
return [texts, await t.getByName('a').run()]
"""
    texts, count = await caller(body)
    assert texts == ["Durable Object abort requested"] * 3
    assert count == 1


async def test_abort_ends_events_in_flight(thing):
    handle = thing("""
async def run(self):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        seen.append("ended")
async def abort(self):
    self.ctx.abort("enough")
async def ended(self):
    return list(seen)
""")
    waiting = asyncio.ensure_future(handle.run())
    await until_it_waits(handle)
    with pytest.raises(DurableObjectError, match="enough"):
        await handle.run("a", "abort")
    with pytest.raises(DurableObjectError, match="enough"):
        await waiting
    assert not waiting.cancelled()
    assert await handle.run("a", "ended") == ["ended"]


async def test_an_exception_does_not_reset(thing):
    handle = thing("""
calls = 0
async def run(self):
    self.calls += 1
    await self.ctx.storage.put("calls", self.calls)
    raise ValueError(f"call {self.calls}")
async def stored(self):
    return await self.ctx.storage.get("calls")
""")
    for number in (1, 2):
        with pytest.raises(ValueError, match=f"call {number}"):
            await handle.run()
    assert await handle.run("a", "stored") == 2


async def test_a_constructor_that_raises_is_run_again_by_the_next_call(thing):
    handle = thing("""
def __init__(self, ctx, env):
    ctx.storage.kv.put("count", (ctx.storage.kv.get("count") or 0) + 1)
    seen.append(1)
    if len(seen) < 3:
        raise ValueError(f"constructor {len(seen)}")
    self.count = ctx.storage.kv.get("count")
async def run(self):
    return self.count
""")
    for number in (1, 2):
        with pytest.raises(ValueError, match=f"constructor {number}"):
            await handle.run()
    assert await handle.run() == 1  # What the failed ones wrote was dropped.


async def test_redefining_keeps_the_data_and_restarts_the_objects(runtime, thing):
    handle = thing(COUNTER)
    assert await handle.run("a", "stored") == 1
    assert [await handle.run(), await handle.run()] == [1, 2]
    thing(COUNTER + "\nasync def more(self):\n    return 1")
    assert await handle.run() == 1
    assert await handle.run("a", "stored") == 2
    runtime.change("things", vars={"A": "b"})
    assert await handle.run() == 1


async def test_events_in_flight_end_when_the_code_is_replaced(thing):
    body = "async def run(self):\n    await asyncio.get_running_loop().create_future()"
    handle = thing(body)
    waiting = asyncio.ensure_future(handle.run())
    await until_it_waits(handle)
    thing(body + "  # new")
    with pytest.raises(DurableObjectError) as raised:
        await waiting
    assert str(raised.value) == "Durable Object reset because its code was updated."


async def test_a_class_that_is_gone_is_named_with_those_that_are_there(runtime, thing):
    handle = thing(COUNTER)
    assert await handle.run("a", "stored") == 1
    changed = source(COUNTER).replace("class Thing(", "class Things(")
    runtime.define("things", changed, durable_objects={"THINGS": "#Thing"})
    with pytest.raises(
        BindingError, match=r"not exported in your entrypoint file: Thing\."
    ) as raised:
        await handle.run()
    assert "Did you mean Things?" in raised.value.__notes__
    thing(COUNTER)
    assert await handle.run("a", "stored") == 2


async def test_a_worker_that_is_not_defined_is_named(runtime):
    handle = runtime.define(
        "caller",
        worker("return await t.getByName('a').run()"),
        durable_objects={"THINGS": "other#Thing"},
    )
    with pytest.raises(BindingError, match="There is no Worker 'other'"):
        await handle.run()


async def test_a_missing_handler_is_named(thing):
    handle = thing(
        "async def run(self):\n    await self.env.THINGS.getByName('b').fetch('http://x/')"
    )
    with pytest.raises(
        HandlerError, match=r"^Handler does not export a fetch\(\) function\."
    ) as raised:
        await handle.run()
    assert "things#Thing has no fetch method" in "\n".join(raised.value.__notes__)


async def test_an_idle_object_is_dropped_and_made_anew(runtime, thing):
    handle = thing(COUNTER)
    assert [await handle.run(), await handle.run(), await handle.run("a", "stored")] == [1, 2, 1]
    await runtime.clock.advance(9)
    assert await handle.run() == 3
    await runtime.clock.advance(11)
    assert await handle.run() == 1
    assert await handle.run("a", "stored") == 2


async def test_a_cut_resets_the_object_and_says_so_to_others(thing):
    handle = thing(
        """
        async def run(self, wait=True):
            while not wait:
                pass
            await asyncio.get_running_loop().create_future()
        async def other(self):
            return 1
        """,
        limits={"cpu_ms": 30},
    )
    waiting = asyncio.ensure_future(handle.run())
    await until_it_waits(handle)
    with pytest.raises(workernb.CpuLimitError):
        await handle.run("a", "run", False)
    with pytest.raises(DurableObjectError, match="exceeded its CPU time limit and was reset"):
        await waiting
    assert await handle.run("a", "other") == 1


async def test_tasks_of_an_object_go_on_after_its_event(runtime, thing):
    handle = thing("""
async def run(self):
    self.gone_on = asyncio.Event()
    self.task = asyncio.create_task(self.later())
    return 1
async def later(self):
    await self.gone_on.wait()
    await self.ctx.storage.put("later", 1)
async def stored(self):
    self.gone_on.set()
    await self.task
    return await self.ctx.storage.get("later")
""")
    assert await handle.run() == 1
    assert await handle.run("a", "stored") == 1


# The binding


@pytest.mark.parametrize("given", ["#Thing", "Thing", "things#Thing"])
async def test_a_class_is_named_with_and_without_its_worker(thing, given):
    handle = thing(COUNTER, durable_objects={"THINGS": given})
    assert await handle.run() == 1
    assert dict(handle._service.definition.stores())["THINGS"].name == "things#Thing"


async def test_wranglers_objects_are_taken(thing):
    row = {"name": "THINGS", "class_name": "Thing"}
    for given in ([row], {"bindings": [row]}, [{**row, "script_name": "things"}]):
        assert await thing(COUNTER, durable_objects=given).run() == 1
    in_environment = {**row, "script_name": "other", "environment": "staging"}
    handle = thing(COUNTER, durable_objects=[in_environment])
    assert dict(handle._service.definition.stores())["THINGS"].name == "other-staging#Thing"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"THINGS": "things"}, r"THINGS is bound to a class of Durable Objects, not to 'things'\."),
        ({"THINGS": 1}, r"THINGS is bound to a class"),
        ({"THINGS": "#a b"}, r"names no service"),
        ({"2": "#Thing"}, r"'2' is no name for a binding"),
        (5, r"durable_objects is a dict"),
        ([{"class_name": "Thing"}], r'^binding should have a string "name" field\.$'),
        ([{"name": "THINGS"}], r'^binding should have a string "class_name" field\.$'),
        (
            [{"name": "T", "class_name": "Thing", "environment": "e"}],
            r'^binding should have a "script_name" field if "environment" is present\.$',
        ),
    ],
)
def test_invalid_bindings_are_refused(thing, given, text):
    with pytest.raises(UsageError, match=text):
        thing(COUNTER, durable_objects=given)


async def test_a_redirect_is_followed_within_the_object(caller, thing):
    thing("""
async def fetch(self, request):
    path = request.url.rpartition("/")[2]
    if path == "one":
        return Response.redirect("http://x/two")
    return Response(f"{self.ctx.id.name} {path}")
""")
    fetched = "return await (await t.getByName('a').fetch('http://x/one')).text()"
    assert await caller(fetched) == "a two"


async def test_what_an_object_sends_by_reference_may_use_its_storage(caller, thing):
    thing("""
async def run(self):
    from workers import import_from_javascript
    storage = self.ctx.storage
    class Session(import_from_javascript("cloudflare:workers").RpcTarget):
        async def add(self, by):
            storage.kv.put("count", (storage.kv.get("count") or 0) + by)
            return storage.kv.get("count")
    return Session()
async def stored(self):
    return await self.ctx.storage.get("count")
""")
    body = """
session = await t.getByName('a').run()
with session:
    return [await session.add(1), await session.add(2), await t.getByName('a').stored()]
"""
    assert await caller(body) == [1, 3, 3]
    assert await caller("return await t.getByName('b').run().add(5)") == 5


async def test_a_hot_object_does_not_keep_idle_ones_in_memory(runtime, thing):
    handle = thing(COUNTER)
    for name in range(20):
        await handle.run(f"cold {name}")
    for turn in range(20):
        await runtime.clock.advance(4)
        await handle.run("hot")
        await handle.run(f"new {turn}")
    assert len(runtime.stores.objects.in_memory("things#Thing")) < 10


async def test_two_versions_share_the_objects_by_their_ids(runtime, thing):
    body = "async def run(self):\n    return [self.ctx.id.name, {}]"
    handle = thing(body.format(1))
    thing(body.format(2))
    runtime.deploy("things", {1: 50, 2: 50})
    first = [await handle.run(str(name)) for name in range(20)]
    assert {version for _, version in first} == {1, 2}
    assert [await handle.run(str(name)) for name in range(20)] == first


async def test_an_object_is_not_dropped_while_its_tasks_run(runtime, thing):
    handle = thing("""
calls = 0
async def run(self):
    self.calls += 1
    self.done = asyncio.Event()
    self.task = asyncio.create_task(self.done.wait())
    return self.calls
async def end(self):
    self.done.set()
    await self.task
""")
    assert await handle.run() == 1
    await runtime.clock.advance(60)
    assert await handle.run() == 2
    await handle.run("a", "end")


async def test_a_tail_handler_is_told_that_it_was_an_object(runtime, thing):
    runtime.define(
        "watch",
        """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def tail(self, events, env, ctx):
        print([event.executionModel for event in events])
""",
    )
    handle = thing("async def run(self):\n    return 1", tails=["watch"])
    await handle.run()
    while not any(trace.invocations[0].service == "watch" for trace in runtime.traces):  # noqa: ASYNC110
        await asyncio.sleep(0)
    logs = [log.text for trace in runtime.traces for log in trace.logs]
    assert logs == ["['stateless', 'durableObject']"]
