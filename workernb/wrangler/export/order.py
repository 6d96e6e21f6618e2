"""The order of deployment: a Worker comes after those that it names in its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workernb.runtime.services.definitions import Definition


@dataclass(frozen=True, slots=True)
class Order:
    """In which order services are deployed.

    services: their names. stubs: those of them that have to be deployed before, as stubs, since
    they and others need each other.
    """

    services: tuple[str, ...]
    stubs: tuple[str, ...]


def needed(definition: Definition) -> Iterator[str]:
    """Yield the names of the services that must be there when a Worker is deployed."""
    for _, target in definition.targets():
        yield target.service
    for _, store in definition.stores():
        if store.code is not None:
            yield store.code[0]
    yield from definition.tails


def deployment_order(definitions: Iterable[Definition]) -> Order:
    """Return the order of deployment of services, the same for the same definitions.

    Those that need each other follow each other, and all but the first of them are deployed as
    stubs before.
    """
    import networkx as nx  # When needed: it takes longer to import than workernb.

    by_name = {one.name: one for one in sorted(definitions, key=lambda one: one.name)}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(by_name)
    for name, definition in by_name.items():
        wanted = {each for each in needed(definition) if each in by_name and each != name}
        graph.add_edges_from((each, name) for each in sorted(wanted))
    circles = nx.condensation(graph)
    members: Mapping[int, list[str]] = {
        number: sorted(names) for number, names in circles.nodes(data="members")
    }
    services: list[str] = []
    stubs: list[str] = []
    for number in nx.lexicographical_topological_sort(circles, key=lambda each: members[each][0]):
        services += members[number]
        stubs += members[number][1:]
    return Order(tuple(services), tuple(stubs))
