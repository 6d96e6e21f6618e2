"""Traffic, counted from traces."""

from __future__ import annotations

import asyncio

import pytest

from workernb.http.request import receive
from workernb.views.pictures.system import OUTSIDE
from workernb.views.pictures.traffic import Traffic


async def test_traffic_counts_requests_failures_and_cpu(pair):
    gateway = pair["gateway"]
    for path in ("", "", "fail"):
        await gateway.fetch(f"http://gateway.localhost/{path}")
    traffic = Traffic.of(pair)
    over = traffic.arrows["gateway", "AUTH", "auth"]
    assert (over.requests, over.failed) == (3, 1)
    assert traffic.services["gateway"].requests == 3
    used = sum(trace.cpu_ms for trace in pair.traces)
    assert sum(traffic.cpu_ms.values()) == pytest.approx(used)
    assert sum(load.share for load in traffic.loads().values()) == pytest.approx(1)
    Traffic.of(pair)
    assert over.requests == 3


async def test_only_what_comes_by_url_comes_from_outside(pair):
    await pair["gateway"].fetch("http://gateway.localhost/")
    assert not [key for key in Traffic.of(pair).arrows if key[0] == OUTSIDE]
    target = pair.route("http://gateway.localhost/")
    request = receive("http://gateway.localhost/")
    await pair.call(target, request, owner=False)
    outside = Traffic.of(pair).arrows[OUTSIDE, "gateway.localhost/*", "gateway"]
    assert outside.requests == 1


async def test_what_is_in_flight_is_under_way(pair):
    call = asyncio.ensure_future(pair["gateway"].fetch("http://x/wait"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    traffic = Traffic.of(pair)
    assert traffic.active == {"gateway", "auth", ("gateway", "AUTH", "auth")}
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not Traffic.of(pair).active


async def test_requests_beyond_those_that_are_kept_are_counted_once(pair, monkeypatch):
    monkeypatch.setattr("workernb.runtime.tracing.traces.Traces.MAX_TRACES", 5)
    for _ in range(3):
        await pair["auth"].fetch("http://x/")
    assert Traffic.of(pair).services["auth"].requests == 3
    for _ in range(4):
        await pair["auth"].fetch("http://x/")
    assert Traffic.of(pair).services["auth"].requests == 7
    for _ in range(9):
        await pair["auth"].fetch("http://x/")
    assert Traffic.of(pair).services["auth"].requests == 12
