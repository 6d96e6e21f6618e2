"""The Workers that are measured: gateway and auth, and a caller that times its own hops."""

from __future__ import annotations

from benchmarks.floor import TOKEN
from workernb import Handle, Limits, Runtime

AUTH = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
            return Response("Request allowed", status=200)
        return Response("x-custom-token does not match, request not allowed", status=403)
"""

GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.AUTH.fetch(request)
        if response.status != 200:
            return response
        return Response("data")
"""

CALLER = '''
import time
from workers import Request, Response, WorkerEntrypoint

async def by_url(auth, url, token):
    response = await auth.fetch(url, headers={"x-custom-token": token, "x-request-id": url})
    assert response.status == 200
    assert await response.text() == "Request allowed"

async def by_request(auth, url, token):
    headers = {"x-custom-token": token, "x-request-id": url}
    response = await auth.fetch(Request(url, headers=headers))
    assert response.status == 200
    assert await response.text() == "Request allowed"

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        """Make 30 hops, each with its own URL and header value; answer with their seconds."""
        way, start = request.url.split("/")[3:]
        hop = by_url if way == "url" else by_request
        auth, token = self.env.AUTH, self.env.TOKEN
        urls = [f"https://auth.example.com/user/{int(start) + n}?n={n}" for n in range(30)]
        began = time.perf_counter()
        for url in urls:
            await hop(auth, url, token)
        return Response(str(time.perf_counter() - began))
'''

HOPS = 30
"""The number of hops that the caller makes in a request; 32 invocations are allowed."""


def define() -> tuple[Handle, Handle]:
    """Define the Workers in a new runtime, and return the gateway and the caller."""
    runtime = Runtime(Limits(cpu_ms=None, wall_ms=None))
    runtime.define("auth", AUTH, secrets={"SECRET_TOKEN": TOKEN})
    gateway = runtime.define("gateway", GATEWAY, services={"AUTH": "auth"})
    caller = runtime.define("caller", CALLER, services={"AUTH": "auth"}, secrets={"TOKEN": TOKEN})
    return gateway, caller


async def hops(caller: Handle, way: str, rounds: int) -> float:
    """Return the seconds of a hop over `rounds` requests, as the caller measures them."""
    total = 0.0
    for number in range(rounds):
        answer = await caller.fetch(f"http://caller/{way}/{number * HOPS}")
        total += float(await answer.text())
        assert len(answer.trace.invocations) == HOPS + 1
        assert answer.trace.outcome == "ok"
        assert all(invocation.status == 200 for invocation in answer.trace.invocations)
    return total / (rounds * HOPS)


async def top_level(gateway: Handle, urls: list[str]) -> None:
    """Make a top-level request through two Workers for each URL."""
    for url in urls:
        headers = {"x-custom-token": TOKEN, "x-request-id": url}
        answer = await gateway.fetch(url, headers=headers)
        assert answer.status == 200
        assert await answer.text() == "data"
        assert len(answer.trace.invocations) == 2
