"""The picture of the graph: checked by geometry and contents."""

from __future__ import annotations

import pytest

import workernb
from workernb.views.drawing.shapes import Group, Rect
from workernb.views.pictures.graph import GraphPicture

from ..geometry import boxes_of, check_graph, labels_of

SIZES = [1, 2, 6, 20, 200]


@pytest.mark.parametrize("size", SIZES)
def test_the_graph_can_be_read_and_its_arrows_meet_their_boxes(system, size):
    check_graph(GraphPicture(system(size)))


@pytest.mark.parametrize("size", [6, 20])
async def test_traffic_stands_on_nothing_else(system, size):
    runtime = system(size)
    runtime.limits = workernb.Limits(invocations=100)
    await runtime["service-0"].fetch("http://service-0.localhost/")
    picture = GraphPicture(runtime)
    traffic = picture.traffic
    for flow in traffic.arrows.values():
        flow.requests = flow.failed = 9_999
    for flow in traffic.services.values():
        flow.requests = 999_900
    picture = GraphPicture(runtime)
    check_graph(picture)
    assert "9,999 failed" in picture.text()


def test_public_and_private_differ_to_the_eye(runtime):
    runtime.define("open", "", public=True)
    runtime.define("shut", "", vars={"A": "1"}, secrets={"S": "planted-secret"})
    picture = GraphPicture(runtime)
    outside, public, private = picture.system.nodes
    assert outside.detail == "by URL"
    assert public.detail == "v1 · public"
    assert private.detail == "v1 · private · 1 var · 1 secret"
    thick = {b.part: b.line_width for b in boxes_of(picture.drawing)}
    assert thick["box1"] > thick["box2"]
    locks = [s for s in picture.drawing.flat if isinstance(s, Rect) and s.fill == "muted"]
    assert len(locks) == 1


def test_text_is_drawn_in_the_colours_that_were_checked(system):
    picture = GraphPicture(system(20))
    assert {label.color for label in labels_of(picture.drawing)} <= {"ink", "muted", "alarm"}


def test_the_graph_in_words(system):
    text = repr(GraphPicture(system(5)))
    assert text.splitlines()[:4] == [
        "outside ──service-0.localhost/*──▶ service-0",
        "service-0 (v1 · public · 1 var · 1 secret)",
        "  ──SVC1──▶ service-1",
        "  ──SVC2──▶ service-2",
    ]
    assert "  ──GONE──▶ missing  (not there)" in text
    assert "  ──ADMIN #Nope──▶ service-4  (not there)" in text
    assert "missing (not defined)" in text


def test_an_empty_system_says_what_to_do(runtime):
    picture = GraphPicture(runtime)
    assert "%%worker NAME" in repr(picture)
    assert "%%worker NAME" in picture.svg()


async def test_an_arrow_names_the_methods_that_were_called(runtime):
    head = "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n"
    runtime.define(
        "math",
        head + "    async def add(self, a, b): return a + b\n    async def one(self): return 1\n",
    )
    caller = runtime.define(
        "caller",
        head + "    async def run(self):\n"
        "        m = self.env.MATH\n"
        "        return [await m.one(), await m.add(1, 2), await m.add(3, 4)]\n",
        services={"MATH": "math"},
    )
    await caller.run()
    picture = GraphPicture(runtime)
    assert "──MATH──▶ math  3×  add() 2×, one() 1×" in picture.text()
    titles = [group.title for group in picture.drawing.shapes if isinstance(group, Group)]
    assert "caller: MATH → math: add() 2×, one() 1×" in titles


async def test_callbacks_are_an_arrow_that_moves_no_box(runtime, caller):
    before = GraphPicture(runtime)
    places = dict(before.layout.places)
    assert "callbacks" not in before.text()
    await caller.run()
    picture = GraphPicture(runtime)
    check_graph(picture)
    assert "──callbacks──▶ caller  4×  double() 3×, Sum.add() 1×" in picture.text()
    titles = [group.title for group in picture.drawing.shapes if isinstance(group, Group)]
    assert "callee: callbacks → caller: double() 3×, Sum.add() 1×" in titles
    assert picture.layout.places == places
    picture.layout.forget()
    columns = {name: place.column for name, place in GraphPicture(runtime).layout.places.items()}
    assert columns == {"caller": 0, "callee": 1}


async def test_calls_of_stubs_that_go_a_bindings_way_have_no_arrow_of_their_own(runtime):
    head = (
        "from workers import WorkerEntrypoint, import_from_javascript\n"
        "RpcTarget = import_from_javascript('cloudflare:workers').RpcTarget\n"
    )
    runtime.define(
        "makes",
        f"{head}class One(RpcTarget):\n    async def get(self): return 1\n"
        "class Default(WorkerEntrypoint):\n    async def make(self): return One()\n",
    )
    uses = runtime.define(
        "uses",
        f"{head}class Default(WorkerEntrypoint):\n"
        "    async def run(self): return await self.env.M.make().get()\n",
        services={"M": "makes"},
    )
    assert await uses.run() == 1
    assert "callbacks" not in GraphPicture(runtime).text()


async def test_the_notebook_that_is_called_back_is_no_box(runtime, caller):
    await runtime["callee"].each(lambda value: value)
    assert "notebook" not in GraphPicture(runtime).text()


def test_tails_are_dashed_arrows(runtime):
    tail = "from workers import WorkerEntrypoint\nclass Default(WorkerEntrypoint):\n"
    runtime.define("logger", tail + "    async def tail(self, events, env, ctx): pass")
    runtime.define("shop", "", tails=["logger", "nowhere"])
    picture = GraphPicture(runtime)
    lines = picture.text().splitlines()
    assert "  ──tail──▶ logger" in lines
    assert "  ──tail──▶ nowhere  (not there)" in lines
    assert "shop is tailed by logger" in picture.drawing.description
    check_graph(picture)
