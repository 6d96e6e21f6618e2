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


@pytest.fixture
def runtime() -> Iterator[workernb.Runtime]:
    runtime = workernb.Runtime()
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
