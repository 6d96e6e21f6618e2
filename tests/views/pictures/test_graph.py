"""The pictures of the graph and of a request's CPU: checked by geometry, contrast and contents."""

from __future__ import annotations

import asyncio
import base64
import json
import xml.etree.ElementTree as ET
from itertools import combinations, product

import pytest

import workernb
from workernb.views.drawing import png, svg
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import ROLES, WORKERS, colors, role_of
from workernb.views.drawing.shapes import Label, Line, Rect, fitted, text_width
from workernb.views.pictures.axis import nice_step
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.system import OUTSIDE
from workernb.views.pictures.tree import TracePicture

SIZES = [1, 2, 6, 20, 200]


def overlap(a, b) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def labels_of(drawing: Drawing) -> list[Label]:
    return [shape for shape in drawing.flat if isinstance(shape, Label)]


def check_labels(drawing: Drawing) -> None:
    labels = [label for label in labels_of(drawing) if label.text]
    for label in labels:
        left, top, right, bottom = label.box
        assert left >= drawing.left, label
        assert top >= drawing.top, label
        assert right <= drawing.left + drawing.width, label
        assert bottom <= drawing.top + drawing.height, label
    for one, other in combinations(labels, 2):
        assert not overlap(one.box, other.box), (one, other)


def boxes_of(drawing: Drawing) -> list[Rect]:
    return [s for s in drawing.flat if isinstance(s, Rect) and s.part.startswith("box")]


def check_graph(picture: GraphPicture) -> None:
    """Names on nothing but their own ground, boxes apart, every arrowhead at its node."""
    drawing = picture.drawing
    check_labels(drawing)
    boxes = boxes_of(drawing)
    spaces = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    for one, other in combinations(spaces, 2):
        assert not overlap(one, other)
    for label in labels_of(drawing):
        for space in spaces:
            if label.text and overlap(label.box, space):
                assert space[0] <= label.box[0], label
                assert label.box[2] <= space[2], label
                assert space[1] <= label.box[1], label
                assert label.box[3] <= space[3], label
    arrows = [s for s in drawing.flat if isinstance(s, Line) and s.arrow]
    assert len(arrows) == len(picture.system.arrows)
    at = {node.name: box for node, box in zip(picture.system.nodes, boxes, strict=True)}
    for arrow, line in zip(picture.system.arrows, arrows, strict=True):
        (begin_x, begin_y), (x, y) = line.points[0], line.points[-1]
        source, target = at[arrow.source], at[arrow.target]
        assert x == target.x
        assert target.y < y < target.y + target.height
        assert begin_x == source.x + source.width
        assert source.y < begin_y < source.y + source.height
        for point_x, point_y in line.points:
            assert drawing.left <= point_x <= drawing.left + drawing.width
            assert drawing.top <= point_y <= drawing.top + drawing.height


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
    check_graph(GraphPicture(runtime))
    assert "9,999 failed" in picture.text()


def test_adding_a_worker_moves_no_other(runtime):
    """Twenty Workers one by one: each picture has all boxes where the last one had them."""
    places: dict[str, tuple[float, float]] = {}
    for number in reversed(range(20)):
        called = [n for n in (2 * number + 1, 2 * number + 2) if n < 20]
        runtime.define(
            f"service-{number}",
            "",
            services={f"SVC{n}": f"service-{n}" for n in called},
            public=number % 5 == 0,
        )
        picture = GraphPicture(runtime)
        check_graph(picture)
        boxes = boxes_of(picture.drawing)
        now = {
            node.name: (box.x, box.y)
            for node, box in zip(picture.system.nodes, boxes, strict=True)
            if node.name != OUTSIDE  # It grows upwards, with every route.
        }
        assert {name: now[name] for name in places if name in now} == {
            name: place for name, place in places.items() if name in now
        }
        places = now


def test_a_new_binding_moves_only_what_is_below(runtime):
    for name in "abcd":
        runtime.define(name, "")
    before = {box.y for box in boxes_of(GraphPicture(runtime).drawing)}
    runtime.define("b", "", services={f"B{n}": "d" for n in range(6)})
    picture = GraphPicture(runtime)
    check_graph(picture)
    assert len(before & {box.y for box in boxes_of(picture.drawing)}) == 2


def test_a_place_is_free_again_when_its_worker_is_gone(runtime):
    runtime.define("a", "", services={"GONE": "gone"})
    assert len(boxes_of(GraphPicture(runtime).drawing)) == 2
    runtime.define("a", "")
    assert len(boxes_of(GraphPicture(runtime).drawing)) == 1


