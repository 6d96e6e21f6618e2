"""Fixtures of the tests of Durable Objects."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

HEAD = """\
import asyncio
from workers import DurableObject, Response, WorkerEntrypoint

seen = []

class Thing(DurableObject):
{body}

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("private")

    async def run(self, name="a", method="run", *args):
        stub = self.env.THINGS.getByName(name)
        return await getattr(stub, method)(*args)
"""


def source(body: str) -> str:
    """Return the source of a Worker whose class Thing has this body."""
    return HEAD.format(body=textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 4))


@pytest.fixture
def thing(runtime) -> Any:
    """Define a Worker whose Durable Objects have a class with this body; return its handle."""

    def thing(body: str, **settings: Any) -> Any:
        settings = {"durable_objects": {"THINGS": "#Thing"}, **settings}
        return runtime.define("things", source(body), **settings)

    return thing


@pytest.fixture
def value_of(thing) -> Any:
    """Return the value of an expression in an object, where `s` is its storage."""

    async def value_of(expression: str, before: str = "") -> Any:
        body = "async def run(self):\n    s = self.ctx.storage\n"
        body += textwrap.indent(textwrap.dedent(before), "    ") + f"\n    return {expression}"
        return await thing(body).run()

    return value_of
