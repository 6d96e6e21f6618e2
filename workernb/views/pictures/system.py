"""The services and their bindings as a graph: nodes and arrows, without any values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from workernb.runtime.events.queue import BATCHES
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import Store, kinds
from workernb.runtime.services.targets import DEFAULT

OUTSIDE = " outside"
"""The node where requests from outside begin; no service can have this name."""

CALLBACKS = " callbacks"
"""The name of an arrow of callbacks; no binding can have it."""

TAIL = " tail"
"""The name of an arrow to a Worker that gets the finished traces; no binding can have it."""

Key = tuple[str, str, str]
"""The key of an arrow: its source, its binding or route, its target."""


@dataclass(frozen=True, slots=True)
class Node:
    """A service. missing: it is bound to, but not defined.

    counts: the kinds of its bindings that are not arrows, each with its noun and its number.
    version: the versions that serve, as text. store: the store that it is, of a binding; None for a
    service.
    """

    name: str
    worker: str
    environment: str | None = None
    public: bool = False
    missing: bool = False
    counts: tuple[tuple[str, int], ...] = ()
    version: str = ""
    store: Store | None = None

    @property
    def title(self) -> str:
        """The name as it is shown."""
        if self.name == OUTSIDE:
            return "outside"
        return self.name if self.store is None else self.store.name

    @property
    def detail(self) -> str:
        """The text below the name."""
        if self.store is not None:
            return self.store.noun
        if self.name == OUTSIDE:
            return "by URL"
        if self.missing:
            return "not defined"
        texts = [f"{count} {noun}{'s' * (count > 1)}" for noun, count in self.counts]
        access = "public" if self.public else "private"
        return " · ".join([text for text in (self.version, access, *texts) if text])


@dataclass(frozen=True, slots=True)
class Arrow:
    """A binding, a route from outside, callbacks (calls of what was sent over one), or a tail.

    broken: its target or its entrypoint does not exist.
    """

    source: str
    target: str
    name: str
    entrypoint: str = DEFAULT
    broken: bool = False

    @property
    def key(self) -> Key:
        """The unique key."""
        return (self.source, self.name, self.target)

    @property
    def is_beside(self) -> bool:
        """Whether it stands for something else than calls that the source itself makes."""
        return self.name in (CALLBACKS, TAIL)

    @property
    def label(self) -> str:
        """The text on the arrow."""
        if self.is_beside or self.name == BATCHES:
            return self.name.strip()
        return self.name if self.entrypoint == DEFAULT else f"{self.name} #{self.entrypoint}"


@dataclass(frozen=True)
class System:
    """All services of a runtime and their bindings, at one moment."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    @classmethod
    def of(cls, runtime: Runtime, callbacks: Iterable[tuple[str, str]] = ()) -> System:
        """Return the system of a runtime as it is now.

        callbacks: who has called whom back. There is an arrow for it if both are defined, and no
        binding leads the same way.
        """
        nodes, arrows = [], []
        stores: dict[str, Node] = {}
        for service in runtime.defined():
            definition = service.definition
            nodes.append(
                Node(
                    service.name,
                    definition.worker,
                    definition.environment,
                    public=bool(definition.routes),
                    counts=tuple(_counts(definition)),
                    version=str(service.deployment),
                )
            )
            arrows += [Arrow(OUTSIDE, service.name, route.pattern) for route in definition.routes]
            for name, store in definition.stores():
                stores[store.node] = Node(store.node, store.node, store=store)
                broken = store.code is not None and not _has_class(runtime, *store.code)
                arrows.append(Arrow(service.name, store.node, name, broken=broken))
            for kind, name, value in definition.each_binding():
                source = kind.source(name, value)
                if source is None:
                    continue
                linked = kind.links(name, value)
                for store in (source, *linked.values()):
                    stores.setdefault(store.node, Node(store.node, store.node, store=store))
                arrows.append(Arrow(source.node, service.name, BATCHES))
                arrows += [Arrow(source.node, to.node, label) for label, to in linked.items()]
            for name, target in definition.targets():
                callee = runtime.services.get(target.service)
                broken = callee is None or target.entrypoint not in callee.entrypoints
                arrows.append(Arrow(service.name, target.service, name, target.entrypoint, broken))
            arrows += [
                Arrow(service.name, tail, TAIL, broken=not _has_tail(runtime, tail))
                for tail in definition.tails
            ]
        nodes += stores.values()
        defined = {node.name for node in nodes}
        missing = [arrow.target for arrow in arrows if arrow.target not in defined]
        nodes += [Node(name, name, missing=True) for name in dict.fromkeys(missing)]
        bound = {(arrow.source, arrow.target) for arrow in arrows}
        arrows += [
            Arrow(source, target, CALLBACKS)
            for source, target in callbacks
            if {source, target} <= defined and (source, target) not in bound
        ]
        if any(arrow.source == OUTSIDE for arrow in arrows):
            nodes.insert(0, Node(OUTSIDE, OUTSIDE))
        return cls(tuple(nodes), tuple(arrows))

    def around(self, name: str) -> System:
        """Return the part that a node belongs to: itself, its callers, and what it calls."""
        near = {name, *(a.target for a in self.arrows if a.source == name)}
        near |= {arrow.source for arrow in self.arrows if arrow.target == name}
        return System(
            tuple(node for node in self.nodes if node.name in near),
            tuple(arrow for arrow in self.arrows if name in (arrow.source, arrow.target)),
        )

    @cached_property
    def outgoing(self) -> dict[str, list[Arrow]]:
        """The arrows that begin at each node."""
        outgoing: dict[str, list[Arrow]] = {node.name: [] for node in self.nodes}
        for arrow in self.arrows:
            outgoing[arrow.source].append(arrow)
        return outgoing

    @cached_property
    def incoming(self) -> dict[str, list[Arrow]]:
        """The arrows that end at each node."""
        incoming: dict[str, list[Arrow]] = {node.name: [] for node in self.nodes}
        for arrow in self.arrows:
            incoming[arrow.target].append(arrow)
        return incoming


def _has_class(runtime: Runtime, service: str, name: str) -> bool:
    """Return whether a service has a class of Durable Objects of this name."""
    found = runtime.services.get(service)
    return found is not None and any(name in each.objects for each in found.isolates.values())


def _has_tail(runtime: Runtime, name: str) -> bool:
    """Return whether a Worker is there that can get traces."""
    service = runtime.services.get(name)
    default = None if service is None else service.entrypoints.get(DEFAULT)
    return default is not None and default.handlers.get("tail") is not None


def _counts(definition: Definition) -> Iterator[tuple[str, int]]:
    for kind in kinds():
        if kind.is_counted and (number := len(definition.of_kind(kind))):
            yield kind.noun, number
