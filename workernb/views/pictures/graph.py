"""The picture of the bound services: who is bound to whom, over which binding, and who is public.

Services stand in columns, callers left of what they call. Every arrow leaves its box at a place of
its own, with its name above it and its traffic below, so that no name can meet another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from workernb.runtime.runtime import Runtime
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of, tint_of
from workernb.views.drawing.shapes import Group, Label, Line, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import one_line

from .layout import GAP, Column, Layout, Measures, Place
from .picture import Picture
from .system import OUTSIDE, Arrow, Key, Node, System
from .traffic import Flow, Load, Traffic

ROW = 30.0
HEAD = 60.0
MARGIN = 18.0
REACH = 42.0
NAME, SMALL, TINY = 13.0, 11.0, 10.0
NARROWEST_NAME, WIDEST_NAME = 182.0, 230.0
NARROWEST_LABEL, WIDEST_LABEL = 118.0, 190.0
OUTSIDE_WIDTH = 84.0
CORNER = 7.0

Point = tuple[float, float]


class GraphPicture(Picture):
    """What `%graph` shows: the system of a runtime, as it is when the picture is made."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the system and its traffic, and draw them."""
        self.system = System.of(runtime)
        self.traffic = Traffic.of(runtime)
        self.layout = Layout.of(runtime)
        self.layout.update(self.system, measures(self.system))
        self.drawing = Sketch(self.system, self.layout, self.traffic).drawing()

    def text(self) -> str:
        """Return the system in words: an arrow a line."""
        if not self.system.nodes:
            return "No Workers yet. Define one in a cell that starts with %%worker NAME."
        lines = []
        loads = self.traffic.loads()
        for node in self.system.nodes:
            if node.name != OUTSIDE:
                words = (
                    [node.detail, loads[node.name].text] if node.name in loads else [node.detail]
                )
                lines.append(f"{one_line(node.name)} ({' · '.join(words)})")
            for arrow in self.system.outgoing[node.name]:
                words = [describe_arrow(arrow), *self.traffic.arrows.get(arrow.key, Flow()).texts]
                lines.append("  ".join(filter(None, words)))
        return "\n".join(lines)

    def fill(self, service: str, share: float) -> float:
        """Return how wide the fill of a node is at a share of the CPU."""
        return share * (self.layout.columns[self.layout.places[service].column].node - 2)


def describe_arrow(arrow: Arrow) -> str:
    """Return an arrow as text: who calls whom, over which binding."""
    label = one_line(arrow.label, 60)
    if arrow.source == OUTSIDE:
        return f"outside ──{label}──▶ {one_line(arrow.target)}"
    broken = "  (not there)" if arrow.broken else ""
    return f"  ──{label}──▶ {one_line(arrow.target)}{broken}"


def measures(system: System) -> Measures:
    """Return how much room the nodes and the names of a system take."""
    nodes = {node.name: node for node in system.nodes}

    def height(name: str) -> float:
        return max(HEAD, ROW * len(system.outgoing[name]) + 6)

    def node_width(names: Iterable[str]) -> float:
        inside = [nodes[name] for name in names if name != OUTSIDE]
        if not inside:
            return OUTSIDE_WIDTH
        texts = [min(text_width(one.name, NAME, True), WIDEST_NAME) for one in inside]
        texts += [text_width(one.detail, SMALL) for one in inside]
        return max([NARROWEST_NAME, *(width + 40 for width in texts)])

    def label_width(names: Iterable[str]) -> float:
        arrows = [arrow for name in names for arrow in system.outgoing[name]]
        widths = [min(text_width(one_line(arrow.label), SMALL), WIDEST_LABEL) for arrow in arrows]
        return max([NARROWEST_LABEL, *(width + 16 for width in widths)])

    return Measures(height, node_width, label_width, REACH)


