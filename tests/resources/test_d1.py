"""D1: every row of the platform's tables of methods, edges, texts, and of the sandbox."""

from __future__ import annotations

import datetime
import sqlite3

import pytest

import workernb
from workernb import StoreError

TABLE = "CREATE TABLE u (id INTEGER PRIMARY KEY, b TEXT UNIQUE, n REAL)"
TRANSACTION = "To execute a transaction, please use the state.storage.transaction() or "


@pytest.fixture
def db(runtime):
    return runtime.stores.d1("shop")


@pytest.fixture
async def filled(db):
    await db.exec(TABLE)
    await db.prepare("INSERT INTO u (b, n) VALUES (?, ?), (?, ?)").bind("x", 1, "y", 2.5).run()
    return db


async def value(db, sql, *values):
    return (await db.prepare(sql).bind(*values).raw())[0][0]


async def refused(call):
    with pytest.raises(StoreError) as raised:
        await call
    return str(raised.value)


async def test_a_worker_queries(run):
    body = """
    db = self.env.DB
    await db.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
    await db.batch([db.prepare("INSERT INTO t (b) VALUES (?)").bind(each) for each in "xy"])
    row = await db.prepare("SELECT * FROM t WHERE a = ?").bind(2).first()
    return Response(row.b)
    """
    answer = await run(body)
    assert await answer.text() == "y"
    assert [each.verb for each in answer.trace.operations] == ["exec", "batch", "first"]
    assert answer.trace.operations[2].detail == "SELECT * FROM t WHERE a = ?"


async def test_all_and_run(filled):
    for verb in ("all", "run"):
        result = await getattr(filled.prepare("SELECT * FROM u ORDER BY id"), verb)()
        assert result.success is True
        assert result.results == [{"id": 1, "b": "x", "n": 1}, {"id": 2, "b": "y", "n": 2.5}]
        assert result.results[0].b == "x"
        assert set(result.meta) == {
            "served_by", "duration", "changes", "last_row_id", "changed_db", "size_after",
            "rows_read", "rows_written",
        }  # fmt: skip
    written = await filled.prepare("INSERT INTO u (b) VALUES ('z')").run()
    assert written.results == []
    meta = written.meta
    assert (meta.changes, meta.last_row_id, meta.changed_db, meta.rows_written) == (1, 3, True, 2)
    assert meta.size_after > 0
    returning = await filled.prepare("UPDATE u SET n = 9 WHERE id = 1 RETURNING n").run()
    assert returning.results == [{"n": 9}]


async def test_first(filled):
    by_id = filled.prepare("SELECT * FROM u WHERE id = ?")
    assert await by_id.bind(1).first() == {"id": 1, "b": "x", "n": 1}
    assert await by_id.bind(1).first("b") == "x"
    assert await by_id.bind(7).first() is None
    assert await by_id.bind(7).first("nope") is None
    text = await refused(by_id.bind(1).first("nope"))
    assert text == "D1_COLUMN_NOTFOUND: Column not found (nope)"


async def test_raw(db):
    twice = db.prepare("SELECT 1 AS a, 2 AS a")
    assert await twice.raw() == [[1, 2]]
    assert await twice.raw({"columnNames": True}) == [["a", "a"], [1, 2]]
    assert await twice.raw(columnNames=True) == [["a", "a"], [1, 2]]
    assert await twice.first() == {"a": 2}


async def test_bind_returns_a_new_statement(db):
    statement = db.prepare("SELECT ? AS a")
    one, two = statement.bind(1), statement.bind(2)
    assert [await one.first("a"), await two.first("a")] == [1, 2]


