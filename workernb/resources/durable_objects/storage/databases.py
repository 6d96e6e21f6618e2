"""Databases of Durable Objects: one for each object that stores something.

It has the tables of the platform's local runtime, so that the same tools read it: `_cf_KV` for keys
and values, `_cf_METADATA` for the alarm, and beside them the object's own. A few are kept open; one
in memory that is not is kept as bytes, compressed.
"""

from __future__ import annotations

import contextlib
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from workernb.resources.sqlite import Database

from .buffer import Values, write

if TYPE_CHECKING:
    from workernb.resources.sql.database import SqlDatabase

MAX_OPEN = 100
"""How many databases are open at a time, unless more are in use: each takes two files."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS durable_objects (
    namespace INTEGER NOT NULL REFERENCES stores(number),
    id TEXT NOT NULL,
    name TEXT,
    alarm REAL,  -- When it is due, in s since the epoch: the time that was set, or of a retry.
    retries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS durable_object_keys (namespace TEXT PRIMARY KEY, key TEXT NOT NULL);
"""
"""The objects that store something, in the database of all stores."""

_OWN_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)",
)

Place = tuple[str, str]
"""A namespace's name and an object's id."""


class Row(NamedTuple):
    """An object that stores something. alarm: when it is due, in s since the epoch; or None."""

    id: str
    name: str | None
    alarm: float | None
    retries: int


