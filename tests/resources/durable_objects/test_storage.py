"""Storage: keys and values, with and without await, transactions, and what is written together."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

import workernb
from workernb import DataCloneError, StoreError


async def test_it_puts_gets_and_deletes(value_of):
    assert await value_of("await s.get('a')") is None
    assert await value_of("await s.get('a')", "await s.put('a', {'b': [1, 'x', None]})") == {
        "b": [1, "x", None]
    }
    assert await value_of("[await s.delete('a'), await s.delete('a'), await s.get('a')]") == [
        True, False, None,
    ]  # fmt: skip


async def test_many_keys_at_once(value_of):
    before = "await s.put({'b': 2, 'a': 1, 'ä': 3})"
    assert await value_of("await s.get(['b', 'x', 'a'])", before) == {"a": 1, "b": 2}
    assert list(await value_of("await s.get(['b', 'a'])")) == ["a", "b"]
    assert await value_of("await s.delete(['a', 'x', 'b'])") == 2
    assert await value_of("await s.list()") == {"ä": 3}


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ("", ["a", "ab", "b", "ba", "é", "😀"]),
        ("start='ab'", ["ab", "b", "ba", "é", "😀"]),
        ("startAfter='ab'", ["b", "ba", "é", "😀"]),
        ("end='b'", ["a", "ab"]),
        ("prefix='a'", ["a", "ab"]),
        ("prefix='😀'", ["😀"]),
        ("reverse=True, limit=2", ["😀", "é"]),
        ("{'limit': 3}, reverse=False", ["a", "ab", "b"]),
        ("start='ab', end='ba'", ["ab", "b"]),
        ("prefix='', noCache=True", ["a", "ab", "b", "ba", "é", "😀"]),
    ],
)
async def test_list_is_in_the_order_of_utf8(value_of, options, keys):
    before = "await s.put(dict.fromkeys(['😀', 'é', 'ba', 'b', 'ab', 'a'], 1))"
    assert await value_of(f"list(await s.list({options}))", before) == keys
    if "noCache" not in options:
        assert await value_of(f"[k for k, v in s.kv.list({options})]", before) == keys


@pytest.mark.parametrize(
    ("expression", "error", "text"),
    [
        ("await s.list(start='a', startAfter='a')", TypeError, "both start and startAfter values"),
        ("await s.list(limit=0)", TypeError, "List limit must be positive"),
        ("await s.list(first='a')", TypeError, "There is no option 'first'"),
        ("await s.put(('a',), 1)", TypeError, "A key is a string, not tuple"),
        ("await s.put('a', lambda: 1)", DataCloneError, "DataCloneError"),
        ("await s.put('a', object())", DataCloneError, "DataCloneError"),
        ("await s.put('a', [(1, 2)])", TypeError, "tuple"),
        ("s.kv.put('a', object())", DataCloneError, "DataCloneError"),
        ("await s.put('a', 'x' * 2097152)", StoreError, "2,097,152 bytes at most, not 2,097,1"),
        ("s.transactionSync(self.run)", TypeError, "takes a plain function"),
    ],
)
async def test_what_cannot_be_stored_is_refused(value_of, expression, error, text):
    with pytest.raises(error, match=text) as raised:
        await value_of(expression)
    if "transaction" not in expression:
        assert "ctx.storage of Worker 'things'" in "\n".join(raised.value.__notes__)


async def test_values_are_copies(value_of):
    before = "value = {'a': [1]}\nawait s.put('v', value)\nvalue['a'].append(2)"
    assert await value_of("await s.get('v')", before) == {"a": [1]}
    before = "(await s.get('v'))['a'].append(2)"
    assert await value_of("(await s.get('v')).a", before) == [1]


async def test_a_call_does_its_work_when_it_is_made(value_of):
    assert await value_of("await s.get('a')", "s.put('a', 1)\ncall = s.get('a')\ns.put('a', 2)\n"
        "assert await call == 1\nassert await asyncio.gather(s.get('a'), s.get('b')) == [2, None]"
        "\nassert await asyncio.create_task(s.get('a')) == 2") == 2  # fmt: skip


async def test_the_keys_are_there_without_await_too(value_of):
    before = "s.kv.put('a', 1)\nawait s.put('b', 2)"
    assert await value_of("[s.kv.get('a'), s.kv.get('b'), s.kv.get('c')]", before) == [1, 2, None]
    assert await value_of("[await s.get('a'), s.kv.delete('a'), s.kv.delete('a')]") == [
        1, True, False,
    ]  # fmt: skip
    with pytest.raises(RuntimeError, match="iterator was invalidated because a new call"):
        await value_of("list(first)", "s.kv.put('x', 1)\nfirst = s.kv.list()\nlist(s.kv.list())")


async def test_delete_all_deletes_keys_tables_and_the_alarm(value_of, thing):
    before = """
