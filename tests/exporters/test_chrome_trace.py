"""Chrome trace JSON: tracks whose slices nest, flows between them, a counter of the budget."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict

import pytest

GATEWAY = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        with self.ctx.tracing.enter_span("both"):
            await asyncio.gather(*(self.env.AUTH.fetch("http://auth/") for _ in range(3)))
        await self.env.CACHE.put("a", "b")
        print("done")
        return Response("data")
"""

AUTH = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for _ in range(3):
            await asyncio.sleep(0)
        return Response("ok")
"""


@pytest.fixture
async def trace(runtime):
    runtime.define("auth", AUTH)
    gateway = runtime.define(
        "gateway", GATEWAY, services={"AUTH": "auth"}, kv_namespaces={"CACHE": "cache"}
    )
    return (await gateway.fetch("http://gateway/")).trace


def events(trace, phase):
    exported = json.loads(json.dumps(trace.to_perfetto()))
    return [event for event in exported["traceEvents"] if event["ph"] == phase]


def track_names(trace):
    return {each["tid"]: each["args"]["name"] for each in events(trace, "M") if each["tid"]}


async def test_every_event_has_what_the_format_asks_for(trace):
    for event in trace.to_perfetto()["traceEvents"]:
        assert {"ph", "pid", "tid", "name"} <= event.keys()
        assert event["ph"] == "M" or event["ts"] >= 0
        assert event["ph"] != "X" or event["dur"] >= 0


async def test_slices_of_a_track_nest(trace):
    tracks = defaultdict(list)
    for event in events(trace, "X"):
        tracks[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for periods in tracks.values():
        for (_, end), (other_begin, other_end) in itertools.combinations(sorted(periods), 2):
            # They share no time, or one is within the other; a microsecond's part is rounding.
            assert other_begin >= end - 0.001 or other_end <= end + 0.001


async def test_the_thread_shows_each_slice_with_its_cpu(trace):
    on_thread = [event for event in events(trace, "X") if event["tid"] == 1]
    assert track_names(trace)[1] == f"thread {trace.thread_name}"
    assert len(on_thread) == len(trace.slices)
    # What ticks have met outside of slices is in none of them.
    in_slices = trace.cpu_ms - trace.sampled_ns / 1e6
    assert sum(event["args"]["cpu_ms"] for event in on_thread) == pytest.approx(in_slices)
    assert {event["name"] for event in on_thread} == {"gateway", "auth", "gateway: CACHE.put"}


async def test_invocations_that_overlap_have_tracks_of_their_own(trace):
    assert set(track_names(trace).values()) >= {"gateway", "auth", "auth (2)", "auth (3)"}


async def test_calls_are_flows(trace):
    starts = {event["id"]: event for event in events(trace, "s")}
    ends = {event["id"]: event for event in events(trace, "f")}
    assert len(starts) == len(ends) == 3
    names = track_names(trace)
    for number, start in starts.items():
        assert start["name"] == ends[number]["name"] == "AUTH"
        assert names[start["tid"]] == "gateway"
        assert names[ends[number]["tid"]].startswith("auth")


async def test_the_counter_goes_down_from_the_budget(trace):
    left = [event["args"]["ms"] for event in events(trace, "C")]
    assert left == sorted(left, reverse=True)
    assert left[-1] == pytest.approx(trace.limits.cpu_ms - trace.cpu_ms)


async def test_spans_and_logs(trace):
    assert [event["name"] for event in events(trace, "b")] == ["both"]
    assert [event["name"] for event in events(trace, "i")] == ["done"]
