"""A drawing: shapes on a card. Lengths are in pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

from .shapes import Group, Shape


@dataclass(slots=True)
class Drawing:
    """A picture as data: shapes on a card, with a title and a description as alternative text.

    left, top: the card's upper left corner, which may be negative.
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
        """All shapes, including those in groups, in drawing order."""
        flat: list[Shape] = []
        for shape in self.shapes:
            if isinstance(shape, Group):
                flat += shape.shapes
            else:
                flat.append(shape)
        return flat
