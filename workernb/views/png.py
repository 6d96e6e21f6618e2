"""Drawings as PNG and as matplotlib figures. matplotlib is imported when the first is made."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from .palette import colors
from .text import visible

if TYPE_CHECKING:
    from .drawing import Drawing
    from .shapes import Label, Line, Rect

_DPI = 100
_POINTS = 72 / _DPI


def render(drawing: Drawing) -> bytes:
    """Return a drawing as PNG, at twice its size in pixels."""
    buffer = io.BytesIO()
    figure(drawing).savefig(buffer, format="png", dpi=2 * _DPI, metadata={"Software": None})
    return buffer.getvalue()


def figure(drawing: Drawing) -> Any:
    """Return a drawing as a matplotlib Figure, in the light theme."""
    from matplotlib.figure import Figure

    palette = colors(0)
    made = Figure(figsize=(drawing.width / _DPI, drawing.height / _DPI), dpi=_DPI)
    made.patch.set_facecolor(palette["card"])
    axes = made.add_axes((0, 0, 1, 1))
    axes.set_xlim(drawing.left, drawing.left + drawing.width)
    axes.set_ylim(drawing.top + drawing.height, drawing.top)
    axes.set_axis_off()
    for order, shape in enumerate(drawing.flat):
        _DRAW[type(shape).__name__](axes, shape, palette, order)
    return made


def _rect(axes: Any, rect: Rect, palette: dict[str, str], order: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (rect.x, rect.y),
            rect.width,
            rect.height,
            boxstyle=f"round,pad=0,rounding_size={min(rect.radius, rect.height / 2)}",
            facecolor=palette[rect.fill] if rect.fill else "none",
            edgecolor=palette[rect.stroke or "line"] if rect.stroke or rect.hatched else "none",
            linewidth=rect.thick * _POINTS if rect.stroke else 0,
            linestyle=(0, (5, 3)) if rect.dashed else "-",
            hatch="/////" if rect.hatched else None,
            zorder=order,
        )
    )


def _line(axes: Any, line: Line, palette: dict[str, str], order: int) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    follow = Path.CURVE4 if line.curved else Path.LINETO
    codes = [Path.MOVETO] + [follow] * (len(line.points) - 1)
    color = palette[line.color]
    axes.add_patch(
        PathPatch(
            Path(list(line.points), codes),
            fill=False,
            edgecolor=color,
            linewidth=line.thick * _POINTS,
            linestyle=(0, (5, 3)) if line.dashed else "-",
            zorder=order,
        )
    )
    if line.arrow:
        axes.add_patch(
            Polygon(line.head, closed=True, facecolor=color, edgecolor="none", zorder=order)
        )


def _label(axes: Any, label: Label, palette: dict[str, str], order: int) -> None:
    if label.ground:
        left, top, right, bottom = label.box
        from matplotlib.patches import Rectangle

        axes.add_patch(
            Rectangle(
                (left - 2, top), right - left + 4, bottom - top, color=palette["card"], zorder=order
            )
        )
    axes.text(
        label.x,
        label.y,
        visible(label.text),
        fontsize=label.size * 0.88 * _POINTS,
        color=palette[label.color],
        fontweight="bold" if label.bold else "normal",
        va="baseline",
        ha="right" if label.end else "left",
        parse_math=False,  # A dollar sign is one.
        zorder=order + 0.5,
    )


_DRAW: dict[str, Any] = {"Rect": _rect, "Line": _line, "Label": _label}
