"""The widget of a request's CPU. Without a browser."""

from __future__ import annotations

import pytest
import traitlets

import workernb
from workernb import CpuView, GraphView

from .conftest import set_by_page


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
    view = CpuView(pair, live=True)
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
