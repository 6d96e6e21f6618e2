"""Drawings as SVG text."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from .palette import colors
from .shapes import Group, Label, Line, Rect, Shape
from .text import escaped

if TYPE_CHECKING:
    from .drawing import Drawing


def render(drawing: Drawing, inline: bool = False) -> str:
    """Return a drawing as SVG: text only, with both themes, and nothing that runs.

    inline: for a widget, which brings the colours of the theme that its page is in. Groups and
    parts are marked in it, so that the widget's script finds them.
    """
    width, height = round(drawing.width), round(drawing.height)
    left, top = round(drawing.left), round(drawing.top)
    body = "".join(_group(s, inline) if isinstance(s, Group) else _shape(s) for s in drawing.shapes)
    title, described = escaped(drawing.title), escaped(drawing.description)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{left} {top} {width} {height}" role="{"group" if inline else "img"}" '
        f'aria-label="{title}" font-size="11" '
        'font-family="system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif">'
        + ("" if inline else f"<title>{title}</title><style>{_style()}</style>")
        + f"<desc>{described}</desc>"
        '<defs><pattern id="wb-wait" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path d="M0 0V6" class="wb s-line" stroke-width="1.4"/>'
        f'</pattern></defs><rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" '
        f'class="wb f-card"/>{body}</svg>'
    )


def _style() -> str:
    both = [
        "".join(
            f".wb.f-{role}{{fill:{color}}}.wb.s-{role}{{stroke:{color}}}"
            for role, color in colors(theme).items()
        )
        for theme in (0, 1)
    ]
    return f"{both[0]}@media(prefers-color-scheme:dark){{{both[1]}}}"


def variables(theme: int) -> str:
    """Return the colours of a theme as CSS variables."""
    return "".join(f"--wb-{role}:{color};" for role, color in colors(theme).items())


def inline_rules() -> str:
    """Return the style of inline pictures, which takes its colours from CSS variables."""
    return "".join(
        f".workernb .f-{role}{{fill:var(--wb-{role})}}"
        f".workernb .s-{role}{{stroke:var(--wb-{role})}}"
        for role in colors(0)
    )


def _group(group: Group, marked: bool) -> str:
    body = "".join(map(_shape, group.shapes))
    if not marked:
        return body
    data = "".join(f' data-{key}="{escaped(value)}"' for key, value in group.data.items())
    return f"<g{data}><title>{escaped(group.title)}</title>{body}</g>"


def _shape(shape: Shape) -> str:
    if isinstance(shape, Rect):
        return _rect(shape)
    return _line(shape) if isinstance(shape, Line) else _label(shape)


def _part(shape: Shape) -> str:
    return f' data-part="{html.escape(shape.part)}"' if shape.part else ""


def _rect(rect: Rect) -> str:
    classes = "wb" + (f" f-{rect.fill}" if rect.fill else "")
    stroke = ""
    if rect.stroke:
        classes += f" s-{rect.stroke}"
        stroke = f' stroke-width="{rect.thick:g}"' + (
            ' stroke-dasharray="5 3"' if rect.dashed else ""
        )
    fill = "" if rect.fill else ' fill="url(#wb-wait)"' if rect.hatched else ' fill="none"'
    corner = f' rx="{rect.radius:g}"' if rect.radius else ""
    return (
        f'<rect x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" '
        f'height="{_n(rect.height)}"{corner} class="{classes}"{stroke}{fill}{_part(rect)}/>'
    )


def _line(line: Line) -> str:
    points = [f"{_n(x)} {_n(y)}" for x, y in line.points]
    path = f"M{points[0]}" + ("C" if line.curved else "L") + " ".join(points[1:])
    dash = ' stroke-dasharray="5 3"' if line.dashed else ""
    drawn = (
        f'<path d="{path}" fill="none" class="wb s-{line.color}" '
        f'stroke-width="{line.thick:g}"{dash}{_part(line)}/>'
    )
    if not line.arrow:
        return drawn
    tip = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in line.head) + "z"
    return f'{drawn}<path d="{tip}" class="wb f-{line.color}"/>'


def _label(label: Label) -> str:
    ground = ""
    if label.ground:
        left, top, right, bottom = label.box
        ground = (
            f'<rect x="{_n(left - 2)}" y="{_n(top)}" width="{_n(right - left + 4)}" '
            f'height="{_n(bottom - top)}" class="wb f-card"/>'
        )
    size = "" if label.size == 11 else f' font-size="{label.size:g}"'
    weight = ' font-weight="600"' if label.bold else ""
    anchor = ' text-anchor="end"' if label.end else ""
    # Text of ours is plain; what users wrote is kept from turning the direction of writing.
    plain = label.text.isascii() and "  " not in label.text
    keep = "" if plain else ' direction="ltr" unicode-bidi="bidi-override" style="white-space:pre"'
    return (
        f'{ground}<text x="{_n(label.x)}" y="{_n(label.y)}"{size} class="wb f-{label.color}"'
        f"{weight}{anchor}{keep}{_part(label)}>{escaped(label.text)}</text>"
    )


def _n(value: float) -> str:
    """Return a length with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")
