"""Shapes: the estimated width of text."""

from __future__ import annotations

from workernb.views.drawing.shapes import fitted, text_width


def test_widths_and_fitting():
    assert text_width("mm", 10) > text_width("ii", 10)
    assert fitted("short", 10, 100) == "short"
    cut = fitted("a much longer text", 10, 40)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 40