@pytest.mark.parametrize(
    ("given", "kind", "read"),
    [
        (7, "integer", 7),
        (7.0, "integer", 7),
        (0.5, "real", 0.5),
        ("t", "text", "t"),
        (True, "integer", 1),
        (None, "null", None),
        (b"\x01\xff", "blob", [1, 255]),
        (memoryview(b"a"), "blob", [97]),
        ([1, 2], "blob", [1, 2]),
        (2**53 - 1, "integer", 2**53 - 1),
    ],
)
async def test_what_can_be_bound_and_how_it_is_read(db, given, kind, read):
    assert await db.prepare("SELECT typeof(?1), ?1").bind(given).raw() == [[kind, read]]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Type 'object' not supported for value '[object Object]'"),
        ([256], "Type 'object' not supported for value '[object Object]'"),
        (2**53, "Type 'bigint' not supported for value '9007199254740992'"),
        (datetime.datetime.now(), "Type 'object' not supported for value '[object Object]'"),
    ],
)
def test_what_cannot_be_bound(db, given, text):
    with pytest.raises(StoreError) as raised:
        db.prepare("SELECT ?").bind(given)
    assert str(raised.value) == f"D1_TYPE_ERROR: {text}"


async def test_named_placeholders_are_refused(db):
    with pytest.raises(StoreError) as raised:
        await db.prepare("SELECT :a").bind(1).first()
    assert str(raised.value) == "D1_ERROR: Wrong number of parameter bindings for SQL query."
    assert "D1 takes ? and ?NNN as placeholders, not :a." in raised.value.__notes__
    assert await value(db, "SELECT ':a' || ?2 || ?1 -- @b\n", 1, 2) == ":a21"


async def test_large_integers_lose_precision(db):
    assert await value(db, "SELECT 9007199254740993") == 9007199254740992


async def test_a_batch_is_one_transaction(filled):
    insert = filled.prepare("INSERT INTO u (b) VALUES (?)")
    results = await filled.batch([insert.bind("a"), filled.prepare("SELECT count(*) AS c FROM u")])
    assert results[1].results == [{"c": 3}]
    text = await refused(filled.batch([insert.bind("b"), insert.bind("a")]))
    assert text == (
        "D1_ERROR: UNIQUE constraint failed: u.b: SQLITE_CONSTRAINT "
        "(extended: SQLITE_CONSTRAINT_UNIQUE)"
    )
    assert await value(filled, "SELECT count(*) FROM u") == 3


async def test_exec(db):
    inserts = "INSERT INTO u (b) VALUES ('a'); INSERT INTO u (b) VALUES (1)"
    text = f"\n{TABLE}\n\n   -- indented\n{inserts}\r\n"
    result = await db.exec(text)
    assert result["count"] == 2
    assert result.duration > 0
    assert await value(db, "SELECT count(*) FROM u") == 2


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("CREATE TABLE t (\n a)",
            "D1_EXEC_ERROR: Error in line 1: CREATE TABLE t (: incomplete input: SQLITE_ERROR"),
        ("SELECT 1\nSELEC 2",
            'D1_EXEC_ERROR: Error in line 1: SELECT 1: near "SELEC": syntax error at offset 0: '
            "SQLITE_ERROR"),
        ("SELECT 1\n-- c", "D1_EXEC_ERROR: Error in line 1: SELECT 1: "
            "SQL code did not contain a statement."),
        (" \n ", "D1_ERROR: No SQL statements detected."),
    ],
)  # fmt: skip
async def test_exec_errors(db, text, error):
    assert await refused(db.exec(text)) == error


async def test_exec_names_the_true_line_and_rolls_back(db):
    with pytest.raises(StoreError) as raised:
        await db.exec(f"{TABLE}\nINSERT INTO u (b) VALUES (1)\nINSERT INTO nope VALUES (1)")
    assert "It was line 3: INSERT INTO nope VALUES (1)" in raised.value.__notes__
    assert await refused(db.prepare("SELECT * FROM u").all()) == (
        "D1_ERROR: no such table: u: SQLITE_ERROR"
    )


async def test_sessions(db):
    session = db.withSession("first-primary")
    assert session.getBookmark() is None
    assert await value(session, "SELECT 1") == 1
    first = session.getBookmark()
    await session.batch([session.prepare("SELECT 1")])
    assert first < session.getBookmark()


async def test_dump_is_refused(db):
    assert (await refused(db.dump())).startswith("D1_DUMP_ERROR: ")


