"""Behaviour under load: more requests at once, longer chains of Workers, more Workers defined."""

from __future__ import annotations

import asyncio
import time

from benchmarks.floor import TOKEN
from benchmarks.results import Round
from benchmarks.workers import AUTH, GATEWAY, HOPS
from workernb import Handle, Limits, Runtime

REQUESTS_AT_ONCE = (1, 10, 100, 1_000)
CHAINS = (1, 2, 5, 10, 20, 30)
WORKERS_DEFINED = (2, 10, 100, 1_000)

REQUESTS = 20
"""The number of requests down a chain in a round."""

UNLIMITED = Limits(cpu_ms=None, wall_ms=None)

LINK = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        url = request.url
        response = await self.env.NEXT.fetch(url, headers={"x-request-id": url})
        assert response.status == 200
        return Response(await response.text())
"""

LAST = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(request.headers["x-request-id"])
"""

FIRST = '''
import time
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        """Send requests down the chain, one after the other; answer with the seconds that took."""
        times = int(request.url.rsplit("/", 1)[1])
        urls = [f"{request.url}?n={n}" for n in range(times)]
        began = time.perf_counter()
        for url in urls:
            response = await self.env.NEXT.fetch(url, headers={"x-request-id": url})
            assert response.status == 200
            assert await response.text() == url
        return Response(str(time.perf_counter() - began))
'''


def at_once(gateway: Handle, number: int) -> Round:
    """Return a round of requests, `number` at once, that gives the seconds of one."""
    batches = max(1, 300 // number)

    async def once(url: str) -> None:
        headers = {"x-custom-token": TOKEN, "x-request-id": url}
        answer = await gateway.fetch(url, headers=headers)
        assert answer.status == 200
        assert await answer.text() == "data"
        first, second = answer.trace.invocations
        assert first.url == second.url == url

    async def run() -> float:
        taken = 0.0
        for batch in range(batches):
            urls = [f"https://example.com/{batch}/{n}?n={n}" for n in range(number)]
            began = time.perf_counter()
            await asyncio.gather(*[once(url) for url in urls])
            taken += time.perf_counter() - began
        return taken / (batches * number)

    return run


def chain(number: int) -> Round:
    """Return a round of requests down a chain of `number` Workers: the seconds of one hop."""
    runtime = Runtime(UNLIMITED)
    for position in range(number):
        if position == number - 1:
            runtime.define(f"worker-{position}", LAST)
        else:
            services = {"NEXT": f"worker-{position + 1}"}
            runtime.define(f"worker-{position}", LINK, services=services)
    first = runtime.define("first", FIRST, services={"NEXT": "worker-0"})
    # The same number of hops in a request for every length of chain, so that only depth differs.
    times = HOPS // number

    async def run() -> float:
        taken = 0.0
        for request in range(REQUESTS):
            answer = await first.fetch(f"https://example.com/{number}/{request}/{times}")
            taken += float(await answer.text())
            assert len(answer.trace.invocations) == times * number + 1
        return taken / (REQUESTS * times * number)

    return run


def define(runtime: Runtime, number: int) -> None:
    """Define `number` Workers, half of them gateways, each bound to its own auth."""
    for pair in range(number // 2):
        runtime.define(f"auth-{pair}", AUTH, secrets={"SECRET_TOKEN": TOKEN})
        runtime.define(f"gateway-{pair}", GATEWAY, services={"AUTH": f"auth-{pair}"})


def defining(number: int) -> Round:
    """Return a round that defines `number` Workers in an empty runtime: the seconds of one."""
    times = max(1, 50 // number)

    async def run() -> float:
        taken = 0.0
        for _ in range(times):
            runtime = Runtime(UNLIMITED)
            began = time.perf_counter()
            define(runtime, number)
            taken += time.perf_counter() - began
            assert len(runtime) == number
            runtime.close()
        return taken / (times * number)

    return run


async def defined(number: int) -> Round:
    """Return a round of requests to the gateways among `number` Workers: the seconds of one."""
    runtime = Runtime(UNLIMITED)
    define(runtime, number)
    gateways = [runtime[f"gateway-{pair}"] for pair in range(number // 2)]

    async def request(times: int) -> float:
        began = time.perf_counter()
        for n in range(times):
            url = f"https://example.com/{n}"
            headers = {"x-custom-token": TOKEN, "x-request-id": url}
            answer = await gateways[n % len(gateways)].fetch(url, headers=headers)
            assert answer.status == 200
            assert await answer.text() == "data"
        return (time.perf_counter() - began) / times

    await request(10 * len(gateways))  # Python specializes code that has run some times.
    return lambda: request(500)
