"""SVG: hostile text stays text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from workernb.views.drawing import svg
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, Rect, fitted
from workernb.views.drawing.svg import render

from ..conftest import HOSTILE
from ..geometry import check_labels


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


def test_a_picture_in_a_notebook_is_as_wide_as_its_place():
    drawing = Drawing(1000, 200, "x", "y", [Rect(0, 0, 9, 9, None, "line", hatched=True)])
    fluid = ET.fromstring(render(drawing, fluid=True))
    assert (fluid.get("width"), fluid.get("height")) == ("100%", None)
    assert fluid.get("viewBox") == "0 0 1000 200"
    small = ET.fromstring(render(Drawing(260, 60, "x", "y"), fluid=True))
    assert small.get("viewBox") == "0 0 800 60"
    assert ET.fromstring(render(drawing)).get("width") == "1000"


def test_the_ids_of_two_pictures_differ():
    drawing = Drawing(100, 50, "x", "y", [Rect(0, 0, 9, 9, None, "line", hatched=True)])
    ids = [re.search(r"id='([^']+)'", render(drawing))[1] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(f"url(#{one})" not in render(drawing) for one in ids)
