"""Fixtures of the tests of queues."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import pytest

import workernb

CONSUMER = """
import asyncio, json
from workers import Response, WorkerEntrypoint

got = []

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(json.dumps(got))

    async def queue(self, batch, env, ctx):
        got.append([batch.queue, [[m.id, m.attempts, m.body] for m in batch.messages]])
"""


def consumer(body: str = "") -> str:
    """Return the source of a consumer with this in its queue handler."""
    return CONSUMER + textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", " " * 8)


@pytest.fixture
def jobs(runtime: workernb.Runtime) -> Any:
    """The queue `jobs`, as the notebook has it."""
    return runtime.stores.queue("jobs")


@pytest.fixture
def consume(runtime: workernb.Runtime) -> Callable[..., workernb.Handle]:
    """Define a consumer of `jobs`, with this in its handler and these settings."""

    def consume(body: str = "", name: str = "worker", **settings: Any) -> workernb.Handle:
        more = settings.pop("define", {})
        return runtime.define(name, consumer(body), consumers={"jobs": settings}, **more)

    return consume


@pytest.fixture
def got() -> Any:
    """Return the batches that a consumer has got: for each, its messages' bodies."""

    async def got(handle: workernb.Handle) -> list[Any]:
        batches = await (await handle.fetch()).json()
        return [[body for _, _, body in messages] for _, messages in batches]

    return got
