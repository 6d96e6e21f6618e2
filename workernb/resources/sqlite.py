"""SQLite databases that stores are kept in: in memory, or as files that survive the process.

https://docs.python.org/3/library/sqlite3.html, https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workernb.errors import StoreError, with_notes
from workernb.runtime.enforcement.budget import check_limits
from workernb.workers.current import current

if TYPE_CHECKING:
    import sqlite3

INSTRUCTIONS = 4_000
"""How many instructions of SQLite's machine run between two checks of the budget."""

one_at_a_time = threading.RLock()
"""Held during each operation of a store, from its first statement to its last row or error.

Threads share a database's connection. SQLite calls Python as it runs, which needs the interpreter's
lock; a thread that has that one and waits for SQLite's would wait for ever. And a statement must
not fall into the transaction of another thread.
"""

BUSY_MS = 2_000
"""How long (ms of wall clock) to wait for another process that holds the file's lock."""


class Database:
    """One SQLite database.

    path: its file; None for one in memory. connection: Python's own, without implicit transactions.
    A query is cut when the budget of the request that makes it is used up, or when the request is
    aborted.
    """

    def __init__(self, path: Path | None, schema: str = "") -> None:
        """Open the database, or make it. schema: the statements that make missing tables.

        Raises StoreError if the file cannot be opened, or is not a database.
        """
        import sqlite3  # Here, since most processes use no store.

        self.path = path
        try:
            connection = sqlite3.connect(
                ":memory:" if path is None else os.fspath(path),
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise self.failed(error) from error
        self.connection = connection
        self._close = weakref.finalize(self, connection.close)
        self.execute = connection.execute
        try:
            self._set_up(schema)
        except sqlite3.Error as error:
            self._close()
            raise self.failed(error) from error
        connection.set_progress_handler(must_stop, INSTRUCTIONS)

    def _set_up(self, schema: str) -> None:
        self.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if self.path is not None:
            self.execute("PRAGMA journal_mode = WAL")
            self.execute("PRAGMA synchronous = NORMAL")
        self.execute("PRAGMA foreign_keys = ON")
        if schema:
            self.connection.executescript(schema)
        self.execute("SELECT count(*) FROM sqlite_schema").fetchone()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the statements within one transaction, which an exception rolls back."""
        with one_at_a_time:
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                self.roll_back()
                raise

    def roll_back(self) -> None:
        """End an open transaction without its changes; nothing if none is open."""
        if self.connection.in_transaction:
            self.execute("ROLLBACK")

    @property
    def size(self) -> int:
        """The size of its used pages, in bytes."""
        pages, free, size = (
            self.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def copy_to(self, other: Database) -> None:
        """Replace the contents of another database by those of this one."""
        self.connection.backup(other.connection)

    def close(self) -> None:
        """Close the database; what was committed stays."""
        self._close()

    def failed(self, error: sqlite3.Error) -> BaseException:
        """Return the error for what SQLite could not do."""
        name = getattr(error, "sqlite_errorname", "") or ""
        if name == "SQLITE_INTERRUPT":
            return stop_reason() or StoreError("The query was interrupted.")
        where = "the memory" if self.path is None else f"{self.path}"
        for prefix, text, remedy in _FAILURES:
            if name.startswith(prefix):
                return with_notes(StoreError(text.format(where=where)), remedy, f"SQLite: {error}.")
        return StoreError(f"The store in {where} failed: {error}")


_FAILURES = (
    (
        "SQLITE_FULL",
        "The disk is full: {where} cannot grow. Nothing of this operation was kept.",
        "Free some space, and do it again; what was stored before is still there.",
    ),
    (
        "SQLITE_IOERR",
        "The disk is full, or fails: {where} cannot be read or written. Nothing of this operation "
        "was kept.",
        "Free some space, and do it again; what was stored before is still there.",
    ),
    (
        "SQLITE_CORRUPT",
        "{where} is damaged.",
        "Put back a copy of the folder, or move it away and begin with a new one.",
    ),
    (
        "SQLITE_NOTADB",
        "{where} is damaged: it is no SQLite database.",
        "Put back a copy of the folder, or move it away and begin with a new one.",
    ),
    ("SQLITE_BUSY", "{where} is in use by another process.", "Close what else has it open."),
    ("SQLITE_READONLY", "{where} cannot be written.", "Change the permissions of the folder."),
    ("SQLITE_PERM", "{where} cannot be written.", "Change the permissions of the folder."),
    ("SQLITE_CANTOPEN", "{where} cannot be opened.", "Change the permissions of the folder."),
)


def must_stop() -> bool:
    """Return whether the query that runs is to be interrupted.

    SQLite calls this as it runs, which also lets Python handle signals: in a notebook's own query,
    an interrupt raises KeyboardInterrupt here, which SQLite takes for True.
    """
    running: Any = current.get()
    trace = getattr(running, "trace", None)
    return trace is not None and check_limits(trace, running, sys._getframe()) is not None


def stop_reason() -> BaseException | None:
    """Return why a query was interrupted, for the invocation that runs."""
    running: Any = current.get()
    trace = getattr(running, "trace", None)
    if trace is None:
        return KeyboardInterrupt()
    return check_limits(trace, running, sys._getframe())
