"""The widgets of the graph and of a request's CPU, and their updates. Without a browser."""

from __future__ import annotations

import asyncio
import json
import threading
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import traitlets

import workernb
from workernb import CpuView, GraphView
from workernb.http.request import receive
from workernb.views.pictures.system import OUTSIDE
from workernb.views.pictures.traffic import Traffic
from workernb.views.widgets.live import HEARTBEAT_TICKS, LEASE_TICKS
from workernb.views.widgets.ticker import Ticker, call_on_loop

WAITING = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "fail" in request.url:
            raise ValueError("failed")
        if "wait" in request.url:
            await asyncio.sleep(60)
        sum(range(2_000))
        return Response("x")
"""
GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        try:
            return await self.env.AUTH.fetch(request)
        except ValueError:
            return Response("no", status=500)
"""


@pytest.fixture
def pair(runtime):
    """A gateway in front of a Worker that waits or fails when it is asked to."""
    runtime.define("auth", WAITING)
    runtime.define("gateway", GATEWAY, services={"AUTH": "auth"}, public=True)
    return runtime


@pytest.fixture
def sent(monkeypatch) -> list[Any]:
    """What the widgets send to the page."""
    messages: list[Any] = []
    for widget in (GraphView, CpuView):
        monkeypatch.setattr(
            widget, "send", lambda self, content, buffers=None: messages.append(content)
        )
    return messages


def from_page(view: Any, **content: Any) -> None:
    view._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


def set_by_page(view: Any, **state: Any) -> None:
    data = {"method": "update", "state": state}
    view._handle_msg({"content": {"data": data}, "buffers": []})


# Traffic


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


# Who watches


async def test_no_timer_is_set_until_a_page_shows_the_picture(pair, sent):
    view = GraphView(pair)
    ticker = Ticker.of(asyncio.get_running_loop())
    assert not view.watched
    assert not ticker.running
    from_page(view, page="a", watching=True)
    assert view.watched
    assert ticker.running
    from_page(view, page="b", watching=True)
    from_page(view, page="a", watching=False)
    assert view.watched
    from_page(view, page="b", watching=False)
    assert not view.watched
    assert not view.tick()


async def test_the_clock_stops_when_a_view_is_closed(pair, sent):
    view = GraphView(pair)
    from_page(view, page="a", watching=True)
    ticker = Ticker.of(asyncio.get_running_loop())
    assert ticker.running
    view.close()
    assert not ticker.running


async def test_a_page_that_is_silent_for_long_is_forgotten(pair, sent, monkeypatch):
    view = GraphView(pair)
    from_page(view, page="a", watching=True)
    monkeypatch.setattr(type(view), "comm", object())
    assert all(view.tick() for _ in range(LEASE_TICKS - 2))
    from_page(view, page="a", watching=True)
    assert all(view.tick() for _ in range(LEASE_TICKS - 1))
    assert not view.tick()
    assert not view.watched


async def test_the_page_hears_of_the_kernel_even_when_there_is_no_news(pair, sent, monkeypatch):
    view = GraphView(pair)
    from_page(view, page="a", watching=True)
    monkeypatch.setattr(type(view), "comm", object())
    sent.clear()
    for _ in range(3 * HEARTBEAT_TICKS):
        view.tick()
    assert sent == [{"beat": True}] * 3


@pytest.mark.parametrize("content", [None, "x", {}, {"page": 3}, {"page": None, "watching": True}])
async def test_nonsense_from_the_page_does_nothing(pair, sent, content):
    view = GraphView(pair)
    view._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert not view.watched


async def test_events_from_another_thread_are_handled_on_the_loop(pair, sent):
    view = CpuView(pair)
    seen: list[int] = []
    view.observe(lambda change: seen.append(threading.get_ident()), "moment")
    thread = threading.Thread(target=set_by_page, args=(view,), kwargs={"moment": 1.5})
    thread.start()
    await asyncio.to_thread(thread.join)
    assert seen == [threading.get_ident()]
    assert view.moment == 1.5


def test_without_a_loop_things_are_done_at_once():
    done = []
    call_on_loop(None, done.append, 1)
    assert done == [1]


# The graph


async def test_a_frame_tells_what_is_new(pair, sent):
    view = GraphView(pair)
    assert not view.refresh()
    await pair["gateway"].fetch("http://x/")
    assert view.refresh()
    (frame,) = sent
    arrows = [arrow.key for arrow in view._still.system.arrows]
    index = arrows.index(("gateway", "AUTH", "auth"))
    assert frame["texts"][f"count{index}"] == "1×"
    assert frame["passed"] == [str(index)]
    names = [node.name for node in view._still.system.nodes]
    assert frame["texts"][f"load{names.index('auth')}"].startswith("1 request · ")
    assert 0 < frame["widths"][f"fill{names.index('auth')}"] < 200
    assert not view.refresh()
    parts = {element.get("data-part") for element in ET.fromstring(view.picture).iter()}
    assert {*frame["texts"], *frame["widths"]} <= parts


