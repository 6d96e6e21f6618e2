"""The picture of the bound services: who is bound to whom, over which binding, and who is public.

Services stand in layers from left to right, callers before what they call. Every arrow leaves its
box at a place of its own, with its name there, so that no name can meet another.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from workernb.runtime.runtime import Runtime

from .drawing import Drawing, Picture
from .palette import role_of
from .shapes import Group, Label, Line, Rect, fitted, text_width
from .system import OUTSIDE, Arrow, Node, System
from .text import one_line

ROW = 22.0
HEAD = 42.0
GAP = 22.0
MARGIN = 18.0
REACH = 46.0
NAME, SMALL = 13.0, 11.0
WIDEST_NAME, WIDEST_LABEL = 190.0, 230.0


@dataclass(slots=True)
class Box:
    """A node's place in the picture."""

    node: Node
    arrows: list[Arrow]
    x: float = 0
    y: float = 0
    width: float = 0

    @property
    def height(self) -> float:
        """Its height: room for its name, and a row for each arrow after the second."""
        return max(HEAD, ROW * len(self.arrows) + 8)

    @property
    def name(self) -> str:
        """What it is called in the picture."""
        name = "outside" if self.node.name == OUTSIDE else one_line(self.node.name)
        return fitted(name, NAME, WIDEST_NAME, bold=True)

    def port(self, index: int) -> float:
        """Where its arrow of that number leaves it."""
        free = self.height - ROW * len(self.arrows)
        return self.y + free / 2 + ROW * (index + 0.5)


class GraphPicture(Picture):
    """What `%graph` shows: the system of a runtime, as it is when the picture is made."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the system, and draw it."""
        self.system = System.of(runtime)
        self.drawing = draw(self.system)

    def text(self) -> str:
        """Return the system in words: an arrow a line."""
        if not self.system.nodes:
            return "No Workers yet. Define one in a cell that starts with %%worker NAME."
        lines = []
        for node in self.system.nodes:
            arrows = self.system.out_of(node.name)
            if node.name != OUTSIDE:
                lines.append(f"{one_line(node.name)} ({node.detail})")
            lines += [_arrow_text(arrow) for arrow in arrows]
        return "\n".join(lines)


def _arrow_text(arrow: Arrow) -> str:
    label = one_line(arrow.label, 60)
    if arrow.source == OUTSIDE:
        return f"outside ──{label}──▶ {one_line(arrow.target)}"
    broken = "  (not there)" if arrow.broken else ""
    return f"  ──{label}──▶ {one_line(arrow.target)}{broken}"


@dataclass(slots=True)
class Way:
    """Where an arrow that reaches over a layer passes it: room of its own between the boxes."""

    arrow: Arrow
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 12


Column = list[Box | Way]


def draw(system: System) -> Drawing:
    """Return the drawing of a system."""
    columns = _columns(system)
    width, height = _place(columns)
    boxes = {one.node.name: one for column in columns for one in column if isinstance(one, Box)}
    ways: dict[int, list[Way]] = {}
    for column in columns:
        for one in column:
            if isinstance(one, Way):
                ways.setdefault(id(one.arrow), []).append(one)
    services = [node for node in system.nodes if node.name != OUTSIDE]
    title = f"{len(services)} Workers and their bindings"
    described = "; ".join(
        f"{'outside' if a.source == OUTSIDE else a.source} calls {a.target} over {a.label}"
        for a in system.arrows[:50]
    )
    drawing = Drawing(width, height, title, one_line(described, 2000) or "no bindings")
    labels: list[Label] = []
    for box in boxes.values():
        for index, arrow in enumerate(box.arrows):
            label = _label(box, index, arrow)
            labels.append(label)
            through = ways.get(id(arrow), [])
            target = boxes[arrow.target]
            if target.x >= box.x + box.width:
                drawing.shapes.append(_forward(box, index, arrow, target, label, through))
                continue
            below = max(box.y + box.height, target.y + target.height) + GAP / 2
            if target.x < box.x:
                # A long way back runs below everything, each at a height of its own.
                below = drawing.height - MARGIN + GAP / 2
                drawing.height += 10
            drawing.shapes.append(_back(box, index, arrow, target, label, below))
    for box in boxes.values():
        drawing.shapes.append(Group(_box(box), {"node": box.node.name}, box.node.detail))
    drawing.shapes += labels
    if not boxes:
        drawing.shapes.append(Label(MARGIN, 34, "No Workers yet: %%worker NAME", NAME))
    return drawing


def _columns(system: System) -> list[Column]:
    """Return what stands in each layer: callers left of what they call, circles cut open."""
    layers = layers_of(system)
    columns: list[Column] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in system.nodes:
        columns[layers[node.name]].append(Box(node, system.out_of(node.name)))
    for arrow in system.arrows:
        for between in range(layers[arrow.source] + 1, layers[arrow.target]):
            columns[between].append(Way(arrow))
    for before, column in pairwise(columns):
        _order(before, column)
    return columns


