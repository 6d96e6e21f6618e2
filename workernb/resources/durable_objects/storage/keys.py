"""Keys and values of an object, as rows of its database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from workernb.errors import StoreError
from workernb.resources.values import key_of
from workernb.texts import PlatformText

from .serialized import deserialize, serialize

if TYPE_CHECKING:
    from .store import ObjectStore

MAX_BYTES = 2 * 1024 * 1024
"""The size of a key and its value together, as on the platform."""


class KeyValues:
    """The keys of one object. The methods run at once, as the work of an operation."""

    def __init__(self, storage: ObjectStore) -> None:
        """Use the database of an object."""
        self._storage = storage

    def get(self, operation: Any, key: Any) -> Any:
        """Return a value, None if there is none; of a list of keys, a dict in their order."""
        if isinstance(key, list):
            found = (
                (name, self._storage.read(name)) for name in sorted(map(key_of, key), key=_utf8)
            )
            return {name: deserialize(data) for name, data in found if data is not None}
        data = self._storage.read(key if type(key) is str and key.isascii() else key_of(key))
        return None if data is None else deserialize(data)

    def put(self, operation: Any, key: Any, value: Any) -> None:
        """Store a value."""
        name = key_of(key)
        data = serialize(value)
        if len(data) + len(name) > 2000 and len(data) + len(name.encode()) > MAX_BYTES:
            size = len(data) + len(name.encode())
            raise StoreError(
                f"A key and its value have {MAX_BYTES:,} bytes at most, not {size:,}: "
                f"put({name[:40]!r}, …)."
            )
        self._storage.write(name, data)

    def put_all(self, operation: Any, entries: Mapping[Any, Any]) -> None:
        """Store values by key: all of them, or none."""
        serialized = [(key_of(key), serialize(value)) for key, value in entries.items()]
        for name, data in serialized:
            self._storage.write(name, data)

    def delete(self, operation: Any, key: Any) -> Any:
        """Delete a key, and return whether it was there; of a list, how many were."""
        if isinstance(key, list):
            return sum(map(self._delete, {key_of(each) for each in key}))
        return self._delete(key_of(key))

    def _delete(self, key: str) -> bool:
        was_there = self._storage.read(key) is not None
        if was_there:
            self._storage.write(key, None)
        return was_there

    def list(self, operation: Any, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return keys and values in order. options: see `DurableObjectStorage.list`."""
        return dict(self.each(operation, options or {}))

    def each(self, operation: Any, options: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Return an iterator of keys and values in order."""
        query, parameters = _query(options)
        rows = self._storage.begin().own(query, parameters).fetchall()
        return ((key, deserialize(value)) for key, value in rows)


def _query(options: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that lists keys, and its parameters; TypeError for invalid options."""
    start, after = options.get("start"), options.get("startAfter")
    if start is not None and after is not None:
        raise TypeError(PlatformText.STORAGE_LIST)
    conditions: list[str] = []
    parameters: list[Any] = []
    for given, condition in (
        (start, "key >= ?"),
        (after, "key > ?"),
        (options.get("end"), "key < ?"),
    ):
        if given is not None:
            conditions.append(condition)
            parameters.append(key_of(given))
    prefix = options.get("prefix")
    if prefix:
        conditions += ["key >= ?", "substr(key, 1, ?) = ?"]
        parameters += [prefix, len(prefix), prefix]
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    order = "DESC" if options.get("reverse") else "ASC"
    limit = options.get("limit")
    if limit is not None and (not isinstance(limit, int | float) or limit <= 0):
        raise TypeError(f"List limit must be positive, not {limit!r}.")
    tail = "" if limit is None else " LIMIT ?"
    parameters += [] if limit is None else [int(limit)]
    return f"SELECT key, value FROM _cf_KV {where}ORDER BY key {order}{tail}", tuple(parameters)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