async def test_two_views_hear_of_the_same_traffic(pair, sent):
    views = [GraphView(pair), GraphView(pair)]
    await pair["gateway"].fetch("http://x/")
    assert [view.refresh() for view in views] == [True, True]
    assert sent[0] == sent[1]


async def test_a_call_under_way_pulses(pair, sent):
    view = GraphView(pair)
    call = asyncio.ensure_future(pair["gateway"].fetch("http://x/wait"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    view.refresh()
    assert set(sent[-1]["busy"]) > {"gateway", "auth"}
    call.cancel()
    await asyncio.wait([call])
    view.refresh()
    assert sent[-1]["busy"] == []


def test_a_changed_system_is_drawn_anew(pair, sent):
    view = GraphView(pair)
    before = view.picture
    assert not view.refresh()
    pair.define("mail", "", services={"G": "gateway"})
    assert view.refresh()
    assert view.picture != before
    assert "mail" in view.picture


def test_tidy_lays_out_anew(pair, sent):
    view = GraphView(pair)
    pair.define("first", "", services={"G": "gateway"})
    view.refresh()
    before = dict(view._still.layout.places)
    from_page(view, tidy=True)
    assert view._still.layout.places.keys() == before.keys()
    assert view._still.layout.places["first"] is not before["first"]


# A request's CPU


async def test_a_request_is_chosen_by_trace_or_number(pair, sent):
    for _ in range(3):
        await pair["gateway"].fetch("http://x/")
    assert CpuView(pair).trace is pair.traces[-1]
    view = CpuView(pair, 1)
    assert view.trace is view.request is pair.traces[0]
    view.request = -1
    assert view.trace is pair.traces[-1]
    view.request = pair.traces[1]
    assert "#2 GET x/" in view.picture
    set_by_page(view, chosen=3)
    assert view.trace.number == 3
    set_by_page(view, chosen=99)
    assert view.trace.number == 3
    with pytest.raises(workernb.UsageError, match="There is no request 9; there are 1 to 3"):
        view.request = 9
    with pytest.raises(workernb.UsageError, match="a Trace or its number, not 'x'"):
        CpuView(pair, "x")


async def test_without_a_request_the_last_one_is_followed(pair, sent):
    view = CpuView(pair)
    assert "No request yet" in view.picture
    assert "%fetch NAME" in repr(view)
    await pair["gateway"].fetch("http://x/one")
    assert any(view.refresh() for _ in range(10))
    assert "x/one" in view.picture
    pinned = CpuView(pair, 1)
    await pair["gateway"].fetch("http://x/two")
    assert any(view.refresh() for _ in range(10))
    assert view.trace.url == "http://x/two"
    assert not any(pinned.refresh() for _ in range(10))


async def test_the_replay_says_who_holds_the_thread(pair, sent):
    answer = await pair["gateway"].fetch("http://x/")
    view, graph = CpuView(pair, answer.trace), GraphView(pair)
    traitlets.dlink((view, "holder"), (graph, "lit"))
    base = answer.trace.invocations[0].began_ns
    for piece in answer.trace.slices:
        middle = (piece.begin_ns + piece.end_ns) / 2 - base
        view.moment = middle / 1e6
        assert view.holder == graph.lit == piece.invocation.service
    view.moment = answer.trace.wall_ms + 1
    assert view.holder == graph.lit == ""


def test_a_widget_saves_its_picture(pair, tmp_path):
    for ending in ("svg", "png", "pdf"):
        for view in (GraphView(pair), CpuView(pair)):
            view.savefig(tmp_path / f"picture.{ending}")
            assert (tmp_path / f"picture.{ending}").stat().st_size > 500


# What nobody may see


async def test_no_secret_and_no_var_is_in_a_widget(runtime, sent):
    runtime.define(
        "leaky",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        print(self.env.KEY)\n"
        "        if 'fail' in request.url:\n"
        "            raise ValueError(self.env.KEY)\n"
        "        return Response(self.env.KEY, headers={'x-key': self.env.KEY})\n",
        vars={"GREETING": "planted-var"},
        secrets={"KEY": "planted-secret"},
        public=True,
    )
    await runtime["leaky"].fetch("http://x/planted-secret?k=planted-secret")
    with pytest.raises(ValueError, match="REDACTED"):
        await runtime["leaky"].fetch("http://x/fail")
    for view in (GraphView(runtime), CpuView(runtime), CpuView(runtime, 1)):
        view.redraw()
        bundle, metadata = view.still()._repr_mimebundle_()
        shown = [json.dumps(view.get_state(), default=str), repr(view), json.dumps(metadata)]
        shown += [value for value in bundle.values() if isinstance(value, str)]
        shown += [bundle["image/png"].decode("latin-1"), json.dumps(sent)]
        for text in shown:
            assert "planted-secret" not in text
            assert "planted-var" not in text
