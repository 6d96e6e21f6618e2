"""The picture of a Worker's settings: what is bound to it, by name and kind. No secret's value."""

from __future__ import annotations

from collections.abc import Sequence

from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import one_line

from .picture import MARGIN, SIZE, SMALL, Picture

ROW = 24.0
TOP = 56.0
MAX_NAME, MAX_VALUE = 200.0, 520.0
MIN_WIDTH = 360.0


class SettingsPicture(Picture):
    """The rows that a binding editor shows, as a still picture."""

    def __init__(self, title: str, rows: Sequence[tuple[str, str]], empty: str) -> None:
        """Draw rows of a name and a value, both of which are safe to show.

        empty: what is said when there are no rows.
        """
        self.title = title
        self.rows = [(one_line(name, 60), one_line(value, 120)) for name, value in rows]
        self.empty = empty
        self.drawing = self._draw()

    def text(self) -> str:
        """Return a line for each row."""
        width = max((len(name) for name, _ in self.rows), default=0)
        lines = [f"{name:{width}}  {value}" for name, value in self.rows]
        return "\n".join([self.title, *(lines or [self.empty])])

    def _draw(self) -> Drawing:
        names = max([60.0, *(text_width(name, SIZE, True) for name, _ in self.rows)])
        values = max([60.0, *(text_width(value, SMALL) for _, value in self.rows)])
        left = MARGIN + min(names, MAX_NAME) + 18
        width = max(left + min(values, MAX_VALUE) + MARGIN, MIN_WIDTH)
        drawing = Drawing(width, 0, self.title, "; ".join(name for name, _ in self.rows))
        heading = fitted(self.title, 14, width - 2 * MARGIN, True)
        drawing.shapes.append(Label(MARGIN, 28, heading, 14, bold=True))
        drawing.shapes += self._shapes(left, width)
        drawing.height = TOP + ROW * (len(self.rows) or 1) - 4
        return drawing

    def _shapes(self, left: float, width: float) -> list[Shape]:
        if not self.rows:
            return [Label(MARGIN, TOP, self.empty, SMALL, "muted")]
        shapes: list[Shape] = []
        for number, (name, value) in enumerate(self.rows):
            y = TOP + ROW * number
            if number % 2 == 0:
                shapes.append(Rect(8, y - 16, width - 16, ROW, "box", radius=4))
            shapes.append(Label(MARGIN, y, fitted(name, SIZE, MAX_NAME, True), SIZE, bold=True))
            shapes.append(Label(left, y, fitted(value, SMALL, MAX_VALUE), SMALL))
        return shapes
