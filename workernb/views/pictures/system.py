"""The system of services as plain data: nodes, and arrows between them. No values of secrets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.targets import DEFAULT

OUTSIDE = " outside"
"""The node that stands for the world; no service can be called that."""

Key = tuple[str, str, str]
"""An arrow: where it begins, the binding or the route, where it ends."""


@dataclass(frozen=True, slots=True)
class Node:
    """A service. worker, environment: what it is made of. missing: bound to, and not defined.

    version: what serves, in words.
    """

    name: str
    worker: str
    environment: str | None = None
    public: bool = False
    missing: bool = False
    vars: int = 0
    secrets: int = 0
    version: str = ""

    @property
    def detail(self) -> str:
        """What stands under its name."""
        if self.name == OUTSIDE:
            return "by URL"
        if self.missing:
            return "not defined"
        counts = [(self.vars, "var"), (self.secrets, "secret")]
        words = [f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count]
        kind = "public" if self.public else "private"
        return " · ".join([word for word in (self.version, kind, *words) if word])


@dataclass(frozen=True, slots=True)
class Arrow:
    """A binding, or a route from outside. broken: its target, or the entrypoint, is not there."""

    source: str
    target: str
    name: str
    entrypoint: str = DEFAULT
    broken: bool = False

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return (self.source, self.name, self.target)

    @property
    def label(self) -> str:
        """What is written on it."""
        return self.name if self.entrypoint == DEFAULT else f"{self.name} #{self.entrypoint}"


@dataclass(frozen=True)
class System:
    """All services of a runtime, and who is bound to whom, when it was taken."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    @classmethod
    def of(cls, runtime: Runtime) -> System:
        """Take the system of a runtime as it is now."""
        nodes, arrows = [], []
        for service in runtime.defined():
            definition = service.definition
            nodes.append(
                Node(
                    service.name,
                    definition.worker,
                    definition.environment,
                    public=bool(definition.routes),
                    vars=len(definition.vars),
                    secrets=len(definition.secrets),
                    version=str(service.deployment),
                )
            )
            arrows += [Arrow(OUTSIDE, service.name, route.pattern) for route in definition.routes]
            for name, target in definition.services.items():
                known = runtime.services.get(target.service)
                broken = known is None or target.entrypoint not in known.entrypoints
                arrows.append(Arrow(service.name, target.service, name, target.entrypoint, broken))
        defined = {node.name for node in nodes}
        missing = [arrow.target for arrow in arrows if arrow.target not in defined]
        nodes += [Node(name, name, missing=True) for name in dict.fromkeys(missing)]
        if any(arrow.source == OUTSIDE for arrow in arrows):
            nodes.insert(0, Node(OUTSIDE, OUTSIDE))
        return cls(tuple(nodes), tuple(arrows))

    @cached_property
    def outgoing(self) -> dict[str, list[Arrow]]:
        """The arrows that begin at each node."""
        found: dict[str, list[Arrow]] = {node.name: [] for node in self.nodes}
        for arrow in self.arrows:
            found[arrow.source].append(arrow)
        return found

    @cached_property
    def incoming(self) -> dict[str, list[Arrow]]:
        """The arrows that end at each node."""
        found: dict[str, list[Arrow]] = {node.name: [] for node in self.nodes}
        for arrow in self.arrows:
            found[arrow.target].append(arrow)
        return found
