"""The picture of a request's CPU."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET

import pytest

import workernb
from workernb.views.drawing.shapes import Group, Line
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.tree import TracePicture

from ..geometry import check_labels


@pytest.mark.parametrize("size", [1, 2, 6, 20, 200])
def test_no_label_of_the_cpu_picture_is_on_another_or_outside(system, size):
    runtime = system(size)
    runtime.limits = workernb.Limits(cpu_ms=None, invocations=250)
    handle = runtime["service-0"]
    for _ in range(2):
        answer = asyncio.run(handle.fetch())
    picture = CpuPicture(answer.trace, runtime.traces)
    check_labels(picture.drawing)
    check_labels(TracePicture(answer.trace).drawing)
    lanes = len(picture.lanes)
    assert lanes == size
    for lane in picture.lanes:
        for (began, ended), (after, _) in zip(lane.slices, lane.slices[1:], strict=False):
            assert lane.began <= began <= ended <= after <= lane.ended + 0.001


async def test_the_cpu_in_words_and_figures(system):
    trace = (await system(3)["service-0"].fetch()).trace
    lines = repr(CpuPicture(trace)).splitlines()
    assert lines[0] == "GET http://service-0.localhost/ → 200"
    assert lines[1].startswith("CPU ")
    assert " of 1,000 ms (the runtime's own: about 0." in lines[1]
    assert "thread MainThread" in lines[1]
    assert [line.split("█")[0].strip() for line in lines[3:]] == [
        "service-0 v1",
        "SVC1 → service-1 v1",
        "SVC2 → service-2 v1",
    ]


async def test_a_cut_is_marked(runtime):
    runtime.define(
        "busy",
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        while True: pass\n",
        limits=workernb.Limits(cpu_ms=10),
    )
    with pytest.raises(workernb.CpuLimitError):
        await runtime["busy"].fetch()
    picture = CpuPicture(runtime.traces[-1])
    assert "Cut: the CPU budget was used up." in repr(picture)
    assert "Cut: the CPU budget was used up." in picture.svg()
    (mark,) = [s for s in picture.drawing.flat if isinstance(s, Line) and s.color == "alarm"]
    (lane,) = picture.lanes
    assert mark.points[0][0] == pytest.approx(picture._x(lane.ended))


async def test_a_request_in_flight_can_be_drawn(runtime):
    runtime.define(
        "slow",
        "import asyncio\n"
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        await asyncio.sleep(0)\n"
        "        return Response('x')\n",
    )
    call = runtime["slow"].fetch()
    await asyncio.sleep(0)
    assert "running" in repr(CpuPicture(call.trace))
    await call
    assert " → 200" in repr(CpuPicture(call.trace))


async def test_hostile_urls_are_drawn(system):
    runtime = system(2)
    answer = await runtime["service-0"].fetch("http://x/<script>?" + "\u202e" + "y" * 5000)
    picture = CpuPicture(answer.trace)
    check_labels(picture.drawing)
    ET.fromstring(picture.svg())


SPANS = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        with self.ctx.tracing.enter_span("load <b>") as span:
            span.set_attribute("rows", 3)
            with self.ctx.tracing.enter_span("parse"):
                await asyncio.sleep(0)
        try:
            with self.ctx.tracing.enter_span(f"check {self.env.KEY}"):
                raise ValueError("bad")
        except ValueError:
            pass
        for number in range(MORE):
            self.ctx.tracing.start_span(f"more {number}").end()
        return Response("x")
"""


@pytest.mark.parametrize("more", [0, 300])
async def test_spans_of_a_worker_are_lines_below_its_lane(runtime, more):
    source = SPANS.replace("MORE", str(more))
    handle = runtime.define("spans", source, secrets={"KEY": "s3cret"})
    trace = (await handle.fetch()).trace
    picture = CpuPicture(trace)
    check_labels(picture.drawing)
    groups = [s for s in picture.drawing.shapes if isinstance(s, Group) and "span" in s.data]
    load, parse, check = groups[:3]
    assert load.title.startswith("load <b>: ")
    assert load.title.endswith(" (rows=3)")
    assert check.title.endswith("(ValueError: bad)")
    (outer,), (inner,), (failed,) = (group.shapes for group in (load, parse, check))
    assert outer.x <= inner.x <= inner.x + inner.width <= outer.x + outer.width + 2
    assert inner.y > outer.y  # It is in the other one.
    assert failed.fill == "alarm"
    assert len(groups) == min(3 + more, 200)
    text = repr(picture)
    assert "  ◦ load <b>: " in text
    assert "    ◦ parse: " in text
    assert f"{3 + more} spans (the lines below the lanes): load <b>" in text
    svg = picture.svg()
    assert "s3cret" not in text + svg
    assert "<b>" not in svg
    ET.fromstring(svg)


async def test_a_span_that_has_not_ended_is_drawn_so_far(runtime):
    handle = runtime.define(
        "spans",
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def run(self, look):\n"
        "        with self.ctx.tracing.enter_span('look'):\n"
        "            await look()\n",
    )
    texts = []
    call = handle.run(lambda: texts.append(repr(CpuPicture(call.trace))))
    await call
    assert texts[0].count("look: not ended") == 2  # At the lane, and in the line below.
    assert "not ended" not in repr(CpuPicture(call.trace))


async def test_a_call_too_short_to_see_has_an_arrow(runtime):
    runtime.define(
        "short", "from workers import Response\nasync def on_fetch(r): return Response('x')"
    )
    runtime.define(
        "long",
        "from workers import Response\n"
        "async def on_fetch(request, env):\n"
        "    sum(range(3_000_000))\n"
        "    return await env.SHORT.fetch(request)\n",
        services={"SHORT": "short"},
    )
    trace = (await runtime["long"].fetch()).trace
    picture = CpuPicture(trace)
    lanes = [shape for shape in picture.drawing.shapes if isinstance(shape, Group)]
    arrows = [[s for s in lane.shapes if isinstance(s, Line) and s.arrow] for lane in lanes]
    assert [len(each) for each in arrows[:2]] == [0, 1]


async def test_the_replay_has_what_a_zoomed_picture_needs(system):
    trace = (await system(3)["service-0"].fetch()).trace
    replay = CpuPicture(trace).replay()
    assert len(replay["roles"]) == len(replay["spans"]) == len(replay["names"]) == 3
    assert len(set(replay["roles"])) == 3
    assert replay["laneHeight"] > 0
    for began, ended in replay["spans"]:
        assert 0 <= began < ended <= replay["length"] + 1e-5  # Both are rounded.


async def test_many_slices_are_drawn_as_far_as_they_can_be_seen(runtime):
    runtime.define(
        "many",
        "import asyncio\nfrom workers import Response\n"
        "async def on_fetch(request):\n"
        "    for _ in range(6_000): await asyncio.sleep(0)\n"
        "    return Response('x')\n",
    )
    trace = (await runtime["many"].fetch()).trace
    picture = CpuPicture(trace)
    assert len(picture.replay()["begins"]) > 5_000
    assert len(picture.drawing.flat) < 1_500
    assert picture.replay()["ends"][-1] == pytest.approx(picture.replay()["length"], abs=0.01)


async def test_a_request_is_headed_in_words(runtime):
    runtime.define("broken", "async def on_fetch(request): raise ValueError('x')")
    with pytest.raises(ValueError, match="x"):
        await runtime["broken"].fetch()
    assert "· threw an exception" in repr(CpuPicture(runtime.traces[-1]))
