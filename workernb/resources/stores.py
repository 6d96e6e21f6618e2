"""The stores of a runtime: where they are kept, and the way to them from the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workernb.errors import StoreError, did_you_mean, with_notes

from .cache import SCHEMA as CACHE_SCHEMA
from .cache import Cache
from .clock import Clock
from .d1 import D1Database
from .durable_objects.objects import Objects
from .durable_objects.storage.databases import SCHEMA as OBJECTS_SCHEMA
from .durable_objects.storage.databases import ObjectDatabases
from .expiry import SCHEMA as EXPIRY_SCHEMA
from .expiry import Expiry
from .folder import Folder
from .kv import SCHEMA as KV_SCHEMA
from .kv import KvNamespace
from .queues.producer import Queue
from .queues.storage import SCHEMA as QUEUE_SCHEMA
from .queues.storage import Messages
from .r2.bucket import R2Bucket
from .r2.objects import SCHEMA as R2_SCHEMA
from .ratelimits import Windows
from .sqlite import Database
from .unsimulated import is_unsimulated_store

if TYPE_CHECKING:
    from .r2.storage import Bodies
    from .sql.database import SqlDatabase

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stores (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,  -- kv, r2, d1, cache, queue, do
    name TEXT NOT NULL,
    UNIQUE (kind, name)
);
"""
SCHEMA = "".join(
    (_SCHEMA, KV_SCHEMA, R2_SCHEMA, CACHE_SCHEMA, EXPIRY_SCHEMA, QUEUE_SCHEMA, OBJECTS_SCHEMA)
)
_TABLES = {
    "kv": [("kv", "namespace")],
    "r2": [("r2_objects", "bucket"), ("r2_uploads", "bucket")],
    "cache": [("cached", "cache")],
    "queue": [("queue_messages", "queue")],
    "do": [("durable_objects", "namespace")],
}
"""The tables of each kind of store, and the column with the store's number."""


