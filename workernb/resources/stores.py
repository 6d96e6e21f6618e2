"""The stores of a runtime: where they are kept, and the way to them from the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .clock import Clock
from .d1 import D1Database
from .folder import Folder
from .kv import SCHEMA as KV_SCHEMA
from .kv import KvNamespace
from .sqlite import Database

if TYPE_CHECKING:
    from .sql import SqlDatabase

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stores (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,  -- kv, r2, d1, cache
    name TEXT NOT NULL,
    UNIQUE (kind, name)
);
"""
SCHEMA = _SCHEMA + KV_SCHEMA


class Stores:
    """The stores of one runtime, by kind and name. A store is there as soon as it is named.

    `await runtime.stores.kv("cache").put("key", "value")` prepares one from the notebook, without
    limits. clock: by which keys expire.
    """

    def __init__(self, directory: str | Path | None = None) -> None:
        """Keep the stores in `directory`, or in memory if it is None; see `persist`."""
        self.clock = Clock()
        self._folder: Folder | None = None
        self._main: Database | None = None
        self._numbers: dict[tuple[str, str], int] = {}
        self._databases: dict[str, SqlDatabase] = {}
        if directory is not None:
            self.persist(directory)

    # The stores

    def kv(self, name: str) -> KvNamespace:
        """Return a KV namespace."""
        return KvNamespace(self, name)

    def d1(self, name: str) -> D1Database:
        """Return a D1 database."""
        return D1Database(self, name)

    # Where they are kept

    @property
    def directory(self) -> Path | None:
        """The folder that the stores are kept in; None for those in memory."""
        return None if self._folder is None else self._folder.path

    @property
    def main(self) -> Database:
        """The database of all stores but D1's."""
        return self._main or self.open()

    def open(self) -> Database:
        """Open the database of all stores but D1's, if it is not open, and return it."""
        if self._main is None:
            self._main = Database(None, SCHEMA)
        return self._main

    def database(self, name: str) -> SqlDatabase:
        """Return the SQLite database of a D1 database, which is opened if it is not open."""
        database = self._databases.get(name)
        if database is None:
            from .sql import SqlDatabase

            self.number("d1", name)
            path = None if self._folder is None else self._folder.d1(name)
            database = self._databases[name] = SqlDatabase(path)
        return database

    def number(self, kind: str, name: str) -> int:
        """Return the number of a store, under which its rows are kept."""
        number = self._numbers.get((kind, name))
        return self._register(kind, name) if number is None else number

    def _register(self, kind: str, name: str) -> int:
        row = kind, name
        self.main.execute("INSERT OR IGNORE INTO stores (kind, name) VALUES (?, ?)", row)
        query = "SELECT number FROM stores WHERE kind = ? AND name = ?"
        number: int = self.main.execute(query, row).fetchone()[0]
        self._numbers[row] = number
        return number

    def persist(self, directory: str | Path) -> None:
        """Keep the stores in `directory` from now on."""

    def close(self) -> None:
        """Close the databases; stores in memory are lost."""
        if self._main is not None:
            self._main.close()
            self._main = None
        for database in self._databases.values():
            database.close()
        self._databases.clear()
        self._numbers.clear()

    def __repr__(self) -> str:
        return f"<Stores in {self.directory or 'memory'}>"


def stores_of(runtime: Any) -> Stores:
    """Return the stores of a runtime."""
    stores: Stores = runtime.stores
    return stores