s.sql.exec("CREATE TABLE a (x INTEGER PRIMARY KEY)")
s.sql.exec("CREATE TABLE b (x REFERENCES a(x))")
s.sql.exec("INSERT INTO a VALUES (1)")
s.sql.exec("INSERT INTO b VALUES (1)")
await s.put('a', 1)
await s.deleteAll()
names = s.sql.exec("PRAGMA table_list").toArray()
"""
    left = "[await s.list(), [n.name for n in names if n.name in 'ab']]"
    assert await value_of(left, before) == [{}, []]
    with pytest.raises(StoreError, match=r"Cannot call deleteAll\(\) within a transaction"):
        await value_of("await s.transaction(lambda txn: txn.deleteAll())")


# Transactions


async def test_a_transaction_keeps_or_drops_all_of_it(value_of):
    before = """
await s.put('a', 1)
async def good(txn):
    await txn.put('a', 2)
    return await txn.get('a')
async def bad(txn):
    await txn.put('a', 3)
    s.sql.exec("CREATE TABLE t (x)")
    raise ValueError("no")
async def rolled(txn):
    await txn.put('a', 4)
    txn.rollback()
    try:
        await txn.get('a')
    except Exception as error:
        return str(error)
results = [await s.transaction(good)]
try:
    await s.transaction(bad)
except ValueError as error:
    results.append(str(error))
results.append(await s.transaction(rolled))
"""
    assert await value_of("[*results, await s.get('a')]", before) == [
        2, "no", "Cannot get on rolled back transaction", 2,
    ]  # fmt: skip
    with pytest.raises(StoreError, match="no such table: t"):
        await value_of("s.sql.exec('SELECT * FROM t')")


async def test_a_transaction_is_not_used_after_its_end(value_of):
    before = "kept = []\nasync def keep(txn):\n    kept.append(txn)\nawait s.transaction(keep)"
    with pytest.raises(StoreError, match="Cannot call put on transaction that has already comm"):
        await value_of("await kept[0].put('a', 1)", before)


async def test_transaction_sync_can_be_nested(value_of):
    before = """
def inner(fails):
    s.kv.put('inner', 1)
    if fails:
        raise ValueError("no")
def outer(fails):
    s.kv.put('outer', 1)
    try:
        s.transactionSync(lambda: inner(True))
    except ValueError:
        pass
    if fails:
        raise ValueError("outer")
    return 'value'
results = []
try:
    s.transactionSync(lambda: outer(True))
except ValueError as error:
    results.append(str(error))
results.append(dict(s.kv.list()))
results.append(s.transactionSync(lambda: outer(False)))
"""
    assert await value_of("[*results, dict(s.kv.list())]", before) == [
        "outer", {}, "value", {"outer": 1},
    ]  # fmt: skip


async def test_constraints_that_are_broken_at_the_commit_reset_the_object(thing):
    handle = thing("""
calls = 0
async def run(self):
    self.calls += 1
    s = self.ctx.storage.sql
    s.exec("CREATE TABLE IF NOT EXISTS a (x INTEGER PRIMARY KEY)")
    s.exec("CREATE TABLE IF NOT EXISTS b (x INTEGER REFERENCES a(x))")
    await asyncio.sleep(0)
    s.exec("PRAGMA defer_foreign_keys = on")
    s.exec("INSERT INTO b VALUES (1)")
    return self.calls
async def count(self):
    return [self.calls, self.ctx.storage.sql.exec("SELECT count(*) AS n FROM b").one().n]
""")
    text = (
        "Durable Object was reset and rolled back to its last known good state because the "
        "application left the database in a state where constraints were violated: FOREIGN KEY "
        "constraint failed"
    )
    with pytest.raises(workernb.errors.DurableObjectError, match=text):
        await handle.run()
    assert await handle.run("a", "count") == [0, 0]


# Where it is kept


COUNTER = """
async def run(self):
    count = (await self.ctx.storage.get("count") or 0) + 1
    await self.ctx.storage.put("count", count)
    self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (n)")
    self.ctx.storage.sql.exec("INSERT INTO t VALUES (?)", count)
    return [count, self.ctx.storage.sql.exec("SELECT count(*) AS n FROM t").one().n]
