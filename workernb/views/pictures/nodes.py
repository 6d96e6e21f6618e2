"""The shapes of the graph's nodes that are no Workers: stores, queues, namespaces of objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workernb.views.drawing.shapes import Group, Label, Line, Rect, Shape, fitted
from workernb.views.drawing.text import one_line

from .layout import Column, Place
from .system import Node

NAME, SMALL = 13.0, 11.0
"""The sizes of names and of details, in pixels."""
SLOT = 12.0
"""The width of a message in a queue."""
LID = 7.0
"""Half the height of a drum's lid."""
BEHIND = 4.0
"""How far each of the boxes behind a namespace's looks out, in pixels."""

Point = tuple[float, float]

Draw = Callable[[int, Node, Place, Column], Group]


def draw_store(index: int, node: Node, place: Place, column: Column) -> Group:
    """Return the shape of a store, by its noun; a drum where SHAPES has none."""
    noun = "" if node.store is None else node.store.noun
    return SHAPES.get(noun, _store)(index, node, place, column)


def _store(index: int, node: Node, place: Place, column: Column) -> Group:
    """Return a store: a drum, the usual sign of a database."""
    left, right = column.x, column.x + column.node
    top, bottom = place.y + LID, place.bottom - LID
    name = fitted(one_line(node.title), NAME, column.node - 28, True)
    detail = fitted(node.detail, SMALL, column.node - 26)
    shapes: list[Shape] = [
        Rect(left, top, column.node, bottom - top, "box", part=f"box{index}"),
        Line(_half_ellipse(left, right, top, -LID), "line", 1.4, curved=True),
        Line(_half_ellipse(left, right, top, LID), "line", 1.4, curved=True),
        Line(_half_ellipse(left, right, bottom, LID), "line", 1.4, curved=True),
        Line([(left, top), (left, bottom)], "line", 1.4),
        Line([(right, top), (right, bottom)], "line", 1.4),
        Label(left + 14, place.middle + 4, name, NAME, bold=True),
        Label(left + 14, place.middle + 18, detail, SMALL, "muted"),
    ]
    return Group(shapes, {"node": node.name}, f"{node.title}: {node.detail}")


def _queue(index: int, node: Node, place: Place, column: Column) -> Group:
    """Return a queue: a box that messages pass from left to right, a few of them at its end."""
    left, right = column.x, column.x + column.node
    name = fitted(one_line(node.title), NAME, column.node - 28 - 3 * SLOT, True)
    shapes: list[Shape] = [
        Rect(left, place.y, column.node, place.height, "box", "line", 1.4, part=f"box{index}"),
        *(
            Line([(x, place.y), (x, place.bottom)], "line", 1.4)
            for x in (right - SLOT, right - 2 * SLOT, right - 3 * SLOT)
        ),
        Label(left + 14, place.middle - 2, name, NAME, bold=True),
        Label(left + 14, place.middle + 15, node.detail, SMALL, "muted"),
    ]
    return Group(shapes, {"node": node.name}, f"{node.title}: {node.detail}")


def _namespace(index: int, node: Node, place: Place, column: Column) -> Group:
    """Return a namespace of Durable Objects: a box with others behind it, one for each object."""
    width, gap = column.node - 2 * BEHIND, place.bottom - place.y - 2 * BEHIND
    name = fitted(one_line(node.title), NAME, width - 28, True)
    detail = fitted(node.detail, SMALL, width - 26)
    shapes: list[Shape] = []
    for step in (2, 1, 0):
        x, y = column.x + BEHIND * step, place.y + BEHIND * (2 - step)
        part = "" if step else f"box{index}"
        shapes.append(Rect(x, y, width, gap, "box", "line", 1.4, radius=6, part=part))
    middle = place.middle + BEHIND
    shapes.append(Label(column.x + 14, middle - 3, name, NAME, bold=True))
    shapes.append(Label(column.x + 14, middle + 13, detail, SMALL, "muted"))
    return Group(shapes, {"node": node.name}, f"{node.title}: {node.detail}")


def _half_ellipse(left: float, right: float, y: float, height: float) -> list[Point]:
    """Return the points of a curve from left to right at `y`, with a belly of `height`."""
    reach = (right - left) * 0.02
    return [(left, y), (left + reach, y + height * 4 / 3), (right - reach, y + height * 4 / 3),
        (right, y)]  # fmt: skip


SHAPES: Mapping[str, Draw] = {"queue": _queue, "Durable Objects": _namespace}
"""The shapes by the noun of a kind of store."""
