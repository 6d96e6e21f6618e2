"""The dashboard: what its parts say to each other. Without a browser."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import ipywidgets
import pytest

from workernb import BindingEditor, CpuView, Dashboard, GraphView, UsageError
from workernb.views.widgets.dashboard import LATEST
from workernb.views.widgets.ticker import Ticker

ANSWER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if hasattr(self.env, "AUTH"):
            return await self.env.AUTH.fetch(request)
        return Response(self.env.KEY)
"""


@pytest.fixture
def pair(runtime):
    """A gateway and the Worker behind it."""
    runtime.define("auth", ANSWER, secrets={"KEY": "planted-secret"})
    runtime.define("gateway", ANSWER, services={"AUTH": "auth"}, public=True)
    return runtime


def everything(widget: Any) -> list[Any]:
    below = [everything(child) for child in getattr(widget, "children", ())]
    return [widget, *(one for some in below for one in some)]


def labels(field: Any) -> list[str]:
    return [label for label, _ in field.options]


async def test_all_is_there(pair):
    await pair["gateway"].fetch("http://x/one?key=planted-secret")
    board = Dashboard(pair)
    parts = everything(board)
    for part in (board.graph, board.requests, board.cpu, board.workers, board.editor, board.split):
        assert part in parts
    assert labels(board.workers) == ["auth", "gateway"]
    assert board.editor.service == "auth"
    assert labels(board.requests)[0] == "always the last one"
    assert board.requests.label == "always the last one"
    assert " GET http://x/one" in labels(board.requests)[1]
    states = [widget.get_state() for widget in everything(board)]
    assert "planted-secret" not in json.dumps(states, default=str) + repr(board)
    assert "AUTH" in repr(board)


def test_only_a_runtime_is_shown(pair):
    for widget in (Dashboard, GraphView, CpuView):
        with pytest.raises(UsageError, match=r"What is shown is a Runtime, .*, not 5\."):
            widget(5)
    with pytest.raises(UsageError, match="not <Worker auth"):
        GraphView(pair["auth"])
    with pytest.raises(UsageError, match="not 'x'"):
        BindingEditor(pair["auth"], "x")


def test_a_node_that_is_clicked_is_edited(pair):
    board = Dashboard(pair)
    board.graph.selected = "gateway"
    assert board.workers.value == board.editor.service == "gateway"
    for nothing_to_edit in ("", " outside", "missing"):
        board.graph.selected = nothing_to_edit
        assert board.editor.service == "gateway"
    board.workers.value = "auth"
    assert board.editor.service == "auth"


async def test_a_request_is_chosen_in_the_list_or_in_the_picture(pair):
    for number in range(3):
        await pair["gateway"].fetch(f"http://x/{number}")
    board = Dashboard(pair)
    board.requests.value = pair.traces[0]
    assert board.cpu.trace is pair.traces[0]
    board.cpu.chosen = 2
    assert board.requests.value is pair.traces[1]
    board.requests.value = LATEST
    assert board.cpu.request is None
    assert board.cpu.trace is pair.traces[2]


async def test_who_holds_the_thread_is_lit(pair):
    answer = await pair["gateway"].fetch("http://x/")
    board = Dashboard(pair)
    base = answer.trace.invocations[0].began_ns
    for piece in answer.trace.slices:
        board.cpu.moment = ((piece.begin_ns + piece.end_ns) / 2 - base) / 1e6
        assert board.graph.lit == piece.invocation.service


async def test_it_follows_what_happens_and_what_is_typed_stays(pair):
    board = Dashboard(pair)
    board.graph.selected = "gateway"
    board.editor.vars.name.value = "HALF_TYPED"
    board.editor.bindings.worker.value = "gateway"
    await pair["gateway"].fetch("http://x/one")
    pair.define("mail", ANSWER)
    await asyncio.sleep(0)
    for _ in range(10):
        board.tick()
    assert " GET http://x/one" in labels(board.requests)[1]
    assert labels(board.workers) == ["auth", "gateway", "mail"]
    assert board.workers.value == board.editor.service == "gateway"
    assert board.editor.vars.name.value == "HALF_TYPED"
    assert board.editor.bindings.worker.value == "gateway"
    assert board.editor.bindings.worker.options[-1] == ("mail", "mail")
    pair.remove("gateway")
    board.refresh()
    assert board.editor.service == "auth"


async def test_it_ticks_while_the_graph_is_watched(pair):
    board = Dashboard(pair)
    ticker = Ticker.of(asyncio.get_running_loop())
    assert not ticker.running
    board.graph._on_message({"page": "a", "watching": True}, None)
    assert ticker.running
    board.graph._on_message({"page": "a", "watching": False}, None)
    assert not board.tick()
    board.close()
    assert not ticker.running
    assert board.editor._on_changed not in pair.on_changed


def test_without_workers_it_says_so(runtime):
    board = Dashboard(runtime)
    assert "No Worker is chosen" in board.editor._title.value
    assert board.workers.value is None
    runtime.define("auth", ANSWER)
    board.refresh()
    assert board.editor.service == "auth"
    assert isinstance(board, ipywidgets.VBox)


async def test_a_request_is_sent_as_by_fetch(pair):
    board = Dashboard(pair)
    board.sender.line.value = "gateway/typed -H 'x: 1'"
    board.sender.button.click()
    await board.sender.sending
    assert "200 OK" in board.sender.result
    assert "REDACTED" in board.sender.result
    assert pair.traces[-1].title == "GET http://gateway.localhost/typed"
    for line, said in (
        ("nobody/x", "There is no Worker"),
        ("http://elsewhere.example/", "No route leads to"),
        ("gateway --nonsense", "has no option --nonsense"),
    ):
        board.sender.line.value = line
        board.sender.button.click()
        await board.sender.sending
        assert said in board.sender.result


async def test_a_split_is_seen_and_set(pair):
    board = Dashboard(pair)
    board.graph.selected = "gateway"
    assert "v1" in board.split._title.value
    pair.define("gateway", ANSWER + "# new", services={"AUTH": "auth"}, public=True)
    board.refresh()
    assert labels(board.split.old) == labels(board.split.new) == ["v1", "v2"]
    assert (board.split.old.value, board.split.new.value, board.split.share.value) == (1, 2, 100)
    board.split.share.value = 10
    board.split.button.click()
    assert dict(pair.services["gateway"].deployment.shares) == {1: 90, 2: 10}
    assert "Deployed: " in board.split.message
    board.split.old.value = 2
    board.split.deploy()
    assert dict(pair.services["gateway"].deployment.shares) == {2: 100}
    pair.remove("gateway")
    board.split.deploy()
    assert "Refused" in board.split.message


async def test_nothing_glows_unless_a_request_is_replayed(pair):
    await pair["gateway"].fetch("http://x/")
    board = Dashboard(pair)
    assert board.graph.lit == ""
    board.cpu.moment = 0.001
    assert board.graph.lit == "gateway"
    board.cpu.moment = 0.0
    assert board.graph.lit == ""
