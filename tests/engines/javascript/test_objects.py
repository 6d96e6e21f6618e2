"""Durable Objects of Python's classes, as JavaScript Workers call them."""

from __future__ import annotations

import pytest

COUNTERS = """
from workers import DurableObject, Response

class Counter(DurableObject):
    async def increment(self, by=1):
        count = (await self.ctx.storage.get("count") or 0) + by
        await self.ctx.storage.put("count", count)
        return count

    async def fetch(self, request):
        return Response(f"{request.method} {await request.text()} {self.ctx.id.name}")

    async def call(self, function):
        return await function(2)

    async def fail(self):
        raise ValueError("full")
"""
BOUND = {"durable_objects": {"COUNTERS": "counters#Counter"}}


@pytest.fixture(autouse=True)
def counters(runtime):
    return runtime.define("counters", COUNTERS)


CASES = {
    "a method": (
        "const stub = COUNTERS.getByName('a'); await stub.increment();"
        "return [await stub.increment(2), await COUNTERS.getByName('b').increment()];",
        [3, 1],
    ),
    "fetch": (
        "const answer = await COUNTERS.getByName('a').fetch('http://x/', {"
        " method: 'POST', body: 'text' }); return answer.text();",
        "POST text a",
    ),
    "a function": ("return COUNTERS.getByName('a').call((number) => number * 21);", 42),
    "an id from a name": (
        "const id = COUNTERS.idFromName('a'), other = COUNTERS.idFromName('b');"
        "return [/^[0-9a-f]{64}$/.test(id), id.name, id.equals(COUNTERS.idFromName('a')),"
        " id.equals(other), id.equals('a'), id instanceof id.constructor];",
        [True, "a", True, False, False, True],
    ),
    "an id from its text": (
        "await COUNTERS.getByName('a').increment();"
        "const id = COUNTERS.idFromString(COUNTERS.idFromName('a').toString());"
        "return [id.name === undefined, await COUNTERS.get(id).increment()];",
        [True, 2],
    ),
    "a new id": (
        "const id = COUNTERS.newUniqueId(), stub = COUNTERS.get(id);"
        "return [stub.name === undefined, stub.id.equals(id), id.equals(COUNTERS.newUniqueId()),"
        " await stub.increment()];",
        [True, True, False, 1],
    ),
    "a jurisdiction": (
        "const id = COUNTERS.jurisdiction('eu').idFromName('a');"
        "return [id.jurisdiction, id.equals(COUNTERS.idFromName('a'))];",
        ["eu", False],
    ),
    "what a stub has": (
        "const stub = COUNTERS.getByName('a', { locationHint: 'weur' });"
        "return [stub.name, stub.id.toString() === COUNTERS.idFromName('a').toString()];",
        ["a", True],
    ),
    "an error": (
        "try { await COUNTERS.getByName('a').fail(); } catch (e) { return [e.message, e.remote]; }",
        ["full", True],
    ),
    "a method that is missing": (
        "try { await COUNTERS.getByName('a').none(); } catch (e) { return e.name; }", "TypeError",
    ),
    "what is no id": (
        "return ['a', {}, undefined, COUNTERS].map((id) => {"
        " try { COUNTERS.get(id); } catch (e) { return e.name; } });",
        ["TypeError"] * 4,
    ),
    "a text that is no id": (
        "try { COUNTERS.idFromString('short'); } catch (e) { return e.name; }", "TypeError",
    ),
    "an option that is none": (
        "try { COUNTERS.getByName('a', { hint: 'x' }); } catch (e) { return e.message; }",
        "There is no option 'hint'. There are locationHint, routingMode.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
async def test_objects(run, body, expected):
    assert await run(f"const {{ COUNTERS }} = env; {body}", **BOUND) == expected


async def test_calls_arrive_in_their_order(run):
    found = await run(
        "const stub = env.COUNTERS.getByName('a');"
        "return Promise.all([stub.increment(1), stub.increment(10), stub.increment(100)]);",
        **BOUND,
    )
    assert found == [1, 11, 111]


async def test_a_call_is_traced_as_the_objects(define):
    worker = define(
        "export default { async fetch(request, env) {"
        " return Response.json(await env.COUNTERS.getByName('a').increment()) } }",
        **BOUND,
    )
    trace = (await worker.fetch("http://x/")).trace
    assert [one.service for one in trace.invocations] == ["js", "counters"]


async def test_a_stub_over_rpc(runtime, define):
    define(
        "import { WorkerEntrypoint } from 'cloudflare:workers';"
        "export default class extends WorkerEntrypoint {"
        " stub() { return this.env.COUNTERS.getByName('a'); }"
        " use(stub) { return stub.increment(5); } }",
        "library",
        **BOUND,
    )
    worker = define(
        "export default { async fetch(request, env) {"
        " using = await env.LIBRARY.stub(); "
        " return Response.json([await using.increment(),"
        " await env.LIBRARY.use(env.COUNTERS.getByName('a'))]) } }; let using;",
        services={"LIBRARY": "library"},
        **BOUND,
    )
    assert await (await worker.fetch("http://x/")).json() == [1, 6]


async def test_requests_leave_no_stubs_behind(runtime, define):
    worker = define(
        "export default { async fetch(request, env) {"
        " return Response.json(await env.COUNTERS.getByName('a').increment()) } }",
        **BOUND,
    )
    host = runtime.services["js"].isolates[1].exporter.realm().host
    before = len(host.bindings)
    for _ in range(10):
        await worker.fetch("http://x/")
    assert len(host.bindings) == before
    assert host.runs == {}
