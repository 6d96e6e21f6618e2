"""A Worker whose globals exceed the memory limit is named in a warning."""

from __future__ import annotations

import sys

import pytest

from workernb import Limits
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.memory import (
    MemoryLimitWarning,
    _modules_of,
    held_mb,
    resident_mb,
)


async def test_a_worker_that_exceeds_its_limit_is_named_once(define, runtime, until):
    runtime.limits = Limits(memory_mb=40)
    define("modest")
    handle = define(
        "hoard",
        """
        global hoard
        await self.env.MODEST.fetch(request)
        await asyncio.sleep(0.25)
        hoard = [bytes([n % 256]) * 1_000_000 for n in range(60)]
        return Response('x')
        """,
        MODEST="modest",
    )

    async def fetch():
        response = await handle.fetch()
        await until(lambda: guard.idle)
        return response

    with pytest.warns(MemoryLimitWarning, match="The globals of Worker 'hoard' hold about 60 MB"):
        response = await fetch()
    (log,) = response.trace.logs
    assert log.level == "warn"
    assert log.text.startswith("Worker has exceeded memory limit. The globals of Worker 'hoard'")
    # Each version is warned about once.
    assert not (await fetch()).trace.logs


async def test_modules_and_classes_of_others_do_not_count(runtime):
    source = "import asyncio, json\nfrom workers import Response\nx = 'a' * 2_000_000"
    version = runtime.define("worker", source).version
    assert 1.9 < held_mb(sys.modules[version.filename]) < 2.5


def test_the_memory_of_the_process():
    assert 10 < resident_mb() < 100_000


def test_the_memory_of_modules_counts_too(runtime):
    modules = {"a.py": "held = [bytes(1_000_000)]", "b.py": "import a\nclass B:\n    pass"}
    handle = runtime.define("hoard", "import a, b", modules=modules)
    name = handle.version.filename
    alone = held_mb(sys.modules[name])
    assert alone < 0.1
    assert 0.9 < held_mb(*_modules_of(handle.version)) < 1.5
