"""What keeps a live picture up to date. Without a browser."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from workernb import CpuView, GraphView
from workernb.views.widgets.live import HEARTBEAT_TICKS, LEASE_TICKS
from workernb.views.widgets.ticker import Ticker

from .conftest import from_page, set_by_page


async def test_no_timer_is_set_until_a_page_shows_the_picture(pair, sent):
    view = GraphView(pair, live=True)
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
    view = GraphView(pair, live=True)
    from_page(view, page="a", watching=True)
    ticker = Ticker.of(asyncio.get_running_loop())
    assert ticker.running
    view.close()
    assert not ticker.running


async def test_a_page_that_is_silent_for_long_is_forgotten(pair, sent, monkeypatch):
    view = GraphView(pair, live=True)
    from_page(view, page="a", watching=True)
    monkeypatch.setattr(type(view), "comm", object())
    assert all(view.tick() for _ in range(LEASE_TICKS - 2))
    from_page(view, page="a", watching=True)
    assert all(view.tick() for _ in range(LEASE_TICKS - 1))
    assert not view.tick()
    assert not view.watched


async def test_the_page_hears_of_the_kernel_even_when_there_is_no_news(pair, sent, monkeypatch):
    view = GraphView(pair, live=True)
    from_page(view, page="a", watching=True)
    monkeypatch.setattr(type(view), "comm", object())
    sent.clear()
    for _ in range(3 * HEARTBEAT_TICKS):
        view.tick()
    assert sent == [{"beat": True}] * 3


@pytest.mark.parametrize("content", [None, "x", {}, {"page": 3}, {"page": None, "watching": True}])
async def test_nonsense_from_the_page_does_nothing(pair, sent, content):
    view = GraphView(pair, live=True)
    view._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})
    assert not view.watched


async def test_events_from_another_thread_are_handled_on_the_loop(pair, sent):
    view = CpuView(pair)
    seen: list[int] = []
    arrived = asyncio.Event()

    def observe(change: object) -> None:
        seen.append(threading.get_ident())
        arrived.set()

    view.observe(observe, "moment")
    thread = threading.Thread(target=set_by_page, args=(view,), kwargs={"moment": 1.5})
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.wait_for(arrived.wait(), 10)
    assert seen == [threading.get_ident()]
    assert view.moment == 1.5


def test_a_widget_saves_its_picture(pair, tmp_path):
    for ending in ("svg", "png", "pdf"):
        for view in (GraphView(pair), CpuView(pair)):
            view.savefig(tmp_path / f"picture.{ending}")
            assert (tmp_path / f"picture.{ending}").stat().st_size > 500


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


async def test_a_picture_is_of_its_moment_until_it_is_switched_to_live(pair, sent):
    view, live = GraphView(pair), GraphView(pair, live=True)
    before, taken = view.picture, view.taken
    for each in (view, live):
        from_page(each, page="a", watching=True)
    assert not view.watched
    assert live.watched
    await pair["gateway"].fetch("http://x/")
    assert "1 request" not in repr(view)
    assert "1 request" in repr(live)
    assert view.picture == before
    set_by_page(view, live=True)
    assert view.watched
    assert view.taken > taken
    assert "1 request" in view.picture
    set_by_page(view, live=False)
    assert not view.watched
    await pair["gateway"].fetch("http://x/")
    assert "2 requests" not in repr(view)


async def test_a_cpu_picture_keeps_its_request_and_the_others_of_its_moment(pair, sent):
    await pair["gateway"].fetch("http://x/one")
    view = CpuView(pair)
    await pair["gateway"].fetch("http://x/two")
    view.redraw()
    assert view.trace is pair.traces[0]
    assert "/two" not in view.picture
    set_by_page(view, live=True)
    assert view.trace is pair.traces[1]
