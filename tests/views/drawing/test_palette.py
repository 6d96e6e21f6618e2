"""Colours: contrast in both themes, and one colour per Worker."""

from __future__ import annotations

from itertools import product

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
