"""Dependents: the Workers that need a service, directly or through other Workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .service import Service
from .targets import Target


@dataclass(frozen=True, slots=True)
class Dependent:
    """A Worker that needs a service.

    caller, binding, target: the Worker that has the binding, its name and its target. through: the
    Workers in between, from the caller to the service; empty for a direct binding.
    """

    caller: str
    binding: str
    target: Target
    through: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.caller}.{self.binding}"


def dependents(services: Iterable[Service], name: str) -> list[Dependent]:
    """Return the direct dependents of a service, in all versions that serve."""
    found: dict[tuple[str, str, Target], Dependent] = {}
    for service in services:
        for version in service.serving:
            for binding, target in version.definition.targets():
                if target.service == name:
                    key = service.name, binding, target
                    found.setdefault(key, Dependent(*key))
            for binding, store in version.definition.stores():
                if store.code is not None and store.code[0] == name != service.name:
                    key = service.name, binding, Target(*store.code)
                    found.setdefault(key, Dependent(*key))
    return list(found.values())


def all_dependents(services: Sequence[Service], name: str) -> list[Dependent]:
    """Return direct and indirect dependents of a service, each binding once, direct ones first."""
    found: list[Dependent] = []
    paths: dict[str, tuple[str, ...]] = {name: ()}
    queue = [name]
    for callee in queue:
        through = () if callee == name else (callee, *paths[callee])
        for direct in dependents(services, callee):
            found.append(Dependent(direct.caller, direct.binding, direct.target, through))
            if direct.caller not in paths:
                paths[direct.caller] = through
                queue.append(direct.caller)
    return found


def describe_dependents(found: Sequence[Dependent]) -> str:
    """Return dependents as text: `gateway.AUTH and shop.AUTH are bound to it`."""
    names = [str(dependent) for dependent in found]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{listed} {'is' if len(names) == 1 else 'are'} bound to it"


def tailed_by(services: Iterable[Service], name: str) -> list[str]:
    """Return the names of the services whose traces a service gets, in all versions that serve."""
    found = {
        service.name: None
        for service in services
        for version in service.serving
        if name in version.definition.tails and service.name != name
    }
    return list(found)
