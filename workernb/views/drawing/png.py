"""Render drawings as PNG and as matplotlib figures. matplotlib is imported on first use."""

from __future__ import annotations

import io
import math
import warnings
from functools import cache
from typing import Any

from .drawing import Drawing
from .palette import colors
from .shapes import Label, Line, Rect
from .text import visible

_DPI = 100
_POINTS = 72 / _DPI
_MAX_PIXELS = 1_200_000
_MAX_BYTES = 64_000
"""Limits on the size of a PNG, which is saved in the notebook."""


def render(drawing: Drawing) -> bytes:
    """Return a drawing as PNG, at twice its size in pixels or less where that is too large."""
    scale = min(2.0, math.sqrt(_MAX_PIXELS / (drawing.width * drawing.height)))
    data = _render(drawing, scale)
    while len(data) > _MAX_BYTES and scale > 0.1:
        scale *= 0.7
        data = _render(drawing, scale)
    return data


def _render(drawing: Drawing, scale: float) -> bytes:
    import numpy
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure(drawing, scale))
    with warnings.catch_warnings():
        # A character that is missing from the font is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        canvas.draw()
    image = Image.fromarray(numpy.asarray(canvas.buffer_rgba())).convert("RGB")
    buffer = io.BytesIO()
    # A palette of 128 colours makes the file three times smaller without a visible difference.
    image.quantize(128, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def figure(drawing: Drawing, scale: float = 1.0) -> Any:
    """Return a drawing as a matplotlib Figure, in the light theme."""
    from matplotlib.figure import Figure

    result = Figure(
        figsize=(drawing.width / _DPI, drawing.height / _DPI),
        dpi=scale * _DPI,
        facecolor=colors(0)["card"],
    )
    result.add_artist(_artist(drawing))
    return result


def _artist(drawing: Drawing) -> Any:
    """Return one artist for all shapes; one artist per shape is ten times slower."""
    from matplotlib.artist import Artist

    class Shapes(Artist):
        def draw(self, renderer: Any) -> None:
            _Pen(drawing, renderer, self.get_figure()).draw()

    return Shapes()


class _Pen:
    """Draws the shapes of a drawing with a matplotlib renderer."""

    def __init__(self, drawing: Drawing, renderer: Any, figure: Any) -> None:
        from matplotlib.transforms import Affine2D

        self._drawing = drawing
        self._renderer = renderer
        self._colors = colors(0)
        inches = Affine2D().translate(-drawing.left, -drawing.top - drawing.height)
        self._transform = inches.scale(1 / _DPI, -1 / _DPI) + figure.dpi_scale_trans
        self._height = figure.bbox.height

    def draw(self) -> None:
        draw: dict[type, Any] = {Rect: self._rect, Line: self._line, Label: self._label}
        for shape in self._drawing.flat:
            if not shape.empty:
                draw[type(shape)](shape)

    def _context(self, color: str | None, width: float = 0, dashed: bool = False) -> Any:
        context = self._renderer.new_gc()
        context.set_linewidth(width * _POINTS if color else 0)
        if color:
            context.set_foreground(self._colors[color])
        if dashed:
            context.set_dashes(0, [5 * _POINTS, 3 * _POINTS])
        return context

    def _path(self, context: Any, path: Any, fill: str | None) -> None:
        from matplotlib.colors import to_rgba

        face = to_rgba(self._colors[fill]) if fill else None
        self._renderer.draw_path(context, path, self._transform, face)
        context.restore()

    def _rect(self, rect: Rect) -> None:
        context = self._context(rect.stroke, rect.line_width, rect.dashed)
        if rect.hatched:
            context.set_hatch("/////")
            context.set_hatch_color(self._colors["line"])
        self._path(context, _outline(rect), rect.fill)

    def _line(self, line: Line) -> None:
        from matplotlib.path import Path

        code = Path.CURVE4 if line.curved else Path.LINETO
        codes = [Path.MOVETO] + [code] * (len(line.points) - 1)
        context = self._context(line.color, line.width, line.dashed)
        self._path(context, Path(list(line.points), codes), None)
        if line.arrow:
            self._path(self._context(None), Path([*line.head, line.head[0]]), line.color)

    def _label(self, label: Label) -> None:
        text, font = visible(label.text), _font(label.size, label.bold)
        x, y = self._transform.transform((label.x, label.y))
        if label.right_aligned:
            x -= self._renderer.get_text_width_height_descent(text, font, False)[0]
        if self._renderer.flipy():
            y = self._height - y
        context = self._context(label.color)
        # Without mathtext, a dollar sign is a dollar sign.
        self._renderer.draw_text(context, x, y, text, font, 0, ismath=False)
        context.restore()


def _outline(rect: Rect) -> Any:
    """Return the outline of a rectangle with rounded corners."""
    from matplotlib.path import Path

    left, top, right, bottom = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    radius = min(rect.radius, rect.width / 2, rect.height / 2)
    if not radius:
        return Path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    points = [(left + radius, top)]
    codes = [Path.MOVETO]
    for (x, y), (in_x, in_y), (out_x, out_y) in (
        ((right, top), (-radius, 0), (0, radius)),
        ((right, bottom), (0, -radius), (-radius, 0)),
        ((left, bottom), (radius, 0), (0, -radius)),
        ((left, top), (0, radius), (radius, 0)),
    ):
        points += [(x + in_x, y + in_y), (x, y), (x + out_x, y + out_y)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    return Path(points, codes)


@cache
def _font(size: float, bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    # matplotlib's default font is wider than the fonts of browsers.
    return FontProperties(size=size * 0.88 * _POINTS, weight="bold" if bold else "normal")
