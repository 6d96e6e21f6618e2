"""The graph of the services: their bindings, their routes and their traffic.

Services are arranged in columns, callers to the left of their callees. Every arrow has its own port
on the right side of its box, with its name above it and its traffic below, so names never overlap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from workernb.runtime.runtime import Runtime
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of, tint_of
from workernb.views.drawing.shapes import Group, Label, Line, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import one_line

from .layout import GAP, Column, Layout, Measures, Place
from .nodes import NAME, SMALL, draw_store
from .picture import Picture
from .system import OUTSIDE, TAIL, Arrow, Key, Node, System
from .traffic import Flow, Load, Traffic

PORT = 30.0
"""The distance of two ports."""
MIN_HEIGHT = 60.0
MARGIN = 18.0
REACH = 42.0
"""The width of the space for arrows between two columns."""
TINY = 10.0
MIN_BOX, MAX_NAME = 182.0, 230.0
MIN_LABEL, MAX_LABEL = 118.0, 190.0
OUTSIDE_LABEL = 152.0
OUTSIDE_WIDTH = 84.0
CORNER = 7.0
Point = tuple[float, float]


class GraphPicture(Picture):
    """The services of a runtime, as they are when the picture is created."""

    def __init__(
        self, runtime: Runtime, around: str | None = None, layout: Layout | None = None
    ) -> None:
        """Draw the services and their traffic.

        around: only this service, its callers and what it is bound to. layout: where positions are
        kept, by default the runtime's own or, around a service, a new one.
        """
        self.traffic = Traffic.of(runtime)
        self.system = System.of(runtime, self.traffic.callbacks())
        if around is not None:
            self.system = self.system.around(around)
        self.layout = layout or (Layout.of(runtime) if around is None else Layout())
        self.layout.update(self.system, measures(self.system))
        self._flows = {
            arrow.key: flow.copy()
            for arrow in self.system.arrows
            if (flow := self.traffic.arrows.get(arrow.key)) is not None
        }
        self._loads = self.traffic.loads()
        self.drawing = GraphBuilder(self.system, self.layout, self.traffic).build()

    def text(self) -> str:
        """Return a line for each service and for each arrow."""
        if not self.system.nodes:
            return "No Workers yet. Define one in a cell that starts with %%worker NAME."
        lines = []
        loads = self._loads
        for node in self.system.nodes:
            if node.name != OUTSIDE:
                load = [loads[node.name].text] if node.name in loads else []
                lines.append(f"{one_line(node.name)} ({' · '.join([node.detail, *load])})")
            for arrow in self.system.outgoing[node.name]:
                flow = self._flows.get(arrow.key, Flow())
                texts = [describe_arrow(arrow), *flow.texts, flow.calls]
                lines.append("  ".join(filter(None, texts)))
        return "\n".join(lines)

    def fill_width(self, service: str, share: float) -> float:
        """Return the width of the fill of a node whose share of the CPU is `share` (0 to 1)."""
        return share * (self.layout.columns[self.layout.places[service].column].node - 2)


def describe_arrow(arrow: Arrow) -> str:
    """Return an arrow as text: its source if that is OUTSIDE, its label and its target."""
    label = one_line(arrow.label, 60)
    if arrow.source == OUTSIDE:
        return f"outside ──{label}──▶ {one_line(arrow.target)}"
    broken = "  (not there)" if arrow.broken else ""
    return f"  ──{label}──▶ {one_line(arrow.target)}{broken}"


def measures(system: System) -> Measures:
    """Return the sizes of the nodes and of the labels of a system."""
    nodes = {node.name: node for node in system.nodes}

    def height(name: str) -> float:
        return max(MIN_HEIGHT, PORT * len(system.outgoing[name]) + 6)

    def node_width(names: Iterable[str]) -> float:
        services = [nodes[name] for name in names if name != OUTSIDE]
        if not services:
            return OUTSIDE_WIDTH
        widths = [min(text_width(service.title, NAME, True), MAX_NAME) for service in services]
        widths += [text_width(service.detail, SMALL) for service in services]
        return max([MIN_BOX, *(width + 40 for width in widths)])

    def label_width(names: Iterable[str]) -> float:
        names = [*names]
        arrows = [arrow for name in names for arrow in system.outgoing[name]]
        widths = [min(text_width(one_line(arrow.label), SMALL), MAX_LABEL) for arrow in arrows]
        least = OUTSIDE_LABEL if OUTSIDE in names else MIN_LABEL
        return max([least, *(width + 16 for width in widths)])

    return Measures(height, node_width, label_width, REACH)


@dataclass(slots=True)
class GraphBuilder:
    """Builds the drawing of a system."""

    system: System
    layout: Layout
    traffic: Traffic
    _detour_y: float = 0
    """The vertical position of the next arrow that leads back, below all boxes."""
    _loads: dict[str, Load] = field(default_factory=dict)
    _stacks: dict[int, list[Place]] = field(default_factory=dict)
    _ports: dict[Key, float] = field(default_factory=dict)
    _tips: dict[Key, Point] = field(default_factory=dict)
    _gaps: dict[tuple[int, float], int] = field(default_factory=dict)

    def build(self) -> Drawing:
        """Build and return the drawing."""
        nodes = self.system.nodes
        services = [node for node in nodes if node.name != OUTSIDE and node.store is None]
        description = "; ".join(
            f"{'outside' if a.source == OUTSIDE else a.source} "
            + (f"is tailed by {a.target}" if a.name == TAIL else f"calls {a.target} over {a.label}")
            for a in self.system.arrows[:50]
        )
        plural = "s" if len(services) != 1 else ""
        title = f"{len(services)} Worker{plural} and their bindings"
        drawing = Drawing(260, 60, title, one_line(description, 2000) or "no bindings")
        if not self.system.nodes:
            drawing.shapes.append(Label(MARGIN, 34, "No Workers yet: %%worker NAME", NAME))
            return drawing
        places = self.layout.places.values()
        self._loads = self.traffic.loads()
        for place in sorted(places, key=lambda place: place.y):
            self._stacks.setdefault(place.column, []).append(place)
        self._ports = self._port_positions()
        self._tips = self._tip_positions()
        self._detour_y = max(place.bottom for place in places) + GAP / 2
        drawing.shapes += self._frames()
        drawing.shapes += [self._arrow(i, arrow) for i, arrow in enumerate(self.system.arrows)]
        drawing.shapes += [self._node(i, node) for i, node in enumerate(self.system.nodes)]
        self._fit_card(drawing)
        return drawing

    def _fit_card(self, drawing: Drawing) -> None:
        """Set the card's position and size to contain all shapes."""
        places = self.layout.places.values()
        lefts = [self.layout.columns[place.column].x for place in places]
        right = max(
            self._column(name).label_end if self.system.outgoing[name] else self._box_right(name)
            for name in self.layout.places
        )
        points = [p for s in drawing.flat if isinstance(s, Line) for p in s.points]
        tops = [place.y for place in places]
        bottoms = [place.bottom for place in places]
        drawing.left = min([*lefts, *(x for x, _ in points)]) - MARGIN
        drawing.top = min([*tops, *(y for _, y in points)]) - MARGIN
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
        if node.store is not None:
            return draw_store(index, node, place, column)
        outside = node.name == OUTSIDE
        load = self._loads.get(node.name)
        load_text = "" if load is None else load.text
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
            shapes += [
                Rect(
                    column.x + 1,
                    place.y + 1,
                    (column.node - 2) * (0.0 if load is None else load.share),
                    place.height - 2,
                    tint_of(node.name),
                    radius=CORNER - 1,
                    part=f"fill{index}",
                ),
                Rect(column.x, place.y + 5, 5, place.height - 10, role_of(node.name), radius=2),
                Label(column.x + 14, middle + 21, load_text, TINY, "muted", part=f"load{index}"),
            ]
        baseline = middle - (0 if node.missing or outside else 9)
        name_width = column.node - (20 if outside else 40)
        detail = fitted(node.detail, SMALL, column.node - 26)
        color = "alarm" if node.missing else "muted"
        shapes += [
            Label(
                column.x + 14,
                baseline - 2,
                fitted(name, NAME, name_width, True),
                NAME,
                bold=True,
            ),
            Label(column.x + 14, baseline + 15, detail, SMALL, color),
        ]
        if not (node.public or node.missing or outside):
            shapes += _lock(column.x + column.node - 17, place.y + 10)
        title = f"{name}: {node.detail}" + (f", {load_text}" if load_text else "")
        return Group(shapes, {"node": "" if outside else node.name}, title)

    def _frames(self) -> list[Rect]:
        """Return a frame around adjacent environments of one Worker."""
        frames = []
        for number, stack in self._stacks.items():
            x, width = self.layout.columns[number].x - 6, self.layout.columns[number].node + 12
            for _, group in groupby(stack, key=lambda place: place.group):
                places = list(group)
                if len(places) > 1:
                    y = places[0].y - 6
                    height = places[-1].bottom + 6 - y
                    frames.append(Rect(x, y, width, height, None, "line", 1, radius=12))
        return frames

    # Arrows

    def _arrow(self, index: int, arrow: Arrow) -> Group:
        column = self._column(arrow.source)
        y = self._ports[arrow.key]
        x = column.x + column.node
        tip = self._tips[arrow.key]
        color = "alarm" if arrow.broken else "line"
        points = self._route((x, y), column, arrow, tip)
        label = fitted(one_line(arrow.label), SMALL, column.label - 16)
        flow = self.traffic.arrows.get(arrow.key, Flow())
        count, failed = flow.texts
        texts = [
            Label(x + 8, y - 4, label, SMALL, "alarm" if arrow.broken else "ink"),
            Label(x + 8, y + 12, count, TINY, "muted", part=f"count{index}"),
            Label(x + 48, y + 12, failed, TINY, "alarm", part=f"failed{index}"),
        ]
        if arrow.source == OUTSIDE:  # The live picture fills it: a still one has no now.
            texts.append(Label(x + 104, y + 12, "", TINY, "ink", part=f"rate{index}"))
        line = Line(
            points,
            color,
            1.4,
            curved=True,
            dashed=arrow.broken or arrow.is_beside,
            arrow=True,
            part=f"way{index}",
        )
        source = "" if arrow.source == OUTSIDE else arrow.source
        broken = ", which is not there" if arrow.broken else ""
        calls = f": {flow.calls}" if flow.methods else ""
        title = f"{source or 'outside'}: {one_line(arrow.label)} → {arrow.target}{broken}{calls}"
        data = {"arrow": str(index), "from": source, "to": arrow.target}
        return Group([line, *texts], data, title)

    def _port_positions(self) -> dict[Key, float]:
        """Return the vertical position at which each arrow leaves its box."""
        return {
            arrow.key: self.layout.places[name].middle + PORT * (index - (len(arrows) - 1) / 2)
            for name, arrows in self.system.outgoing.items()
            for index, arrow in enumerate(arrows)
        }

    def _tip_positions(self) -> dict[Key, Point]:
        """Return the point on the left side of its target where each arrow ends."""
        tips: dict[Key, Point] = {}
        for name, arrows in self.system.incoming.items():
            place, x = self.layout.places[name], self._column(name).x
            ordered = sorted(arrows, key=lambda a: (self._leads_back(a), self._ports[a.key], a.key))
            distance = min(10.0, (place.height - 24) / max(len(arrows) - 1, 1))
            for index, arrow in enumerate(ordered):
                tips[arrow.key] = (x, place.middle + distance * (index - (len(arrows) - 1) / 2))
        return tips

    def _leads_back(self, arrow: Arrow) -> bool:
        places = self.layout.places
        return places[arrow.target].column <= places[arrow.source].column

    def _route(self, begin: Point, column: Column, arrow: Arrow, tip: Point) -> list[Point]:
        """Return the points of an arrow's curve, which passes between the boxes of each column."""
        if self._leads_back(arrow):
            return self._detour(begin, column, arrow, tip)
        stops = [begin, (column.label_end, begin[1])]
        places = self.layout.places
        first, last = places[arrow.source].column + 1, places[arrow.target].column
        for number in range(first, last):
            crossed = self.layout.columns[number]
            y = self._gap(number, stops[-1][1] + (tip[1] - stops[-1][1]) / (last - number + 1))
            stops += [(crossed.x, y), (crossed.label_end, y)]
        return _curve([*stops, tip])

    def _gap(self, number: int, wanted: float) -> float:
        """Return the vertical position, between two boxes, at which an arrow crosses a column."""
        stack = self._stacks.get(number)
        if stack is None:
            return wanted
        gaps = [stack[0].y - GAP / 2, stack[-1].bottom + GAP / 2]
        gaps += [
            (above.bottom + below.y) / 2
            for above, below in pairwise(stack)
            if below.y - above.bottom >= GAP
        ]
        if not any(place.y - 8 < wanted < place.bottom + 8 for place in stack):
            return wanted
        gap = min(gaps, key=lambda y: abs(y - wanted))
        used = self._gaps[number, gap] = self._gaps.get((number, gap), -1) + 1
        return gap + (0, 4, -4, 8, -8)[used % 5]

    def _detour(self, begin: Point, column: Column, arrow: Arrow, tip: Point) -> list[Point]:
        """Return the points of an arrow that leads back: below the boxes, to the target's left."""
        places = self.layout.places
        source, target = places[arrow.source], places[arrow.target]
        if source is target:
            y = source.bottom + 8
        else:
            y = self._detour_y
            self._detour_y += 9
        right, left = column.label_end + 6, tip[0] - 14
        corners = [begin, (right, begin[1]), (right, y), (left, y), (left, tip[1]), tip]
        return _rounded(corners)


