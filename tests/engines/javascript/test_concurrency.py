"""Many requests in one heap, deep chains, cancellation, new versions beside requests in flight."""

from __future__ import annotations

import asyncio

import pytest

PYTHON = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await asyncio.sleep(0.001)
        return Response(request.url)
"""

MANY = """
export default { async fetch(request, env) {
  const number = request.url.split("/").pop();
  await new Promise((resolve) => setTimeout(resolve, number % 5));
  const responses = await Promise.all([1, 2].map((i) => env.PY.fetch(`http://p/${number}-${i}`)));
  await Promise.race([env.PY.fetch("http://p/loses"), scheduler.wait(0)]);
  return Response.json(await Promise.all(responses.map((response) => response.text())));
} };
"""


@pytest.fixture
def many(runtime, define):
    runtime.define("py", PYTHON)
    return define(MANY, services={"PY": "py"})


def runs_of(runtime, name="js"):
    service = runtime.services[name]
    return service.isolates[service.version.number].exporter.realm().host.runs


async def test_requests_at_once_do_not_see_each_other(many, runtime):
    responses = await asyncio.gather(*(many.fetch(f"http://x/{n}") for n in range(100)))
    for number, response in enumerate(responses):
        assert await response.json() == [f"http://p/{number}-{i}" for i in (1, 2)]
        assert response.trace.logs == []
    assert runs_of(runtime) == {}


async def test_a_chain_of_thirty_one_workers(define, runtime):
    source = """export default { async fetch(request, env) {
      const response = env.NEXT ? await env.NEXT.fetch(request) : new Response("end");
      return new Response(await response.text() + ".");
    } };"""
    for number in range(31):
        services = {"NEXT": f"w{number + 1}"} if number < 30 else {}
        define(source, name=f"w{number}", services=services)
    response = await runtime["w0"].fetch("http://x/")
    assert await response.text() == "end" + "." * 31
    assert len(response.trace.invocations) == 31


async def test_a_request_that_is_canceled(define, runtime):
    runtime.define(
        "py",
        "from workers import Response, WorkerEntrypoint\n"
        "import asyncio\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        await asyncio.sleep(60)\n",
    )
    worker = define(
        "export default { fetch: (request, env) => env.PY.fetch(request) }", services={"PY": "py"}
    )
    task = asyncio.ensure_future(worker.fetch("http://x/"))
    for _ in range(10):
        await asyncio.sleep(0)
    [trace] = runtime.in_flight
    assert len(trace.invocations) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert runtime.traces[-1].outcome == "canceled"
    assert runs_of(runtime) == {}


async def test_a_new_version_leaves_requests_in_flight_alone(many, runtime, define):
    task = asyncio.ensure_future(many.fetch("http://x/4"))
    await asyncio.sleep(0)
    assert runtime.in_flight
    define("export default { fetch: () => new Response('new') }")
    assert await (await many.fetch("http://x/")).text() == "new"
    assert (await (await task).json())[0] == "http://p/4-1"
