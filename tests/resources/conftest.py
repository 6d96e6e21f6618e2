"""Fixtures of the tests of stores."""

from __future__ import annotations

import gc
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

import workernb

HEAD = """\
import asyncio, json
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""


def worker(body: str) -> str:
    """Return the source of a Worker with this body of its fetch handler."""
    return HEAD + textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    gc.collect()
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
def run(runtime: workernb.Runtime) -> Any:
    """Run a handler's body in a Worker with all kinds of stores, and return the answer."""

    async def run(body: str, **settings: Any) -> workernb.Answer:
        bindings: dict[str, Any] = {
            "kv_namespaces": {"CACHE": "cache"},
            "d1_databases": {"DB": "shop"},
            "r2_buckets": {"FILES": "files"},
            "ratelimits": {"LIMIT": {"limit": 2, "period": 10}},
        }
        worker_name = settings.pop("name", "web")
        body = textwrap.dedent(body)
        if "return" not in body:
            body += "\nreturn Response('done')"
        handle = runtime.define(worker_name, worker(body), **{**bindings, **settings})
        return await handle.fetch()

    return run


@pytest.fixture
def value_of(run: Any) -> Any:
    """Return the value of an expression in a Worker, passed as its repr."""

    async def value_of(expression: str, before: str = "", **settings: Any) -> Any:
        body = f"{textwrap.dedent(before)}\nreturn Response(repr({expression}))"
        text = await (await run(body, **settings)).text()
        return eval(text, {"memoryview": bytes})

    return value_of
