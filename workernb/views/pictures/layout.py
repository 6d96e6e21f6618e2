"""The layout of the graph: the position of each service, which is kept from picture to picture.

Services are arranged in columns, callers to the left of their callees. The first system is laid out
as a whole; a service that is added later gets a free position near its callers, and no other
service moves. Only a box that grows with its bindings may push down the boxes below it.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from workernb.runtime.runtime import Runtime

from .system import OUTSIDE, Key, System

if TYPE_CHECKING:
    import networkx

GAP = 26.0
"""The least distance of two boxes in a column."""
SIBLINGS_GAP = 10.0
"""The distance of the environments of one Worker."""
MAX_ROWS = 40
"""The limit on the boxes in a column when a system is laid out as a whole."""


@dataclass(slots=True)
class Place:
    """The position of a node: its column and its upper edge. group: the Worker's name."""

    column: int
    y: float
    height: float
    group: str

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The vertical centre."""
        return self.y + self.height / 2

    def gap_to(self, other: Place) -> float:
        """Return the least distance from another place in the column."""
        return SIBLINGS_GAP if self.group == other.group else GAP


@dataclass(frozen=True, slots=True)
class Block:
    """The environments of one Worker, one below the other: they are moved together."""

    places: Sequence[Place]

    @property
    def height(self) -> float:
        """The height of all, with the gaps between them."""
        gaps = SIBLINGS_GAP * (len(self.places) - 1)
        return sum(place.height for place in self.places) + gaps

    @property
    def middle(self) -> float:
        """The vertical centre, where the places are now."""
        return (self.places[0].y + self.places[-1].bottom) / 2

    def move(self, y: float) -> None:
        """Put the upper edge at y, and each environment close to the one above it."""
        for place in self.places:
            place.y = y
            y += place.height + SIBLINGS_GAP


@dataclass(frozen=True, slots=True)
class Measures:
    """The sizes of the elements.

    height: of a node. node, label: the width of a column's boxes, and of the names of the arrows
    beside them, for these nodes. reach: the width between those names and the next column.
    """

    height: Callable[[str], float]
    node: Callable[[Iterable[str]], float]
    label: Callable[[Iterable[str]], float]
    reach: float


@dataclass(slots=True)
class Column:
    """The left edge of a column, and the widths of its boxes, of its names and of its arrows."""

    x: float
    node: float
    label: float
    reach: float

    @property
    def label_end(self) -> float:
        """The right edge of the names beside the boxes."""
        return self.x + self.node + self.label

    @property
    def end(self) -> float:
        """The left edge of the next column."""
        return self.label_end + self.reach


@dataclass(slots=True)
class Layout:
    """The places of a system's nodes and its columns, kept from picture to picture."""

    places: dict[str, Place] = field(default_factory=dict)
    columns: dict[int, Column] = field(default_factory=dict)

    @classmethod
    def of(cls, runtime: Runtime) -> Layout:
        """Return the runtime's one Layout."""
        return _layouts.setdefault(runtime, cls())

    def forget(self) -> None:
        """Discard all positions, so that the next update lays out the system as a whole."""
        self.places.clear()
        self.columns.clear()

    def update(self, system: System, measures: Measures) -> None:
        """Add places for the new nodes of a system, and remove those of removed nodes."""
        names = [node.name for node in system.nodes]
        for removed in self.places.keys() - names:
            del self.places[removed]
        if not self.places:
            self.forget()
            self._lay_out(system, measures)
        else:
            self._grow(measures)
            self._close_up()
            self._add([name for name in names if name not in self.places], system, measures)
        self._widen(measures)

    # A system as a whole

    def _lay_out(self, system: System, measures: Measures) -> None:
        groups = {node.name: node.worker for node in system.nodes}
        rows = _ordered(system, _split(layers_of(system)), groups)
        for number, names in enumerate(rows):
            y = 0.0
            for name in names:
                self.places[name] = Place(number, y, measures.height(name), groups[name])
                y += self.places[name].height + GAP
        column = {name: place.column for name, place in self.places.items()}
        forward = [a for a in system.arrows if column[a.source] < column[a.target]]
        callers: dict[str, list[str]] = {name: [] for name in groups}
        callees: dict[str, list[str]] = {name: [] for name in groups}
        for arrow in forward:
            callers[arrow.target].append(arrow.source)
            callees[arrow.source].append(arrow.target)
        for neighbours, order in (
            (callers, rows),
            (callees, rows[::-1]),
            (callers, rows),
            (callees, rows[:1]),
        ):
            for names in order:
                self._settle(names, neighbours)
        top: float = min((place.y for place in self.places.values()), default=0.0)
        for place in self.places.values():
            place.y = float(round(place.y - top))

    def _settle(self, names: Sequence[str], neighbours: Mapping[str, list[str]]) -> None:
        """Move the boxes of a column as near to their neighbours as their order allows."""
        blocks = [Block([self.places[name] for name in group]) for group in self._groups(names)]
        wanted = []
        for group, block in zip(self._groups(names), blocks, strict=True):
            near = [self.places[other].middle for name in group for other in neighbours[name]]
            wanted.append((fmean(near) if near else block.middle) - block.height / 2)
        for block, y in zip(blocks, _stacked(blocks, wanted), strict=True):
            block.move(y)

    def _groups(self, names: Sequence[str]) -> list[list[str]]:
        """Return the names of a column, those of one Worker's environments together."""
        return [list(group) for _, group in groupby(names, key=lambda n: self.places[n].group)]

    # A system that has changed

    def _grow(self, measures: Measures) -> None:
        """Adjust the heights of boxes whose number of arrows has changed."""
        for name, place in self.places.items():
            before, place.height = place.height, measures.height(name)
            if name == OUTSIDE:
                # Grow upwards, where nothing else is placed.
                place.y += before - place.height
        for column in {place.column for place in self.places.values()}:
            stack = self._in_column(column)
            for above, below in pairwise(stack):
                below.y = max(below.y, above.bottom + above.gap_to(below))

    def _close_up(self) -> None:
        """Leave no gap where an environment has been removed from between two others."""
        for column in {place.column for place in self.places.values()}:
            for above, below in pairwise(self._in_column(column)):
                if above.group == below.group:
                    below.y = above.bottom + SIBLINGS_GAP

    def _add(self, names: list[str], system: System, measures: Measures) -> None:
        """Place new nodes, those with the most placed neighbours first."""
        groups = {node.name: node.worker for node in system.nodes}
        while names:
            name = max(names, key=lambda name: self._placed_neighbours(name, system))
            names.remove(name)
            column = self._column_for(name, system)
            place = Place(column, 0, measures.height(name), groups[name])
            place.y = self._free_y(place, self._wanted_y(place, name, system))
            self.places[name] = place
        self._move_outside()

    def _move_outside(self) -> None:
        """Keep the outside in a column of its own, to the left of all others."""
        outside = self.places.get(OUTSIDE)
        others = [place.column for name, place in self.places.items() if name != OUTSIDE]
        if outside is not None and others and outside.column >= min(others):
            outside.column = min(others) - 1

    def _placed_neighbours(self, name: str, system: System) -> int:
        neighbours = _neighbours(name, system)
        return sum(other in self.places for other in neighbours) * (name != OUTSIDE)

    def _column_for(self, name: str, system: System) -> int:
        callers = [self.places[a.source] for a in system.incoming[name] if a.source in self.places]
        callees = [self.places[a.target] for a in system.outgoing[name] if a.target in self.places]
        columns = [place.column for place in self.places.values()]
        if name == OUTSIDE:
            return min(columns) - 1
        worker = next(node.worker for node in system.nodes if node.name == name)
        for node in system.nodes:
            if node.worker == worker and node.name in self.places:
                return self.places[node.name].column
        if callers:
            return max(place.column for place in callers) + 1
        if callees:
            return min(place.column for place in callees) - 1
        return min(columns) + (OUTSIDE in self.places)

    def _wanted_y(self, place: Place, name: str, system: System) -> float:
        """Return the best position of a new node: below its siblings, or near its neighbours."""
        siblings = [other for other in self._in_column(place.column) if other.group == place.group]
        if siblings:
            return max(sibling.bottom for sibling in siblings) + SIBLINGS_GAP
        neighbours = [n for n in _neighbours(name, system) if n in self.places]
        near = [self.places[name].middle for name in neighbours or self.places]
        return fmean(near) - place.height / 2

    def _free_y(self, place: Place, wanted: float) -> float:
        """Return the free position in a column that is nearest to the wanted one."""
        stack = self._in_column(place.column)
        candidates = [wanted]
        for other in stack:
            candidates.append(other.bottom + place.gap_to(other))
            candidates.append(other.y - place.gap_to(other) - place.height)
        outside = self.places.get(OUTSIDE)
        if outside is not None and outside.column == place.column:
            candidates = [y for y in candidates if y > outside.y]
        free = [y for y in candidates if all(_fits(y, place, other) for other in stack)]
        nearest: float = min(free, key=lambda y: abs(y - wanted))
        return float(round(nearest))

    def _in_column(self, column: int) -> list[Place]:
        stack = [place for place in self.places.values() if place.column == column]
        return sorted(stack, key=lambda place: place.y)

    # Columns

    def _widen(self, measures: Measures) -> None:
        """Add the missing columns on both sides, and widen those that are too narrow.

        The leftmost column of services stays where it is.
        """
        members: dict[int, list[str]] = {}
        for name, place in self.places.items():
            members.setdefault(place.column, []).append(name)
        if not members:
            return

        def new_column(column: int) -> Column:
            names = members.get(column, [])
            node, label = math.ceil(measures.node(names)), math.ceil(measures.label(names))
            return Column(0, node, label, measures.reach)

        if not self.columns:
            self.columns[min(members)] = new_column(min(members))
        for number, column in self.columns.items():
            wider = new_column(number)
            column.node = max(column.node, wider.node)
            column.label = max(column.label, wider.label)
        if self.columns:
            self._move_columns()
        while max(self.columns) < max(members):
            last = max(self.columns)
            self.columns[last + 1] = new_column(last + 1)
            self.columns[last + 1].x = self.columns[last].end
        while min(self.columns) > min(members):
            first = min(self.columns)
            new = self.columns[first - 1] = new_column(first - 1)
            new.x = self.columns[first].x - new.end

    def _move_columns(self) -> None:
        """Move the columns apart as they have been widened, outwards from the second one."""
        numbers = sorted(self.columns)
        anchor = numbers[min(1, len(numbers) - 1)]
        for number in range(anchor + 1, numbers[-1] + 1):
            self.columns[number].x = self.columns[number - 1].end
        for number in range(anchor - 1, numbers[0] - 1, -1):
            column = self.columns[number]
            column.x = 0
            column.x = self.columns[number + 1].x - column.end


