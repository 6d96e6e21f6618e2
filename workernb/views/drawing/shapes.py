"""Shapes: what drawings are made of. Lengths are in pixels; a colour is named by its role."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

HEAD = 7.0
"""How long an arrow's head is, in pixels."""


@dataclass(slots=True)
class Rect:
    """A box. fill, stroke: colour roles. hatched: what stands for waiting.

    part: the name by which a widget changes it, here and in the other shapes.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    stroke: str | None = None
    thick: float = 1
    dashed: bool = False
    hatched: bool = False
    radius: float = 0
    part: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return self.width <= 0


@dataclass(slots=True)
class Line:
    """A line through points, or a curve of cubic pieces. arrow: a head at its end."""

    points: Sequence[tuple[float, float]]
    color: str = "line"
    thick: float = 1.2
    curved: bool = False
    dashed: bool = False
    arrow: bool = False
    part: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.points

    @property
    def head(self) -> list[tuple[float, float]]:
        """The three corners of its arrowhead."""
        (from_x, from_y), (x, y) = self.points[-2:]
        length = math.hypot(x - from_x, y - from_y) or 1.0
        along, across = (x - from_x) / length * HEAD, (y - from_y) / length * HEAD
        back_x, back_y = x - along, y - across
        return [
            (x, y),
            (back_x + across / 2, back_y - along / 2),
            (back_x - across / 2, back_y + along / 2),
        ]


@dataclass(slots=True)
class Label:
    """A text on one line. x, y: its begin and base line.

    end: x is where it ends.
    """

    x: float
    y: float
    text: str
    size: float = 12
    color: str = "ink"
    bold: bool = False
    end: bool = False
    part: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.text

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The space it takes: left, top, right, bottom."""
        width = text_width(self.text, self.size, self.bold)
        left = self.x - width if self.end else self.x
        return (left, self.y - 0.85 * self.size, left + width, self.y + 0.25 * self.size)


Shape = Rect | Line | Label


@dataclass(slots=True)
class Group:
    """Shapes that are one thing, which a widget can point at.

    data: what it is, for the widget's script. title: what a mouse that rests on it is told.
    """

    shapes: Sequence[Shape]
    data: Mapping[str, str]
    title: str


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return about how wide a text is; rather more than less, since fonts differ."""
    units = sum(_unit(character) for character in text)
    return units * size * (1.1 if bold else 1.0)


@lru_cache(4096)
def _unit(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in "mwMW@%—…▶⏎":
        return 0.98
    return 0.42 if character in "iljtfI.,:;'|! ()/[]" else 0.63


def fitted(text: str, size: float, room: float, bold: bool = False) -> str:
    """Return as much of a text as fits into `room`, with a … where it was cut."""
    if text_width(text, size, bold) <= room:
        return text
    used = text_width("…", size, bold)
    for end, character in enumerate(text):
        used += text_width(character, size, bold)
        if used > room:
            return text[:end] + "…"
    return text
