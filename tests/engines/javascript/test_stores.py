"""Stores on a JavaScript Worker's env: the very ones that Python's Workers have."""

from __future__ import annotations

import pytest

KV = {
    "a text": (
        "await KV.put('k', 'v'); return [await KV.get('k'), await KV.get('none')];", ["v", None],
    ),
    "nothing": (
        "return [await KV.put('k', 'v'), await KV.delete('k')].map((one) => one === undefined);",
        [True, True],
    ),
    "json": ("await KV.put('k', JSON.stringify({ a: 1 })); return KV.get('k', { type: 'json' });",
        {"a": 1}),
    "bytes": (
        "await KV.put('k', new Uint8Array([1, 255]));"
        "const found = await KV.get('k', 'arrayBuffer');"
        "return [found instanceof ArrayBuffer, ...new Uint8Array(found)];",
        [True, 1, 255],
    ),
    "a stream": (
        "await KV.put('k', new Response('streamed').body);"
        "return new Response(await KV.get('k', 'stream')).text();",
        "streamed",
    ),
    "metadata": (
        "await KV.put('k', 'v', { metadata: { m: 1 } });"
        "const { value, metadata } = await KV.getWithMetadata('k'); return [value, metadata];",
        ["v", {"m": 1}],
    ),
    "a list": (
        "await KV.put('a1', ''); await KV.put('a2', ''); await KV.put('b', '');"
        "const { keys, list_complete } = await KV.list({ prefix: 'a' });"
        "return [keys.map((key) => key.name), list_complete];",
        [["a1", "a2"], True],
    ),
    "several at once": (
        "await KV.put('a', '1'); const found = await KV.get(['a', 'b']);"
        "return [found instanceof Map, found.get('a'), found.get('b')];",
        [True, "1", None],
    ),
    "an error": ("try { await KV.get(''); } catch (e) { return e instanceof Error; }", True),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), KV.values(), ids=KV)
async def test_kv(run, body, expected):
    assert await run(f"const {{ KV }} = env; {body}", kv_namespaces={"KV": "ns"}) == expected


TABLE = "await DB.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');"
INSERT = "const insert = DB.prepare('INSERT INTO t (name) VALUES (?)');"

D1 = {
    "rows": (
        f"{TABLE} {INSERT} await insert.bind('a').run(); await insert.bind(null).run();"
        "const { results, success } = await DB.prepare('SELECT * FROM t').all();"
        "return [results, success];",
        [[{"id": 1, "name": "a"}, {"id": 2, "name": None}], True],
    ),
    "the first": (
        f"{TABLE} {INSERT} await insert.bind('a').run(); const all = DB.prepare('SELECT * FROM t');"
        "return [await all.first(), await all.first('name'),"
        " await DB.prepare('SELECT 1 WHERE 0').first()];",
        [{"id": 1, "name": "a"}, "a", None],
    ),
    "raw": ("return DB.prepare('SELECT 1 AS a, ? AS b').bind('x').raw();", [[1, "x"]]),
    "a batch": (
        f"{TABLE} {INSERT} const found = await DB.batch([insert.bind('a'), insert.bind('b')]);"
        "return [found.length, await DB.prepare('SELECT count(*) AS n FROM t').first('n')];",
        [2, 2],
    ),
    "undefined": (
        "try { DB.prepare('SELECT ?').bind(undefined); } catch (e) { return e.message; }",
        "D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
    ),
    "an error": (
        "try { await DB.prepare('SELECT * FROM nowhere').all(); } catch (e) { return e.message; }",
        "D1_ERROR: no such table: nowhere: SQLITE_ERROR",
    ),
}


@pytest.mark.parametrize(("body", "expected"), D1.values(), ids=D1)
async def test_d1(run, body, expected):
    assert await run(f"const {{ DB }} = env; {body}", d1_databases={"DB": "db"}) == expected


async def test_a_rate_limit(run):
    found = await run(
        "const seen = [], limit = () => env.RATE.limit({ key: 'a' });"
        "for (let i = 0; i < 3; i++) seen.push((await limit()).success); return seen;",
        ratelimits={"RATE": {"limit": 2, "period": 60}},
    )
    assert found == [True, True, False]


async def test_the_same_store_in_both_languages(runtime, define):
    runtime.define(
        "py",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        return Response(await self.env.KV.get('k'))\n",
        kv_namespaces={"KV": "ns"},
    )
    worker = define(
        "export default { async fetch(request, env) { await env.KV.put('k', 'from js');"
        " return env.PY.fetch(request) } }",
        services={"PY": "py"},
        kv_namespaces={"KV": "ns"},
    )
    response = await worker.fetch("http://x/")
    assert await response.text() == "from js"
    assert [one.caller.service for one in response.trace.operations] == ["js", "py"]


async def test_what_is_not_there_yet_says_so(run):
    found = await run(
        "try { env.R2.get('x') } catch (e) { return e.message }", r2_buckets={"R2": "bucket"}
    )
    assert "which JavaScript Workers do not have yet" in found
