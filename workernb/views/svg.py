"""Drawings as SVG text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .palette import colors
from .text import escaped

if TYPE_CHECKING:
    from .drawing import Drawing, Label, Line, Rect

HEAD = 7.0
"""How long an arrow's head is, in pixels."""


def render(drawing: Drawing) -> str:
    """Return a drawing as SVG: text only, with both themes, and nothing that runs."""
    width, height = round(drawing.width), round(drawing.height)
    body = "".join(_shape(shape) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{escaped(drawing.title)}" '
        'font-family="system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif">'
        f"<title>{escaped(drawing.title)}</title><desc>{escaped(drawing.description)}</desc>"
        f"<style>{_style()}</style>"
        '<defs><pattern id="wb-wait" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path d="M0 0V6" class="wb s-line" stroke-width="1.4"/>'
        "</pattern></defs>"
        f'<rect width="{width}" height="{height}" rx="6" class="wb f-card"/>{body}</svg>'
    )


def _style() -> str:
    light = _rules(0)
    return f"{light}@media(prefers-color-scheme:dark){{{_rules(1)}}}"


def _rules(theme: int) -> str:
    return "".join(
        f".wb.f-{role}{{fill:{color}}}.wb.s-{role}{{stroke:{color}}}"
        for role, color in colors(theme).items()
    )


def _shape(shape: Rect | Line | Label) -> str:
    kind = type(shape).__name__
    if kind == "Rect":
        return _rect(shape)  # type: ignore[arg-type]
    if kind == "Line":
        return _line(shape)  # type: ignore[arg-type]
    return _label(shape)  # type: ignore[arg-type]


def _rect(rect: Rect) -> str:
    classes = "wb" + (f" f-{rect.fill}" if rect.fill else "")
    classes += f" s-{rect.stroke}" if rect.stroke else ""
    fill = "" if rect.fill else ' fill="url(#wb-wait)"' if rect.hatched else ' fill="none"'
    dash = ' stroke-dasharray="5 3"' if rect.dashed else ""
    return (
        f'<rect x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.2f}" '
        f'height="{rect.height:.1f}" rx="{rect.radius:g}" class="{classes}" '
        f'stroke-width="{rect.thick:g}"{fill}{dash}/>'
    )


def _line(line: Line) -> str:
    points = [f"{x:.1f} {y:.1f}" for x, y in line.points]
    path = f"M{points[0]}" + ("C" if line.curved else "L") + " ".join(points[1:])
    dash = ' stroke-dasharray="5 3"' if line.dashed else ""
    drawn = (
        f'<path d="{path}" fill="none" class="wb s-{line.color}" '
        f'stroke-width="{line.thick:g}"{dash}/>'
    )
    if not line.arrow:
        return drawn
    x, y = line.points[-1]
    tip = f"M{x:.1f} {y:.1f}l{-HEAD:g} {-HEAD / 2:g}v{HEAD:g}z"
    return f'{drawn}<path d="{tip}" class="wb f-{line.color}"/>'


def _label(label: Label) -> str:
    weight = ' font-weight="600"' if label.bold else ""
    left, top, right, bottom = label.box
    ground = ""
    if label.ground:
        ground = (
            f'<rect x="{left - 2:.1f}" y="{top:.1f}" width="{right - left + 4:.1f}" '
            f'height="{bottom - top:.1f}" class="wb f-card"/>'
        )
    return (
        f'{ground}<text x="{label.x:.1f}" y="{label.y:.1f}" font-size="{label.size:g}" '
        f'class="wb f-{label.color}"{weight} direction="ltr" unicode-bidi="bidi-override" '
        f'xml:space="preserve">{escaped(label.text)}</text>'
    )
