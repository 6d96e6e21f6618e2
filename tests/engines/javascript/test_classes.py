"""Classes of Durable Objects in JavaScript: storage, SQL, transactions, alarms, resets."""

from __future__ import annotations

import gc
import textwrap

import pytest

from workernb.errors import CpuLimitError, UsageError

SOURCE = """
import {{ DurableObject }} from "cloudflare:workers";

export class Thing extends DurableObject {{
{body}
}}
export default {{
  async fetch(request, env) {{
    const stub = env.THINGS.getByName("a");
    try {{
      return Response.json((await stub.run()) ?? null);
    }} catch (error) {{
      return Response.json({{ thrown: error.message }});
    }}
  }},
}};
"""


@pytest.fixture
def thing(define):
    """Define a Worker whose class Thing has this body; return its handle."""

    def thing(body, **settings):
        return define(
            SOURCE.format(body=textwrap.indent(body, "  ")),
            "things",
            durable_objects={"THINGS": "#Thing"},
            **settings,
        )

    return thing


@pytest.fixture
def value_of(thing):
    """Return what a method of an object returns, where `s` is its storage."""

    async def value_of(code):
        worker = thing(f"async run() {{ const s = this.ctx.storage; {code} }}\nalarm() {{}}")
        return await (await worker.fetch("http://x/")).json()

    return value_of


async def answer(worker):
    return await (await worker.fetch("http://x/")).json()


STORAGE = {
    "a value": ("await s.put('k', { a: [1, null] }); return s.get('k');", {"a": [1, None]}),
    "none": ("return [(await s.get('k')) === undefined, await s.delete('k')];", [True, False]),
    "several": (
        "await s.put({ a: 1, b: 2, c: 3 }); const found = await s.get(['a', 'c', 'd']);"
        "return [found instanceof Map, [...found], await s.delete(['a', 'b', 'd'])];",
        [True, [["a", 1], ["c", 3]], 2],
    ),
    "a list": (
        "await s.put({ a1: 1, a2: 2, b: 3 });"
        "return [[...(await s.list({ prefix: 'a' })).keys()],"
        " [...await s.list({ reverse: true, limit: 1 })]];",
        [["a1", "a2"], [["b", 3]]],
    ),
    "all": ("await s.put('k', 1); await s.deleteAll(); return (await s.list()).size;", 0),
    "a copy": (
        "const value = { a: 1 }; await s.put('k', value); value.a = 2; return s.get('k');",
        {"a": 1},
    ),
    "bytes": (
        "await s.put('k', new Uint8Array([1, 255])); const found = await s.get('k');"
        "return [found instanceof Uint8Array, ...found];",
        [True, 1, 255],
    ),
    "a date": (
        "await s.put('k', new Date(86400000)); return (await s.get('k')).toISOString();",
        "1970-01-02T00:00:00.000Z",
    ),
    "without await": (
        "s.kv.put('k', 1); const first = s.kv.get('k'); s.kv.put('l', 2);"
        "return [first, [...s.kv.list()], s.kv.delete('k'), s.kv.get('k') === undefined];",
        [1, [["k", 1], ["l", 2]], True, True],
    ),
    "undefined": ("await s.put('k', undefined);", {"thrown": "put() called with undefined value."}),
    "a function": (
        "try { await s.put('k', () => {}); } catch (e) { return e.name; }", "DataCloneError",
    ),
    "sync": ("await s.put('k', 1); return (await s.sync()) === undefined;", True),
    "rows": (
        "s.sql.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');"
        "s.sql.exec('INSERT INTO t (name) VALUES (?), (?)', 'a', null);"
        "const cursor = s.sql.exec('SELECT * FROM t'), all = s.sql.exec('SELECT * FROM t');"
        "return [cursor.columnNames, cursor.toArray(), [...all].length, all.rowsRead,"
        " [...s.sql.exec('SELECT * FROM t').raw()], s.sql.databaseSize > 0];",
        [["id", "name"], [{"id": 1, "name": "a"}, {"id": 2, "name": None}], 2, 2,
            [[1, "a"], [2, None]], True],
    ),
    "one row": (
        "return [s.sql.exec('SELECT 1 AS n').one(), s.sql.exec('SELECT 1 AS n').next(),"
        " s.sql.exec('SELECT 1 AS n WHERE 0').next()];",
        [{"n": 1}, {"done": False, "value": {"n": 1}}, {"done": True}],
    ),
    "one row of none": (
        "s.sql.exec('SELECT 1 WHERE 0').one();",
        {"thrown": "Expected exactly one result from SQL query, but got no results."},
    ),
    "a blob": (
        "const { b } = s.sql.exec('SELECT ? AS b', new Uint8Array([7]).buffer).one();"
        "return [b instanceof ArrayBuffer, new Uint8Array(b)[0]];",
        [True, 7],
    ),
    "an error of SQL": (
        "try { s.sql.exec('SELECT * FROM none'); } catch (e) { return e.message; }",
        "no such table: none: SQLITE_ERROR",
    ),
    "a transaction": (
        "const kept = await s.transaction(async (txn) => {"
        " await txn.put('a', 1); return 'value'; });"
        "let thrown; const error = new Error('x');"
        "try { await s.transaction(async (txn) => { await txn.put('b', 1); throw error; }); }"
        "catch (e) { thrown = e === error; }"
        "await s.transaction(async (txn) => { await txn.put('c', 1); txn.rollback(); });"
        "return [kept, thrown, [...(await s.list()).keys()]];",
        ["value", True, ["a"]],
    ),
    "a transaction without await": (
        "const kept = s.transactionSync(() => { s.kv.put('a', 1); return 'value'; });"
        "try { s.transactionSync(() => { s.kv.put('b', 1); throw new Error('x'); }); } catch {}"
        "let refused; try { s.transactionSync(async () => {}); } catch (e) { refused = e.name; }"
        "return [kept, refused, [...(await s.list()).keys()]];",
        ["value", "TypeError", ["a"]],
    ),
    "the alarm": (
        "const before = await s.getAlarm(), at = Date.now() + 60000;"
        "await s.setAlarm(new Date(at));"
        "const set = (await s.getAlarm()) === at; await s.deleteAlarm();"
        "return [before, set, await s.getAlarm()];",
        [None, True, None],
    ),
    "its id": (
        "const { id, props } = this.ctx;"
        " return [id.name, id.equals(this.env.THINGS.idFromName('a')), props];",
        ["a", True, {}],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), STORAGE.values(), ids=STORAGE)
