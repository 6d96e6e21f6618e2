"""SQL of an object: cursors, what is bound and read, the sandbox."""

from __future__ import annotations

import pytest

from workernb import StoreError

TABLE = """
s.sql.exec("CREATE TABLE IF NOT EXISTS t (a INTEGER, b TEXT)")
s.sql.exec("DELETE FROM t")
s.sql.exec("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
"""


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("list(s.sql.exec('SELECT * FROM t'))", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ("s.sql.exec('SELECT * FROM t').toArray()[1].b", "y"),
        ("list(s.sql.exec('SELECT * FROM t').raw())", [[1, "x"], [2, "y"]]),
        ("s.sql.exec('SELECT * FROM t').columnNames", ["a", "b"]),
        ("s.sql.exec('SELECT * FROM t WHERE a = ?', 2).one()", {"a": 2, "b": "y"}),
        ("s.sql.exec('SELECT * FROM t').next()", {"done": False, "value": {"a": 1, "b": "x"}}),
        ("s.sql.exec('SELECT * FROM t WHERE 0').next()", {"done": True}),
        ("s.sql.exec('SELECT * FROM t').rowsRead", 2),
        ("s.sql.exec('UPDATE t SET b = 1').rowsWritten", 2),
        ("s.sql.exec('UPDATE t SET b = 1; SELECT count(*) AS n FROM t WHERE b = 1').one().n", 2),
        ("s.sql.exec('SELECT typeof(?) AS t', 1).one().t", "real"),
        ("s.sql.exec('SELECT ? AS v', 1).one().v", 1),
        ("s.sql.exec('SELECT ? AS v', True).one().v", "true"),
        ("s.sql.exec('SELECT ? AS v', None).one().v", None),
        ("bytes(s.sql.exec('SELECT ? AS v', b'ab').one().v)", b"ab"),
        ("s.sql.exec('SELECT 9007199254740993 AS v').one().v", 9007199254740992),
        ("s.sql.databaseSize > 4096", True),
        ("list(s.sql.exec('INSERT INTO t VALUES (3, ?) RETURNING a', 'z'))", [{"a": 3}]),
    ],
)
async def test_a_cursor(value_of, expression, value):
    found = await value_of(expression, TABLE)
    assert (bytes(found) if isinstance(value, bytes) else found) == value


@pytest.mark.parametrize(
    ("expression", "error", "text"),
    [
        ("s.sql.exec('SELECT * FROM t').one()", StoreError, "but got multiple results."),
        ("s.sql.exec('SELECT * FROM t WHERE 0').one()", StoreError, "but got no results."),
        ("s.sql.exec('SELECT ?')", StoreError, "Wrong number of parameter bindings"),
        ("s.sql.exec('SELECT ?', 2**60)", TypeError, "BigInt"),
        ("s.sql.exec('SELECT ?', {})", TypeError, "not dict"),
        ("s.sql.exec('')", StoreError, "SQL code did not contain a statement."),
        ("s.sql.exec('BEGIN')", StoreError, r"use the state.storage.transaction\(\)"),
        ("s.sql.exec('SELECT * FROM _cf_KV')", StoreError, "_cf_KV.key is prohibited"),
        ("s.sql.exec('DROP TABLE _cf_METADATA')", StoreError, "not authorized"),
        ("s.sql.exec('SELECT * FROM nope')", StoreError, "^no such table: nope: SQLITE_ERROR"),
        ("s.sql.exec(5)", TypeError, "takes SQL as text"),
    ],
)
async def test_what_is_refused(value_of, expression, error, text):
    with pytest.raises(error, match=text):
        await value_of(expression, TABLE)


async def test_a_failed_statement_keeps_what_was_written_before(value_of):
    before = (
        TABLE + "try:\n    s.sql.exec('INSERT INTO nope VALUES (1)')\nexcept Exception:\n    pass"
    )
    assert await value_of("s.sql.exec('SELECT count(*) AS n FROM t').one().n", before) == 2
    assert await value_of("s.sql.exec('SELECT count(*) AS n FROM t').one().n") == 2


async def test_an_endless_query_is_cut_and_resets_the_object(thing):
    handle = thing(
        """
        async def run(self):
            await self.ctx.storage.put("a", 1)
            await asyncio.sleep(0)
            self.ctx.storage.kv.put("a", 2)
            self.ctx.storage.sql.exec(
                "CREATE TABLE t AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                "SELECT x FROM c")
        async def stored(self):
            return await self.ctx.storage.get("a")
        """,
        limits={"cpu_ms": 50},
    )
    with pytest.raises(Exception, match="exceeded CPU time limit"):
        await handle.run()
    assert await handle.run("a", "stored") == 1
