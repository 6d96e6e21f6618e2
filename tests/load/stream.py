"""Stream chunks of 64 KiB through three Workers: `python stream.py NUMBER`.

Prints a line of JSON: `grown`, by how many bytes the process grew at most while it read; `slices`,
how many the trace has kept; `size`, the number of bytes read.
"""

from __future__ import annotations

import asyncio
import json
import sys

import psutil

import workernb
from benchmarks.streams import NEXT

FIRST = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        async def produce():
            for number in range(int(request.headers["chunks"])):
                yield bytes([number % 256]) * (64 * 1024)
        return Response(produce())
"""


def resident() -> int:
    """Return the bytes of memory that the process has."""
    return int(psutil.Process().memory_info().rss)


async def main(number: int) -> None:
    """Read the body, after one of few chunks that warms up, and print the figures."""
    runtime = workernb.Runtime(workernb.Limits(cpu_ms=None, wall_ms=None))
    runtime.define("first", FIRST)
    runtime.define("second", NEXT, services={"NEXT": "first"})
    third = runtime.define("third", NEXT, services={"NEXT": "second"})
    await (await third.fetch(headers={"chunks": "10"})).bytes()
    response = await third.fetch(headers={"chunks": str(number)})
    before = most = resident()
    size = read = 0
    async for chunk in response.body:
        size += len(chunk)
        read += 1
        if read % 64 == 0:
            most = max(most, resident())
    trace = runtime.traces[-1]
    assert trace.outcome == "ok"
    assert set(trace.cpu_by_service()) == {"first", "second", "third"}
    print(json.dumps({"grown": most - before, "slices": len(trace.slices), "size": size}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
