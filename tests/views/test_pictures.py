"""The pictures of the graph and of a request's CPU: checked by geometry, contrast and contents."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

import workernb
from workernb.views.cpu import CpuPicture, nice_step
from workernb.views.drawing import Drawing
from workernb.views.graph import GraphPicture
from workernb.views.palette import ROLES, WORKERS, role_of
from workernb.views.shapes import Label, Line, Rect, fitted, text_width

SIZES = [1, 2, 6, 20, 60]


def overlap(a, b) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def check_labels(drawing: Drawing) -> None:
    for label in drawing.labels:
        left, top, right, bottom = label.box
        inside = left >= 0 and top >= 0 and right <= drawing.width and bottom <= drawing.height
        assert inside, label
    for one, other in combinations(drawing.labels, 2):
        assert not overlap(one.box, other.box), (one, other)


@pytest.mark.parametrize("size", SIZES)
def test_no_label_of_the_graph_is_on_another_or_outside(system, size):
    picture = GraphPicture(system(size))
    check_labels(picture.drawing)
    boxes = [
        shape
        for shape in picture.drawing.flat
        if isinstance(shape, Rect) and shape.part.startswith("box")
    ]
    spaces = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    for one, other in combinations(spaces, 2):
        assert not overlap(one, other)
    for label in picture.drawing.labels:
        around = [space for space in spaces if overlap(label.box, space)]
        for space in around:
            assert space[0] <= label.box[0], label
            assert label.box[2] <= space[2], label


@pytest.mark.parametrize("size", SIZES)
def test_every_arrow_ends_at_a_box(system, size):
    picture = GraphPicture(system(size))
    boxes = [s for s in picture.drawing.flat if isinstance(s, Rect) and s.part.startswith("box")]
    arrows = [s for s in picture.drawing.flat if isinstance(s, Line) and s.arrow]
    assert len(arrows) == len(picture.system.arrows)
    for arrow in arrows:
        x, y = arrow.points[-1]
        assert any(box.x == x and box.y < y < box.y + box.height for box in boxes)


@pytest.mark.parametrize("size", [1, 6, 20, 40])
def test_no_label_of_the_cpu_picture_is_on_another_or_outside(system, size):
    runtime = system(size)
    runtime.limits = workernb.Limits(invocations=100)
    handle = runtime["service-0"]
    answer = asyncio.run(handle.fetch())
    picture = CpuPicture(answer.trace)
    check_labels(picture.drawing)
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


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("ink", ["ink", "muted", "alarm"])
@pytest.mark.parametrize("ground", ["card", "box"])
def test_text_can_be_read_in_both_themes(theme, ink, ground):
    assert contrast(ROLES[ink][theme], ROLES[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1])
def test_workers_stand_out_from_the_card(theme):
    for color in WORKERS:
        assert contrast(color[theme], ROLES["card"][theme]) >= 2


def test_text_is_drawn_in_the_colours_that_were_checked(system):
    picture = GraphPicture(system(20))
    assert {label.color for label in picture.drawing.labels} <= {"ink", "muted", "alarm"}


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
    places = {s.text: s.x for s in picture.drawing.labels}
    assert places["service-0"] < places["service-1"] < places["service-3"] < places["service-7"]


async def test_the_cpu_in_words_and_figures(system):
    trace = (await system(3)["service-0"].fetch()).trace
    lines = repr(CpuPicture(trace)).splitlines()
    assert lines[0] == "GET http://service-0.localhost/ → 200 · ok"
    assert lines[1].startswith("CPU ")
    assert " of 1,000 ms · " in lines[1]
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
    root = ET.fromstring(drawing.svg())
    tags = {element.tag.rsplit("}")[-1] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "text"}
    for forbidden in ("\u202e", "\0", "\x1b", "<script", "<img"):
        assert forbidden not in drawing.svg()


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_breaks_no_png(text):
    drawing = Drawing(400, 60, text, text, [Label(10, 20, fitted(text, 12, 300), 12)])
    assert drawing.png().startswith(b"\x89PNG")


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