async def test_storage(value_of, code, expected):
    assert await value_of(code) == expected


async def test_memory_lasts_between_events(thing):
    worker = thing("count = 0;\nrun() { return ++this.count; }")
    assert [await answer(worker) for _ in range(3)] == [1, 2, 3]


async def test_the_constructor_can_keep_events_out(thing):
    worker = thing(
        "constructor(ctx, env) {\n"
        "  super(ctx, env);\n"
        "  ctx.blockConcurrencyWhile(async () => {\n"
        "    await scheduler.wait(5); this.loaded = (await ctx.storage.get('n')) ?? 'none';\n"
        "  });\n"
        "}\n"
        "run() { return this.loaded; }"
    )
    assert await answer(worker) == "none"


async def test_what_is_kept_outlives_a_new_version(thing):
    body = "async run() { const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;"
    body += " await this.ctx.storage.put('n', n); return n; }"
    assert await answer(thing(body)) == 1
    assert await answer(thing(f"{body} // again")) == 2


async def test_a_constructor_that_throws(thing):
    worker = thing("constructor() { super(); throw new Error('no'); }\nrun() {}")
    assert await answer(worker) == {"thrown": "no"}


async def test_an_alarm(runtime, thing):
    worker = thing(
        "async run() {\n"
        "  const s = this.ctx.storage, got = await s.get('got');\n"
        "  if (!got) await s.setAlarm(Date.now() + 10000);\n"
        "  return got;\n"
        "}\n"
        "async alarm(info) { await this.ctx.storage.put('got', info); }"
    )
    assert await answer(worker) is None
    await runtime.clock.advance(11)
    assert await answer(worker) == {"retryCount": 0, "isRetry": False}


