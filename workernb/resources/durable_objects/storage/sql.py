"""`storage.sql`: an object's own tables.

https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sql-api
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workernb.errors import StoreError, with_notes
from workernb.texts import PlatformText
from workernb.workers.conversion import MAX_SAFE_INTEGER, JsDict

from .store import ObjectStore

if TYPE_CHECKING:
    from workernb.resources.sql.database import SqlDatabase


class SqlStorage:
    """The SQL of an object: `for row in storage.sql.exec("SELECT * FROM t WHERE id = ?", 1)`."""

    def __init__(self, storage: ObjectStore) -> None:
        """Use the database of an object."""
        self._storage = storage

    def exec(self, query: str, *values: Any) -> SqlStorageCursor:
        """Run a text of one statement or more; return the rows of the last one.

        values: for its placeholders: numbers, text, booleans (as 'true' and 'false'), bytes, None.
        Raises StoreError with SQLite's text, or the platform's.
        """
        if not self._storage.allows_sql:
            raise StoreError(PlatformText.OBJECT_NO_SQL)
        if not isinstance(query, str):
            raise TypeError(f"exec() takes SQL as text, not {type(query).__name__}.")
        parameters = tuple(map(_bound, values))
        return self._storage.do("sql.exec", query, self._exec, query, parameters)

    def _exec(self, operation: Any, query: str, parameters: tuple[Any, ...]) -> SqlStorageCursor:
        database = self._storage.begin()
        before = database.connection.total_changes
        cursor, rows = database.run(query, parameters)
        changes = database.connection.total_changes - before
        if changes or cursor.description is None:
            database.changed(query)
        operation.rows = len(rows) + changes
        names = [column[0] for column in cursor.description or ()]
        return SqlStorageCursor(names, rows, database, (query, parameters, changes))

    @property
    def databaseSize(self) -> int:
        """The size of the used pages, in bytes."""
        return self._storage.do("sql.databaseSize", "", lambda _: self._storage.database.size)

    def __repr__(self) -> str:
        return f"<SQL of {self._storage.place[0]}>"


class SqlStorageCursor:
    """The rows of a statement, each of which is read once. columnNames: of the columns."""

    def __init__(
        self,
        names: list[str],
        rows: list[tuple[Any, ...]],
        database: SqlDatabase,
        statement: tuple[str, tuple[Any, ...], int],
    ) -> None:
        """Keep the rows. statement: what they are of, its values, and how many rows it changed."""
        self.columnNames = names
        self._rows = iter(rows)
        self._count = len(rows)
        self._database = database
        self._statement = statement

    def __iter__(self) -> Iterator[JsDict]:
        return self

    def __next__(self) -> JsDict:
        row = next(self._rows)
        return JsDict(zip(self.columnNames, map(_value, row), strict=True))

    def next(self) -> JsDict:
        """Return the next row as `{done, value}`; `{done: True}` after the last one."""
        for row in self:
            return JsDict(done=False, value=row)
        return JsDict(done=True)

    def toArray(self) -> list[JsDict]:
        """Return the rows that are left, as dicts."""
        return list(self)

    def one(self) -> JsDict:
        """Return the only row; StoreError if there is none, or another one."""
        rows = self.toArray()
        if len(rows) != 1:
            text = PlatformText.SQL_MANY_ROWS if rows else PlatformText.SQL_NO_ROW
            raise with_notes(StoreError(text), f"The statement: {self._statement[0][:200]}")
        return rows[0]

    def raw(self) -> Iterator[list[Any]]:
        """Return an iterator of the rows that are left, as lists."""
        return (list(map(_value, row)) for row in self._rows)

    @property
    def rowsRead(self) -> int:
        """How many rows were read: estimated, see `workernb.resources.sql.rows`."""
        query, parameters, _ = self._statement
        return self._database.rows.read(query, parameters, self._count)

    @property
    def rowsWritten(self) -> int:
        """How many rows were written, those of indexes included."""
        query, parameters, changes = self._statement
        return self._database.rows.written(query, parameters, changes)

    def __repr__(self) -> str:
        return f"<cursor of {self._count:,} rows: {', '.join(self.columnNames)}>"


def _bound(value: Any) -> Any:
    """Return a value as SQLite binds it; TypeError for a type that is not taken."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
            raise with_notes(
                TypeError("A BigInt cannot be bound to a placeholder."),
                "Beyond 2**53 a number is a BigInt there: bind it as text.",
            )
        return float(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    raise TypeError(
        f"SQL takes numbers, text, bytes, booleans and None, not {type(value).__name__}."
    )


def _value(value: Any) -> Any:
    """Return a column's value as the object gets it."""
    if isinstance(value, bytes):
        return memoryview(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_SAFE_INTEGER:
        return int(value)
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return int(float(value))
    return value