def layers_of(system: System) -> dict[str, int]:
    """Return the layer of every node: one more than the last of those that call it.

    An arrow that closes a circle does not count; which one that is depends on the order of
    definition alone.
    """
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(node.name for node in system.nodes)
    graph.add_edges_from((a.source, a.target) for a in system.arrows if a.source != a.target)
    for source, target, kind in list(networkx.dfs_labeled_edges(graph)):
        if kind == "nontree" and source != target and networkx.has_path(graph, target, source):
            graph.remove_edge(source, target)
    layer: dict[str, int] = {}
    for name in networkx.topological_sort(graph):
        layer[name] = max((layer[caller] + 1 for caller in graph.predecessors(name)), default=0)
    return layer


def _order(before: Column, column: Column) -> None:
    """Put a layer in the order of what leads there, so that few arrows cross."""
    places: dict[str, list[float]] = {}
    passing: dict[int, float] = {}
    for place, one in enumerate(before):
        if isinstance(one, Way):
            places.setdefault(one.arrow.target, []).append(place)
            passing[id(one.arrow)] = place
            continue
        for index, arrow in enumerate(one.arrows):
            at = place + (index + 1) / (len(one.arrows) + 2)
            places.setdefault(arrow.target, []).append(at)
            passing[id(arrow)] = at

    def key(one: Box | Way) -> float:
        if isinstance(one, Way):
            return passing.get(id(one.arrow), 0)
        found = places.get(one.node.name)
        return sum(found) / len(found) if found else len(before)

    column.sort(key=key)


def _place(columns: list[Column]) -> tuple[float, float]:
    """Give everything its place, and return the picture's width and height."""
    x = MARGIN
    heights = [sum(one.height + GAP for one in column) - GAP for column in columns]
    tallest = max([60.0, *heights])
    for column, height in zip(columns, heights, strict=True):
        boxes = [one for one in column if isinstance(one, Box)]
        width = max((_box_width(box) for box in boxes), default=0)
        y = MARGIN + (tallest - height) / 2
        for one in column:
            one.x, one.y, one.width = x, y, width
            y += one.height + GAP
        named = [_label_width(arrow) for box in boxes for arrow in box.arrows]
        x += width + (max(named) + REACH if named else 0) + 14
    return max(x - 14 + MARGIN, 260), tallest + 2 * MARGIN + GAP / 2


def _box_width(box: Box) -> float:
    name = text_width(box.name, NAME, bold=True)
    return max(name, text_width(box.node.detail, SMALL)) + 28


def _label_width(arrow: Arrow) -> float:
    return text_width(_name(arrow), SMALL) + 16


def _name(arrow: Arrow) -> str:
    return fitted(one_line(arrow.label), SMALL, WIDEST_LABEL)


def _label(box: Box, index: int, arrow: Arrow) -> Label:
    color = "alarm" if arrow.broken else "ink"
    return Label(
        box.x + box.width + 10, box.port(index) + 4, _name(arrow), SMALL, color, ground=True
    )


def _forward(
    box: Box, index: int, arrow: Arrow, target: Box, label: Label, through: list[Way]
) -> Line:
    """Return an arrow: straight out behind its name, past what is between, to its target."""
    stops = [(label.box[2] + 4, box.port(index))]
    for way in through:
        middle = way.y + way.height / 2
        stops += [(way.x, middle), (way.x + way.width, middle)]
    points = _curve([*stops, (target.x, target.y + target.height / 2)])
    color = "alarm" if arrow.broken else "line"
    return Line(points, color, 1.4, curved=True, dashed=arrow.broken, arrow=True)


def _back(box: Box, index: int, arrow: Arrow, target: Box, label: Label, below: float) -> Line:
    """Return an arrow back to the left, or to its own box: below, and in again from the left."""
    turn, y = label.box[2] + 4, box.port(index)
    left, middle = target.x - 12, target.y + target.height / 2
    points = [
        (turn, y),
        (turn + 8, y),
        (turn + 8, below),
        (left, below),
        (left, middle),
        (target.x, middle),
    ]
    color = "alarm" if arrow.broken else "line"
    return Line(points, color, 1.4, dashed=arrow.broken, arrow=True)


def _curve(stops: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points of a curve that is level at every stop."""
    points = stops[:1]
    for (x, y), (next_x, next_y) in pairwise(stops):
        half = (next_x - x) / 2
        points += [(x + half, y), (next_x - half, next_y), (next_x, next_y)]
    return points


def _box(box: Box) -> list[Rect | Label]:
    node = box.node
    stroke = "alarm" if node.missing else "line" if node.name == OUTSIDE else role_of(node.name)
    middle = box.y + box.height / 2
    shapes: list[Rect | Label] = [
        Rect(
            box.x,
            box.y,
            box.width,
            box.height,
            "box",
            stroke,
            2.4 if node.public else 1.4,
            dashed=node.missing,
            part=f"box-{node.name}",
            radius=16 if node.name == OUTSIDE else 6,
        ),
    ]
    if not node.missing and node.name != OUTSIDE:
        shapes.append(Rect(box.x, box.y + 4, 5, box.height - 8, role_of(node.name), radius=2))
    color = "alarm" if node.missing else "muted"
    shapes.append(Label(box.x + 14, middle - 2, box.name, NAME, bold=True))
    shapes.append(Label(box.x + 14, middle + 14, node.detail, SMALL, color))
    return shapes
