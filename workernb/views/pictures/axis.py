"""The time axis of pictures: ticks at round numbers of ms."""

from __future__ import annotations

import math

from workernb.views.drawing.shapes import Label, Line

from .picture import SMALL


def ticks(
    length: float, left: float, scale: float, top: float, bottom: float
) -> list[Line | Label]:
    """Return the ticks of an axis of `length` ms: lines from top to bottom, with labels below.

    left: where the axis begins. scale: pixels per ms.
    """
    step = nice_step(length)
    shapes: list[Line | Label] = []
    for number in range(int(length / step) + 1):
        x = left + number * step * scale
        text = f"{number * step:.10g}" + (" ms" if number == 0 else "")
        shapes.append(Line([(x, top), (x, bottom)], "faint", 1))
        shapes.append(Label(x - 3, bottom + 14, text, SMALL, "muted"))
    return shapes


def nice_step(length: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that divides `length` into about five."""
    if length <= 0:
        return 1.0
    rough = length / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
