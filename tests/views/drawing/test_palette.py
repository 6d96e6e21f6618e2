"""Colours: contrast in both themes, and one colour per Worker."""

from __future__ import annotations

from itertools import combinations, product
from math import dist

import pytest

from workernb.views.drawing.palette import ROLES, WORKERS, colors, role_of


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


def test_a_worker_keeps_its_colour():
    assert role_of("colour-a") == role_of("colour-a") != role_of("colour-b")


def lab(color: str) -> tuple[float, float, float]:
    """Return a colour in CIELAB, whose distances are about those that people see."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("theme", [0, 1])
def test_the_colours_of_fifteen_workers_stay_apart(theme):
    assert len({role_of(f"apart-{number}") for number in range(15)}) == 15
    for one, other in combinations([pair[theme] for pair in WORKERS], 2):
        assert dist(lab(one), lab(other)) > 15, (one, other)
