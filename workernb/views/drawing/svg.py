"""Render drawings as SVG.

Attributes are quoted with apostrophes, since a quotation mark is escaped in a notebook's JSON.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Collection, Sequence
from itertools import count

from .drawing import Drawing
from .palette import colors
from .shapes import Group, Label, Line, Rect, Shape
from .text import visible

_WAITING = (
    "<defs><pattern id='{}' width='6' height='6' patternUnits='userSpaceOnUse' "
    "patternTransform='rotate(45)'><path d='M0 0V6' class='s-line'/>"
    "</pattern></defs>"
)
_numbers = count(1)
"""Numbers for the ids of patterns: a picture that is hidden in a page hides its own pattern."""

LEAST = 800
"""The width (pixels) that is kept free for a picture, so that a small one is not blown up."""
GROWTH = 1.3
"""How much larger than it was drawn a picture is shown at most."""
_LINE_WIDTH = 1.4
"""The width of a line whose element has no style, in pixels."""

_FONTS = "system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif"


def render(drawing: Drawing, inline: bool = False, mark: str = "", fluid: bool = False) -> str:
    """Return a drawing as SVG without scripts, with the colours of both themes.

    inline: for a widget, whose page defines the colours. Groups and parts have data attributes,
    by which the widget's script finds them. mark: a data attribute of the whole.
    fluid: as wide as its place, to GROWTH times its own width. JupyterLab and nbconvert show an SVG
    as an image that is never made smaller, so it must have no width of its own.
    """
    width, height = round(drawing.width), round(drawing.height)
    left, top = round(drawing.left), round(drawing.top)
    title, description = _escaped(drawing.title), _escaped(drawing.description)
    pattern = _pattern(drawing)
    if inline:
        head = ""
        body = "".join(
            _group(item, pattern) if isinstance(item, Group) else _shape(item, True, pattern)
            for item in drawing.shapes
        )
    else:
        head = f"<title>{title}</title><style>{_style(_roles(drawing))}</style>"
        body = "".join(_shape(shape, False, pattern) for shape in drawing.flat if not shape.empty)
    marked = f" data-mark='{mark}'" if mark else ""
    size, most, view = f"width='{width}' height='{height}'", "100%", width
    if fluid:
        view = max(width, LEAST)
        size, most = "width='100%'", f"{GROWTH * view:.0f}px"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg'{marked} {size} "
        f"viewBox='{left} {top} {view} {height}' role='{'group' if inline else 'img'}' "
        f"aria-label='{title}' class='wb' style='max-width:{most};height:auto' "
        f"font-size='11' font-family='{_FONTS}'>"
        f"{head}<desc>{description}</desc>{_WAITING.format(pattern) if pattern else ''}"
        f"<rect x='{left}' y='{top}' width='{width}' height='{height}' rx='6' class='f-card'/>"
        f"{body}</svg>"
    )


def _pattern(drawing: Drawing) -> str:
    """Return an id for the pattern of a drawing that has hatched shapes, and of no other one.

    The title is in it too: a notebook may show pictures of several kernels.
    """
    if not any(isinstance(shape, Rect) and shape.hatched for shape in drawing.flat):
        return ""
    return f"wb-wait-{zlib.crc32(drawing.title.encode('utf-8', 'replace')):x}-{next(_numbers)}"


def _roles(drawing: Drawing) -> set[str]:
    """Return the colour roles that a drawing uses, and those of the card and of the pattern."""
    roles: set[str | None] = {"card", "line"}
    for shape in drawing.flat:
        roles |= {shape.fill, shape.stroke} if isinstance(shape, Rect) else {shape.color}
    return {role for role in roles if role}


def _style(used: Collection[str]) -> str:
    light, dark = (
        "".join(
            f".wb .f-{role}{{fill:{color}}}.wb .s-{role}{{stroke:{color}}}"
            for role, color in colors(theme).items()
            if role in used
        )
        for theme in (0, 1)
    )
    return f"{_common_rules('.wb')}{light}@media(prefers-color-scheme:dark){{{dark}}}"


def _common_rules(scope: str) -> str:
    """Return the CSS rules for all shapes. No text changes the writing direction or is wrapped."""
    return (
        f"{scope} path{{fill:none}}{scope} path,{scope} rect{{stroke-width:{_LINE_WIDTH}}}"
        f"{scope} text{{direction:ltr;unicode-bidi:bidi-override;white-space:pre}}"
    )


def variables(theme: int) -> str:
    """Return the colours of the light theme (0) or the dark one (1) as CSS variables."""
    return "".join(f"--wb-{role}:{color};" for role, color in colors(theme).items())


def inline_rules() -> str:
    """Return the CSS rules of inline SVG, whose colours are CSS variables."""
    return _common_rules(".workernb .wb") + "".join(
        f".workernb .wb .f-{role}{{fill:var(--wb-{role})}}"
        f".workernb .wb .s-{role}{{stroke:var(--wb-{role})}}"
        for role in colors(0)
    )


def _group(group: Group, pattern: str) -> str:
    data = "".join(f" data-{key}='{_escaped(value)}'" for key, value in group.data.items())
    body = "".join(_shape(shape, True, pattern) for shape in group.shapes)
    return f"<g{data}><title>{_escaped(group.title)}</title>{body}</g>"


def _shape(shape: Shape, inline: bool, pattern: str) -> str:
    part = f" data-part='{shape.part}'" if inline and shape.part else ""
    if isinstance(shape, Rect):
        return _rect(shape, part, pattern)
    return _line(shape, part) if isinstance(shape, Line) else _label(shape, part)


def _rect(rect: Rect, part: str, pattern: str) -> str:
    classes = [f"f-{rect.fill}"] if rect.fill else []
    stroke = ""
    if rect.stroke:
        classes.append(f"s-{rect.stroke}")
        stroke = _stroke(rect.line_width, rect.dashed)
    fill = "" if rect.fill else f" fill='url(#{pattern})'" if rect.hatched else " fill='none'"
    corner = f" rx='{rect.radius:g}'" if rect.radius else ""
    return (
        f"<rect x='{_n(rect.x)}' y='{_n(rect.y)}' width='{_n(rect.width)}' "
        f"height='{_n(rect.height)}'{corner} class='{' '.join(classes)}'{stroke}{fill}{part}/>"
    )


def _stroke(width: float, dashed: bool) -> str:
    style = "" if width == _LINE_WIDTH else f" style='stroke-width:{width:g}'"
    return style + (" stroke-dasharray='5 3'" if dashed else "")


def _line(line: Line, part: str) -> str:
    path = _curve(line.points) if line.curved else "M" + _path(line.points)
    stroke = _stroke(line.width, line.dashed)
    element = f"<path d='{path}' class='s-{line.color}'{stroke}{part}/>"
    if not line.arrow:
        return element
    return f"{element}<path d='M{_path(line.head)}z' class='f-{line.color}'/>"


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join([f"{_n(x)} {_n(y)}" for x, y in points])


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """Return the path of cubic Bézier segments; horizontal ones are written as lines."""
    path = ["M" + _path(points[:1])]
    for i in range(1, len(points), 3):
        y = points[i - 1][1]
        if y == points[i][1] == points[i + 1][1] == points[i + 2][1]:
            path.append(f"H{_n(points[i + 2][0])}")
        else:
            path.append("C" + _path(points[i : i + 3]))
    return "".join(path)


def _label(label: Label, part: str) -> str:
    size = "" if label.size == 11 else f" font-size='{label.size:g}'"
    weight = " font-weight='600'" if label.bold else ""
    anchor = " text-anchor='end'" if label.right_aligned else ""
    return (
        f"<text x='{_n(label.x)}' y='{_n(label.y)}'{size} class='f-{label.color}'"
        f"{weight}{anchor}{part}>{_escaped(label.text)}</text>"
    )


_is_plain = re.compile(r"[\w .,:;/#%@=+*()·→×-]*").fullmatch


def _escaped(text: str) -> str:
    # Checking that there is nothing to escape, as in most texts, is faster than escaping.
    return text if _is_plain(text) else html.escape(visible(text))


def _n(value: float) -> str:
    """Format a length with as many digits as make a visible difference."""
    return f"{value:.5g}" if value > 1000 else f"{value:.4g}"
