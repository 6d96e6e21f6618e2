"""The buffer of an object's keys: what was written and is not in SQLite yet, and what was read.

Most events read and write a few keys. A commit in memory then needs no SQLite at all, one on disk
a single transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workernb.resources.sql.database import SqlDatabase

MAX_CACHED = 500
"""How many values that are in SQLite are kept beside."""

MAX_CACHED_BYTES = 16 * 1024
"""The size of the largest one that is."""

GET = "SELECT value FROM _cf_KV WHERE key = ?"
PUT = "INSERT INTO _cf_KV VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
DELETE = "DELETE FROM _cf_KV WHERE key = ?"

Values = dict[str, bytes | None]
"""Values by key; None for a key that is deleted, or not there."""


class KeyBuffer:
    """The keys of one object that need not be looked up in SQLite.

    fresh: written since the last commit. kept: committed, and of a store in memory, so that they
    need not be written to SQLite until it is used. cached: as they are in SQLite.
    """

    __slots__ = ("cached", "fresh", "kept")

    def __init__(self, kept: Values) -> None:
        """Begin with what was committed before."""
        self.fresh: Values = {}
        self.kept = kept
        self.cached: Values = {}

    def keep(self) -> None:
        """Commit what is fresh, without SQLite."""
        self.kept.update(self.fresh)
        self.fresh.clear()

    def cache(self, key: str, data: bytes | None) -> None:
        """Note what SQLite has."""
        if data is None or len(data) <= MAX_CACHED_BYTES:
            if len(self.cached) >= MAX_CACHED:
                self.cached.clear()
            self.cached[key] = data

    def flush(self, database: SqlDatabase) -> None:
        """Write what is fresh to SQLite, in the transaction that is open."""
        for key, data in self.fresh.items():
            self.cache(key, data)
            if data is None or len(data) > MAX_CACHED_BYTES:
                self.cached.pop(key, None)
        write(database, self.fresh)
        self.fresh.clear()


def write(database: SqlDatabase, values: Values) -> None:
    """Write values to SQLite, in the transaction that is open."""
    for key, data in values.items():
        if data is None:
            database.own(DELETE, (key,))
        else:
            database.own(PUT, (key, data))
