"""Many calls over RPC in flight at once, each with callbacks and a stub: `python callbacks.py N`.

Checks every result and every trace. Prints a line of JSON: `grown`, by how many bytes the process
grew at its peak; `seconds`, how long it took; `most`, how many requests were in flight at once.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from in_flight import peak_bytes

import workernb

WORKER = """
import asyncio
from workers import WorkerEntrypoint, import_from_javascript

class Sum(import_from_javascript("cloudflare:workers").RpcTarget):
    def __init__(self, first):
        self.value = first

    async def add(self, value):
        await asyncio.sleep(0.05)
        self.value += value
        return self.value

class Default(WorkerEntrypoint):
    async def apply(self, function, value):
        await asyncio.sleep(0.05)
        return await function(value)

    async def sum(self, first):
        return Sum(first)
"""

CALLER = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def run(self, n):
        async def twice(value):
            return [n, value * 2]
        mine, doubled = await self.env.WORKER.apply(twice, n)
        assert mine == n
        with await self.env.WORKER.sum(doubled) as total:
            return await total.add(1)
"""


async def run(number: int) -> None:
    runtime = workernb.Runtime(workernb.Limits(wall_ms=None))
    runtime.define("worker", WORKER)
    caller = runtime.define("caller", CALLER, services={"WORKER": "worker"})
    most = 0

    async def call_and_check(n: int) -> None:
        nonlocal most
        call = caller.run(n)
        most = max(most, len(runtime.in_flight))
        assert await call == 2 * n + 1
        trace = call.trace
        assert (trace.outcome, trace.logs) == ("ok", [])
        assert [i.method for i in trace.invocations] == ["run", "apply", "", "sum", "add"]
        assert [i.service for i in trace.invocations if not i.method] == ["caller"]

    before, began = peak_bytes(), time.perf_counter()
    await asyncio.gather(*[call_and_check(n) for n in range(number)])
    assert not runtime.in_flight
    grown, seconds = peak_bytes() - before, time.perf_counter() - began
    print(json.dumps({"grown": grown, "seconds": seconds, "most": most}))


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
