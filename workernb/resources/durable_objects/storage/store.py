"""The store of one object: its database, operations in it, and when writes are committed.

Writes without a wait in between are stored together, or not at all, before anything leaves the
object: a transaction begins with the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from workernb.errors import DurableObjectError, with_notes
from workernb.resources.calls import run_operation
from workernb.resources.sqlite import one_at_a_time
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.operations import Operation
from workernb.texts import PlatformText
from workernb.workers.current import current

from .buffer import GET, KeyBuffer, write
from .databases import ObjectDatabases, Place

if TYPE_CHECKING:
    from workernb.resources.sql.database import SqlDatabase

T = TypeVar("T")
_running = current.get

NOUN = "Durable Object"
BINDING = "ctx.storage"


class ObjectStore:
    """What is kept of one object: its database, while a transaction may be open in it.

    depth: how many savepoints are open. broken: why the object must not write any more, or None.
    on_failure: called with the error when writes could not be stored. on_alarm: called with the
    time (s since the epoch) or None, when the alarm that was set has been stored. allows_sql:
    whether the class has SQL; alarms: whether it has an alarm handler.
    """

    is_subrequest = False

    def __init__(
        self, databases: ObjectDatabases, place: Place, name: str | None, events: Any
    ) -> None:
        """Keep what belongs to the object. events: the handlers that its class has."""
        self.place = place
        self.depth = 0
        self.broken: BaseException | None = None
        self.allows_sql = True
        self.has_alarm_handler = "alarm" in events
        self.on_failure: Callable[[BaseException], None] = _raise
        self.on_alarm: Callable[[float | None], None] = lambda at: None
        self.alarm_changed = False
        self.listing: object = None
        self._name = name
        self._databases = databases
        self._database: SqlDatabase | None = None
        self._is_open = False
        self._commits_soon = False
        self._in_memory = databases.in_memory
        self._buffer = KeyBuffer(databases.kept(place))

    # The database

    @property
    def _uncommitted(self) -> bool:
        """Whether there is something to commit."""
        return self._is_open or bool(self._buffer.fresh)

    @property
    def database(self) -> SqlDatabase:
        """The database, which is opened if it is not open."""
        if self._database is None:
            self._database = self._databases.open(self.place, self._name, self)
        return self._database

    def relocate(self) -> None:
        """Go on where the stores are kept now, after they have moved."""
        self._database = None
        self._in_memory = self._databases.in_memory
        self._buffer = KeyBuffer(self._databases.kept(self.place))

    def park(self) -> None:
        """Let go of the database, which is closed."""
        self._database = None

    def read(self, key: str) -> bytes | None:
        """Return the value of a key, serialized; None if there is none."""
        buffer = self._buffer
        for values in (buffer.fresh, buffer.kept, buffer.cached):
            if key in values:
                return values[key]
        if self._database is None and not self._databases.has(self.place):
            return None
        row = self.database.own(GET, (key,)).fetchone()
        data: bytes | None = None if row is None else row[0]
        buffer.cache(key, data)
        return data

    def write(self, key: str, data: bytes | None) -> None:
        """Write the value of a key, serialized; None: delete it."""
        if self.depth:
            self._buffer.cached.pop(key, None)
            write(self.database, {key: data})
            return
        self._buffer.fresh[key] = data
        if not self._commits_soon:
            self._commit_at_next_turn()

    def begin(self) -> SqlDatabase:
        """Return the database, in a transaction that is committed before anything leaves."""
        database = self._database or self.database
        if not self._is_open:
            self._databases.flush(self.place)
            database.own("BEGIN")
            self._is_open = True
            if not self._commits_soon:
                self._commit_at_next_turn()
        if self._buffer.fresh:
            self._buffer.flush(database)
        return database

    def _commit_at_next_turn(self) -> None:
        """Commit soon, for tasks of the Worker's own, between whose steps nothing else looks."""
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._commits_soon = True
            loop.call_soon(self._commit_soon)

    def _commit_soon(self) -> None:
        self._commits_soon = False
        try:
            self.commit()
        except Exception:
            return

    def commit(self) -> None:
        """Store the writes so far, unless a transaction of the object's own is open.

        Raises why that failed: the object is reset then.
        """
        if not self._is_open:
            buffer = self._buffer
            if not buffer.fresh:
                return
            if self._in_memory:
                if not buffer.kept and self._database is None:
                    self._databases.register(self.place, self._name)
                buffer.keep()
                return
            if len(buffer.fresh) == 1:
                self._commit_single()
                return
        if self.depth:
            return
        with one_at_a_time:
            try:
                database = self.begin()
            except Exception as error:
                raise self._failure(error) from None
            at: float | None = None
            if self.alarm_changed:
                at = self.alarm_s()
                earlier, retries = self._databases.alarm(self.place)
                if at is not None:
                    # Before the alarm is stored, so that it is found after a crash in between.
                    self._databases.set_alarm(self.place, min(at, earlier or at), retries)
            try:
                database.own("COMMIT")
            except Exception as error:
                self.roll_back()
                failure = _commit_failure(database, error)
                self.on_failure(failure)
                raise failure from None
            self._is_open = False
            if self.alarm_changed:
                self.alarm_changed = False
                self._databases.set_alarm(self.place, at, 0)
                self.on_alarm(at)

    def _commit_single(self) -> None:
        """Store the one key that was written: a single statement needs no transaction around it."""
        with one_at_a_time:
            database = self._database or self.database
            try:
                self._buffer.flush(database)
            except Exception as error:
                self.roll_back()
                failure = _commit_failure(database, error)
                self.on_failure(failure)
                raise failure from None

    def roll_back(self) -> None:
        """Drop the writes since the last commit."""
        self._buffer.fresh.clear()
        if self._is_open and self._database is not None:
            self._buffer.cached.clear()
            if self._database.connection.in_transaction:
                self._database.own("ROLLBACK")
            self._database.changed("", schema=True)
        self._is_open = False
        self.alarm_changed = False
        self.depth = 0

    # Operations

    def do(self, verb: str, detail: str, work: Callable[..., T], *arguments: Any) -> T:
        """Do an operation, which is charged to the event that runs; its first argument is it.

        Raises what the work raises; RuntimeError where no event of the object runs.
        """
        caller = _running()
        if not isinstance(caller, Invocation):
            raise RuntimeError(f"{BINDING}.{verb}() works in the code of its Durable Object only.")
        if self.broken is not None:
            raise self.broken
        operation = Operation(caller, BINDING, NOUN, self.place[0], verb, detail)
        result: T = run_operation(operation, self, work, *arguments)  # type: ignore[arg-type]
        if caller.__class__ is Invocation and self._uncommitted:
            # Of an object that it has sent by reference, after whose call nothing else commits.
            self.commit()
        return result

    def _failure(self, error: BaseException) -> BaseException:
        """Return the error to raise for one of an operation; reset the object if it lost writes."""
        if type(error).__module__ == "sqlite3":
            error = self.database.failed(error)  # type: ignore[arg-type]
        database = self._database
        if self._is_open and database is not None and not database.connection.in_transaction:
            # SQLite has rolled everything back: on a full disk, or when it was interrupted.
            self.roll_back()
            self.on_failure(error)
        return error

    def delete_all(self) -> None:
        """Delete everything: keys, tables, the alarm."""
        database = self.begin()
        self._buffer.cached.clear()
        for statement in ("DELETE FROM _cf_KV", "DELETE FROM _cf_METADATA"):
            database.own(statement)
        self.alarm_changed = True
        database.drop_all()

    # Savepoints

    def enter(self) -> None:
        """Begin a savepoint, within what may be open already."""
        database = self.begin()
        self.depth += 1
        database.own(f"SAVEPOINT level_{self.depth}")

    def leave(self, keep: bool) -> None:
        """End the innermost savepoint. keep: whether its writes are kept."""
        database = self.database
        if not self._is_open or not database.connection.in_transaction:
            return
        if not keep:
            database.own(f"ROLLBACK TO level_{self.depth}")
            database.changed("", schema=True)
            self._buffer.cached.clear()
            self.alarm_changed = True  # It may be the one of before.
        database.own(f"RELEASE level_{self.depth}")
        self.depth -= 1

    # The alarm, as the object's database has it

    def alarm_s(self) -> float | None:
        """Return the time of the alarm that is set, in s since the epoch; or None."""
        row = self.database.own("SELECT value FROM _cf_METADATA WHERE key = 1").fetchone()
        return None if row is None else row[0] / 1e9

    def set_alarm(self, at_ms: float | None) -> None:
        """Set the alarm (ms since the epoch), in place of the one that is set; None: delete it."""
        database = self.begin()
        if at_ms is None:
            database.own("DELETE FROM _cf_METADATA WHERE key = 1")
        else:
            query = "INSERT OR REPLACE INTO _cf_METADATA VALUES (1, ?)"
            database.own(query, (round(at_ms * 1e6),))
        self.alarm_changed = True


def _raise(error: BaseException) -> None:
    raise error


def _commit_failure(database: Any, error: Exception) -> BaseException:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_CONSTRAINT"):
        return DurableObjectError(PlatformText.OBJECT_CONSTRAINTS.format(text=error))
    failed = database.failed(error)
    return with_notes(
        DurableObjectError(f"Durable Object was reset: {failed}"), *getattr(failed, "__notes__", [])
    )
