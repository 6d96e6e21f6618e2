"""A service: its versions, and what answers its calls."""

from __future__ import annotations

import asyncio
import gc
import linecache
import sys

import pytest

from workernb import (
    UsageError,
)

SAY = "return Response({!r})"


OVERRIDES = "Cloudflare-Workers-Version-Overrides"


async def text(handle, **headers):
    return await (await handle.fetch(headers=headers["headers"] if headers else None)).text()


@pytest.fixture
def auth(define, runtime):
    """An auth Worker with four versions that say which they are."""
    runtime.random.seed(5)
    for number in (1, 2, 3, 4):
        handle = define("auth", SAY.format(f"v{number}"))
    return handle


ECHO = """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response({!r})
"""


async def test_nothing_stands_between_when_one_version_serves(runtime, auth):
    service = runtime.services["auth"]
    assert service.entrypoints is service.isolates[4].entrypoints
    runtime.deploy("auth", {3: 90, 4: 10})
    assert service.entrypoints is not service.isolates[4].entrypoints
    runtime.deploy("auth", {4: 100})
    assert service.entrypoints is service.isolates[4].entrypoints


async def test_a_version_that_serves_on_keeps_its_isolate(runtime, define):
    body = "global COUNT\nCOUNT = globals().get('COUNT', 0) + 1\nreturn Response(str(COUNT))"
    counter = define("counter", body)
    assert [await text(counter), await text(counter)] == ["1", "2"]
    define("counter", SAY.format("other"))
    runtime.deploy("counter", {1: 100})
    assert await text(counter) == "1"
    runtime.deploy("counter", {1: 100, 2: 0})
    assert await text(counter) == "2"


async def test_in_flight_requests_keep_their_version_through_deployments(define, runtime):
    slow = "await asyncio.sleep(0.01)\nreturn Response({!r} + __name__)"
    handle = define("slow", slow.format("one "))
    define("slow", slow.format("two "))
    runtime.deploy("slow", {1: 100, 2: 0})
    call = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    runtime.deploy("slow", {2: 100})
    runtime.rollback("slow")
    assert await (await call).text() == "one <worker slow v1>"
    assert await text(handle) == "one <worker slow v1 (2)>"
    del call
    gc.collect()
    assert "<worker slow v2>" not in sys.modules


async def test_old_versions_are_kept_while_they_serve_or_run(define, runtime):
    waits = "await asyncio.sleep(0.05)\nreturn Response('old')"
    handle = define("echo", waits)
    call = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    for number in range(2, 26):
        define("echo", SAY.format(str(number)))
    numbers = [version.number for version in runtime.services["echo"].versions]
    assert numbers == [1, *range(6, 26)]
    await call
    define("echo", SAY.format("26"))
    assert runtime.services["echo"].versions[0].number == 7
    with pytest.raises(UsageError, match="v6 of Worker 'echo' is gone: the last 20 are kept"):
        runtime.deploy("echo", {6: 100})
    runtime.deploy("echo", {7: 50, 26: 50})
    assert await text(handle, headers={OVERRIDES: 'echo="v7"'}) == "7"


async def test_a_request_in_flight_finishes_on_its_version(define, runtime):
    slow = "await asyncio.sleep(0.01)\nimport pickle\nreturn Response({!r} + __name__)"
    handle = define("slow", slow.format("old "))
    call = handle.fetch()
    await asyncio.sleep(0)
    name = handle.version.filename
    define("slow", slow.format("new "))
    gc.collect()
    assert name in sys.modules
    answer = await call
    assert await answer.text() == "old <worker slow v1>"
    assert answer.trace.invocations[0].version.number == 1
    del call
    gc.collect()
    assert name not in sys.modules
    assert await text(handle) == "new <worker slow v2>"


def test_old_versions_are_forgotten(runtime):
    for number in range(25):
        runtime.define("echo", ECHO.format(number))
    versions = runtime.services["echo"].versions
    assert [version.number for version in versions] == list(range(6, 26))
    assert "<worker echo v5>" not in linecache.cache
    assert "<worker echo v6>" in linecache.cache
