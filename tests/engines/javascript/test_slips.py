"""Slips in JavaScript: what is not awaited, and names that are not there, are told of."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest

import workernb
from workernb.errors import JavaScriptError

HANDLER = "export default {{ async fetch(request, env, ctx) {{\n{}\n}} }};"
SETTINGS: dict[str, Any] = {"services": {"AUTH": "auth"}, "kv_namespaces": {"CACHE": "cache"}}


@pytest.fixture
def worker(define: Any) -> Any:
    """Define a Worker with the body of its fetch handler, bound to another one and to a store."""
    define("export default { fetch: () => new Response('ok') };", name="auth")
    return lambda body: define(HANDLER.format(body), name="slips", **SETTINGS)


@pytest.mark.parametrize(
    ("line", "start"),
    [
        ("env.CACHE.put('a', 'b');", "env.CACHE.put('a') was cancelled: it was never awaited."),
        ("const found = env.CACHE.get('a');", "env.CACHE.get('a') was cancelled"),
        ("const answer = env.AUTH.fetch(request);", "env.AUTH.fetch('http://slips.localhost/')"),
        ("fetch('http://auth.localhost/');", "A fetch was cancelled: its Worker's invocation"),
    ],
)
async def test_what_nobody_awaits_is_logged(worker: Any, line: str, start: str) -> None:
    response = await worker(f"{line} return new Response('x');").fetch()
    (log,) = response.trace.logs
    assert (log.level, log.text[: len(start)]) == ("warn", start)
    assert log.text.endswith("Await it, or hand it to ctx.waitUntil(…).")


def test_a_call_that_nobody_awaits_keeps_nothing() -> None:
    """On Python 3.13 it kept its realm, which the collector does not see the inside of."""

    async def serve(line: str) -> weakref.ref[workernb.Runtime]:
        runtime = workernb.Runtime(outbound=None)
        runtime.define("auth", HANDLER.format("return new Response('ok');"), language="javascript")
        source = HANDLER.format(f"{line} return new Response('x');")
        handle = runtime.define("slips", source, language="javascript", services={"AUTH": "auth"})
        await handle.fetch()
        runtime.close()
        return weakref.ref(runtime)

    closed = asyncio.run(serve("env.AUTH.fetch(request);"))
    asyncio.run(serve(""))  # What ran last may be kept until something else has run.
    gc.collect()
    assert closed() is None


@pytest.mark.parametrize(
    "line",
    [
        "await env.CACHE.put('a', 'b');",
        "ctx.waitUntil(env.CACHE.put('a', 'b'));",
        "await Promise.all([env.CACHE.put('a', 'b'), env.AUTH.fetch(request)]);",
        "env.CACHE.get('a').then(() => {}); await env.CACHE.get('b');",
        "await Promise.race([env.CACHE.get('a'), env.AUTH.fetch(request)]);",
    ],
)
async def test_what_is_awaited_is_not(worker: Any, line: str) -> None:
    response = await worker(f"{line} return new Response('x');").fetch()
    assert response.trace.logs == []


@pytest.mark.parametrize(
    ("line", "notes"),
    [
        ("return env.AUHT.fetch(request);",
         ["Worker 'slips' has no binding AUHT; bound: AUTH, CACHE.", "Did you mean AUTH?"]),
        ("env.CACHE.set('a', 'b');",
         ["A KV namespace has no 'set'; it has delete, get, getWithMetadata, list, put.",
          "Write env.CACHE.put(key, value)"]),
        ("return new Response((await env.AUTH.fetch(request)).tex());",
         ["tex is no method here. Did you mean text?"]),
        ("return new Response(request.headers['x-a'].toUpperCase());",
         ["Headers are no plain object: write headers.get(name)."]),
        ("ctx.acceptWebsocket(1);",
         ["acceptWebsocket is no method here. Did you mean acceptWebSocket or getWebSockets?"]),
        ("return Response('hello');", ["Write new Response(…)."]),
        ("const token = 1; return new Response(tokne);", ["Did you mean token?"]),
        ("return new Response(TOKEN);",
         ["A Worker sees only its own modules: a variable of the notebook comes in as "
          "--var TOKEN={TOKEN} and is env.TOKEN then."]),
    ],
)  # fmt: skip
async def test_an_error_of_the_engine_says_what_to_do(
    worker: Any, line: str, notes: list[str]
) -> None:
    with pytest.raises(JavaScriptError) as caught:
        await worker(line).fetch()
    assert caught.value.__notes__ == notes


async def test_an_error_of_the_workers_own_is_left_alone(worker: Any) -> None:
    with pytest.raises(JavaScriptError) as caught:
        await worker("throw new Error('env.AUHT is not defined');").fetch()
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("from workers import Response\nclass A:\n    pass\n",
         "It is Python: %%worker js, without --js"),
        ("export default { fetch(r) { return await r.text(); } };",
         "await is for async functions, async fetch(request, env, ctx)"),
    ],
)  # fmt: skip
def test_a_source_that_is_no_javascript_says_why(define: Any, source: str, text: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        define(source)
    assert text in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
