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


R2 = {
    "text": (
        "const put = await R2.put('k', 'value'); const found = await R2.get('k');"
        "return [put.key, put.size, 'body' in put, found.etag === put.etag,"
        " found.httpEtag === `\"${put.etag}\"`, found.uploaded instanceof Date,"
        " Math.abs(found.uploaded - Date.now()) < 60000, found.storageClass, found.bodyUsed,"
        " await found.text(), found.bodyUsed];",
        ["k", 5, False, True, True, True, True, "Standard", False, "value", True],
    ),
    "nothing": (
        "return [await R2.get('none'), await R2.head('none'),"
        " (await R2.delete('none')) === undefined];",
        [None, None, True],
    ),
    "bytes": (
        "await R2.put('k', new Uint8Array([1, 255]).buffer);"
        "const found = await (await R2.get('k')).arrayBuffer();"
        "return [found instanceof ArrayBuffer, ...new Uint8Array(found)];",
        [True, 1, 255],
    ),
    "json": ("await R2.put('k', '{\"a\": 1}'); return (await R2.get('k')).json();", {"a": 1}),
    "a file": (
        "await R2.put('k', new File(['ab', 'c'], 'f.txt'),"
        " { httpMetadata: { contentType: 'x/y' } });"
        "const blob = await (await R2.get('k')).blob(); return [blob.type, await blob.text()];",
        ["x/y", "abc"],
    ),
    "an empty body": ("await R2.put('k', null); return (await R2.get('k')).text();", ""),
    "a stream of a response": (
        "await R2.put('k', new Response('streamed').body);"
        "return new Response((await R2.get('k')).body).text();",
        "streamed",
    ),
    "a stream without a length": (
        "const { readable } = new TransformStream();"
        "try { await R2.put('k', readable);"
        " } catch (e) { return [e.name, /known length/.test(e)]; }",
        ["TypeError", True],
    ),
    "a body that was read": (
        "await R2.put('k', 'v'); const found = await R2.get('k'); await found.text();"
        "try { await found.text(); } catch (e) { return e.name; }",
        "TypeError",
    ),
    "metadata": (
        "await R2.put('k', 'v', { customMetadata: { a: 'b' }, httpMetadata: {"
        " contentType: 'text/x', cacheExpiry: new Date(86400000) } });"
        "const found = await R2.head('k'), headers = new Headers();"
        " found.writeHttpMetadata(headers);"
        "return [found.customMetadata, found.httpMetadata, [...headers]];",
        [
            {"a": "b"},
            {"contentType": "text/x", "cacheExpiry": "1970-01-02T00:00:00.000Z"},
            [["content-type", "text/x"], ["expires", "Fri, 02 Jan 1970 00:00:00 GMT"]],
        ],
    ),
    "metadata from headers": (
        "await R2.put('k', 'v', { httpMetadata: new Headers({ 'content-language': 'en' }) });"
        "return (await R2.head('k')).httpMetadata;",
        {"contentLanguage": "en"},
    ),
    "checksums": (
        "const { checksums } = await R2.put('k', 'v');"
        "return [checksums.md5 instanceof ArrayBuffer, checksums.md5.byteLength, checksums];",
        [True, 16, {"md5": "9e3669d19b675bd57058fd4664205d2a"}],
    ),
    "a range": (
        "await R2.put('k', 'abcdef');"
        " const found = await R2.get('k', { range: { offset: 1, length: 3 } });"
        "return [await found.text(), found.range];",
        ["bcd", {"offset": 1, "length": 3}],
    ),
    "conditions": (
        "const { etag } = await R2.put('k', 'v');"
        "const found = await R2.get('k', { onlyIf: { etagDoesNotMatch: etag } });"
        "const put = await R2.put('k', 'w', { onlyIf: { etagMatches: 'other' } });"
        "return [found.key, 'body' in found, put];",
        ["k", False, None],
    ),
    "a list": (
        "for (const key of ['a/1', 'a/2', 'b']) await R2.put(key, '');"
        "const all = await R2.list(), some = await R2.list({ delimiter: '/', limit: 1 });"
        "return [all.objects.map((one) => one.key), all.truncated,"
        " all.objects[0].uploaded instanceof Date,"
        " some.delimitedPrefixes, some.truncated, typeof some.cursor,"
        " (await R2.list({ cursor: some.cursor })).objects.map((one) => one.key)];",
        [["a/1", "a/2", "b"], False, True, ["a/"], True, "string", ["b"]],
    ),
    "a list does not tell of metadata": (
        "await R2.put('k', 'v', { httpMetadata: { contentType: 'a/b' } });"
        "const { objects: [one] } = await R2.list(), { objects: [other] } = await R2.list("
        "{ include: ['httpMetadata'] });"
        "try { one.writeHttpMetadata(new Headers());"
        " } catch (e) { return [e.name, other.httpMetadata]; }",
        ["TypeError", {"contentType": "a/b"}],
    ),
    "deleting several": (
        "await R2.put('a', ''); await R2.put('b', ''); await R2.delete(['a', 'b']);"
        "return (await R2.list()).objects.length;",
        0,
    ),
    "an upload in parts": (
        "const upload = await R2.createMultipartUpload('k'), { key, uploadId } = upload;"
        "const part = await upload.uploadPart(1, 'whole');"
        "const same = R2.resumeMultipartUpload(key, uploadId);"
        "const done = await same.complete([part]);"
        "return [key, part.partNumber, done.size, await (await R2.get('k')).text()];",
        ["k", 1, 5, "whole"],
    ),
    "an upload that was dropped": (
        "const upload = await R2.createMultipartUpload('k'); await upload.abort();"
        "try { await upload.uploadPart(1, 'x'); } catch (e) { return e.message; }",
        "uploadPart: The specified multipart upload does not exist. (10024)",
    ),
    "an error": (
        "try { await R2.put('', 'x'); } catch (e) { return [e instanceof Error, e.message]; }",
        [True, "put: The specified object name is not valid. (10020)"],
    ),
    "no constructor": (
        "try { new (R2.constructor)(); } catch (e) { return e.message; }", "Illegal constructor",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), R2.values(), ids=R2)