async def test_an_abort_resets_the_object(thing):
    worker = thing(
        "count = 0;\n"
        "async run() { if (++this.count === 2) this.ctx.abort('enough'); return this.count; }"
    )
    assert await answer(worker) == 1
    assert await answer(worker) == {"thrown": "enough"}
    assert await answer(worker) == 1


async def test_fetch_of_an_object_and_other_objects(define):
    worker = define(
        "import { DurableObject } from 'cloudflare:workers';"
        "export class Thing extends DurableObject {"
        " async fetch(request) {"
        " return new Response(`${this.ctx.id.name} ${await request.text()}`); } }"
        "export default { fetch(request, { THINGS }) {"
        " return THINGS.getByName(new URL(request.url).pathname).fetch('http://x/', {"
        " method: 'POST', body: 'text' }); } }",
        "things",
        durable_objects={"THINGS": "#Thing"},
    )
    for path in ("/a", "/b"):
        assert await (await worker.fetch(f"http://x{path}")).text() == f"{path} text"


async def test_python_calls_an_object_in_javascript(runtime, thing):
    thing("async run(by) { return by * 2; }\nasync fail() { throw new TypeError('no'); }")
    caller = runtime.define(
        "py",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def twice(self, n):\n"
        "        return await self.env.THINGS.getByName('a').run(n)\n"
        "    async def fail(self):\n"
        "        return await self.env.THINGS.getByName('a').fail()\n",
        durable_objects={"THINGS": "things#Thing"},
    )
    assert await caller.twice(21) == 42
    with pytest.raises(TypeError, match="no"):
        await caller.fail()


async def test_a_full_heap_resets_its_objects(runtime, thing):
    worker = thing(
        "async run() {\n"
        "  const n = ((await this.ctx.storage.get('n')) ?? 0) + 1;\n"
        "  await this.ctx.storage.put('n', n); await this.ctx.storage.sync();\n"
        "  if (n === 2) { const all = []; for (;;) all.push('x'.repeat(1000000) + all.length); }\n"
        "  return n;\n"
        "}"
    )
    assert await answer(worker) == 1
    assert "memory" in (await answer(worker))["thrown"]
    assert await answer(worker) == 3


async def test_exports_have_the_classes(define):
    worker = define(
        "import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';"
        "export class Thing extends DurableObject { run() { return 'object'; } }"
        "export class Other extends WorkerEntrypoint { run() { return 'entrypoint'; } }"
        "export default { async fetch(request, env, { exports }) {"
        " return Response.json([await exports.Thing.getByName('a').run(),"
        " await exports.Other.run()]); } }",
        "things",
        durable_objects={"THINGS": "#Thing"},
    )
    assert await answer(worker) == ["object", "entrypoint"]


async def test_a_class_whose_base_is_not_named(define):
    with pytest.raises(UsageError) as failed:
        define(
            "import * as all from 'cloudflare:workers';"
            "export class Thing extends all['Durable' + 'Object'] {} export default {};"
        )
    assert "import { DurableObject }" in failed.value.__notes__[0]


async def test_a_method_that_is_missing(thing):
    worker = thing("walk() {}")
    found = await answer(worker)
    assert "run" in found["thrown"]


async def test_an_object_counts_its_own_budget_and_is_traced(thing, runtime):
    worker = thing("run() { return 1; }")
    await answer(worker)
    trace = runtime.traces[-1]
    assert [one.event for one in trace.invocations] == ["fetch", "rpc"]


async def test_an_endless_loop_is_cut_and_resets_the_object(thing, runtime):
    worker = thing(
        "n = 0;\n"
        "async run() {\n"
        "  const s = this.ctx.storage;\n"
        "  if (!(await s.get('began'))) { this.n = 9; s.put('began', 1); s.sync(); for (;;); }\n"
        "  return this.n;\n"
        "}"
    )
    with pytest.raises(CpuLimitError):
        await worker.fetch("http://x/")
    assert await answer(worker) == 0


async def test_objects_that_are_gone_leave_nothing(thing, runtime):
    worker = thing(
        "run() { this.ctx.abort('again'); }",
    )
    host = runtime.services["things"].isolates[1].exporter.realm().host
    for _ in range(20):
        assert await answer(worker) == {"thrown": "again"}
    gc.collect()
    assert len(host.objects) <= 1
    assert host.runs == {}
