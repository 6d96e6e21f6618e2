"""Dependents: who needs a service, directly and through others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .service import Service
from .targets import Target


@dataclass(frozen=True, slots=True)
class Dependent:
    """A Worker that needs a service.

    caller, binding, target: what is bound to what. through: the Workers that stand between, from
    the caller to the service; none where it is bound directly.
    """

    caller: str
    binding: str
    target: Target
    through: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.caller}.{self.binding}"


def dependents(services: Iterable[Service], name: str) -> list[Dependent]:
    """Return what is bound to a service itself, in any version that serves."""
    found: dict[tuple[str, str, Target], Dependent] = {}
    for service in services:
        for version in service.serving:
            for binding, target in version.definition.targets():
                if target.service == name:
                    key = service.name, binding, target
                    found.setdefault(key, Dependent(*key))
    return list(found.values())


def all_dependents(services: Sequence[Service], name: str) -> list[Dependent]:
    """Return all that depends on a service, those that are bound to it first, each way once."""
    found: list[Dependent] = []
    ways: dict[str, tuple[str, ...]] = {name: ()}
    ahead = [name]
    for callee in ahead:
        through = () if callee == name else (callee, *ways[callee])
        for direct in dependents(services, callee):
            found.append(Dependent(direct.caller, direct.binding, direct.target, through))
            if direct.caller not in ways:
                ways[direct.caller] = through
                ahead.append(direct.caller)
    return found


def describe_dependents(found: Sequence[Dependent]) -> str:
    """Return who is bound, in words: `gateway.AUTH and shop.AUTH are bound to it`."""
    names = [str(dependent) for dependent in found]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{listed} {'is' if len(names) == 1 else 'are'} bound to it"