class Stores:
    """The stores of one runtime, by kind and name. A store is there as soon as it is named.

    `await runtime.stores.kv("cache").put("key", "value")` prepares one from the notebook, without
    limits. clock: by which keys expire. objects: the Durable Objects that are in memory.
    object_databases: what all of them have stored.
    """

    def __init__(self, directory: str | Path | None = None) -> None:
        """Keep the stores in `directory`, or in memory if it is None; see `persist`."""
        self.clock = Clock()
        self._folder: Folder | None = None
        self._main: Database | None = None
        self._numbers: dict[tuple[str, str], int] = {}
        self._databases: dict[str, SqlDatabase] = {}
        self._bodies: Bodies | None = None
        self.windows = Windows(self.clock)
        self.expiry = Expiry(self)
        self.messages = Messages(self)
        self.object_databases = ObjectDatabases(self)
        self.objects = Objects(self)
        if directory is not None:
            self.persist(directory)

    # The stores

    def kv(self, name: str) -> KvNamespace:
        """Return a KV namespace."""
        return KvNamespace(self, name)

    def d1(self, name: str) -> D1Database:
        """Return a D1 database."""
        return D1Database(self, name)

    def r2(self, name: str) -> R2Bucket:
        """Return an R2 bucket."""
        return R2Bucket(self, name)

    def queue(self, name: str) -> Queue:
        """Return a queue, to send messages to."""
        return Queue(self, name)

    def cache(self, name: str = "default") -> Cache:
        """Return a cache: `caches.default`, or that of `caches.open(name)`."""
        return Cache(name, self)

    # Where they are kept

    @property
    def is_open(self) -> bool:
        """Whether they are kept in a folder, or something was stored or bound."""
        return self._main is not None or self._folder is not None

    @property
    def folder(self) -> Folder | None:
        """The folder that the stores are kept in, as an object; None for those in memory."""
        return self._folder

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
            path = None if self._folder is None else self._folder.main
            self._main = Database(path, SCHEMA)
        return self._main

    @property
    def bodies(self) -> Bodies:
        """The bodies of R2's objects."""
        if self._bodies is None:
            from .r2.storage import Bodies

            self._bodies = Bodies(self.main)
        return self._bodies

    def database(self, name: str) -> SqlDatabase:
        """Return the SQLite database of a D1 database, which is opened if it is not open."""
        database = self._databases.get(name)
        if database is None:
            from .sql.database import SqlDatabase

            self.number("d1", name)
            path = None if self._folder is None else self._folder.d1(name)
            database = self._databases[name] = SqlDatabase(path)
        return database

    def number(self, kind: str, name: str) -> int:
        """Return the number of a store, under which its rows are kept."""
        number = self._numbers.get((kind, name))
        return self._register(kind, name) if number is None else number

    def named(self, kind: str) -> list[str]:
        """Return the names of the stores of a kind, in the order in which they were first named."""
        query = "SELECT name FROM stores WHERE kind = ? ORDER BY number"
        return [name for (name,) in self.main.execute(query, (kind,))]

    def _register(self, kind: str, name: str) -> int:
        row = kind, name
        self.main.execute("INSERT OR IGNORE INTO stores (kind, name) VALUES (?, ?)", row)
        query = "SELECT number FROM stores WHERE kind = ? AND name = ?"
        number: int = self.main.execute(query, row).fetchone()[0]
        self._numbers[row] = number
        return number

    def persist(self, directory: str | Path) -> None:
        """Keep the stores in `directory` from now on, and find there what was kept before.

        What they hold now is copied to a new folder. Raises StoreError, and changes nothing, if the
        folder cannot be written, is damaged or in use, or if both have stores.
        """
        if self.directory == Path(directory).expanduser().resolve():
            return
        folder = Folder(directory)
        moved = Stores()
        moved._folder, moved.clock = folder, self.clock
        copied = bool(self.used())
        self.objects.commit()
        try:
            if copied:
                if moved.used():
                    raise with_notes(
                        StoreError(
                            f"There are stores both in {folder.path} and "
                            f"in {self.directory or 'memory'}."
                        ),
                        "Choose a new folder, which these stores are copied to; or restart the "
                        "kernel and keep its stores there from the first cell on.",
                    )
                self._copy_to(moved)
            moved.open()
        except BaseException:
            moved.close()
            raise
        databases = list(self._databases)
        self.close()
        self._folder, self._main = folder, moved._main
        self._databases, self._numbers = moved._databases, moved._numbers
        for name in databases:
            self.database(name)
        if not copied:
            self.messages.recover()
        self.messages.changed()
        self.expiry.delete()
        self.objects.moved()

    def used(self) -> list[tuple[str, str]]:
        """Return the kind and the name of each store that holds something."""
        query = "SELECT kind, name FROM stores ORDER BY kind, name"
        rows = self.main.execute(query).fetchall()
        return [(kind, name) for kind, name in rows if not self._is_empty(kind, name)]

    def _is_empty(self, kind: str, name: str) -> bool:
        if kind == "d1":
            return not self.database(name).tables()
        return not any(
            self.main.execute(f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1",
                (self.number(kind, name),)).fetchone()
            for table, column in _TABLES[kind]
        )  # fmt: skip

    def _copy_to(self, other: Stores) -> None:
        self.main.copy_to(other.main)
        for name, database in self._databases.items():
            database.copy_to(other.database(name))
        self.object_databases.copy_to(other.object_databases)
        other.object_databases.close()

    def close(self) -> None:
        """Close the databases; stores in memory are lost."""
        self.expiry.stop()
        self.object_databases.close()
        if self._main is not None:
            self._main.close()
            self._main = self._bodies = None
        if self._folder is not None:
            self._folder.close()
            self._folder = None
        for database in self._databases.values():
            database.close()
        self._databases.clear()
        self._numbers.clear()
        self.messages.changed()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        kinds = ("kv", "d1", "r2", "cache")
        raise with_notes(
            AttributeError(f"Stores has no {name!r}; it has {', '.join(kinds)}.", name=name, obj=self),
            is_unsimulated_store(name) or did_you_mean(name, kinds),
        )

    def __repr__(self) -> str:
        return f"<Stores in {self.directory or 'memory'}>"


def stores_of(runtime: Any) -> Stores:
    """Return the stores of a runtime."""
    stores: Stores = runtime.stores
    return stores
