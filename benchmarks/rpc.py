"""Calls over RPC, as a Worker times its own: a method, a dict, a function passed on, a pipeline."""

from __future__ import annotations

from functools import partial

from benchmarks.ours import REQUESTS
from benchmarks.results import Round
from workernb import Handle, Limits, Runtime

CALLS = 30
"""The number of calls that a request times."""

MATH = """
from workers import WorkerEntrypoint, import_from_javascript

RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget

class Counter(RpcTarget):
    def __init__(self, value):
        self.value = value

    async def increment(self):
        self.value += 1
        return self.value

class Counters(RpcTarget):
    async def counter(self, value):
        return Counter(value)

class Default(WorkerEntrypoint):
    async def add(self, a, b):
        return a + b

    async def rename(self, user):
        return {"id": user["id"], "name": user["name"].title(), "active": True}

    async def apply(self, function, value):
        return await function(value)

    async def counters(self):
        return Counters()
"""

CALLER = '''
import time
from workers import WorkerEntrypoint

async def add(math, n):
    assert await math.add(n, 2) == n + 2

async def rename(math, n):
    user = await math.rename({"id": n, "name": f"user {n}", "active": False})
    assert user == {"id": n, "name": f"User {n}", "active": True}

async def apply(math, n):
    async def double(value):
        return value * 2
    assert await math.apply(double, n) == n * 2

async def pipeline(math, n):
    assert await math.counters().counter(n).increment() == n + 1

WAYS = {"add": add, "rename": rename, "apply": apply, "pipeline": pipeline}

class Default(WorkerEntrypoint):
    async def time(self, way, first):
        """Make 30 calls, each with its own values; return their seconds."""
        math, call = self.env.MATH, WAYS[way]
        began = time.perf_counter()
        for n in range(first, first + 30):
            await call(math, n)
        return time.perf_counter() - began
'''

WAYS = {
    "RPC: await env.MATH.add(1, 2)": ("add", 1),
    "RPC: a small dict both ways": ("rename", 1),
    "RPC: a function passed and called back": ("apply", 2),
    "RPC: a pipelined chain of three": ("pipeline", 3),
}
"""For each row the method of the caller, and how many invocations a call is."""


def define() -> Handle:
    """Define the Workers in a new runtime, and return the caller."""
    runtime = Runtime(Limits(cpu_ms=None, wall_ms=None, invocations=3 * CALLS + 1))
    runtime.define("math", MATH)
    return runtime.define("caller", CALLER, services={"MATH": "math"})


async def calls(caller: Handle, way: str, invocations: int, requests: int) -> float:
    """Return the seconds of a call over a number of requests, as the caller measures them."""
    total = 0.0
    for number in range(requests):
        total += await caller.call("time", way, number * CALLS)
        trace = caller._runtime.traces[-1]
        assert len(trace.invocations) == invocations * CALLS + 1
        assert trace.outcome == "ok"
    return total / (requests * CALLS)


def rounds() -> dict[str, Round]:
    """Return the rounds by name."""
    caller = define()
    return {
        name: partial(calls, caller, way, invocations, REQUESTS)
        for name, (way, invocations) in WAYS.items()
    }
