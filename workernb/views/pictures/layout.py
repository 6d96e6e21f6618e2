"""The layout: where each service stands. What stands somewhere stays there.

Services stand in columns, callers left of what they call. A first system is laid out as a whole;
what is added later takes a free place near its callers, and moves nobody. Only a box that grows,
because its own bindings have become more, may push down what stands below it.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from workernb.runtime.runtime import Runtime

from .system import OUTSIDE, System

if TYPE_CHECKING:
    import networkx

GAP = 26.0
"""How far boxes in a column are apart at least."""
SIBLINGS_GAP = 10.0
"""How far the environments of one Worker are apart."""
MOST_ROWS = 40
"""How many boxes a column has when a system is laid out as a whole."""


@dataclass(slots=True)
class Place:
    """Where a node stands: in which column, and from where to where. group: the Worker's name."""

    column: int
    y: float
    height: float
    group: str

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Half-way down."""
        return self.y + self.height / 2

    def apart(self, other: Place) -> float:
        """How far it has to be from another in its column."""
        return SIBLINGS_GAP if self.group == other.group else GAP


@dataclass(frozen=True, slots=True)
class Measures:
    """How much room things take.

    height: of a node. node, label: how wide a column's boxes, and the names beside them, have to
    be for these nodes. reach: the room for arrows between one column's names and the next boxes.
    """

    height: Callable[[str], float]
    node: Callable[[Iterable[str]], float]
    label: Callable[[Iterable[str]], float]
    reach: float


@dataclass(slots=True)
class Column:
    """Where a column begins, and how wide its boxes and the names beside them may be."""

    x: float
    node: float
    label: float
    reach: float

    @property
    def named(self) -> float:
        """Where the names beside its boxes begin to be free of text: the end of their room."""
        return self.x + self.node + self.label

    @property
    def end(self) -> float:
        """Where the next column begins."""
        return self.named + self.reach


@dataclass(slots=True)
class Layout:
    """The places of a system's nodes, and its columns; kept from picture to picture."""

    places: dict[str, Place] = field(default_factory=dict)
    columns: dict[int, Column] = field(default_factory=dict)

    @classmethod
    def of(cls, runtime: Runtime) -> Layout:
        """Return the one layout of a runtime."""
        return _layouts.setdefault(runtime, cls())

    def forget(self) -> None:
        """Lay the system out as a whole the next time."""
        self.places.clear()
        self.columns.clear()

    def update(self, system: System, measures: Measures) -> None:
        """Give every node of a system a place, and take away those of nodes that are gone."""
        names = {node.name: node.worker for node in system.nodes}
        for gone in self.places.keys() - names.keys():
            del self.places[gone]
        if not self.places:
            self.forget()
            self._lay_out(system, measures)
        else:
            self._grow(measures)
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
        onward = [a for a in system.arrows if column[a.source] < column[a.target]]
        before: dict[str, list[str]] = {name: [] for name in groups}
        after: dict[str, list[str]] = {name: [] for name in groups}
        for arrow in onward:
            before[arrow.target].append(arrow.source)
            after[arrow.source].append(arrow.target)
        for neighbours, order in (
            (before, rows),
            (after, rows[::-1]),
            (before, rows),
            (after, rows[:1]),
        ):
            for names in order:
                self._settle(names, neighbours)
        top: float = min((place.y for place in self.places.values()), default=0.0)
        for place in self.places.values():
            place.y = float(round(place.y - top))

    def _settle(self, names: Sequence[str], neighbours: Mapping[str, list[str]]) -> None:
        """Move the boxes of a column as near to their neighbours as their order lets them."""
        wanted = []
        for name in names:
            place = self.places[name]
            near = [self.places[other].middle for other in neighbours[name]]
            wanted.append((fmean(near) if near else place.middle) - place.height / 2)
        places = [self.places[name] for name in names]
        for place, y in zip(places, _stacked(places, wanted), strict=True):
            place.y = y

    # A system that has changed

    def _grow(self, measures: Measures) -> None:
        """Make room in boxes whose arrows have become more."""
        for name, place in self.places.items():
            before, place.height = place.height, measures.height(name)
            if name == OUTSIDE:
                # Each new route makes it taller: upwards, where nothing is ever placed.
                place.y += before - place.height
        for column in {place.column for place in self.places.values()}:
            stack = self._in_column(column)
            for above, below in pairwise(stack):
                below.y = max(below.y, above.bottom + above.apart(below))

    def _add(self, names: list[str], system: System, measures: Measures) -> None:
        """Place new nodes: those first that are bound to what has its place already."""
        groups = {node.name: node.worker for node in system.nodes}
        while names:
            name = max(names, key=lambda one: self._placed_neighbours(one, system))
            names.remove(name)
            column = self._column_for(name, system)
            place = Place(column, 0, measures.height(name), groups[name])
            place.y = self._free(place, self._wanted(place, name, system))
            self.places[name] = place

    def _placed_neighbours(self, name: str, system: System) -> int:
        around = [arrow.source for arrow in system.incoming[name]]
        around += [arrow.target for arrow in system.outgoing[name]]
        return sum(other in self.places for other in around) * (name != OUTSIDE)

    def _column_for(self, name: str, system: System) -> int:
        callers = [self.places[a.source] for a in system.incoming[name] if a.source in self.places]
        callees = [self.places[a.target] for a in system.outgoing[name] if a.target in self.places]
        columns = [place.column for place in self.places.values()]
        if name == OUTSIDE:
            return min(columns) - 1
        group = [node.name for node in system.nodes if node.worker == _worker(name, system)]
        beside = [self.places[one].column for one in group if one in self.places]
        if beside:
            return beside[0]
        if callers:
            return max(place.column for place in callers) + 1
        if callees:
            return min(place.column for place in callees) - 1
        return min(columns) + (OUTSIDE in self.places)

    def _wanted(self, place: Place, name: str, system: System) -> float:
        """Where a new node would stand best."""
        beside = [one for one in self._in_column(place.column) if one.group == place.group]
        if beside:
            return max(one.bottom for one in beside) + SIBLINGS_GAP
        around = [a.source for a in system.incoming[name]]
        around += [a.target for a in system.outgoing[name]]
        near = [self.places[other].middle for other in around if other in self.places]
        everything = near or [one.middle for one in self.places.values()]
        return fmean(everything) - place.height / 2

    def _free(self, place: Place, wanted: float) -> float:
        """Return the free place in a column that is nearest to the one that is wanted."""
        stack = self._in_column(place.column)
        starts = [wanted]
        for one in stack:
            starts.append(one.bottom + place.apart(one))
            starts.append(one.y - place.apart(one) - place.height)
        outside = self.places.get(OUTSIDE)
        if outside is not None and outside.column == place.column:
            starts = [y for y in starts if y > outside.y]
        fits = [y for y in starts if all(_fits(y, place, one) for one in stack)]
        nearest: float = min(fits, key=lambda y: abs(y - wanted))
        return float(round(nearest))

    def _in_column(self, column: int) -> list[Place]:
        stack = [place for place in self.places.values() if place.column == column]
        return sorted(stack, key=lambda place: place.y)

    # Columns

    def _widen(self, measures: Measures) -> None:
        """Make the columns that are needed; those that are there stay as they are."""
        members: dict[int, list[str]] = {}
        for name, place in self.places.items():
            members.setdefault(place.column, []).append(name)
        if not members:
            return

        def made(column: int) -> Column:
            names = members.get(column, [])
            return Column(0, measures.node(names), measures.label(names), measures.reach)

        if not self.columns:
            self.columns[min(members)] = made(min(members))
        while max(self.columns) < max(members):
            last = max(self.columns)
            self.columns[last + 1] = made(last + 1)
            self.columns[last + 1].x = self.columns[last].end
        while min(self.columns) > min(members):
            first = min(self.columns)
            new = self.columns[first - 1] = made(first - 1)
            new.x = self.columns[first].x - new.end