@dataclass(slots=True)
class Sketch:
    """A drawing in the making."""

    system: System
    layout: Layout
    traffic: Traffic
    below: float = 0
    """How far down arrows that lead back have been drawn."""
    _loads: dict[str, Load] = field(default_factory=dict)
    _stacks: dict[int, list[Place]] = field(default_factory=dict)
    _ports: dict[Key, float] = field(default_factory=dict)
    _tips: dict[Key, Point] = field(default_factory=dict)
    _gaps: dict[tuple[int, float], int] = field(default_factory=dict)

    def drawing(self) -> Drawing:
        """Return the drawing."""
        services = [node for node in self.system.nodes if node.name != OUTSIDE]
        described = "; ".join(
            f"{'outside' if a.source == OUTSIDE else a.source} calls {a.target} over {a.label}"
            for a in self.system.arrows[:50]
        )
        plural = "s" if len(services) != 1 else ""
        title = f"{len(services)} Worker{plural} and their bindings"
        drawing = Drawing(260, 60, title, one_line(described, 2000) or "no bindings")
        if not self.system.nodes:
            drawing.shapes.append(Label(MARGIN, 34, "No Workers yet: %%worker NAME", NAME))
            return drawing
        places = self.layout.places.values()
        self._loads = self.traffic.loads()
        for place in sorted(places, key=lambda place: place.y):
            self._stacks.setdefault(place.column, []).append(place)
        self._ports = self._port_places()
        self._tips = self._tip_places()
        self.below = max(place.bottom for place in places) + GAP / 2
        drawing.shapes += self._frames()
        drawing.shapes += [self._arrow(i, arrow) for i, arrow in enumerate(self.system.arrows)]
        drawing.shapes += [self._node(i, node) for i, node in enumerate(self.system.nodes)]
        self._fit(drawing)
        return drawing

    def _fit(self, drawing: Drawing) -> None:
        """Let the card be as large as what is on it."""
        across = [self.layout.columns[place.column].x for place in self.layout.places.values()]
        right = max(
            self._column(name).named if self.system.outgoing[name] else self._box_right(name)
            for name in self.layout.places
        )
        points = [p for s in drawing.flat if isinstance(s, Line) for p in s.points]
        ends = [place.y for place in self.layout.places.values()]
        bottoms = [place.bottom for place in self.layout.places.values()]
        drawing.left = min([*across, *(x for x, _ in points)]) - MARGIN
        drawing.top = min([*ends, *(y for _, y in points)]) - MARGIN
        drawing.width = max([right, *(x for x, _ in points)]) + MARGIN - drawing.left
        drawing.height = max([*bottoms, *(y for _, y in points)]) + MARGIN - drawing.top

    def _column(self, name: str) -> Column:
        return self.layout.columns[self.layout.places[name].column]

    def _box_right(self, name: str) -> float:
        column = self._column(name)
        return column.x + column.node

    # Nodes

    def _node(self, index: int, node: Node) -> Group:
        place, column = self.layout.places[node.name], self._column(node.name)
        outside = node.name == OUTSIDE
        load = self._loads.get(node.name)
        words = "" if load is None else load.text
        stroke = "alarm" if node.missing else "line" if outside else role_of(node.name)
        box = Rect(
            column.x,
            place.y,
            column.node,
            place.height,
            "box",
            stroke,
            2.4 if node.public else 1.4,
            dashed=node.missing,
            radius=18 if outside else CORNER,
            part=f"box{index}",
        )
        shapes: list[Shape] = [box]
        middle = place.middle
        name = "outside" if outside else one_line(node.name)
        if not node.missing and not outside:
            used = (column.node - 2) * (0.0 if load is None else load.share)
            shapes += [
                Rect(
                    column.x + 1,
                    place.y + 1,
                    used,
                    place.height - 2,
                    tint_of(node.name),
                    radius=CORNER - 1,
                    part=f"fill{index}",
                ),
                Rect(column.x, place.y + 5, 5, place.height - 10, role_of(node.name), radius=2),
                Label(column.x + 14, middle + 21, words, TINY, "muted", part=f"load{index}"),
            ]
        lift = 0 if node.missing or outside else 9
        room = column.node - (20 if outside else 40)
        detail = fitted(node.detail, SMALL, column.node - 26)
        color = "alarm" if node.missing else "muted"
        shapes.append(
            Label(column.x + 14, middle - 2 - lift, fitted(name, NAME, room, True), NAME, bold=True)
        )
        shapes.append(Label(column.x + 14, middle + 15 - lift, detail, SMALL, color))
        if not (node.public or node.missing or outside):
            shapes += _lock(column.x + column.node - 17, place.y + 10)
        title = f"{name}: {node.detail}" + (f", {words}" if words else "")
        return Group(shapes, {"node": "" if outside else node.name}, title)

    def _frames(self) -> list[Rect]:
        """Around the environments of each Worker that stand together."""
        frames = []
        for number, stack in self._stacks.items():
            column = self.layout.columns[number]
            runs: list[list[Place]] = []
            for place in stack:
                if runs and runs[-1][-1].group == place.group:
                    runs[-1].append(place)
                else:
                    runs.append([place])
            for run in runs:
                if len(run) > 1:
                    top, bottom = run[0].y - 6, run[-1].bottom + 6
                    frames.append(
                        Rect(
                            column.x - 6,
                            top,
                            column.node + 12,
                            bottom - top,
                            None,
                            "line",
                            1,
                            radius=12,
                        )
                    )
        return frames

    # Arrows

    def _arrow(self, index: int, arrow: Arrow) -> Group:
        column = self._column(arrow.source)
        y = self._ports[arrow.key]
        x = column.x + column.node
        tip = self._tips[arrow.key]
        color = "alarm" if arrow.broken else "line"
        way = self._way((x, y), column, arrow, tip)
        label = fitted(one_line(arrow.label), SMALL, column.label - 16)
        count, failed = self.traffic.arrows.get(arrow.key, Flow()).texts
        texts = [
            Label(x + 8, y - 4, label, SMALL, "alarm" if arrow.broken else "ink"),
            Label(x + 8, y + 12, count, TINY, "muted", part=f"count{index}"),
            Label(x + 48, y + 12, failed, TINY, "alarm", part=f"failed{index}"),
        ]
        line = Line(
            way, color, 1.4, curved=True, dashed=arrow.broken, arrow=True, part=f"way{index}"
        )
        source = "" if arrow.source == OUTSIDE else arrow.source
        broken = ", which is not there" if arrow.broken else ""
        title = f"{source or 'outside'}: {one_line(arrow.label)} → {arrow.target}{broken}"
        data = {"arrow": str(index), "from": source, "to": arrow.target}
        return Group([line, *texts], data, title)

    def _port_places(self) -> dict[Key, float]:
        """Where each arrow leaves its box."""
        return {
            arrow.key: self.layout.places[name].middle + ROW * (at - (len(arrows) - 1) / 2)
            for name, arrows in self.system.outgoing.items()
            for at, arrow in enumerate(arrows)
        }

    def _tip_places(self) -> dict[Key, Point]:
        """Where each arrow ends: at the left side of its target, beside the others that do."""
        tips: dict[Key, Point] = {}
        for name, arrows in self.system.incoming.items():
            place, x = self.layout.places[name], self._column(name).x
            ordered = sorted(arrows, key=lambda a: (self._leads_back(a), self._ports[a.key], a.key))
            apart = min(10.0, (place.height - 24) / max(len(arrows) - 1, 1))
            for at, arrow in enumerate(ordered):
                tips[arrow.key] = (x, place.middle + apart * (at - (len(arrows) - 1) / 2))
        return tips

    def _leads_back(self, arrow: Arrow) -> bool:
        places = self.layout.places
        return places[arrow.target].column <= places[arrow.source].column

    def _way(self, begin: Point, column: Column, arrow: Arrow, tip: Point) -> list[Point]:
        if self._leads_back(arrow):
            return self._back(begin, column, arrow, tip)
        stops = [begin, (column.named, begin[1])]
        places = self.layout.places
        first, last = places[arrow.source].column + 1, places[arrow.target].column
        for number in range(first, last):
            passed = self.layout.columns[number]
            y = self._gap(number, stops[-1][1] + (tip[1] - stops[-1][1]) / (last - number + 1))
            stops += [(passed.x, y), (passed.named, y)]
        return _curve([*stops, tip])

    def _gap(self, number: int, wanted: float) -> float:
        """Return the height at which an arrow passes a column: between two of its boxes."""
        stack = self._stacks.get(number)
        if stack is None:
            return wanted
        gaps = [stack[0].y - GAP / 2, stack[-1].bottom + GAP / 2]
        gaps += [
            (above.bottom + below.y) / 2
            for above, below in pairwise(stack)
            if below.y - above.bottom >= GAP
        ]
        if not any(one.y - 8 < wanted < one.bottom + 8 for one in stack):
            return wanted
        gap = min(gaps, key=lambda y: abs(y - wanted))
        used = self._gaps[number, gap] = self._gaps.get((number, gap), -1) + 1
        return gap + (0, 4, -4, 8, -8)[used % 5]

    def _back(self, begin: Point, column: Column, arrow: Arrow, tip: Point) -> list[Point]:
        """An arrow back to the left, or to its own column: round below, and in from the left."""
        places = self.layout.places
        source, target = places[arrow.source], places[arrow.target]
        turn = column.named + 6
        if source is target:
            below = source.bottom + 8
        else:
            below = self.below
            self.below += 9
        left = tip[0] - 14
        corners = [begin, (turn, begin[1]), (turn, below), (left, below), (left, tip[1]), tip]
        return _rounded(corners)


