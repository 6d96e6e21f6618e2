"""KV: every row of the platform's table of methods, edges and texts."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import workernb
from workernb import UsageError

LONG = "k" * 513


@pytest.fixture
def kv(runtime):
    return runtime.stores.kv("cache")


async def test_a_worker_puts_gets_and_deletes(value_of):
    kv = "self.env.CACHE"
    before = f"await {kv}.put('a', 'ä\\ud83d\\ude00\\ud83d')"
    assert await value_of(f"await {kv}.get('a')", before) == "ä\U0001f600\ufffd"
    assert await value_of(f"await {kv}.get('b')") is None
    assert await value_of(f"await {kv}.get('a')", f"await {kv}.delete('a')") is None
    assert await value_of(f"await {kv}.delete('a')") is None


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("text", "text"),
        ("", ""),
        ("a\0b", "a\0b"),
        (b"\xff\x00", "\ufffd\0"),
        (memoryview(b"abc"), "abc"),
        (1, "1"),
        (1.0, "1"),
        (0.5, "0.5"),
        (1e-7, "1e-7"),
        (float("nan"), "NaN"),
        (True, "true"),
        (None, "null"),
    ],
)
async def test_a_value_is_stored_as_text_or_bytes(kv, value, stored):
    await kv.put("k", value)
    assert await kv.get("k") == stored


@pytest.mark.parametrize("value", [{}, [], object(), bytearray(b"x"), (1, 2)])
async def test_an_object_is_no_value(kv, value):
    text = (
        r"^KV put\(\) accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as "
        r"values\.$"
    )
    with pytest.raises(TypeError, match=text):
        await kv.put("k", value)


async def test_the_types_of_get(kv):
    await kv.put("k", '{"a": [1]}')
    assert await kv.get("k", "json") == {"a": [1]}
    assert await kv.get("k", {"type": "json", "cacheTtl": 60}) == {"a": [1]}
    assert await kv.get("k", type="arrayBuffer") == b'{"a": [1]}'
    with pytest.raises(TypeError, match=r"^Unknown response type. Possible types are"):
        await kv.get("k", "xml")
    assert await kv.get("missing", "xml") is None
    await kv.put("k", "{")
    with pytest.raises(ValueError, match="Expecting"):
        await kv.get("k", "json")


async def test_metadata(kv):
    await kv.put("k", "v", metadata={"n": 1, "t": "ä"})
    found = await kv.getWithMetadata("k")
    assert found == {"value": "v", "metadata": {"n": 1, "t": "ä"}, "cacheStatus": None}
    assert found.metadata == {"n": 1, "t": "ä"}
    await kv.put("k", "v")
    assert (await kv.getWithMetadata("k", "text")).metadata is None
    assert await kv.getWithMetadata("missing") == dict.fromkeys(
        ("value", "metadata", "cacheStatus")
    )
    with pytest.raises(AttributeError):
        found.other  # noqa: B018


async def test_several_keys_at_once(kv):
    await kv.put("a", "1", metadata=[1])
    assert await kv.get(["a", "b", "a"]) == {"a": "1", "b": None}
    assert await kv.get(["a"], "json") == {"a": 1}
    assert await kv.getWithMetadata(["a", "b"]) == {"a": {"value": "1", "metadata": [1]}, "b": None}


async def test_a_key_expires(kv, runtime):
    await kv.put("a", "1", expirationTtl=60)
    await kv.put("b", "1", expiration=int(time.time()) + 1000)
    await kv.put("c", "1", expiration=int(time.time()) + 1000, expirationTtl=60)
    await kv.put("d", "1", {"expirationTtl": 60})
    assert await kv.get("a") == "1"
    await runtime.stores.clock.advance(61)
    assert await kv.get(["a", "b", "c", "d"]) == {"a": None, "b": "1", "c": None, "d": None}
    assert [each["name"] for each in (await kv.list())["keys"]] == ["b"]
    await runtime.stores.clock.advance(1000)
    assert await kv.get("b") is None


async def test_a_list(kv):
    for name in ("b", "a/2", "a/1", "ä", "\U0001f600", "\uffff"):
        await kv.put(name, "v")
    names = [each.name for each in (await kv.list())["keys"]]
    assert names == ["a/1", "a/2", "b", "ä", "\uffff", "\U0001f600"]
    assert names == sorted(names, key=str.encode)
    found = await kv.list(prefix="a/")
    assert found == {
        "keys": [{"name": "a/1"}, {"name": "a/2"}], "list_complete": True, "cacheStatus": None,
    }  # fmt: skip
    assert callable(found.keys), "as with the platform's SDK"
    page = await kv.list({"limit": 4, "prefix": None, "cursor": ""})
    assert not page.list_complete
    rest = await kv.list(limit=4, cursor=page.cursor)
    assert rest.list_complete
    assert "cursor" not in rest
    assert [each.name for each in page["keys"] + rest["keys"]] == names
    assert len((await kv.list(limit=0))["keys"]) == 6


async def test_a_list_has_expiration_and_metadata(kv):
    at = int(time.time()) + 1000
    await kv.put("k", "v", expiration=at, metadata="m")
    assert (await kv.list())["keys"] == [{"name": "k", "expiration": at, "metadata": "m"}]


REFUSED = [
    ("get('')", TypeError, "Key name cannot be empty."),
    ("get('.')", TypeError, '"." is not allowed as a key name.'),
    ("put('..', 'v')", TypeError, '".." is not allowed as a key name.'),
    ("get({})", TypeError, "A key is a string, not dict."),
    (f"get('{LONG}')", "GET", "414 UTF-8 encoded length of 513 exceeds key length limit of 512."),
    (f"put('{LONG}', 1)", "PUT",
        "414 UTF-8 encoded length of 513 exceeds key length limit of 512."),
    (f"delete('{LONG}')", "DELETE",
        "414 UTF-8 encoded length of 513 exceeds key length limit of 512."),
    ("get('ä' * 257)", "GET", "414 UTF-8 encoded length of 514 exceeds key length limit of 512."),
    (f"list(prefix='{LONG}')", "GET",
        "414 UTF-8 encoded length of 513 exceeds key length limit of 512."),
    ("put('k', 1, expirationTtl=0)", "PUT",
        "400 Invalid expiration_ttl of 0. Please specify integer greater than 0."),
    ("put('k', 1, expirationTtl=60.5)", "PUT",
        "400 Invalid expiration_ttl of 60.5. Please specify integer greater than 0."),
    ("put('k', 1, expirationTtl=59)", "PUT",
        "400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60."),
    ("put('k', 1, expiration=1)", "PUT", "400 Invalid expiration of 1. Please specify integer "
        "greater than the current number of seconds since the UNIX epoch."),
    ("put('k', 1, metadata='m' * 1023)", "PUT",
        "413 Metadata length of 1025 exceeds limit of 1024."),
    ("put('k', 'v' * 26214401)", "PUT", "413 Value length of 26214401 exceeds limit of 26214400."),
    ("get('k', cacheTtl=29)", "GET",
        "400 Invalid cache_ttl of 29. Cache TTL must be at least 30."),
    ("list(limit=1001)", "GET",
        "400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."),
    ("list(cursor='?')", "GET", "400 Invalid cursor."),
    ("get([str(n) for n in range(101)])", "GET_BULK", "400 You can request a maximum of 100 keys"),
    ("get([])", "GET_BULK", "400 You must request a minimum of 1 key"),
    ("get(['k'], 'stream')", "GET_BULK", '400 "stream" is not a valid type. Use "json" or "text"'),
    ("get(['text'], 'json')", "GET_BULK",
        "400 At least one of the requested keys corresponds to a non-json value"),
    ("get(['big1', 'big2'])", "GET_BULK", "413 Total size of request exceeds the limit of 25MB"),
    ("put('k', 1, expiration_ttl=60)", TypeError,
        "There is no option 'expiration_ttl'. Did you mean expirationTtl or expiration?"),
    ("put('k', 1, 60)", TypeError, "Options are a dict, not int."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), REFUSED, ids=[row[0][:40] for row in REFUSED])
async def test_what_is_refused(kv, call, error, text):
    await kv.put("text", "no json")
    if "big" in call:
        await asyncio.gather(kv.put("big1", "x" * 20_000_000), kv.put("big2", "x" * 20_000_000))
    if isinstance(error, str):
        error, text = workernb.StoreError, f"KV {error} failed: {text}"
    with pytest.raises(error) as raised:
        await eval(f"kv.{call}", {"kv": kv})
    assert str(raised.value) == text


async def test_a_near_expiration_is_refused(kv):
    at = int(time.time()) + 30
    with pytest.raises(workernb.StoreError, match=f"Invalid expiration of {at}. Expiration times"):
        await kv.put("k", 1, expiration=at)


async def test_namespaces_are_apart_and_two_workers_share_one(run, runtime):
    await run("await self.env.CACHE.put('k', 'shared')", name="writer")
    got = await run("return Response(str(await self.env.MINE.get('k')))", name="reader",
        kv_namespaces=[{"binding": "MINE", "id": "cache"}])  # fmt: skip
    assert await got.text() == "shared"
    assert await runtime.stores.kv("other").get("k") is None


# What Workers see of it


async def test_an_error_names_the_worker_the_binding_and_the_store(run):
    with pytest.raises(TypeError) as raised:
        await run("await self.env.CACHE.get('')")
    note = "In get() of the binding CACHE of Worker 'web', the KV namespace 'cache'."
    assert note in raised.value.__notes__


async def test_a_key_takes_one_write_a_second(runtime, run):
    handle = (
        await run("""
        key = request.url.rsplit("/", 1)[1]
        if key == "delete":
            await self.env.CACHE.delete("a")
        elif key:
            await self.env.CACHE.put(key, "1")
        return Response("written")
    """)
    ) and runtime["web"]

    async def write(key):
        answer = await handle.fetch(f"http://web.localhost/{key}")
        assert await answer.text() == "written"

    await write("a")
    for _ in range(2):
        with pytest.raises(
            workernb.StoreError, match=r"^KV PUT failed: 429 Too Many Requests"
        ) as caught:
            await write("a")
    assert "A key takes one write a second." in "".join(caught.value.__notes__)
    await write("b")
    await write("delete")  # No write of a value.
    await runtime.stores.clock.advance(1)
    await write("a")
    # The notebook has no limits, and none of its writes counts.
    kv = runtime.stores.kv("cache")
    await kv.put("c", "1")
    await kv.put("c", "2")
    await write("c")


async def test_of_so_many_keys_it_is_known_when_they_were_written(runtime, monkeypatch):
    monkeypatch.setattr("workernb.resources.kv.MAX_WRITTEN", 2)
    writes = runtime.stores.writes
    assert [writes.take(1, key) for key in "abca"] == [True, True, True, True]
    assert not writes.take(1, "c")
    assert writes.take(2, "c")


async def test_requests_race_between_two_calls(runtime, run, monkeypatch):
    monkeypatch.setattr("workernb.resources.kv.WRITE_PERIOD_S", 0)
    await runtime.stores.kv("cache").put("n", 0)
    body = """
    n = await self.env.CACHE.get("n", "json")
    await self.env.CACHE.put("n", n + 1)
    return Response(str(n))
    """
    handle = (await run(body)) and runtime["web"]
    await runtime.stores.kv("cache").put("n", 0)
    answers = await asyncio.gather(handle.fetch(), handle.fetch())
    assert [await answer.text() for answer in answers] == ["0", "0"]
    assert await runtime.stores.kv("cache").get("n") == "1"


async def test_calls_in_tasks_and_wait_until(value_of, runtime):
    before = """
    kv = self.env.CACHE
    await asyncio.gather(kv.put("a", 1), asyncio.create_task(kv.put("b", 2)))
    self.ctx.waitUntil(kv.put("c", 3))
    """
    assert await value_of("await kv.get(['a', 'b'])", before) == {"a": "1", "b": "2"}
    assert await runtime.stores.kv("cache").get("c") == "3"


async def test_a_call_that_nobody_awaits_is_not_made_and_said(run, runtime):
    answer = await run("self.env.CACHE.put('k', 'v')")
    (log,) = answer.trace.logs
    assert log.level == "warn"
    assert log.text.startswith("env.CACHE.put('k') was cancelled: it was never awaited.")
    assert await runtime.stores.kv("cache").get("k") is None


async def test_a_call_can_be_awaited_once(run):
    body = "call = self.env.CACHE.get('k')\nawait call\nawait call"
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        await run(body)


async def test_a_call_while_the_module_loads_is_refused(runtime):
    source = "from workers import env\nenv.CACHE.get('k').send(None)\n"
    with pytest.raises(workernb.GlobalScopeError, match=r"^Disallowed operation called within"):
        runtime.define("web", source, kv_namespaces={"CACHE": "cache"})


async def test_an_unknown_method_is_named(run):
    with pytest.raises(AttributeError, match="A KV namespace has no 'set'; it has delete, get, "):
        await run("await self.env.CACHE.set('k', 'v')")


# Metering


async def test_operations_are_in_the_trace(run):
    body = "await self.env.CACHE.put('k', 'v')\nawait self.env.CACHE.get('none')"
    trace = (await run(body)).trace
    put, get = trace.operations
    assert (put.binding, put.noun, put.store, put.verb, put.detail, put.rows) == (
        "CACHE", "KV namespace", "cache", "put", "k", 1,
    )  # fmt: skip
    assert (get.rows, get.failure) == (0, None)
    assert put.cpu_ms > 0
    assert put.wall_ms > 0
    root = trace.invocations[0]
    assert root.operations == [put, get]
    assert root.stores_cpu_ms == pytest.approx(put.cpu_ms + get.cpu_ms)
    assert root.stores_cpu_ms < root.cpu_ms == pytest.approx(trace.cpu_ms)


async def test_a_failed_operation_has_its_exception(run, runtime):
    await run("try:\n    await self.env.CACHE.get('')\nexcept TypeError:\n    pass")
    (operation,) = runtime.traces[-1].operations
    assert operation.failure == "TypeError: Key name cannot be empty."


async def test_the_time_of_a_long_operation_is_its_own(run, runtime):
    await asyncio.gather(*(runtime.stores.kv("cache").put(f"{n:05}", "v") for n in range(5000)))
    trace = (await run("for _ in range(5):\n    await self.env.CACHE.list()")).trace
    root = trace.invocations[0]
    assert root.stores_cpu_ms > 0.5 * root.cpu_ms
    assert sum(each.cpu_ns for each in trace.slices if each.operation) == pytest.approx(
        root.stores_cpu_ms * 1e6
    )


async def test_calls_to_stores_are_subrequests(run, runtime):
    body = "for n in range(6):\n    await self.env.CACHE.get('k')"
    with pytest.raises(workernb.LimitError) as raised:
        await run(body, limits={"subrequests": 5})
    assert str(raised.value) == "Too many subrequests by single Worker invocation."
    assert "5 subrequests, 5 of them to stores or outside" in raised.value.__notes__[0]
    assert len(runtime.traces[-1].operations) == 5


async def test_calls_to_stores_and_to_services_share_the_limit(run, runtime):
    runtime.define("auth", "from workers import *\nclass Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n        return Response('x')\n")  # fmt: skip
    body = """
    await self.env.CACHE.get('k')
    await self.env.AUTH.fetch("http://auth/")
    await self.env.AUTH.fetch("http://auth/")
    """
    with pytest.raises(workernb.LimitError, match="Too many subrequests"):
        await run(body, services={"AUTH": "auth"}, limits={"subrequests": 2})
    assert len(runtime.traces[-1].invocations) == 2
    assert (await run(body, services={"AUTH": "auth"}, limits={"subrequests": 3})).status == 200


async def test_more_operations_than_are_kept(run, monkeypatch):
    monkeypatch.setattr(workernb.Trace, "KEPT", 10)
    trace = (await run("for n in range(50):\n    await self.env.CACHE.get('k')")).trace
    assert len(trace.operations) == 10
    assert trace.cpu_ms == pytest.approx(trace.invocations[0].cpu_ms)
    assert all(each.cpu_ms > 0 for each in trace.operations)


# Definitions


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["CACHE"], '"kv_namespaces[0]" bindings should have a string "binding" field but got "CA'),
        (
            [{"binding": "A"}],
            '"kv_namespaces[0]" bindings should have a string "id" field but got {',
        ),
        ("CACHE", "kv_namespaces is a dict, kv_namespaces={"),
        ({"CACHE": 1}, "The KV namespace of CACHE is named by a text of 1 to 512 characters"),
        ({"CACHE": ""}, "The KV namespace of CACHE is named by a text of 1 to 512 characters"),
    ],
)
def test_a_wrong_definition_is_refused(runtime, given, text):
    with pytest.raises(UsageError) as raised:
        runtime.define("web", "", kv_namespaces=given)
    assert str(raised.value).startswith(text)


def test_wranglers_objects(runtime):
    rows = [{"binding": "A", "id": "one", "preview_id": "two"}, {"binding": "B", "id": "one"}]
    handle = runtime.define("web", "", kv_namespaces=rows)
    assert handle.version.definition.bindings["kv_namespaces"] == {"A": "two", "B": "one"}


# A model


keys = st.text(min_size=1, max_size=4).filter(lambda key: key not in (".", ".."))


class KvModel(RuleBasedStateMachine):
    """A namespace beside a dict: whatever was put is there, and listed in order, page by page."""

    def __init__(self) -> None:
        super().__init__()
        self.runtime = workernb.Runtime()
        self.kv = self.runtime.stores.kv("model")
        self.model: dict[str, tuple[str, int | None]] = {}

    def run(self, call):
        return asyncio.run(_awaited(call))

    @rule(key=keys, value=st.text(max_size=5), metadata=st.none() | st.integers())
    def put(self, key, value, metadata):
        self.run(self.kv.put(key, value, metadata=metadata))
        self.model[key] = value, metadata

    @rule(key=keys)
    def delete(self, key):
        self.run(self.kv.delete(key))
        self.model.pop(key, None)

    @rule(key=keys)
    def get(self, key):
        value, metadata = self.model.get(key, (None, None))
        found = self.run(self.kv.getWithMetadata(key))
        assert (found.value, found.metadata) == (value, metadata)

    @rule(prefix=st.text(max_size=1), limit=st.integers(1, 3))
    def list(self, prefix, limit):
        names, cursor = [], None
        while True:
            page = self.run(self.kv.list(prefix=prefix, limit=limit, cursor=cursor))
            names += [each.name for each in page["keys"]]
            assert len(page["keys"]) <= limit
            if page.list_complete:
                break
            cursor = page.cursor
        expected = [key for key in self.model if key.startswith(prefix)]
        assert names == sorted(expected, key=str.encode)

    @invariant()
    def all_are_there(self):
        found = self.run(self.kv.list())["keys"]
        assert {each.name: each.get("metadata") for each in found} == {
            key: metadata for key, (_, metadata) in self.model.items()
        }

    def teardown(self):
        self.runtime.close()


async def _awaited(call):
    return await call


TestKvModel = KvModel.TestCase
TestKvModel.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


@pytest.mark.slow
async def test_a_hundred_thousand_keys_are_paged(kv):
    for n in range(100_000):
        await kv.put(f"key-{n:06}", json.dumps(n))
    names, cursor = [], None
    while True:
        page = await kv.list(cursor=cursor)
        names += [each.name for each in page["keys"]]
        if page.list_complete:
            break
        cursor = page.cursor
    assert names == [f"key-{n:06}" for n in range(100_000)]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("gett", "Did you mean get?"), ("set", "Write env.CACHE.put(key, value)")],
)
async def test_a_method_that_is_not_there_has_a_remedy(run, name, remedy):
    with pytest.raises(AttributeError) as raised:
        await run(f"await self.env.CACHE.{name}('k', 'v')")
    assert raised.value.__notes__ == [remedy]


async def test_what_has_expired_is_deleted_by_the_clock(kv, runtime):
    def rows():
        return [key for (key,) in runtime.stores.main.execute("SELECT key FROM kv ORDER BY key")]

    await kv.put("late", "1", expirationTtl=600)
    await kv.put("soon", "1", expirationTtl=60)
    await kv.put("kept", "1")
    assert [timer.why for timer in runtime.clock.due] == ["keys and responses expire"]
    assert await runtime.clock.advance(59) == 0
    assert rows() == ["kept", "late", "soon"]
    assert await runtime.clock.advance(2) == 1
    assert rows() == ["kept", "late"]
    assert await runtime.clock.advance(600) == 1
    assert rows() == ["kept"]
    assert runtime.clock.due == []


async def test_what_expired_while_no_process_ran_is_deleted(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    await runtime.stores.kv("cache").put("a", "1", expirationTtl=60)
    runtime.stores.main.execute("UPDATE kv SET expiration = 1000")
    runtime.close()
    runtime = workernb.Runtime(stores=tmp_path)
    assert runtime.stores.main.execute("SELECT count(*) FROM kv").fetchone() == (0,)
    await runtime.stores.kv("cache").put("b", "1", expirationTtl=60)
    assert len(runtime.clock.due) == 1
    runtime.close()
