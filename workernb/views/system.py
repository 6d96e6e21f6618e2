"""The system of services as plain data: nodes, and arrows between them. No values of secrets."""

from __future__ import annotations

from dataclasses import dataclass

from workernb.runtime.runtime import Runtime

OUTSIDE = " outside"
"""The node that stands for the world; no service can be called that."""


@dataclass(frozen=True, slots=True)
class Node:
    """A service. missing: bound to, and not defined. version: what serves, in words."""

    name: str
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
    label: str
    broken: bool = False


@dataclass(frozen=True, slots=True)
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
            routes = definition.routes
            nodes.append(
                Node(
                    service.name,
                    public=bool(routes),
                    vars=len(definition.vars),
                    secrets=len(definition.secrets),
                    version=str(service.deployment),
                )
            )
            arrows += [Arrow(OUTSIDE, service.name, route.pattern) for route in routes]
            for name, target in definition.services.items():
                known = runtime.services.get(target.service)
                plain = target.entrypoint == "Default"
                broken = known is None or target.entrypoint not in known.entrypoints
                label = name if plain else f"{name} #{target.entrypoint}"
                arrows.append(Arrow(service.name, target.service, label, broken))
        defined = {node.name for node in nodes}
        missing = [arrow.target for arrow in arrows if arrow.target not in defined]
        nodes += [Node(name, missing=True) for name in dict.fromkeys(missing)]
        if any(arrow.source == OUTSIDE for arrow in arrows):
            nodes.insert(0, Node(OUTSIDE))
        return cls(tuple(nodes), tuple(arrows))

    def out_of(self, name: str) -> list[Arrow]:
        """Return the arrows that begin at a node."""
        return [arrow for arrow in self.arrows if arrow.source == name]