async def test_r2(run, body, expected):
    assert await run(f"const {{ R2 }} = env; {body}", r2_buckets={"R2": "bucket"}) == expected


STORED = "new Response('v', { headers: { 'cache-control': 'max-age=60', 'x-a': 'b' } })"

CACHES = {
    "a response": (
        f"await caches.default.put('http://x/a', {STORED});"
        "const found = await caches.default.match(new Request('http://x/a'));"
        "return [await found.text(), found.headers.get('x-a'),"
        " found.headers.get('cf-cache-status')];",
        ["v", "b", "HIT"],
    ),
    "nothing": (
        "return [(await caches.default.match('http://x/')) === undefined,"
        " await caches.default.delete('http://x/')];",
        [True, False],
    ),
    "by name": (
        f"const mine = await caches.open('mine'); await mine.put('http://x/', {STORED});"
        "return [(await caches.default.match('http://x/')) === undefined,"
        " await (await (await caches.open('mine')).match('http://x/')).text(),"
        " await mine.delete('http://x/')];",
        [True, "v", True],
    ),
    "a clone": (
        f"const response = {STORED}; await caches.default.put('http://x/', response.clone());"
        "return [await response.text(), await (await caches.default.match('http://x/')).text()];",
        ["v", "v"],
    ),
    "a stream of its own": (
        "const body = new ReadableStream({ async pull(c) { await scheduler.wait(1);"
        " c.enqueue(new TextEncoder().encode('slow')); c.close(); } });"
        "await caches.default.put('http://x/', new Response(body, { headers: {"
        " 'cache-control': 'max-age=60' } }));"
        "return (await caches.default.match('http://x/')).text();",
        "slow",
    ),
    "methods": (
        f"await caches.default.put('http://x/', {STORED});"
        "const post = new Request('http://x/', { method: 'POST' });"
        "return [(await caches.default.match(post)) === undefined,"
        " (await caches.default.match(post, { ignoreMethod: true })) !== undefined];",
        [True, True],
    ),
    "what is no response": (
        "try { await caches.default.put('http://x/', 'text'); } catch (e) { return e.name; }",
        "TypeError",
    ),
    "an invalid URL": (
        "try { await caches.default.match('no url'); } catch (e) { return e.name; }", "TypeError",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CACHES.values(), ids=CACHES)
async def test_caches(run, body, expected):
    assert await run(body) == expected


async def test_calls_of_buckets_and_caches_are_metered(define, runtime):
    worker = define(
        "export default { async fetch(request, env) { await env.R2.put('k', 'v');"
        " await caches.default.match(request); return new Response() } }",
        r2_buckets={"R2": "bucket"},
    )
    trace = (await worker.fetch("http://x/")).trace
    assert [(one.noun, one.verb) for one in trace.operations] == [
        ("R2 bucket", "put"), ("cache", "match"),
    ]  # fmt: skip


async def test_a_bucket_in_both_languages(runtime, define):
    await runtime.stores.r2("bucket").put("k", "from the notebook")
    worker = define(
        "export default { async fetch(request, { R2 }) {"
        " return new Response((await R2.get('k')).body) } }",
        r2_buckets={"R2": "bucket"},
    )
    assert await (await worker.fetch("http://x/")).text() == "from the notebook"
