"""The picture of the bound services: who is bound to whom, over which binding, and who is public.

Services stand in layers from left to right, callers before what they call. Every arrow leaves its
box at a place of its own, with its name there, so that no name can meet another.
"""

from __future__ import annotations

from dataclasses import dataclass

from workernb.runtime.runtime import Runtime

from .drawing import Drawing, Label, Line, Picture, Rect, fitted, text_width
from .palette import role_of
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


def draw(system: System) -> Drawing:
    """Return the drawing of a system."""
    columns = _columns(system)
    width, height = _place(columns)
    boxes = {box.node.name: box for column in columns for box in column}
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
            drawing.shapes.append(_line(box, index, arrow, boxes[arrow.target], label))
    for box in boxes.values():
        drawing.shapes += _box(box)
    drawing.shapes += labels
    if not boxes:
        drawing.shapes.append(Label(MARGIN, 34, "No Workers yet: %%worker NAME", NAME))
    return drawing


def _columns(system: System) -> list[list[Box]]:
    """Return the boxes in layers: a node stands right of all that call it, cycles apart."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(node.name for node in system.nodes)
    graph.add_edges_from((arrow.source, arrow.target) for arrow in system.arrows)
    # What calls in a circle counts as one, and stands in one layer after the other from its first.
    condensed = networkx.condensation(graph)
    order = {node.name: place for place, node in enumerate(system.nodes)}
    layer: dict[str, int] = {}
    for component in networkx.topological_sort(condensed):
        before = [
            layer[name] + 1
            for caller in condensed.predecessors(component)
            for name in condensed.nodes[caller]["members"]
        ]
        first = max(before, default=0)
        members = sorted(condensed.nodes[component]["members"], key=order.__getitem__)
        for step, name in enumerate(members):
            layer[name] = first + step
    columns: list[list[Box]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in system.nodes:
        columns[layer[node.name]].append(Box(node, system.out_of(node.name)))
    return columns


def _place(columns: list[list[Box]]) -> tuple[float, float]:
    """Give every box its place, and return the picture's width and height."""
    x, tallest = MARGIN, 60.0
    heights = [sum(box.height + GAP for box in column) - GAP for column in columns]
    tallest = max([tallest, *heights])
    for column, height in zip(columns, heights, strict=True):
        width = max(_box_width(box) for box in column)
        y = MARGIN + (tallest - height) / 2
        for box in column:
            box.x, box.y, box.width = x, y, width
            y += box.height + GAP
        named = [_label_width(arrow) for box in column for arrow in box.arrows]
        x += width + (max(named) + REACH if named else 0) + 14
    return max(x - 14 + MARGIN, 260), tallest + 2 * MARGIN


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


def _line(box: Box, index: int, arrow: Arrow, target: Box, label: Label) -> Line:
    """Return an arrow: straight out behind its name, then over to its target."""
    x, y = box.x + box.width, box.port(index)
    end = (target.x, target.y + target.height / 2)
    color = "alarm" if arrow.broken else "line"
    turn = label.box[2] + 4
    if target.x > x:
        reach = max(30.0, (end[0] - turn) / 2)
        points = [(turn, y), (turn + reach, y), (end[0] - reach, end[1]), end]
        return Line(points, color, 1.4, curved=True, dashed=arrow.broken, arrow=True)
    # Back to the left, or to itself: under its own box, and in again from the left.
    below = max(box.y + box.height, target.y + target.height) + GAP / 2
    left = target.x - 12
    points = [(turn, y), (turn + 8, y), (turn + 8, below), (left, below), (left, end[1]), end]
    return Line(points, color, 1.4, dashed=arrow.broken, arrow=True)


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
            radius=16 if node.name == OUTSIDE else 6,
        ),
    ]
    if not node.missing and node.name != OUTSIDE:
        shapes.append(Rect(box.x, box.y + 4, 5, box.height - 8, role_of(node.name), radius=2))
    color = "alarm" if node.missing else "muted"
    shapes.append(Label(box.x + 14, middle - 2, box.name, NAME, bold=True))
    shapes.append(Label(box.x + 14, middle + 14, node.detail, SMALL, color))
    return shapes