@pytest.mark.parametrize("together", [True, False])
def test_the_environments_of_a_worker_stand_together(runtime, together):
    """Whether they are there at once, or one after the other."""
    for environment in (None, "staging", "production"):
        runtime.define("auth", "", environment=environment)
        if not together:
            GraphPicture(runtime)
        runtime.define(f"other-{environment or 'none'}", "")
    runtime.define("gateway", "", services={"A": "auth", "B": "auth-staging"}, public=True)
    picture = GraphPicture(runtime)
    check_graph(picture)
    places = {name: picture.layout.places[name] for name in picture.system.outgoing}
    auth = [places[name] for name in ("auth", "auth-staging", "auth-production")]
    assert len({place.column for place in auth}) == 1
    if together:
        frames = [s for s in picture.drawing.flat if isinstance(s, Rect) and s.radius == 12]
        assert len(frames) == 1
        for place in auth:
            assert frames[0].y < place.y
            assert place.bottom < frames[0].y + frames[0].height


def test_circles_and_self_bindings(runtime):
    runtime.define("a", "", services={"SELF": "a", "B": "b"}, public=True)
    runtime.define("b", "", services={"C": "c", "A": "a"})
    runtime.define("c", "", services={"A": "a", "B": "b", "SELF": "c", "AGAIN": "c"})
    picture = GraphPicture(runtime)
    check_graph(picture)
    columns = {name: place.column for name, place in picture.layout.places.items()}
    assert columns["a"] < columns["b"] < columns["c"]


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


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TINTS = [f"tint{number}" for number in range(len(WORKERS))]
STAND_ON = [
    *product(["ink", "muted", "alarm"], ["card", "box"]),
    *product(["ink", "muted"], TINTS),
]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(("ink", "ground"), STAND_ON)
def test_text_can_be_read_in_both_themes(theme, ink, ground):
    assert contrast(colors(theme)[ink], colors(theme)[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_workers_stand_out_from_the_card(theme):
    for color in WORKERS:
        assert contrast(color[theme], ROLES["card"][theme]) >= 2


def test_text_is_drawn_in_the_colours_that_were_checked(system):
    picture = GraphPicture(system(20))
    assert {label.color for label in labels_of(picture.drawing)} <= {"ink", "muted", "alarm"}


def test_a_worker_keeps_its_colour():
    assert role_of("colour-a") == role_of("colour-a") != role_of("colour-b")


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


def test_callers_stand_left_of_what_they_call(system):
    picture = GraphPicture(system(20))
    places = {s.text: s.x for s in labels_of(picture.drawing)}
    assert places["service-0"] < places["service-1"] < places["service-3"] < places["service-7"]


async def test_the_cpu_in_words_and_figures(system):
    trace = (await system(3)["service-0"].fetch()).trace
    lines = repr(CpuPicture(trace)).splitlines()
    assert lines[0] == "GET http://service-0.localhost/ → 200 · ok"
    assert lines[1].startswith("CPU ")
    assert " of 1,000 ms (the runtime's own: about 0." in lines[1]
    assert "thread MainThread" in lines[1]
    assert [line.split("█")[0].strip() for line in lines[3:]] == [
        "service-0 v1",
        "SVC1 → service-1 v1",
        "SVC2 → service-2 v1",
    ]


async def test_slices_are_to_scale(system):
    trace = (await system(3)["service-0"].fetch()).trace
    picture = CpuPicture(trace)
    drawn = sum(ended - began for lane in picture.lanes for began, ended in lane.slices)
    measured = sum(piece.end_ns - piece.begin_ns for piece in trace.slices) / 1e6
    assert drawn == pytest.approx(measured)


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
    assert " ok" in repr(CpuPicture(call.trace))


HOSTILE = [
    "<script>alert(1)</script>",
    "]]>&\"'<img src=x onerror=alert(1)>",
    "\u202eevil\u200f",
    "nul\0bell\a\x1b[31m",
    "x" * 10_000,
    "\ud800",
    "$x^2$ \\frac{",
    "漢字" * 100,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text):
    drawing = Drawing(400, 60, text, text, [Label(10, 20, fitted(text, 12, 300), 12)])
    check_labels(drawing)
    rendered = svg.render(drawing)
    root = ET.fromstring(rendered)
    tags = {element.tag.rsplit("}")[-1] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "text"}
    for forbidden in ("\u202e", "\0", "\x1b", "<script", "<img"):
        assert forbidden not in rendered


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_breaks_no_png(text):
    drawing = Drawing(400, 60, text, text, [Label(10, 20, fitted(text, 12, 300), 12)])
    assert png.render(drawing).startswith(b"\x89PNG")


TAGS = {"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "text", "g"}


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_in_every_place(runtime, text):
    """In a URL, a route, a log, an exception and a header: nothing runs, nothing overlaps."""
    runtime.define(
        "front",
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        f"        print({text!r})\n"
        f"        await self.env.DEEP.fetch('http://x/', headers={{'x-a': 'b'}})\n",
        services={"DEEP": "deep"},
        routes=["example.com/" + text.split("?")[0].split("#")[0].replace("*", "")],
    )
    runtime.define(
        "deep",
        "from workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        f"        raise ValueError({text!r})\n",
        vars={"TEXT": text.encode("utf-8", "replace").decode()},
    )
    with pytest.raises(ValueError):  # noqa: PT011
        await runtime["front"].fetch("http://x/" + text.encode("utf-8", "replace").decode())
    trace = runtime.traces[-1]
    graph = GraphPicture(runtime)
    check_graph(graph)
    for picture in (graph, CpuPicture(trace, [trace, trace]), TracePicture(trace)):
        check_labels(picture.drawing)
        assert picture.png().startswith(b"\x89PNG")
        for rendered in (picture.svg(), picture.inline_svg()):
            tags = {element.tag.rsplit("}")[-1] for element in ET.fromstring(rendered).iter()}
            assert tags <= TAGS
            for forbidden in ("\u202e", "\0", "\x1b", "<script", "<img", "onerror=alert(1)>"):
                assert forbidden not in rendered
        assert "\0" not in repr(picture)
        assert "\u202e" not in repr(picture)


async def test_hostile_urls_are_drawn(system):
    runtime = system(2)
    answer = await runtime["service-0"].fetch("http://x/<script>?" + "\u202e" + "y" * 5000)
    picture = CpuPicture(answer.trace)
    check_labels(picture.drawing)
    ET.fromstring(picture.svg())


async def test_no_secret_and_no_var_is_in_a_picture(system):
    runtime = system(6)
    answer = await runtime["service-0"].fetch("http://x/planted-secret")
    for picture in (GraphPicture(runtime), CpuPicture(answer.trace)):
        bundle, metadata = picture._repr_mimebundle_()
        for shown in (*bundle.values(), metadata):
            for planted in ("planted-secret", "planted-var"):
                assert planted not in str(shown)
                assert planted.encode() not in bytes(str(shown), "utf-8")


def test_the_bundle_has_svg_png_and_text_with_alternatives(system):
    bundle, metadata = GraphPicture(system(2))._repr_mimebundle_()
    assert list(bundle) == ["image/svg+xml", "image/png", "text/plain"]
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"].startswith("2 Workers and their bindings. outside calls")
    root = ET.fromstring(bundle["image/svg+xml"])
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"]
    assert sum(len(value) for value in bundle.values()) < 300_000


@pytest.mark.parametrize("size", [20, 200])
async def test_a_notebook_gains_300_kb_a_picture_at_most(system, size):
    runtime = system(size)
    runtime.limits = workernb.Limits(cpu_ms=None, invocations=250)
    trace = (await runtime["service-0"].fetch()).trace
    for picture in (GraphPicture(runtime), CpuPicture(trace, runtime.traces), TracePicture(trace)):
        bundle, metadata = picture._repr_mimebundle_()
        bundle["image/png"] = base64.b64encode(bundle["image/png"]).decode()
        saved = json.dumps([bundle, metadata], ensure_ascii=False)
        assert len(saved.encode()) < 300_000


def test_a_figure_can_be_saved(system, tmp_path):
    GraphPicture(system(2)).figure().savefig(tmp_path / "graph.pdf")
    assert (tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF")


def test_widths_and_fitting():
    assert text_width("mm", 10) > text_width("ii", 10)
    assert fitted("short", 10, 100) == "short"
    cut = fitted("a much longer text", 10, 40)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 40


@pytest.mark.parametrize(("length", "step"), [(0, 1), (1, 0.2), (4.9, 1), (10, 2), (1234, 500)])
def test_steps_of_the_axis_are_round(length, step):
    assert nice_step(length) == pytest.approx(step)
