"""Many requests in flight at once, each waiting in auth: `python in_flight.py NUMBER`.

Checks every answer and every trace. Prints a line of JSON: `grown`, by how many bytes the process
grew at its peak; `seconds`, how long it took; `most`, how many requests were in flight at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import resource
import sys
import time

import workernb

AUTH = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("auth has", request.url)
        await asyncio.sleep(0.1)
        if request.headers.get("x-custom-token") != self.env.SECRET_TOKEN:
            return Response("no", status=403)
        return Response(f"auth saw {request.headers['x-request-id']}")
"""

GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("gateway has", request.url)
        response = await self.env.AUTH.fetch(request)
        if response.status != 200:
            return response
        return Response(f"{await response.text()}, gateway saw {request.headers['x-request-id']}")
"""


class NullOutput(io.TextIOBase):
    """A text stream that discards what is written."""

    def write(self, text: str) -> int:
        return len(text)


def peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def check(answer: workernb.Answer, url: str, number: int, text: str) -> None:
    """Assert that an answer and its trace are those of request `number`."""
    status = 403 if number % 10 == 9 else 200
    expected = "no" if status == 403 else f"auth saw r{number}, gateway saw r{number}"
    assert (answer.status, text) == (status, expected), (answer.status, text, number)
    trace = answer.trace
    assert trace is not None
    assert (trace.outcome, trace.done, trace.url) == ("ok", True, url)
    first, second = trace.invocations
    assert (first.service, second.service) == ("gateway", "auth")
    assert second.caller is first
    assert first.url == second.url == url
    assert [log.text for log in first.logs] == [f"gateway has {url}"]
    assert [log.text for log in second.logs] == [f"auth has {url}"]
    assert {part.invocation for part in trace.slices} == {first, second}
    assert second.wall_ms >= 99
    assert 0 < trace.cpu_ms < trace.wall_ms


async def run(number: int) -> None:
    runtime = workernb.Runtime()
    runtime.define("auth", AUTH, secrets={"SECRET_TOKEN": "s3cret"})
    gateway = runtime.define("gateway", GATEWAY, services={"AUTH": "auth"})
    most = 0

    async def fetch_and_check(n: int) -> None:
        nonlocal most
        url = f"https://example.com/{n}?n={n}"
        token = "guess" if n % 10 == 9 else "s3cret"
        headers = {"x-custom-token": token, "x-request-id": f"r{n}"}
        request = gateway.fetch(url, headers=headers)
        most = max(most, len(runtime.in_flight))
        answer = await request
        check(answer, url, n, await answer.text())

    before, began = peak_bytes(), time.perf_counter()
    with contextlib.redirect_stdout(NullOutput()):  # For the prints of the Workers.
        await asyncio.gather(*[fetch_and_check(n) for n in range(number)])
    assert not runtime.in_flight
    grown, seconds = peak_bytes() - before, time.perf_counter() - began
    print(json.dumps({"grown": grown, "seconds": seconds, "most": most}))


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