NOT_AUTHORIZED = "not authorized: SQLITE_AUTH"
REFUSED = [
    ('INSERTZ', 'near "INSERTZ": syntax error at offset 0: SQLITE_ERROR'),
    ("SELECT * FROM nope", "no such table: nope: SQLITE_ERROR"),
    ("", "No SQL statements detected."),
    (";", "SQL code did not contain a statement."),
    ("-- only", "SQL code did not contain a statement."),
    ("SELECT 1; -- after", "SQL code did not contain a statement."),
    ("SELECT ?", "Wrong number of parameter bindings for SQL query."),
    ("SELECT :a", "Wrong number of parameter bindings for SQL query."),
    ("SELECT ?; SELECT 1",
        "When executing multiple SQL statements in a single call, only the last statement can have "
        "parameters."),
    ("SELECT ?101", "variable number must be between ?1 and ?100: SQLITE_ERROR"),
    ("SELECT " + ",".join("?" * 101), "too many SQL variables: SQLITE_ERROR"),
    ("SELECT '" + "x" * 100_000 + "'", "statement too long: SQLITE_TOOBIG"),
    ("SELECT zeroblob(5000000)", "string or blob too big: SQLITE_TOOBIG"),
    ("CREATE TABLE w (" + ",".join(f"c{n}" for n in range(101)) + ")",
        "too many columns on w: SQLITE_ERROR"),
    ("SELECT 1" + " UNION SELECT 2" * 5, "too many terms in compound SELECT: SQLITE_ERROR"),
    ("SELECT 'a' LIKE '" + "%a" * 26 + "'", "LIKE or GLOB pattern too complex: SQLITE_ERROR"),
    *((sql, NOT_AUTHORIZED) for sql in (
        "ATTACH 'x' AS y", "DETACH main", "VACUUM", "CREATE TEMP TABLE x (a)",
        "CREATE TEMP VIEW x AS SELECT 1", "CREATE TABLE _cf_x (a)", "CREATE TABLE _CF_x (a)",
        "CREATE VIEW _cf_v AS SELECT 1", "CREATE INDEX _cf_i ON u (b)", "DROP TABLE _cf_t",
        "ALTER TABLE u RENAME TO _cf_u", "PRAGMA user_version", "PRAGMA journal_mode",
        "PRAGMA integrity_check", "PRAGMA foreign_keys = maybe", "PRAGMA writable_schema = on",
        "CREATE VIRTUAL TABLE v USING dbstat", "CREATE VIRTUAL TABLE _cf_v USING fts5(a)",
        "UPDATE _cf_t SET a = 1", "DELETE FROM _cf_t", "INSERT INTO _cf_t VALUES (1)",
        "CREATE TRIGGER _cf_r AFTER INSERT ON u BEGIN SELECT 1; END",
    )),
    *((f"SELECT {name}({arguments})", f"not authorized to use function: {name}: SQLITE_ERROR")
        for name, arguments in (
        ("sqlite_version", ""), ("load_extension", "'x'"), ("sqlite_compileoption_get", "1"),
        ("log10", "1"), ("power", "1, 2"),
    )),
    *((sql, TRANSACTION) for sql in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a")),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "text"), REFUSED, ids=[sql[:50] for sql, _ in REFUSED])
async def test_what_is_refused(filled, sql, text):
    # Past the authorizer, which is what keeps Workers from such a table.
    filled._stores.database("shop")._sandbox.execute("CREATE TABLE _cf_t (a)")
    assert (await refused(filled.prepare(sql).all())).startswith(f"D1_ERROR: {text}")
    assert await value(filled, "SELECT count(*) FROM u") == 2


async def test_a_reserved_table_cannot_be_read(filled):
    filled._stores.database("shop")._sandbox.execute("CREATE TABLE _cf_t (a)")
    text = await refused(filled.prepare("SELECT a FROM _cf_t").all())
    assert text == "D1_ERROR: access to _cf_t.a is prohibited: SQLITE_AUTH"


ALLOWED = [
    "SELECT 1; SELECT 2 AS a",
    "SELECT 1 /* inside */ ; ",
    "-- before\nSELECT 1",
    "CREATE VIEW v AS SELECT * FROM u",
    "CREATE TRIGGER r AFTER INSERT ON u BEGIN UPDATE u SET n = 1; SELECT 1; END; SELECT 1",
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c",
    "CREATE TABLE g (a INT, b INT GENERATED ALWAYS AS (a + 1) STORED) STRICT",
    "CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID",
    "INSERT INTO u (id, b) VALUES (1, 'q') ON CONFLICT (id) DO UPDATE SET b = 'q' RETURNING b",
    "CREATE VIRTUAL TABLE f USING fts5(a); INSERT INTO f VALUES ('x'); SELECT * FROM f('x')",
    "CREATE VIRTUAL TABLE t USING rtree(id, a, b)",
    "ALTER TABLE u ADD COLUMN c",
    "ALTER TABLE u RENAME COLUMN n TO m",
    "ALTER TABLE u DROP COLUMN n",
    "ALTER TABLE u RENAME TO u2",
    "ANALYZE",
    "REINDEX",
    "PRAGMA table_info(u)",
    "PRAGMA table_list",
    "PRAGMA foreign_keys",
    "PRAGMA defer_foreign_keys = on",
    "PRAGMA quick_check",
    "PRAGMA optimize",
    "SELECT json_extract('{\"a\": 1}', '$.a'), 1 ->> '$'",
    "SELECT * FROM json_each('[1, 2]')",
    "SELECT row_number() OVER (ORDER BY id), sqrt(4), date('now'), group_concat(b) FROM u",
]


@pytest.mark.parametrize("sql", ALLOWED)
async def test_what_is_allowed(filled, sql):
    assert (await filled.prepare(sql).all()).success


async def test_pragmas_are_put_back(filled):
    for _ in range(2):
        await filled.prepare("PRAGMA foreign_keys = off").run()
        assert await value(filled, "PRAGMA foreign_keys") == 1


async def test_foreign_keys_are_on_and_can_be_deferred(db):
    await db.exec("CREATE TABLE p (id INTEGER PRIMARY KEY)")
    await db.exec("CREATE TABLE c (p REFERENCES p(id))")
    child, parent = db.prepare("INSERT INTO c VALUES (1)"), db.prepare("INSERT INTO p VALUES (1)")
    text = await refused(child.run())
    assert text == (
        "D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT "
        "(extended: SQLITE_CONSTRAINT_FOREIGNKEY)"
    )
    defer = db.prepare("PRAGMA defer_foreign_keys = on")
    assert "FOREIGN KEY" in await refused(db.batch([defer, child]))
    await db.batch([defer, child, parent])
    assert await value(db, "SELECT count(*) FROM c") == 1


async def test_a_transaction_of_ours_cannot_be_imitated(filled):
    mark = filled._stores.database("shop")._sandbox.mark
    await filled.batch([filled.prepare("SELECT 1")])
    assert "_cf_" not in mark
    assert TRANSACTION in await refused(filled.prepare("BEGIN IMMEDIATE").run())


async def test_errors_have_their_cause_and_name_the_binding(run):
    with pytest.raises(StoreError) as raised:
        await run("await self.env.DB.prepare('SELECT * FROM nope').all()")
    error = raised.value
    assert error.message == "D1_ERROR: no such table: nope: SQLITE_ERROR"
    assert error.cause.message == "no such table: nope: SQLITE_ERROR"
    note = "In all() of the binding DB of Worker 'web', the D1 database 'shop'."
    assert note in error.__notes__


@pytest.mark.skipif(sqlite3.sqlite_version_info >= (3, 44), reason="it has the function")
async def test_a_function_that_an_older_sqlite_lacks_is_explained(db):
    with pytest.raises(StoreError) as raised:
        await db.prepare("SELECT concat('a')").all()
    assert "The platform's SQLite has concat();" in raised.value.__notes__[0]


# Rows


async def test_rows_read_tells_a_scan_from_a_search(db):
    await db.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
    rows = ",".join(f"({n}, {n % 10}, {n})" for n in range(1, 501))
    written = await db.prepare(f"INSERT INTO t VALUES {rows}").run()
    assert written.meta.rows_written == 500
    by_b = db.prepare("SELECT * FROM t WHERE b = ?").bind(3)
    assert (await by_b.all()).meta.rows_read == 500
    await db.exec("CREATE INDEX by_b ON t (b)")
    assert (await by_b.all()).meta.rows_read == 1
    assert (await db.prepare("SELECT * FROM t").all()).meta.rows_read == 500
    join = db.prepare("SELECT count(*) FROM t AS x, t y WHERE y.id = x.id")
    assert (await join.all()).meta.rows_read == 1000
    await db.exec("CREATE TABLE w (k PRIMARY KEY) WITHOUT ROWID")
    await db.exec("INSERT INTO w VALUES ('a'), ('b'), ('c')")
    assert (await db.prepare("SELECT count(*) FROM w").all()).meta.rows_read == 3
    assert (await db.prepare("SELECT * FROM (SELECT 1) AS s").all()).meta.rows_read == 1
    one = await db.prepare("INSERT INTO t (a, b) VALUES (1, 1)").run()
    assert one.meta.rows_written == 2


# The budget


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


async def test_a_query_that_never_ends_is_cut_at_the_budget(run, runtime):
    with pytest.raises(workernb.CpuLimitError):
        await run(f'await self.env.DB.prepare("{ENDLESS}").all()', limits={"cpu_ms": 30})
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededCpu"
    (operation,) = trace.operations
    assert operation.cpu_ms > 0.8 * 30
    assert trace.invocations[0].stores_cpu_ms == pytest.approx(operation.cpu_ms)


async def test_a_worker_cannot_go_on_after_such_a_query(run, runtime):
    body = f"""
    try:
        await self.env.DB.prepare("{ENDLESS}").all()
    except BaseException:
        pass
    await self.env.CACHE.put("after", "the cut")
    return Response("survived")
    """
    with pytest.raises(workernb.CpuLimitError):
        await run(body, limits={"cpu_ms": 30})
    assert await runtime.stores.kv("cache").get("after") is None


async def test_a_write_that_is_cut_is_rolled_back(filled, run, runtime):
    endless = ENDLESS.replace("SELECT count(*)", "INSERT INTO u (b) SELECT n")
    endless = endless.replace("WITH", "INSERT INTO u (b) WITH").replace(
        "INSERT INTO u (b) SELECT", "SELECT"
    )
    body = f"""
    db = self.env.DB
    await db.batch([db.prepare("DELETE FROM u"), db.prepare("{endless}")])
    """
    with pytest.raises(workernb.CpuLimitError):
        await run(body, limits={"cpu_ms": 30})
    assert await value(filled, "SELECT count(*) FROM u") == 2
    await filled.prepare("INSERT INTO u (b) VALUES ('after')").run()


async def test_an_own_budget_is_kept_too(run, runtime):
    body = f'await self.env.DB.prepare("{ENDLESS}").all()'
    with pytest.raises(workernb.CpuLimitError):
        await run(body, limits=workernb.Limits(cpu_ms=30, budget="per-invocation"))


# Definitions


def test_wranglers_objects(runtime):
    rows = [{"binding": "DB", "database_name": "shop", "database_id": "uuid"}]
    handle = runtime.define("web", "", d1_databases=rows)
    assert handle.version.definition.bindings["d1_databases"] == {"DB": "shop"}
    with pytest.raises(workernb.UsageError) as raised:
        runtime.define("web", "", d1_databases=[{"binding": "DB"}])
    assert str(raised.value) == (
        '"d1_databases[0]" bindings must have a "database_id" field but got {"binding": "DB"}.'
    )


async def test_habits_of_other_libraries_are_explained(run):
    with pytest.raises(AttributeError) as raised:
        await run("await self.env.DB.execute('SELECT 1')")
    assert "Write env.DB.prepare(sql).bind(…).run()" in raised.value.__notes__
    with pytest.raises(TypeError, match=r"not str: await env\.DB\.batch\(\[env\.DB\.prepare"):
        await run("await self.env.DB.batch(['SELECT 1'])")


async def test_a_table_that_is_not_there_has_a_remedy(run):
    with pytest.raises(StoreError) as raised:
        await run("await self.env.DB.prepare('SELECT * FROM user').all()")
    assert raised.value.__notes__[0].startswith("The database has no tables yet: CREATE TABLE")
    await run("await self.env.DB.exec('CREATE TABLE users (id)')")
    for wrong, remedy in ("user", "Did you mean users?"), ("zzz", "There are the tables users."):
        with pytest.raises(StoreError) as raised:
            await run(f"await self.env.DB.prepare('SELECT * FROM {wrong}').all()")
        assert raised.value.__notes__[0] == remedy
