"""A chunk of 64 KiB, through three generators: plain ones, and those of three Workers."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from benchmarks.results import Result, Round
from workernb import Handle, Limits, Runtime

SIZE = 64 * 1024
MADE = [bytes([number]) * SIZE for number in range(16)]
CHUNKS = 500
"""The number of chunks in a round. They are made before, as making one takes longer."""

GROUP = "a chunk of 64 KiB, through three"

FIRST = f"""
from workers import Response, WorkerEntrypoint

MADE = [bytes([number]) * {SIZE} for number in range(16)]

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        async def produce():
            for number in range({CHUNKS}):
                yield MADE[number % 16]
        return Response(produce())
"""

NEXT = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.NEXT.fetch(request)
        async def pass_on():
            async for chunk in response.body:
                yield chunk
        return Response(pass_on())
"""

READER = f"""
import time
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.NEXT.fetch(request)
        number, began = 0, time.perf_counter()
        async for chunk in response.body:
            assert chunk[0] == number % 16 and len(chunk) == {SIZE}
            number += 1
        seconds = time.perf_counter() - began
        assert number == {CHUNKS}
        return Response(str(seconds / number))
"""


async def _produce() -> AsyncIterator[bytes]:
    for number in range(CHUNKS):
        yield MADE[number % 16]


async def _pass_on(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk


async def _read(chunks: AsyncIterator[bytes]) -> float:
    """Read all chunks, and return the seconds of one."""
    number, began = 0, time.perf_counter()
    async for chunk in chunks:
        assert chunk[0] == number % 16
        assert len(chunk) == SIZE
        number += 1
    seconds = time.perf_counter() - began
    assert number == CHUNKS
    return seconds / number


async def plain() -> float:
    """Return the seconds of a chunk through three asynchronous generators."""
    return await _read(_pass_on(_pass_on(_produce())))


def define() -> tuple[Handle, Handle]:
    """Define the Workers; return the last of the three, and one that reads what it sends."""
    runtime = Runtime(Limits(cpu_ms=None, wall_ms=None))
    runtime.define("first", FIRST)
    runtime.define("second", NEXT, services={"NEXT": "first"})
    third = runtime.define("third", NEXT, services={"NEXT": "second"})
    return third, runtime.define("reader", READER, services={"NEXT": "third"})


def rounds() -> dict[Result, Round]:
    """Return the rounds that measure a chunk."""
    third, reader = define()

    async def in_a_worker() -> float:
        return float(await (await reader.fetch()).text())

    async def in_the_notebook() -> float:
        response = await third.fetch()
        assert response.body is not None
        return await _read(aiter(response.body))

    return {
        Result(GROUP, "generators"): plain,
        Result(GROUP, "Workers, read by a fourth"): in_a_worker,
        Result(GROUP, "Workers, read by the notebook"): in_the_notebook,
    }