def _lock(x: float, y: float) -> list[Shape]:
    """A small padlock: private, reached over bindings only."""
    shackle = [(x + 2, y), (x + 2, y - 5.5), (x + 7, y - 5.5), (x + 7, y)]
    return [Line(shackle, "muted", 1.3, curved=True), Rect(x, y, 9, 7, "muted", radius=1.5)]


def _curve(stops: list[Point]) -> list[Point]:
    """Return the points of a curve that is level at every stop."""
    points = stops[:1]
    for (x, y), (next_x, next_y) in pairwise(stops):
        half = (next_x - x) / 2
        points += [(x + half, y), (next_x - half, next_y), (next_x, next_y)]
    return points


def _rounded(corners: list[Point], radius: float = 6) -> list[Point]:
    """Return the points of a curve along straight lines, round at the corners."""
    points = corners[:1]
    for (x, y), (corner_x, corner_y), (next_x, next_y) in zip(
        corners, corners[1:], corners[2:], strict=False
    ):
        begin = _towards((corner_x, corner_y), (x, y), radius)
        end = _towards((corner_x, corner_y), (next_x, next_y), radius)
        points += [points[-1], begin, begin, (corner_x, corner_y), (corner_x, corner_y), end]
    return [*points, points[-1], corners[-1], corners[-1]]


def _towards(begin: Point, end: Point, far: float) -> Point:
    """Return the point that is so far from one to another, half-way at most."""
    across, down = end[0] - begin[0], end[1] - begin[1]
    length = max(abs(across), abs(down))
    part = min(far / length, 0.5) if length else 0.0
    return begin[0] + across * part, begin[1] + down * part
