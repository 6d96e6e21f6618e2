"""Entries: the mapping that may have several values under one name, of forms and queries."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, Generic, TypeVar

from workernb.http.text import scalar, to_text

V = TypeVar("V")
_MISSING = object()


class Entries(MutableMapping[str, V], Generic[V]):
    """Names and values in order, several of which may have the same name.

    Iteration, `len`, `keys`, `values` and `items` count every value, so a name that has two
    appears twice. `entries[name]` is the first value, and None when there is none, as the
    platform's Python SDK has it.
    """

    __slots__ = ("_entries",)

    _entries: list[tuple[str, V]]

    def _make_value(self, value: Any) -> V:
        """Return a value as it is kept; TypeError for an unsupported type."""
        raise NotImplementedError

    def append(self, key: str, value: V) -> None:
        """Add a value, after those that `key` has."""
        self._entries.append((to_text(key), self._make_value(value)))

    def delete(self, key: str) -> None:
        """Remove every value of `key`; no error when there is none."""
        key = to_text(key)
        self._entries = [entry for entry in self._entries if entry[0] != key]

    def get_all(self, key: str) -> list[V]:
        """Return the values of `key`, in order; an empty list when there is none."""
        key = to_text(key)
        return [value for name, value in self._entries if name == key]

    getAll = get_all

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of `key`, or `default`."""
        key = to_text(key)
        return next((value for name, value in self._entries if name == key), default)

    def pop(self, key: str, default: Any = _MISSING) -> Any:
        """Remove every value of `key` and return the first one.

        When there is none, return `default`, or raise KeyError when no default is given.
        """
        value = self.get(key, default)
        if value is _MISSING:
            raise KeyError(key)
        self.delete(key)
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the first value of `key`, after it is set to `default` when there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def keys(self) -> Iterator[str]:  # type: ignore[override]
        """Return an iterator over the names: once for each value."""
        return iter([name for name, _ in self._entries])

    def values(self) -> Iterator[V]:  # type: ignore[override]
        """Return an iterator over the values."""
        return iter([value for _, value in self._entries])

    def items(self) -> Iterator[tuple[str, V]]:  # type: ignore[override]
        """Return an iterator over the pairs of name and value."""
        return iter(self._entries.copy())

    entries = items

    def __getitem__(self, key: str) -> V:
        return self.get(key)  # type: ignore[no-any-return]

    def __setitem__(self, key: str, value: V) -> None:
        """Set `key` to one value, in the place of the first one that it has."""
        key, value = to_text(key), self._make_value(value)
        names = [name for name, _ in self._entries]
        if key not in names:
            self._entries.append((key, value))
            return
        first = names.index(key)
        rest = [entry for entry in self._entries[first + 1 :] if entry[0] != key]
        self._entries[first:] = [(key, value), *rest]

    def __delitem__(self, key: str) -> None:
        self.delete(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and any(name == scalar(key) for name, _ in self._entries)

    def __iter__(self) -> Iterator[str]:
        return self.keys()

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, type(self)):
            return self._entries == other._entries
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._entries!r})"
