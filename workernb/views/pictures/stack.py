"""Several pictures as one, below or beside each other: the still picture of a dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, Line, Rect, Shape

from .picture import Picture

GAP = 12.0
"""The space between two pictures, in pixels."""


class StackedPicture(Picture):
    """Rows of pictures; the pictures of a row are beside each other."""

    def __init__(self, title: str, rows: Sequence[Sequence[Picture]]) -> None:
        """Put the drawings of these pictures together."""
        self.pictures = [picture for row in rows for picture in row]
        self.drawing = Drawing(0, 0, title, "; ".join(p.drawing.title for p in self.pictures))
        for row in rows:
            self._add_row([picture.drawing for picture in row])

    def text(self) -> str:
        """Return the texts of the pictures, one below the other."""
        return "\n\n".join(picture.text() for picture in self.pictures)

    def _add_row(self, drawings: Sequence[Drawing]) -> None:
        whole, x = self.drawing, 0.0
        y = whole.height + GAP * bool(whole.height)
        for drawing in drawings:
            dx, dy = x - drawing.left, y - drawing.top
            whole.shapes += [_moved(shape, dx, dy) for shape in drawing.flat]
            x += drawing.width + GAP
            whole.height = max(whole.height, y + drawing.height)
        whole.width = max(whole.width, x - GAP)


def _moved(shape: Shape, dx: float, dy: float) -> Shape:
    """Return a shape that is moved to the right and down, without the name of its part."""
    if isinstance(shape, Line):
        return replace(shape, points=[(x + dx, y + dy) for x, y in shape.points], part="")
    if isinstance(shape, Rect):
        return replace(shape, x=shape.x + dx, y=shape.y + dy, part="")
    assert isinstance(shape, Label)
    return replace(shape, x=shape.x + dx, y=shape.y + dy, part="")
