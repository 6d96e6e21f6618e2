"""Shapes: the estimated width of text, and arrowheads."""

from __future__ import annotations

import pytest

from workernb.views.drawing.shapes import Line, fitted, text_width


def test_widths_and_fitting():
    assert text_width("mm", 10) > text_width("ii", 10)
    assert fitted("short", 10, 100) == "short"
    cut = fitted("a much longer text", 10, 40)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 40


@pytest.mark.parametrize("repeated", [1, 2, 3])
def test_an_arrowhead_points_the_way_of_the_last_part_of_its_line(repeated):
    line = Line([(0, 5), (0, 0), *[(20, 0)] * repeated], "line", arrow=True)
    tip, *base = line.head
    assert tip == (20, 0)
    assert [x for x, _ in base] == [13, 13]
    assert {y for _, y in base} == {3.5, -3.5}


def test_a_line_without_a_length_has_a_head_without_one():
    assert Line([(1, 1), (1, 1)], "line", arrow=True).head == [(1, 1)] * 3
