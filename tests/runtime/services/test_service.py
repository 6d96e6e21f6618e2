"""A service: its versions, and what answers its calls."""

from __future__ import annotations

import asyncio
import gc
import linecache
import sys

import pytest

from workernb import UsageError

from ..conftest import FORWARD, OVERRIDES_HEADER, fetch_text, respond


async def test_a_single_version_answers_through_its_isolates_own_entrypoints(runtime, auth):
    service = runtime.services["auth"]
    assert service.entrypoints is service.isolates[4].entrypoints
    runtime.deploy("auth", {3: 90, 4: 10})
    assert service.entrypoints is not service.isolates[4].entrypoints
    runtime.deploy("auth", {4: 100})
    assert service.entrypoints is service.isolates[4].entrypoints


async def test_a_version_keeps_its_isolate_through_a_deployment(runtime, define):
    body = "global COUNT\nCOUNT = globals().get('COUNT', 0) + 1\nreturn Response(str(COUNT))"
    counter = define("counter", body)
    assert [await fetch_text(counter), await fetch_text(counter)] == ["1", "2"]
    define("counter", respond("other"))
    runtime.deploy("counter", {1: 100})
    assert await fetch_text(counter) == "1"
    runtime.deploy("counter", {1: 100, 2: 0})
    assert await fetch_text(counter) == "2"


async def test_a_request_in_flight_keeps_its_version_through_deployments(define, runtime):
    slow = "await asyncio.sleep(0.01)\nreturn Response({!r} + __name__)"
    handle = define("slow", slow.format("one "))
    define("slow", slow.format("two "))
    runtime.deploy("slow", {1: 100, 2: 0})
    request = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    runtime.deploy("slow", {2: 100})
    runtime.rollback("slow")
    assert await (await request).text() == "one <worker slow v1>"
    assert await fetch_text(handle) == "one <worker slow v1 (2)>"
    del request
    gc.collect()
    assert "<worker slow v2>" not in sys.modules


async def test_old_versions_are_kept_while_they_serve_or_handle_requests(define, runtime):
    handle = define("echo", "await asyncio.sleep(0.05)\nreturn Response('old')")
    request = asyncio.ensure_future(handle.fetch())
    await asyncio.sleep(0)
    for number in range(2, 26):
        define("echo", respond(str(number)))
    numbers = [version.number for version in runtime.services["echo"].versions]
    assert numbers == [1, *range(6, 26)]
    await request
    define("echo", respond("26"))
    assert runtime.services["echo"].versions[0].number == 7
    with pytest.raises(UsageError, match="v6 of Worker 'echo' is gone: the last 20 are kept"):
        runtime.deploy("echo", {6: 100})
    runtime.deploy("echo", {7: 50, 26: 50})
    assert await fetch_text(handle, headers={OVERRIDES_HEADER: 'echo="v7"'}) == "7"


async def test_a_request_in_flight_keeps_its_version_through_a_definition(define, runtime):
    slow = "await asyncio.sleep(0.01)\nimport pickle\nreturn Response({!r} + __name__)"
    handle = define("slow", slow.format("old "))
    request = handle.fetch()
    await asyncio.sleep(0)
    name = handle.version.filename
    define("slow", slow.format("new "))
    gc.collect()
    assert name in sys.modules
    answer = await request
    assert await answer.text() == "old <worker slow v1>"
    assert answer.trace.invocations[0].version.number == 1
    del request
    gc.collect()
    assert name not in sys.modules
    assert await fetch_text(handle) == "new <worker slow v2>"


def test_the_last_20_versions_are_kept(define, runtime):
    for number in range(25):
        define("echo", respond(str(number)))
    versions = runtime.services["echo"].versions
    assert [version.number for version in versions] == list(range(6, 26))
    assert "<worker echo v5>" not in linecache.cache
    assert "<worker echo v6>" in linecache.cache


def test_a_service_exists_as_soon_as_it_is_bound(define, runtime):
    define("gateway", FORWARD, AUTH="auth")
    service = runtime.services["auth"]
    assert (service.versions, service.version, service.serving) == ([], None, [])
    assert not service.public
    assert service.next_number == 1
    define("auth")
    assert runtime.services["auth"] is service
    assert service.version.number == 1
    assert service.next_number == 2


@pytest.mark.parametrize(
    ("shares", "numbers"), [({4: 100}, [4]), ({3: 90, 4: 10}, [3, 4]), ({3: 50, 4: 50}, [4, 3])]
)
def test_serving_versions_come_by_their_share(runtime, auth, shares, numbers):
    runtime.deploy("auth", shares)
    service = runtime.services["auth"]
    assert [version.number for version in service.serving] == numbers
    assert service.version is service.serving[0]


@pytest.mark.parametrize("number", [0, 5, -1])
def test_a_missing_version_is_refused(runtime, auth, number):
    with pytest.raises(UsageError, match=f"no version v{number}. It has v1, v2, v3, v4"):
        runtime.services["auth"][number]
