"""SVG: hostile text stays text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from workernb.views.drawing import svg
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, fitted

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