def _fits(y: float, place: Place, other: Place) -> bool:
    apart = place.apart(other)
    return y >= other.bottom + apart or y + place.height + apart <= other.y


def _worker(name: str, system: System) -> str:
    return next(node.worker for node in system.nodes if node.name == name)


def layers_of(system: System) -> dict[str, int]:
    """Return the layer of every node: one more than the last of those that call it.

    The outside comes before all. An arrow that closes a circle does not count; which one that is
    depends on the order of definition alone. The environments of a Worker are in one layer.
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
        if worker[a.source] != worker[a.target]
    )
    for circle in list(networkx.strongly_connected_components(graph)):
        if len(circle) > 1:
            _open(graph.subgraph(circle), graph)
    layer: dict[str, int] = {}
    for name in networkx.topological_sort(graph):
        layer[name] = max((layer[caller] + 1 for caller in graph.predecessors(name)), default=0)
    return {name: layer[worker[name]] for name in worker}


def _open(circle: networkx.DiGraph[str], graph: networkx.DiGraph[str]) -> None:
    """Take the arrows out of a graph that lead back within a knot of circles."""
    import networkx

    order = {name: place for place, name in enumerate(graph.nodes)}
    entered = [n for n in circle if any(p not in circle for p in graph.predecessors(n))]
    begin = min(entered or circle, key=order.__getitem__)
    on_the_way: set[str] = set()
    for source, target, kind in list(networkx.dfs_labeled_edges(circle, begin)):
        if kind == "forward":
            on_the_way.add(target)
        elif kind == "reverse":
            on_the_way.discard(target)
        elif kind == "nontree" and target in on_the_way:
            graph.remove_edge(source, target)


def _split(layers: Mapping[str, int]) -> list[list[str]]:
    """Return the columns: the layers in order, those that would be too tall in several."""
    rows: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for name, layer in layers.items():
        rows[layer].append(name)
    columns = []
    for row in rows:
        parts = math.ceil(len(row) / MOST_ROWS) or 1
        size = math.ceil(len(row) / parts)
        columns += [row[at : at + size] for at in range(0, len(row), size)] or [row]
    return columns


def _ordered(system: System, rows: list[list[str]], groups: Mapping[str, str]) -> list[list[str]]:
    """Put each column in the order of what leads there, so that few arrows cross."""
    place = {name: float(at) for row in rows for at, name in enumerate(row)}
    before = {
        name: [(arrow.source, _port(system, arrow.source, arrow.key)) for arrow in arrows]
        for name, arrows in system.incoming.items()
    }
    after = {name: [(a.target, 0.0) for a in arrows] for name, arrows in system.outgoing.items()}
    for neighbours, order in ((before, rows), (after, rows[::-1]), (before, rows)):
        for row in order:
            inside = set(row)
            wanted = {}
            for name in row:
                near = [place[n] + port for n, port in neighbours[name] if n not in inside]
                wanted[name] = fmean(near) if near else place[name]
            together: dict[str, list[float]] = {}
            for name in row:
                together.setdefault(groups[name], []).append(wanted[name])
            row.sort(key=lambda n: (fmean(together[groups[n]]), groups[n], wanted[n]))
            place.update((name, float(at)) for at, name in enumerate(row))
    return rows


def _port(system: System, source: str, key: tuple[str, str, str]) -> float:
    arrows = system.outgoing[source]
    at = next(index for index, arrow in enumerate(arrows) if arrow.key == key)
    return (at + 1) / (len(arrows) + 1)


def _stacked(places: Sequence[Place], wanted: Sequence[float]) -> list[float]:
    """Return places in order, apart, and in sum as near to those wanted as can be."""
    offsets = [0.0]
    for above, below in pairwise(places):
        offsets.append(offsets[-1] + above.height + above.apart(below))
    blocks: list[list[float]] = []
    for offset, y in zip(offsets, wanted, strict=False):
        blocks.append([y - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    starts = [start for block in blocks for start in [fmean(block)] * len(block)]
    return [start + offset for start, offset in zip(starts, offsets, strict=False)]


_layouts: weakref.WeakKeyDictionary[Runtime, Layout] = weakref.WeakKeyDictionary()
