"""The shapes of drawings. Lengths are in pixels; colours are roles of the palette."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

ARROWHEAD = 7.0
"""The length of an arrowhead, in pixels."""


@dataclass(slots=True)
class Rect:
    """A rectangle. fill, stroke: colour roles. hatched: filled with the pattern for waiting.

    part: the name under which a widget's script finds the shape; the other shapes have it too.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None
    line_width: float = 1
    dashed: bool = False
    hatched: bool = False
    radius: float = 0
    part: str = ""

    @property
    def empty(self) -> bool:
        """Whether the shape is invisible."""
        return self.width <= 0


@dataclass(slots=True)
class Line:
    """A polyline, or a curve of cubic Bézier segments. arrow: with an arrowhead at the end."""

    points: Sequence[tuple[float, float]]
    color: str = "line"
    width: float = 1.2
    curved: bool = False
    dashed: bool = False
    arrow: bool = False
    part: str = ""

    @property
    def empty(self) -> bool:
        """Whether the shape is invisible."""
        return not self.points

    @property
    def head(self) -> list[tuple[float, float]]:
        """The three corners of the arrowhead."""
        x, y = tip = self.points[-1]
        # A curve may end in control points that are its end itself.
        from_x, from_y = next((p for p in reversed(self.points) if p != tip), tip)
        length = math.hypot(x - from_x, y - from_y) or 1.0
        head_x, head_y = (x - from_x) / length * ARROWHEAD, (y - from_y) / length * ARROWHEAD
        base_x, base_y = x - head_x, y - head_y
        return [
            (x, y),
            (base_x + head_y / 2, base_y - head_x / 2),
            (base_x - head_y / 2, base_y + head_x / 2),
        ]


@dataclass(slots=True)
class Label:
    """One line of text. x: its left end, or right end if right_aligned. y: its baseline."""

    x: float
    y: float
    text: str
    size: float = 12
    color: str = "ink"
    bold: bool = False
    right_aligned: bool = False
    part: str = ""

    @property
    def empty(self) -> bool:
        """Whether the shape is invisible."""
        return not self.text

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The bounding box: left, top, right, bottom."""
        width = text_width(self.text, self.size, self.bold)
        left = self.x - width if self.right_aligned else self.x
        return (left, self.y - 0.85 * self.size, left + width, self.y + 0.25 * self.size)


Shape = Rect | Line | Label


@dataclass(slots=True)
class Group:
    """Shapes that a widget's script handles as one element.

    data: its data attributes. title: its tooltip.
    """

    shapes: Sequence[Shape]
    data: Mapping[str, str]
    title: str


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Estimate the width of a text, rather too high than too low, since fonts differ."""
    ems = sum(_ems(character) for character in text)
    return ems * size * (1.1 if bold else 1.0)


@lru_cache(4096)
def _ems(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in "mwMW@%—…▶⏎":
        return 0.98
    if character in "iljI'|":
        return 0.32
    return 0.41 if character in "tfr.,:;! ()/[]-" else 0.63


def fitted(text: str, size: float, width: float, bold: bool = False) -> str:
    """Return a text that fits into a width: shortened, with a … at its end, if it is longer."""
    if text_width(text, size, bold) <= width:
        return text
    used = text_width("…", size, bold)
    for end, character in enumerate(text):
        used += text_width(character, size, bold)
        if used > width:
            return text[:end] + "…"
    return text