class ObjectDatabases:
    """The databases of all objects of a runtime."""

    def __init__(self, stores: Any) -> None:
        """Begin without any. stores: says where they are kept."""
        self._stores = stores
        self._open: OrderedDict[Place, tuple[SqlDatabase, Any]] = OrderedDict()
        self._parked: dict[Place, bytes] = {}
        self._kept: dict[Place, Values] = {}

    @property
    def in_memory(self) -> bool:
        """Whether nothing is kept on disk."""
        return self._stores.folder is None

    def kept(self, place: Place) -> Values:
        """Return an object's keys that are not in SQLite, though they are committed."""
        found = self._kept.get(place)
        if found is None:
            found = {}
            if self.in_memory:
                self._kept[place] = found
        return found

    def register(self, place: Place, name: str | None) -> None:
        """Note that an object stores something."""
        number = self._stores.number("do", place[0])
        self._main.execute(
            "INSERT OR IGNORE INTO durable_objects (namespace, id, name) VALUES (?, ?, ?)",
            (number, place[1], name),
        )

    def has(self, place: Place) -> bool:
        """Return whether an object has a database."""
        if place in self._open or place in self._parked:
            return True
        path = self._path(place)
        return path is not None and path.exists()

    def flush(self, place: Place) -> None:
        """Write an object's keys that are committed to its database, which is open."""
        kept = self._kept.get(place)
        if kept and place in self._open:
            database = self._open[place][0]
            database.own("BEGIN")
            write(database, kept)
            database.own("COMMIT")
            kept.clear()

    @property
    def _main(self) -> Database:
        return self._stores.main  # type: ignore[no-any-return]

    def open(self, place: Place, name: str | None, user: Any) -> SqlDatabase:
        """Return the database of an object, which is made if there is none.

        name: the object's. user: whose `park` is called before the database is closed again.
        """
        found = self._open.get(place)
        if found is not None:
            if user is not None:
                self._open[place] = found[0], user
            return found[0]
        from workernb.resources.sql.database import SqlDatabase

        self.register(place, name)
        database = SqlDatabase(self._path(place), "A Durable Object")
        parked = self._parked.pop(place, None)
        if parked is not None:
            database.deserialize(zlib.decompress(parked))
        for statement in _OWN_SCHEMA:
            database.own(statement)
        self._open[place] = database, user
        self.flush(place)
        self._close_oldest()
        return database

    def _path(self, place: Place) -> Path | None:
        folder = self._stores.folder
        return None if folder is None else folder.durable_object(*place)

    def use(self, place: Place) -> None:
        """Note that an object is used, so that its database stays open."""
        with contextlib.suppress(KeyError):
            self._open.move_to_end(place)

    def _close_oldest(self) -> None:
        """Close the databases that were used longest ago, but for those in a transaction."""
        for place in list(self._open)[: max(0, len(self._open) - MAX_OPEN)]:
            if not self._open[place][0].connection.in_transaction:
                self._close(place)

    def _close(self, place: Place) -> None:
        database, user = self._open.pop(place)
        if user is not None:
            user.park()
        if database.path is None:
            self._parked[place] = zlib.compress(database.serialize(), 1)
        database.close()

    def drop(self, place: Place) -> None:
        """Delete what an object has stored."""
        if place in self._open:
            database, user = self._open.pop(place)
            if user is not None:
                user.park()
            database.close()
        self._parked.pop(place, None)
        self._kept.pop(place, None)
        path = self._path(place)
        if path is not None:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        number = self._stores.number("do", place[0])
        query = "DELETE FROM durable_objects WHERE namespace = ? AND id = ?"
        self._main.execute(query, (number, place[1]))

    def key_of(self, namespace: str) -> str | None:
        """Return what the ids of a namespace are made with, if a migration has changed that."""
        if not self.any_stored():
            return None
        query = "SELECT key FROM durable_object_keys WHERE namespace = ?"
        row = self._main.execute(query, (namespace,)).fetchone()
        return None if row is None else str(row[0])

    def set_key(self, namespace: str, key: str) -> None:
        """Note what the ids of a namespace are made with: those of its former name stay valid."""
        query = "INSERT OR REPLACE INTO durable_object_keys VALUES (?, ?)"
        self._main.execute(query, (namespace, key))

    def move(self, place: Place, namespace: str) -> None:
        """Let what an object has stored be that of the same id in another namespace."""
        target = namespace, place[1]
        number, other = (self._stores.number("do", name) for name, _ in (place, target))
        if place in self._open:
            self._close(place)
        if place in self._parked:
            self._parked[target] = self._parked.pop(place)
        if place in self._kept:
            self._kept[target] = self._kept.pop(place)
        old, new = self._path(place), self._path(target)
        if old is not None and new is not None:
            new.parent.mkdir(parents=True, exist_ok=True)
            for suffix in ("-wal", "-shm", ""):
                source = old.with_name(old.name + suffix)
                if source.exists():
                    source.replace(new.with_name(new.name + suffix))
        query = "UPDATE OR REPLACE durable_objects SET namespace = ? WHERE namespace = ? AND id = ?"
        self._main.execute(query, (other, number, place[1]))

    def size(self, place: Place) -> int:
        """Return the size of what an object stores, in bytes."""
        if self._kept.get(place):
            values = self._kept[place].items()
            return sum(len(key) + len(data or b"") for key, data in values)
        if place in self._open:
            return self._open[place][0].size
        if place in self._parked:
            return len(zlib.decompress(self._parked[place]))
        path = self._path(place)
        return path.stat().st_size if path is not None and path.exists() else 0

    # The list of objects

    def rows(self, namespace: str) -> list[Row]:
        """Return the objects of a namespace that store something, by name and id."""
        query = (
            "SELECT id, name, alarm, retries FROM durable_objects WHERE namespace = ? "
            "ORDER BY name IS NULL, name, id"
        )
        number = self._stores.number("do", namespace)
        return [Row(*row) for row in self._main.execute(query, (number,)).fetchall()]

    def alarms(self) -> list[tuple[str, Row]]:
        """Return the objects that have an alarm, each with its namespace."""
        query = (
            "SELECT stores.name, id, durable_objects.name, alarm, retries FROM durable_objects "
            "JOIN stores ON number = namespace WHERE alarm IS NOT NULL ORDER BY alarm, id"
        )
        return [(first, Row(*row)) for first, *row in self._main.execute(query).fetchall()]

    def alarm(self, place: Place) -> tuple[float | None, int]:
        """Return when an object's alarm is due (s since the epoch), and how often it has failed."""
        query = "SELECT alarm, retries FROM durable_objects WHERE namespace = ? AND id = ?"
        number = self._stores.number("do", place[0])
        found = self._main.execute(query, (number, place[1])).fetchone()
        return (None, 0) if found is None else (found[0], found[1])

    def give_up_alarm(self, place: Place) -> None:
        """Delete an object's alarm, which has failed too often."""
        self.open(place, None, None).own("DELETE FROM _cf_METADATA WHERE key = 1")
        self.set_alarm(place, None, 0)

    def any_stored(self) -> bool:
        """Return whether there may be objects that store something; no database is opened."""
        return bool(self._stores.is_open)

    def set_alarm(self, place: Place, at: float | None, retries: int) -> None:
        """Note when an object's alarm is due (s since the epoch); None for no alarm."""
        query = "UPDATE durable_objects SET alarm = ?, retries = ? WHERE namespace = ? AND id = ?"
        number = self._stores.number("do", place[0])
        self._main.execute(query, (at, retries, number, place[1]))

    # All of them

    def copy_to(self, other: ObjectDatabases) -> None:
        """Copy every object's database; the list of them has been copied already."""
        kept = [place for place, values in self._kept.items() if values]
        for place in dict.fromkeys([*self._open, *self._parked, *kept, *self._closed()]):
            source = self.open(place, None, None)
            self.flush(place)
            source.copy_to(other.open(place, None, None))

    def _closed(self) -> list[Place]:
        """Return the objects whose databases are files that are not open."""
        if self._stores.folder is None:
            return []
        query = "SELECT stores.name, id FROM durable_objects JOIN stores ON number = namespace"
        places: list[Place] = [(row[0], row[1]) for row in self._main.execute(query).fetchall()]
        return [place for place in places if place not in self._open]

    def close(self) -> None:
        """Close every database; what was in memory is lost."""
        for database, user in self._open.values():
            if user is not None:
                user.park()
            database.close()
        self._open.clear()
        self._parked.clear()
        self._kept.clear()
