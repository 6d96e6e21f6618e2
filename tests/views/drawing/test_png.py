"""PNG: any text can be drawn."""

from __future__ import annotations

import pytest

from workernb.views.drawing import png
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, fitted

from ..conftest import HOSTILE


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_breaks_no_png(text):
    drawing = Drawing(400, 60, text, text, [Label(10, 20, fitted(text, 12, 300), 12)])
    assert png.render(drawing).startswith(b"\x89PNG")
