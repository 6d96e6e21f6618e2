"""Drawings: a few shapes, which SVG and PNG are made of alike. Lengths are in pixels."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import png, svg


@dataclass(frozen=True, slots=True)
class Rect:
    """A box. fill, stroke: colour roles. hatched: what stands for waiting."""

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


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, or a curve of cubic pieces. arrow: a head at its end."""

    points: Sequence[tuple[float, float]]
    color: str = "line"
    thick: float = 1.2
    curved: bool = False
    dashed: bool = False
    arrow: bool = False


@dataclass(frozen=True, slots=True)
class Label:
    """A text on one line. x, y: its begin and base line. ground: a box of the card behind it."""

    x: float
    y: float
    text: str
    size: float = 12
    color: str = "ink"
    bold: bool = False
    ground: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The space it takes: left, top, right, bottom."""
        width = text_width(self.text, self.size, self.bold)
        return (self.x, self.y - 0.85 * self.size, self.x + width, self.y + 0.25 * self.size)


Shape = Rect | Line | Label


@dataclass(slots=True)
class Drawing:
    """A picture: shapes on a card, with a title and a description for those who cannot see it."""

    width: float
    height: float
    title: str
    description: str
    shapes: list[Shape] = field(default_factory=list)

    @property
    def labels(self) -> list[Label]:
        """The texts in the picture."""
        return [shape for shape in self.shapes if isinstance(shape, Label)]

    def svg(self) -> str:
        """Return the picture as SVG."""
        return svg.render(self)

    def figure(self) -> Any:
        """Return the picture as a matplotlib Figure, for savefig."""
        return png.figure(self)

    def png(self) -> bytes:
        """Return the picture as PNG, at twice its size in pixels."""
        return png.render(self)


class Picture:
    """What `%graph` and `%cpu` show: a drawing, with text for where there are no pictures."""

    drawing: Drawing

    def text(self) -> str:
        """Return the picture in words."""
        raise NotImplementedError

    def svg(self) -> str:
        """Return the picture as SVG."""
        return self.drawing.svg()

    def png(self) -> bytes:
        """Return the picture as PNG."""
        return self.drawing.png()

    def figure(self) -> Any:
        """Return the picture as a matplotlib Figure, for savefig."""
        return self.drawing.figure()

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        alternative = f"{self.drawing.title}. {self.drawing.description}"
        size = {"width": round(self.drawing.width), "height": round(self.drawing.height)}
        return (
            {"image/svg+xml": self.svg(), "image/png": self.png(), "text/plain": self.text()},
            {"image/png": {**size, "alt": alternative}, "image/svg+xml": {"alt": alternative}},
        )


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return about how wide a text is; rather more than less, since fonts differ."""
    units = sum(_unit(character) for character in text)
    return units * size * (1.1 if bold else 1.0)


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
    while text and text_width(text + "…", size, bold) > room:
        text = text[:-1]
    return text + "…"