"""


async def test_what_is_stored_survives_the_runtime(tmp_path):
    from .conftest import source

    for number in (1, 2):
        runtime = workernb.Runtime(stores=tmp_path)
        handle = runtime.define("things", source(COUNTER), durable_objects={"THINGS": "#Thing"})
        assert await handle.run("a") == [number, number]
        assert runtime.stores.used() == [("do", "things#Thing")]
        runtime.close()


async def test_objects_move_to_a_folder_and_go_on(runtime, thing, tmp_path):
    handle = thing(COUNTER)
    for name in "ab":
        assert await handle.run(name) == [1, 1]
    runtime.stores.persist(tmp_path / "stores")
    assert await handle.run("a") == [2, 2]
    runtime.close()
    from .conftest import source

    again = workernb.Runtime(stores=tmp_path / "stores")
    handle = again.define("things", source(COUNTER), durable_objects={"THINGS": "#Thing"})
    assert [await handle.run("a"), await handle.run("b")] == [[3, 3], [2, 2]]
    again.close()


async def test_more_objects_than_databases_that_are_open(runtime, thing, monkeypatch):
    from workernb.resources.durable_objects.storage import databases

    monkeypatch.setattr(databases, "MAX_OPEN", 5)
    handle = thing(COUNTER)
    for number in (1, 2, 3):
        for name in range(20):
            assert await handle.run(str(name)) == [number, number]


# The values


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, 1, -1, 63, 64, -64, 8191, 8192, 2**30 - 1, 2**30, -(2**30),
        -(2**30) - 1, 2**53 - 1, 2**53, -(2**70), 0.5, float("inf"), "", "é", "😀", "\ud83d",
        "x" * 5000,
        "😀" * 100, [], [1, [2, []]], {}, {"a": {"b": None}}, {"é": 1}, set(), {"a"},
        datetime(2026, 11, 28, 12, 0, 0, 5000), datetime(1900, 1, 1), b"", b"\x00\xff" * 300,
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_values_come_back(value):
    from workernb.resources.durable_objects.storage.serialized import deserialize, serialize

    assert deserialize(serialize(value)) == value
    assert deserialize(serialize([value, {"a": value}])) == [value, {"a": value}]


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": 1}, "FF 0F 6F 22 01 61 49 02 7B 01"),
        ([1, "x"], "FF 0F 41 02 49 02 22 01 78 24 00 02"),
        (7, "FF 0F 49 0E"),
        ("é", "FF 0F 22 01 E9"),
        (2.5, "FF 0F 4E 00 00 00 00 00 00 04 40"),
    ],
)
def test_the_bytes_are_those_of_v8(value, data):
    from workernb.resources.durable_objects.storage.serialized import serialize

    assert serialize(value).hex(" ").upper() == data


def test_shared_references_and_circles_are_kept():
    from workernb.resources.durable_objects.storage.serialized import deserialize, serialize

    shared = [1]
    value = {"a": shared, "b": shared, "bytes": b"x"}
    value["self"] = value
    copied = deserialize(serialize(value))
    assert copied["a"] is copied["b"]
    assert copied["self"] is copied


def test_damaged_values_are_refused():
    from workernb.resources.durable_objects.storage.serialized import deserialize, serialize

    for data in (b"", b"\xff\x0f", b"\xff\x0fZ", serialize(["abc"])[:-4], b"\xff\x0f?", b"xxx"):
        with pytest.raises(StoreError, match="damaged"):
            deserialize(data)


async def test_writes_that_a_worker_forgot_to_await_are_stored(thing):
    handle = thing("""
async def run(self):
    self.ctx.storage.put("a", 1)
async def stored(self):
    return await self.ctx.storage.get("a")
""")
    await handle.run()
    assert await handle.run("a", "stored") == 1
    await asyncio.sleep(0)


async def test_a_failure_that_nothing_awaits_is_logged(runtime, thing):
    handle = thing("""
async def run(self):
    self.ctx.storage.put("a", object())
    await self.ctx.storage.transaction(lambda txn: None)
    return await self.ctx.blockConcurrencyWhile(lambda: 1)
""")
    assert await handle.run() == 1
    (log,) = runtime.traces[-1].logs
    assert "DataCloneError" in log.text
    assert "(of ctx.storage, and nothing awaited it)" in log.text
