"""Systems of Workers to be drawn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import workernb

SOURCE = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        print("at", request.url)
        for number in range(2 * WIDTH):
            binding = getattr(self.env, f"SVC{number}", None)
            if binding is not None:
                await binding.fetch("http://x/")
        await asyncio.sleep(0)
        return Response("x")
"""
WAITING = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "fail" in request.url:
            raise ValueError("failed")
        if "wait" in request.url:
            await asyncio.sleep(60)
        sum(range(2_000))
        return Response("x")
"""
GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        try:
            return await self.env.AUTH.fetch(request)
        except ValueError:
            return Response("no", status=500)
"""
CALLS_BACK = """
from workers import WorkerEntrypoint, import_from_javascript

class Sum(import_from_javascript("cloudflare:workers").RpcTarget):
    def __init__(self):
        self.total = 0

    async def add(self, value):
        self.total += value
        return self.total

class Default(WorkerEntrypoint):
    async def run(self):
        async def double(value):
            return value * 2
        return [await self.env.B.each(double), await self.env.B.into(Sum())]
"""
IS_GIVEN = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def each(self, function):
        return [await function(number) for number in range(3)]

    async def into(self, total):
        return await total.add(1)
"""
HOSTILE = [
    "<script>alert(1)</script>",
    "]]>&\"'<img src=x onerror=alert(1)>",
    "\u202eevil\u200f",
    "nul\0bell\a\x1b[31m",
    "x" * 10_000,
    "\ud800",
    "$x^2$ \\frac{",
    "漢字" * 100,
]
UNSAFE = "<b class=\"x\" id='y'>&\u202e\0"
ESCAPED = "&lt;b class=&#34;x&#34; id=&#39;y&#39;&gt;&amp;⟨202E⟩␀"


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    # 200 Workers take minutes of wall clock on a busy machine.
    runtime = workernb.Runtime(limits=workernb.Limits(wall_ms=None))
    yield runtime
    runtime.close()


@pytest.fixture
def system(runtime):
    """Define a tree of Workers, with a circle, a self-binding and a missing target in it."""

    def build(size: int) -> workernb.Runtime:
        for number in range(size):
            called = [n for n in (2 * number + 1, 2 * number + 2) if n < size]
            services = {f"SVC{n}": f"service-{n}" for n in called}
            if number == 3:
                services |= {"SELF": "service-3", "GONE": "missing", "ADMIN": "service-4#Nope"}
            if size > 4 and number == size - 1:
                services["BACK"] = "service-0"
            runtime.define(
                f"service-{number}",
                SOURCE.replace("WIDTH", str(size)),
                services=services,
                public=number == 0,
                vars={"GREETING": "planted-var"} if number % 3 == 0 else {},
                secrets={"KEY": "planted-secret"} if number % 4 == 0 else {},
            )
        return runtime

    return build


@pytest.fixture
def pair(runtime):
    """A gateway in front of a Worker that waits or fails when it is asked to."""
    runtime.define("auth", WAITING)
    runtime.define("gateway", GATEWAY, services={"AUTH": "auth"}, public=True)
    return runtime


@pytest.fixture
def caller(runtime: workernb.Runtime) -> workernb.Handle:
    """Define a Worker that is called back by the one that it is bound to, and return it."""
    runtime.define("callee", IS_GIVEN)
    return runtime.define("caller", CALLS_BACK, services={"B": "callee"})