def _fits(y: float, place: Place, other: Place) -> bool:
    gap = place.gap_to(other)
    return y >= other.bottom + gap or y + place.height + gap <= other.y


def _neighbours(name: str, system: System) -> list[str]:
    callers = [arrow.source for arrow in system.incoming[name]]
    return callers + [arrow.target for arrow in system.outgoing[name]]


def layers_of(system: System) -> dict[str, int]:
    """Return the layer of every node: one more than the highest layer of its callers.

    OUTSIDE has the first layer. Callbacks do not count, nor does an arrow that closes a cycle:
    which one that is depends on the order of definition alone. The environments of a Worker are in
    one layer.
    """
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    worker = {node.name: node.worker for node in system.nodes}
    graph.add_nodes_from(dict.fromkeys(worker.values()))
    if OUTSIDE in worker:
        graph.add_edges_from((OUTSIDE, name) for name in graph.nodes if name != OUTSIDE)
    graph.add_edges_from(
        (worker[a.source], worker[a.target])
        for a in system.arrows
        if worker[a.source] != worker[a.target] and not a.is_beside
    )
    for component in list(networkx.strongly_connected_components(graph)):
        if len(component) > 1:
            _break_cycles(graph.subgraph(component), graph)
    layer: dict[str, int] = {}
    for name in networkx.topological_sort(graph):
        layer[name] = max((layer[caller] + 1 for caller in graph.predecessors(name)), default=0)
    return {name: layer[worker[name]] for name in worker}


