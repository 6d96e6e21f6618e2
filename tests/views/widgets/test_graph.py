"""The widget of the graph. Without a browser."""

from __future__ import annotations

import asyncio
import time
import xml.etree.ElementTree as ET

import pytest

from workernb import GraphView
from workernb.http import Request
from workernb.runtime.services.targets import Target
from workernb.views.pictures import traffic

from .conftest import from_page, set_by_page


def test_an_unknown_keyword_is_refused(pair):
    with pytest.raises(TypeError, match="GraphView got an unexpected keyword argument 'worker'"):
        GraphView(pair, worker="auth")


async def test_a_frame_tells_what_is_new(pair, sent):
    view = GraphView(pair, live=True)
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
    view = GraphView(pair, live=True)
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
    view = GraphView(pair, live=True)
    before = view.picture
    assert not view.refresh()
    pair.define("mail", "", services={"G": "gateway"})
    assert view.refresh()
    assert view.picture != before
    assert "mail" in view.picture


def test_tidy_lays_out_anew(pair, sent):
    view = GraphView(pair, live=True)
    pair.define("first", "", services={"G": "gateway"})
    view.refresh()
    before = dict(view._still.layout.places)
    from_page(view, tidy=True)
    assert view._still.layout.places.keys() == before.keys()
    assert view._still.layout.places["first"] is not before["first"]


async def test_requests_per_second_come_from_outside_and_end(pair, sent, monkeypatch):
    monkeypatch.setattr(traffic, "wall_clock", lambda: now)
    now = time.perf_counter_ns()
    pair.define("page", PAGE, public=True)
    view = GraphView(pair, live=True)
    for _ in range(5):
        await pair.call(Target("page"), Request("http://page.localhost/"), owner=False)
    await pair["page"].fetch()  # By name: not from outside.
    assert view.refresh()
    arrows = [arrow.key for arrow in view._still.system.arrows]
    rate = f"rate{arrows.index((' outside', 'page.localhost/*', 'page'))}"
    assert sent[-1]["texts"][rate] == "3/s"  # Five in two seconds.
    now = time.perf_counter_ns() + 3_000_000_000
    assert view.refresh()
    assert sent[-1]["texts"] == {rate: ""}
    assert not view.refresh()


PAGE = "from workers import Response\nasync def on_fetch(request):\n    return Response('x')\n"


async def test_the_first_callback_is_drawn_as_a_new_arrow(runtime, caller, sent):
    view = GraphView(runtime, live=True)
    before = view.picture
    await caller.run()
    assert view.refresh()
    assert view.picture != before
    assert "callbacks" in view.picture
    sent.clear()
    await caller.run()
    assert view.refresh()
    (frame,) = sent  # It is there already: only its number is sent.
    assert "8×" in frame["texts"].values()


def test_a_node_that_is_clicked_has_its_page_beside_the_graph(runtime, sent):
    runtime.define("auth", "", secrets={"KEY": "planted-secret"}, vars={"X": "<script>"})
    view = GraphView(runtime)
    assert view.page == ""
    set_by_page(view, selected="auth")
    assert "KEY" in view.page
    assert "&lt;script&gt;" in view.page
    assert "planted-secret" not in view.page
    for nothing in ("", "missing", "<b>"):
        set_by_page(view, selected=nothing)
        assert view.page == ""
