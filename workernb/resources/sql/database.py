"""SQL databases whose statements Workers write: in a sandbox, with SQLite's texts for errors."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workernb.errors import StoreError, with_notes
from workernb.resources.sqlite import Database, one_at_a_time, stop_reason
from workernb.texts import PlatformText

from .rows import RowCounter
from .sandbox import FUNCTIONS, RESTORE, Sandbox
from .statements import has_statement, named_parameter, split

Parameters = tuple[Any, ...]
Rows = list[tuple[Any, ...]]

_PRIMARY = {
    getattr(sqlite3, name): name
    for name in (
        "SQLITE_ERROR SQLITE_PERM SQLITE_ABORT SQLITE_BUSY SQLITE_LOCKED SQLITE_NOMEM "
        "SQLITE_READONLY SQLITE_INTERRUPT SQLITE_IOERR SQLITE_CORRUPT SQLITE_NOTFOUND SQLITE_FULL "
        "SQLITE_CANTOPEN SQLITE_SCHEMA SQLITE_TOOBIG SQLITE_CONSTRAINT SQLITE_MISMATCH "
        "SQLITE_MISUSE SQLITE_AUTH SQLITE_RANGE SQLITE_NOTADB"
    ).split()
}
_near = re.compile(r'near "(.+)": syntax error').match
_no_function = re.compile(r"no such function: (\w+)").match
# Certainly one statement, without comments, and without names that are reserved.
_is_simple = re.compile(r"[A-Za-z](?:[^;_/-]|_(?!cf_|CF_|Cf_|cF_)){0,1000}").fullmatch
_OF_THE_DISK = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")
_CHANGES_SCHEMA = ("create", "drop", "alter", "reindex", "analyze")


class SqlError(StoreError):
    """What SQLite or the sandbox said about a statement."""


class SqlDatabase(Database):
    """A database whose statements Workers write. rows: counts what they read and write.

    product: what it is a database of, for error messages.
    """

    def __init__(self, path: Path | None, product: str = "D1") -> None:
        """Open the database in a sandbox; StoreError if that fails."""
        super().__init__(path)
        self._product = product
        self._sandbox = Sandbox(self.connection)
        self.rows = RowCounter(self._sandbox)
        self._size: int | None = None

    def own(self, statement: str, parameters: Parameters = ()) -> sqlite3.Cursor:
        """Run one statement of ours, to which everything is allowed; raises sqlite3.Error."""
        return self._sandbox.execute(statement, parameters)

    def serialize(self) -> bytes:
        """Return the whole database as bytes."""
        with self._sandbox.opened():
            return self.connection.serialize()

    def deserialize(self, data: bytes) -> None:
        """Replace the whole database by one that was serialized."""
        with self._sandbox.opened():
            self.connection.deserialize(data)

    def run(self, sql: str, parameters: Parameters = ()) -> tuple[sqlite3.Cursor, Rows]:
        """Run a text of one statement or more; return the cursor and the rows of the last one.

        Several statements run in one transaction. Raises SqlError; or why the request was aborted.
        """
        self._sandbox.refusal = None
        # Python's versions differ in whether they bind named placeholders by position.
        if parameters and named_parameter(sql) is not None:
            raise self._wrong_parameters(sql)
        try:
            if _is_simple(sql) and sql[:6].lower() != "pragma":
                cursor = self.execute(sql, parameters)
                return cursor, cursor.fetchall()
            return self._run_checked(sql, parameters)
        except sqlite3.Error as error:
            raise self._error(error, sql) from None
        finally:
            if "pragma" in sql[:200].lower():
                self._restore()

    def _run_checked(self, sql: str, parameters: Parameters) -> tuple[sqlite3.Cursor, Rows]:
        statements = split(sql)
        if not statements or not has_statement(statements[-1]):
            raise SqlError(PlatformText.SQL_NO_STATEMENT)
        self._sandbox.check_text(sql)
        *before, last = statements
        if not before:
            if last[:6].lower() == "pragma":
                last = self._sandbox.uncached(last.rstrip(";"))
            cursor = self.execute(last, parameters)
            return cursor, cursor.fetchall()
        with self.transaction() if not self.connection.in_transaction else contextlib.nullcontext():
            for statement in before:
                try:
                    self.execute(statement).fetchall()
                except sqlite3.ProgrammingError:
                    raise SqlError(PlatformText.SQL_LAST_PARAMETERS) from None
            cursor = self.execute(last, parameters)
            return cursor, cursor.fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the statements within one transaction, which an exception rolls back."""
        with one_at_a_time:
            self._sandbox.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sandbox.execute("COMMIT")
            except BaseException as error:
                self.roll_back()
                self.changed("", schema=True)
                if isinstance(error, sqlite3.Error):
                    raise self._error(error, "") from None
                raise

    def roll_back(self) -> None:
        """End an open transaction without its changes; nothing if none is open."""
        if self.connection.in_transaction:
            self._sandbox.execute("ROLLBACK")

    def _restore(self) -> None:
        """Put back the pragmas that a Worker may have set, but for those of a transaction."""
        for pragma in RESTORE.split(";"):
            if pragma:
                self._sandbox.execute(self._sandbox.uncached(pragma))

    @property
    def size(self) -> int:
        """The size of its used pages, in bytes."""
        if self._size is None:
            pages, free, size = (
                self._sandbox.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
            self._size = (pages - free) * size
        return self._size

    def changed(self, sql: str, *, schema: bool = False) -> bool:
        """Forget what a write makes wrong; return whether it may have changed the schema."""
        self._size = None
        schema = schema or sql.lstrip()[:7].lower().startswith(_CHANGES_SCHEMA)
        if schema:
            self.rows.forget()
        return schema

    def table_names(self) -> list[str]:
        """Return the names of the tables that Workers have made."""
        rows = self._sandbox.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' "
            "ESCAPE '!' AND name NOT LIKE '!_cf!_%' ESCAPE '!' ORDER BY name"
        ).fetchall()
        return [name for (name,) in rows]

    def tables(self) -> list[tuple[str, int]]:
        """Return the name and the number of rows of each table that Workers have made."""
        counted = []
        for name in self.table_names():
            quoted = name.replace('"', '""')
            count = self._sandbox.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
            counted.append((name, count))
        return counted

    def clear(self) -> None:
        """Drop everything that Workers have made."""
        self._sandbox.execute(self._sandbox.uncached("PRAGMA foreign_keys = OFF"))
        with self.transaction():
            self.drop_all()
        self._restore()

    def drop_all(self) -> None:
        """Drop everything that Workers have made, in the transaction that is open."""
        self._sandbox.execute(self._sandbox.uncached("PRAGMA defer_foreign_keys = ON"))
        rows = self._sandbox.execute(
            "SELECT type, name FROM sqlite_schema WHERE type IN ('view', 'table') "
            "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE '!_cf!_%' ESCAPE '!' "
            "ORDER BY sql LIKE 'CREATE VIRTUAL%' DESC"
        ).fetchall()
        for kind, name in rows:
            quoted = name.replace('"', '""')
            self._sandbox.execute(f'DROP {kind} IF EXISTS "{quoted}"')
        self.changed("", schema=True)

    # Errors

    def _error(self, error: sqlite3.Error, sql: str) -> BaseException:
        """Return the error of the platform for one of Python's `sqlite3`."""
        text, name = str(error), getattr(error, "sqlite_errorname", "") or ""
        if name == "SQLITE_INTERRUPT":
            return stop_reason() or SqlError("interrupted: SQLITE_INTERRUPT")
        if self._sandbox.refusal is not None:
            return SqlError(self._sandbox.refusal)
        if "number of bindings" in text or "Binding" in text or "parameter" in text:
            return self._wrong_parameters(sql)
        if isinstance(error, sqlite3.DataError) and "too large" in text:
            return SqlError("statement too long: SQLITE_TOOBIG")
        if not name:
            return SqlError(text)
        text = text.replace("authorization denied", "not authorized")
        primary = _PRIMARY.get(error.sqlite_errorcode & 0xFF, name)
        extended = f" (extended: {name})" if name != primary else ""
        failed = SqlError(f"{text}{_offset(text, sql)}: {primary}{extended}")
        return with_notes(failed, *self._hints(error, text, name))

    def _hints(self, error: sqlite3.Error, text: str, name: str) -> Iterator[str]:
        if name.startswith(_OF_THE_DISK):
            about = self.failed(error)
            yield str(about)
            yield from getattr(about, "__notes__", [])
        match = _no_function(text)
        if match and match[1].lower() in FUNCTIONS:
            yield (
                f"The platform's SQLite has {match[1]}(); this Python's is version "
                f"{sqlite3.sqlite_version}, which does not."
            )
        if name == "SQLITE_AUTH":
            yield (
                f"{self._product} does not allow this statement: see "
                "https://developers.cloudflare.com/d1/sql-api/sql-statements/"
            )

    def _wrong_parameters(self, sql: str) -> SqlError:
        name = named_parameter(sql)
        hint = f"{self._product} takes ? and ?NNN as placeholders, not {name}."
        return with_notes(SqlError(PlatformText.SQL_PARAMETERS), hint if name else None)


def _offset(text: str, sql: str) -> str:
    """Return where a syntax error is, if that can be told from the text that SQLite quotes."""
    match = _near(text)
    if match is None or sql.count(match[1]) != 1:
        return ""
    return f" at offset {len(sql[: sql.index(match[1])].encode())}"
