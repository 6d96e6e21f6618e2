"""Pictures: a drawing with a text version, displayed by Jupyter as SVG, PNG or text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workernb.errors import UsageError
from workernb.options.watch import PICTURE_ENDINGS
from workernb.views.drawing import png, svg
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.shapes import Label, fitted

MARGIN = 16.0
"""The space between the card's edge and its contents, in pixels."""

SIZE, SMALL = 12.5, 11.0
"""The font sizes of names and of figures, in pixels."""


def heading(title: str, summary: str, width: float) -> list[Label]:
    """Return the two lines at the top of a picture of this width."""
    length = width - 2 * MARGIN
    return [
        Label(MARGIN, 26, fitted(title, 14, length, True), 14, bold=True),
        Label(MARGIN, 45, fitted(summary, SMALL, length), SMALL, "muted"),
    ]


class Picture:
    """Base class of what `%graph`, `%cpu` and `%trace` display."""

    drawing: Drawing
    mark = ""
    """A text in the SVG by which a widget's script finds the picture in a page."""

    def text(self) -> str:
        """Return the picture as plain text."""
        raise NotImplementedError

    def svg(self) -> str:
        """Return the picture as SVG."""
        return svg.render(self.drawing, mark=self.mark)

    def inline_svg(self) -> str:
        """Return the picture as SVG for a widget's page, which defines the colours."""
        return svg.render(self.drawing, inline=True)

    def png(self) -> bytes:
        """Return the picture as PNG, at twice its size in pixels or less."""
        return png.render(self.drawing)

    def figure(self) -> Any:
        """Return the picture as a matplotlib Figure."""
        return png.figure(self.drawing)

    def savefig(self, file: Any, **options: Any) -> None:
        """Save the picture with matplotlib: `picture.savefig("graph.pdf")`."""
        self.figure().savefig(file, **options)

    def save(self, file: Path) -> None:
        """Write the picture as SVG, PNG or PDF, by the file's ending; UsageError for another one.

        Raises UsageError for a file that cannot be written, too.
        """
        if file.suffix not in PICTURE_ENDINGS:
            raise UsageError(
                f"-o takes a file that ends with {', '.join(PICTURE_ENDINGS)}, not {file}."
            )
        try:
            if file.suffix == ".svg":
                file.write_text(self.svg(), encoding="utf-8")
            else:
                self.savefig(file)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}.") from None

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        alternative = f"{self.drawing.title}. {self.drawing.description}"
        size = {"width": round(self.drawing.width), "height": round(self.drawing.height)}
        return (
            {
                "image/svg+xml": svg.render(self.drawing, mark=self.mark, fluid=True),
                "image/png": self.png(),
                "text/plain": self.text(),
            },
            {"image/png": {**size, "alt": alternative}, "image/svg+xml": {"alt": alternative}},
        )
