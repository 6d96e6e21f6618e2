"""Sources that the tests of bindings share."""

from __future__ import annotations

import textwrap

import pytest

PROPS = """
import asyncio, json
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps(self.ctx.props))

class Admin(WorkerEntrypoint):
    async def fetch(self, request):
        self.ctx.props["seen"] = True
        return Response(json.dumps(self.ctx.props))
"""
"""A Worker with two entrypoints that respond with their props."""

RPC_HEAD = """\
import asyncio, datetime, re
from workers import Request, Response, WorkerEntrypoint, import_from_javascript
RpcTarget = import_from_javascript("cloudflare:workers").RpcTarget

"""

COUNTERS = """
class Counter(RpcTarget):
    label = "a counter"

    def __init__(self, value=0):
        self.value = value

    async def increment(self, by=1):
        self.value += by
        return self.value

    @property
    def current(self):
        return self.value

    def another(self):
        return Counter(self.value)

    def _hidden(self):
        return "hidden"

    def dispose(self):
        print(f"disposed {self.value}")

class Default(WorkerEntrypoint):
    async def counter(self, value=0):
        return Counter(value)

    async def counters(self):
        return {"a": Counter(1), "list": [Counter(2)]}

    async def apply(self, function, *values):
        return [await function(value) for value in values]

    async def echo(self, value):
        return value

    async def function(self):
        async def double(value):
            return value * 2
        return double
"""
"""A Worker that returns RpcTargets and calls functions back."""


@pytest.fixture
def counters(runtime):
    return runtime.define("counters", RPC_HEAD + COUNTERS)


@pytest.fixture
def run(runtime):
    """Run lines in a Worker that is bound to others by name: `await run("…", MATH="math")`."""

    async def run(body, head="", limits=None, **services):
        lines = textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)
        source = (
            f"{RPC_HEAD}{textwrap.dedent(head)}\n"
            f"class Default(WorkerEntrypoint):\n    async def run(self):\n{lines}"
        )
        handle = runtime.define("caller", source, services=services, limits=limits)
        return await handle.run()

    return run
