"""Durable Objects: the functions by which JavaScript makes ids and stubs of them.

Calls of a stub go the way of those over Service bindings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.resources.durable_objects.ids import DurableObjectId

from .boundary import Host


def object_functions(host: Host) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""

    def named(number: int, name: str) -> list[Any]:
        return _parts(host.bound(number).idFromName(name))

    def unique(number: int, jurisdiction: str | None) -> list[Any]:
        return _parts(host.bound(number).newUniqueId(jurisdiction=jurisdiction))

    def parsed(number: int, text: str) -> list[Any]:
        return _parts(host.bound(number).idFromString(text))

    def stub(number: int, text: str, name: Any, jurisdiction: Any, *options: str) -> int:
        object_id = DurableObjectId(text, name, jurisdiction)
        return _kept(host.bound(number).get(object_id, dict.fromkeys(options)))

    def within(number: int, jurisdiction: str) -> int:
        return _kept(host.bound(number).jurisdiction(jurisdiction))

    def _kept(found: Any) -> int:
        """Keep what was made for as long as the run lasts; return its number."""
        return -1 - int(host.running("A Durable Object").keep(found))

    exposed: dict[str, Callable[..., Any]] = {
        "objectNamed": named,
        "objectUnique": unique,
        "objectParsed": parsed,
        "objectStub": stub,
        "objectsIn": within,
    }
    return {name: host.exposed(function) for name, function in exposed.items()}


def _parts(found: DurableObjectId) -> list[Any]:
    """Return an id as `objects.js` reads it."""
    return [found.text, found.name, found.jurisdiction]
