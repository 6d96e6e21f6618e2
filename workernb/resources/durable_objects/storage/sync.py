"""`storage.kv`: an object's keys and values, without await."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workernb.resources.values import options_of, shown_key
from workernb.texts import PlatformText

from .keys import KeyValues
from .store import ObjectStore

Pair = list[Any]
"""A key and its value."""

_OPTIONS = ("start", "startAfter", "end", "prefix", "reverse", "limit")


class SyncKvStorage:
    """The keys and values of an object: `storage.kv.put("count", 1)`."""

    def __init__(self, storage: ObjectStore, keys: KeyValues) -> None:
        """Use the keys of an object."""
        self._storage = storage
        self._keys = keys

    def get(self, key: Any) -> Any:
        """Return the value of a key; None if there is none."""
        return self._storage.do("kv.get", shown_key(key), self._keys.get, str(key))

    def put(self, key: Any, value: Any) -> None:
        """Store a copy of a value under a key."""
        self._storage.do("kv.put", shown_key(key), self._keys.put, key, value)

    def delete(self, key: Any) -> bool:
        """Delete a key; return whether it was there."""
        return bool(self._storage.do("kv.delete", shown_key(key), self._keys.delete, str(key)))

    def _listed(self, found: Iterator[tuple[str, Any]], listing: object) -> Iterator[Pair]:
        for key, value in found:
            if self._storage.listing is not listing:
                raise RuntimeError(PlatformText.STORAGE_ITERATOR)
            yield [key, value]

    def list(self, options: Any = None, **keywords: Any) -> Iterator[Pair]:
        """Return an iterator of [key, value] in order; a further call ends it.

        Options: start, startAfter, end (exclusive), prefix, reverse, limit.
        """
        chosen = options_of(options, keywords, _OPTIONS)
        found = self._storage.do("kv.list", "", self._keys.each, chosen)
        self._storage.listing = listing = object()
        return self._listed(found, listing)