def _break_cycles(component: networkx.DiGraph[str], graph: networkx.DiGraph[str]) -> None:
    """Remove the back edges of a strongly connected component from its graph."""
    import networkx

    order = {name: place for place, name in enumerate(graph.nodes)}
    entries = [n for n in component if any(p not in component for p in graph.predecessors(n))]
    begin = min(entries or component, key=order.__getitem__)
    path: set[str] = set()
    for source, target, kind in list(networkx.dfs_labeled_edges(component, begin)):
        if kind == "forward":
            path.add(target)
        elif kind == "reverse":
            path.discard(target)
        elif kind == "nontree" and target in path:
            graph.remove_edge(source, target)


def _split(layers: Mapping[str, int]) -> list[list[str]]:
    """Return the columns: the layers in order, tall ones split into several."""
    rows: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for name, layer in layers.items():
        rows[layer].append(name)
    columns = []
    for row in rows:
        parts = math.ceil(len(row) / MAX_ROWS) or 1
        size = math.ceil(len(row) / parts)
        columns += [row[at : at + size] for at in range(0, len(row), size)] or [row]
    return columns


def _ordered(system: System, rows: list[list[str]], groups: Mapping[str, str]) -> list[list[str]]:
    """Order each column by the positions of its neighbours, so that few arrows cross."""
    position = {name: float(index) for row in rows for index, name in enumerate(row)}
    callers = {
        name: [(arrow.source, _port(system, arrow.source, arrow.key)) for arrow in arrows]
        for name, arrows in system.incoming.items()
    }
    callees = {name: [(a.target, 0.0) for a in arrows] for name, arrows in system.outgoing.items()}
    for neighbours, order in ((callers, rows), (callees, rows[::-1]), (callers, rows)):
        for row in order:
            inside = set(row)
            wanted = {}
            for name in row:
                near = [position[n] + port for n, port in neighbours[name] if n not in inside]
                wanted[name] = fmean(near) if near else position[name]
            by_group: dict[str, list[float]] = {}
            for name in row:
                by_group.setdefault(groups[name], []).append(wanted[name])
            row.sort(key=lambda n: (fmean(by_group[groups[n]]), groups[n], wanted[n]))
            position.update((name, float(index)) for index, name in enumerate(row))
    return rows


def _port(system: System, source: str, key: Key) -> float:
    """Return where an arrow leaves its source: from 0, the upper edge, to 1."""
    arrows = system.outgoing[source]
    index = next(index for index, arrow in enumerate(arrows) if arrow.key == key)
    return (index + 1) / (len(arrows) + 1)


def _stacked(blocks_below: Sequence[Block], wanted: Sequence[float]) -> list[float]:
    """Return the positions of a column's blocks that are nearest to the wanted ones.

    The order is kept, and so are the gaps. It is an isotonic regression (pool adjacent violators).
    """
    offsets = [0.0]
    for above in blocks_below[:-1]:
        offsets.append(offsets[-1] + above.height + GAP)
    blocks: list[list[float]] = []
    for offset, y in zip(offsets, wanted, strict=False):
        blocks.append([y - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            block = blocks.pop()
            blocks[-1] += block
    starts = [start for block in blocks for start in [fmean(block)] * len(block)]
    return [start + offset for start, offset in zip(starts, offsets, strict=False)]


_layouts: weakref.WeakKeyDictionary[Runtime, Layout] = weakref.WeakKeyDictionary()
