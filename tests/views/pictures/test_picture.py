"""What all pictures have in common: their MIME bundle, hostile text, secrets, size."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET

import pytest

import workernb
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.tree import TracePicture

from ..conftest import HOSTILE
from ..geometry import check_graph, check_labels

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