def _lock(x: float, y: float) -> list[Shape]:
    """Return a padlock, the mark of a private service."""
    shackle = [(x + 2, y), (x + 2, y - 5.5), (x + 7, y - 5.5), (x + 7, y)]
    return [Line(shackle, "muted", 1.3, curved=True), Rect(x, y, 9, 7, "muted", radius=1.5)]


def _curve(stops: list[Point]) -> list[Point]:
    """Return the points of a curve through stops, horizontal at each of them."""
    points = stops[:1]
    for (x, y), (next_x, next_y) in pairwise(stops):
        half = (next_x - x) / 2
        points += [(x + half, y), (next_x - half, next_y), (next_x, next_y)]
    return points


def _rounded(corners: list[Point], radius: float = 6) -> list[Point]:
    """Return the points of a curve along straight lines with rounded corners."""
    points = corners[:1]
    for (x, y), (corner_x, corner_y), (next_x, next_y) in zip(
        corners, corners[1:], corners[2:], strict=False
    ):
        begin = _point_towards((corner_x, corner_y), (x, y), radius)
        end = _point_towards((corner_x, corner_y), (next_x, next_y), radius)
        points += [points[-1], begin, begin, (corner_x, corner_y), (corner_x, corner_y), end]
    return [*points, points[-1], corners[-1], corners[-1]]


def _point_towards(begin: Point, end: Point, distance: float) -> Point:
    """Return the point at a distance from begin towards end, at most half-way."""
    dx, dy = end[0] - begin[0], end[1] - begin[1]
    length = max(abs(dx), abs(dy))
    part = min(distance / length, 0.5) if length else 0.0
    return begin[0] + dx * part, begin[1] + dy * part
