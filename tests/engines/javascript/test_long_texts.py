"""Long texts that were put together: the engine passes them on as values of its own."""

from __future__ import annotations

import pytest

LENGTH = 12_001
LONG = "let text = ''; for (let i = 0; i < 3000; i++) text += 'line'; text += '!';"

CASES = {
    "a body": "return (await new Response(text).text()).length;",
    "a request's body": (
        "const request = new Request('http://x/', { method: 'POST', body: text });"
        "return (await request.text()).length;"
    ),
    "a header": "return new Headers({ a: text }).get('a').length;",
    "a header that is set": "const h = new Headers(); h.set('a', text); return h.get('a').length;",
    "KV": "await env.KV.put('k', text); return (await env.KV.get('k')).length;",
    "D1": "return (await env.DB.prepare('select ? as a').bind(text).first()).a.length;",
    "SQL": "return (await env.DB.prepare(`select '${text}' as a`).first()).a.length;",
    "R2": "await env.R2.put('k', text); return (await (await env.R2.get('k')).text()).length;",
    "a URL": "return new URL('http://x/' + text).pathname.length - 1;",
    "a query": "return new URLSearchParams('a=' + text).get('a').length;",
    "a query of pairs": "return new URLSearchParams([['a', text]]).get('a').length;",
    "bytes": "return new TextEncoder().encode(text).length;",
    "a blob": "return (await new Blob([text]).text()).length;",
    "a form": (
        "const form = new FormData(); form.set('a', text);"
        "return (await new Response(form).formData()).get('a').length;"
    ),
    "base64": "return atob(btoa(text)).length;",
    "a clone": "return structuredClone({ text }).text.length;",
    "the console": "console.log(text, { text }, env); console.error(Error(text)); return 12001;",
    "a WebSocket": (
        "const [a, b] = Object.values(new WebSocketPair()); a.accept(); b.accept();"
        "const got = new Promise((done) => b.addEventListener('message', (e) => done(e.data)));"
        "a.send(text); return (await got).length;"
    ),
    "an argument": "return env.PY.length(text);",
    "a result": "return (await env.PY.same({ a: [text] })).a[0].length;",
    "a key": "return [...(await env.PY.same(new Map([[text, 1]]))).keys()][0].length;",
    "an error": "try { await env.PY.fail(text); } catch (error) { return error.message.length; }",
}

CALLEE = """\
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def length(self, text): return len(text)
    async def same(self, value): return value
    async def fail(self, text): raise ValueError(text)
"""


@pytest.mark.parametrize("body", CASES.values(), ids=CASES)
async def test_a_long_text_is_a_text(run, runtime, body):
    runtime.define("py", CALLEE)
    kinds = {"kv_namespaces": {"KV": "k"}, "d1_databases": {"DB": "d"}, "r2_buckets": {"R2": "r-2"}}
    assert await run(LONG + body, services={"PY": "py"}, **kinds) == LENGTH


async def test_a_long_text_that_is_thrown_is_a_text(run, runtime):
    with pytest.raises(Exception, match=r"^line.*!$"):
        await run(LONG + "throw new Error(text);")
    with pytest.raises(Exception, match="line!"):
        await run(LONG + "Promise.resolve().then(() => { throw new Error(text); }); throw text;")
