"""Drawings: shapes on a card, which SVG and PNG are made of alike. Lengths are in pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import png, svg
from .shapes import Group, Label, Shape


@dataclass(slots=True)
class Drawing:
    """A picture: shapes on a card, with a title and a description for those who cannot see it.

    left, top: where the card begins; a picture may grow in every direction.
    """

    width: float
    height: float
    title: str
    description: str
    shapes: list[Shape | Group] = field(default_factory=list)
    left: float = 0
    top: float = 0

    @property
    def flat(self) -> list[Shape]:
        """All shapes, those in groups too, in the order in which they are drawn."""
        flat: list[Shape] = []
        for shape in self.shapes:
            if isinstance(shape, Group):
                flat += shape.shapes
            else:
                flat.append(shape)
        return flat

    @property
    def labels(self) -> list[Label]:
        """The texts in the picture."""
        return [shape for shape in self.flat if isinstance(shape, Label)]

    def svg(self, inline: bool = False) -> str:
        """Return the picture as SVG. inline: to stand in a page that brings the colours."""
        return svg.render(self, inline)

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

    def savefig(self, file: Any, **options: Any) -> None:
        """Save the picture, as matplotlib does: `picture.savefig("graph.pdf")`."""
        self.figure().savefig(file, **options)

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        alternative = f"{self.drawing.title}. {self.drawing.description}"
        size = {"width": round(self.drawing.width), "height": round(self.drawing.height)}
        return (
            {"image/svg+xml": self.svg(), "image/png": self.png(), "text/plain": self.text()},
            {"image/png": {**size, "alt": alternative}, "image/svg+xml": {"alt": alternative}},
        )
