"""D1: databases of SQL.

https://developers.cloudflare.com/d1/worker-api/. SQLite is the platform's own engine for D1. Where
its local simulator differs from production, which binds whole numbers as integers and takes no
named placeholders, this follows production.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from workernb.errors import StoreError, did_you_mean, with_notes
from workernb.runtime.services.kinds import EnvBuilder
from workernb.runtime.services.option import Form, Option
from workernb.texts import PlatformText
from workernb.workers.conversion import MAX_SAFE_INTEGER, JsDict

from .calls import StoreBinding, StoreCall
from .kinds import StoreKind
from .values import js_text, js_type, options_of

if TYPE_CHECKING:
    from .sql.database import Parameters, SqlDatabase

SERVED_BY = "workernb"


class Table(NamedTuple):
    """What a query gives: the names of its columns, which may repeat, its rows, and its meta."""

    names: list[str]
    rows: list[tuple[Any, ...]]
    meta: JsDict


class D1PreparedStatement:
    """A statement, and the values of its placeholders: `db.prepare(sql).bind(1)`."""

    __slots__ = ("_database", "_parameters", "_sql")

    def __init__(self, database: D1Database, sql: str, parameters: Parameters = ()) -> None:
        """Keep the text, which is checked when it runs."""
        self._database = database
        self._sql = sql
        self._parameters = parameters

    def bind(self, *values: Any) -> D1PreparedStatement:
        """Return a new statement with values for its placeholders, `?` or `?NNN`.

        Numbers, text, None, booleans (as 1 and 0), bytes, and lists of 0 to 255 as bytes. Raises
        StoreError (D1_TYPE_ERROR) for anything else.
        """
        return D1PreparedStatement(self._database, self._sql, tuple(map(_bound, values)))

    def run(self) -> StoreCall:
        """Run it; return `{success, meta, results}`, the same as `all`."""
        return self._call("run", _result)

    def all(self) -> StoreCall:
        """Run it; return `{success, meta, results}`, where results are the rows as dicts.

        `meta` has duration (ms), changes, last_row_id, changed_db, size_after (bytes), rows_written
        and rows_read; of the last two see `workernb.resources.sql.rows`.
        """
        return self._call("all", _result)

    def first(self, column: str | None = None) -> StoreCall:
        """Run it; return the first row as a dict, or one of its columns; None without rows.

        Raises StoreError (D1_COLUMN_NOTFOUND) for an unknown column.
        """
        return self._call("first", _first, column)

    def raw(self, options: Any = None, **keywords: Any) -> StoreCall:
        """Run it; return the rows as lists. columnNames=True: the first one has the names."""
        return self._call("raw", _raw, options, keywords)

    def _call(self, verb: str, work: Callable[..., Any], *arguments: Any) -> StoreCall:
        database, sql = self._database, self._sql
        return StoreCall(database, verb, sql, database._do, work, sql, self._parameters, *arguments)

    def __repr__(self) -> str:
        return f"<D1 statement {self._sql!r}>"


class D1Database(StoreBinding):
    """A D1 database: `await env.DB.prepare("SELECT * FROM t WHERE id = ?").bind(1).first()`.

    What fails raises StoreError with the platform's text, `D1_ERROR: …`; its `cause` is the same
    without the prefix.
    """

    noun = "D1 database"
    habits = dict.fromkeys(("execute", "query", "executemany", "run"), "prepare(sql).bind(…).run()")

    def prepare(self, sql: str) -> D1PreparedStatement:
        """Return a statement, which is checked when it runs."""
        return D1PreparedStatement(self, js_text(sql))

    def batch(self, statements: Sequence[D1PreparedStatement]) -> StoreCall:
        """Run statements in one transaction, and return their results in order.

        If one fails, all are rolled back. Raises TypeError for what is no prepared statement.
        """
        statements = list(statements)
        for each in statements:
            if not isinstance(each, D1PreparedStatement):
                raise TypeError(
                    f"batch() takes prepared statements, not {type(each).__name__}: "
                    f"await {self._expression}.batch([{self._expression}.prepare(sql), …])"
                )
        detail = "; ".join(statement._sql for statement in statements[:5])
        return StoreCall(self, "batch", detail, self._do, _batch, statements)

    def exec(self, text: str) -> StoreCall:
        """Run each line of a text, in one transaction; return `{count, duration}`."""
        return StoreCall(self, "exec", js_text(text), self._do, _exec, js_text(text))

    def withSession(self, constraint: str | None = None) -> D1Session:
        """Return a session. constraint: `first-unconstrained`, `first-primary` or a bookmark."""
        return D1Session(self._stores, self._name, self._binding)

    def dump(self) -> StoreCall:
        """Refuse: as on the platform, only databases of D1's alpha version can be dumped."""
        return StoreCall(self, "dump", "", self._do, _refuse_dump)

    def _query(self, operation: Any, sql: str) -> Table:
        """Run statements at once, for the notebook, and return the last one's rows."""
        names, rows, meta = self._do(operation, _table, sql, ())
        return Table(names, [tuple(map(_value, row)) for row in rows], meta)

    def _do(self, operation: Any, work: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return work(self._stores.database(self._name), operation, *arguments)
        except StoreError as error:
            if type(error) is StoreError:
                raise
            remedy = _remedy(self._stores.database(self._name), str(error))
            raise with_notes(_d1_error(error, "D1_ERROR: "), remedy) from None


class D1Session(D1Database):
    """A session: here the database itself, since there is one copy of it."""

    _numbers = itertools.count(1)

    def __init__(self, stores: Any, name: str, binding: str | None = None) -> None:
        """Begin a session without a bookmark."""
        super().__init__(stores, name, binding)
        self._bookmark: str | None = None

    def getBookmark(self) -> str | None:
        """Return the bookmark of the last query; None before the first."""
        return self._bookmark

    def _do(self, operation: Any, work: Callable[..., Any], *arguments: Any) -> Any:
        result = super()._do(operation, work, *arguments)
        self._bookmark = f"{next(self._numbers):08x}-00000000-00000000-{'0' * 32}"
        return result


def _remedy(database: SqlDatabase, text: str) -> str | None:
    """Return which tables there are, for a statement that names one that is not there."""
    _, missing, rest = text.partition("no such table: ")
    if not missing:
        return None
    tables = database.table_names()
    if not tables:
        return "The database has no tables yet: CREATE TABLE …, or %d1 NAME --migrate FOLDER"
    name = rest.partition(": SQLITE")[0]
    return did_you_mean(name, tables) or f"There are the tables {', '.join(tables)}."


# The work


def _result(database: SqlDatabase, operation: Any, sql: str, parameters: Parameters) -> JsDict:
    names, rows, meta = _table(database, operation, sql, parameters)
    results = [JsDict(zip(names, map(_value, row), strict=True)) for row in rows]
    return JsDict(success=True, meta=meta, results=results)


def _table(database: SqlDatabase, operation: Any, sql: str, parameters: Parameters) -> Table:
    began = perf_counter()
    _refuse_empty(sql)
    before = database.connection.total_changes
    cursor, rows = database.run(sql, parameters)
    changes = database.connection.total_changes - before
    schema = (changes or cursor.description is None) and database.changed(sql)
    read = database.rows.read(sql, parameters, len(rows))
    operation.rows = read + changes
    names = [column[0] for column in cursor.description or ()]
    meta = JsDict(
        served_by=SERVED_BY,
        duration=round((perf_counter() - began) * 1000, 4),
        changes=changes,
        last_row_id=cursor.lastrowid or 0,
        changed_db=bool(changes or schema),
        size_after=database.size,
        rows_read=read,
        rows_written=database.rows.written(sql, parameters, changes),
    )
    return Table(names, rows, meta)


def _rows(
    database: SqlDatabase, operation: Any, sql: str, parameters: Parameters
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the columns, and the rows."""
    _refuse_empty(sql)
    cursor, rows = database.run(sql, parameters)
    columns = cursor.description
    if columns is None or cursor.rowcount >= 0:
        database.changed(sql)
    operation.rows = database.rows.read(sql, parameters, len(rows))
    return [column[0] for column in columns or ()], rows


def _first(
    database: SqlDatabase, operation: Any, sql: str, parameters: Parameters, column: str | None
) -> Any:
    names, rows = _rows(database, operation, sql, parameters)
    if not rows:
        return None
    row = JsDict(zip(names, map(_value, rows[0]), strict=True))
    if column is None:
        return row
    if column not in row:
        text = PlatformText.D1_COLUMN.format(column=column)
        raise with_notes(StoreError(text), f"It has {', '.join(row)}.")
    return row[column]


def _raw(
    database: SqlDatabase,
    operation: Any,
    sql: str,
    parameters: Parameters,
    options: Any,
    keywords: Any,
) -> list[list[Any]]:
    chosen = options_of(options, keywords, ("columnNames",))
    names, rows = _rows(database, operation, sql, parameters)
    result = [list(map(_value, row)) for row in rows]
    return [names, *result] if chosen.get("columnNames") else result


def _batch(
    database: SqlDatabase, operation: Any, statements: list[D1PreparedStatement]
) -> list[JsDict]:
    results, rows = [], 0
    with database.transaction():
        for statement in statements:
            results.append(_result(database, operation, statement._sql, statement._parameters))
            rows += operation.rows
    operation.rows = rows
    return results


def _exec(database: SqlDatabase, operation: Any, text: str) -> JsDict:
    lines = [line for line in text.strip().split("\n") if not _is_skipped(line)]
    began = perf_counter()
    if not lines:
        _refuse_empty("")
    with database.transaction():
        for number, line in enumerate(lines, 1):
            try:
                database.run(line)
            except StoreError as error:
                raise _exec_error(error, lines[0], line, number) from None
    database.changed("", schema=True)
    return JsDict(count=len(lines), duration=round((perf_counter() - began) * 1000, 4))


def _is_skipped(line: str) -> bool:
    stripped = line.strip()
    return not stripped or (line[0].isspace() and stripped.startswith("--"))


def _exec_error(error: StoreError, first: str, line: str, number: int) -> StoreError:
    """Return the error of a line: the platform's text names the first one, whichever it was."""
    prefix = PlatformText.D1_EXEC.format(line=first.strip())
    notes = [] if number == 1 else [f"It was line {number}: {line.strip()}"]
    if "incomplete input" in str(error):
        notes.append("Each line of exec() is run by itself: write a statement on one line.")
    return with_notes(_d1_error(error, prefix), *notes)


def _refuse_empty(sql: str) -> None:
    if not sql or sql.isspace():
        raise StoreError(f"D1_ERROR: {PlatformText.D1_NO_STATEMENTS}")


def _refuse_dump(database: SqlDatabase, operation: Any) -> None:
    raise with_notes(
        StoreError(PlatformText.D1_DUMP), "%stores --export DIRECTORY writes the database's file."
    )


def _d1_error(error: StoreError, prefix: str) -> StoreError:
    failed = StoreError(f"{prefix}{error}")
    failed.cause = error
    return with_notes(failed, *getattr(error, "__notes__", []))


def _bound(value: Any) -> Any:
    """Return a value as SQLite binds it; StoreError for a type that D1 does not take."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and abs(value) <= MAX_SAFE_INTEGER:
        return value
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) <= MAX_SAFE_INTEGER
        return int(value) if whole else value
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, list) and all(type(each) is int and 0 <= each <= 255 for each in value):
        return bytes(value)
    raise StoreError(PlatformText.D1_TYPE.format(type=js_type(value), value=js_text(value)))


def _value(value: Any) -> Any:
    """Return a column's value as a Worker gets it: a blob as a list of numbers."""
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return int(float(value))
    return value


class D1Kind(StoreKind):
    """D1 databases: `d1_databases={"DB": "shop"}`."""

    keyword, noun = "d1_databases", "D1 database"
    usual_names = ("D1", "DB", "DATABASE", "SQL")
    fields, required = ("preview_database_id", "database_name", "database_id"), "database_id"
    example = '{"DB": "shop"}'
    options = (
        Option(
            ("--d1",),
            "a D1 database: env.BINDING.prepare(…)",
            Form.BINDING,
            "d1_databases",
            metavar="BINDING=DATABASE",
            example="DB=shop",
            completes="d1",
        ),
    )

    def env_value(self, name: str, value: Any, builder: EnvBuilder) -> D1Database:
        """Return the database, after opening it, so that no Worker pays for that."""
        builder.stores.database(value)
        return D1Database(builder.stores, value, name)

    def for_wrangler(self, values: Any) -> dict[str, Any]:
        """Return Wrangler's `d1_databases`."""
        rows = [
            {"binding": name, "database_name": value, "database_id": value}
            for name, value in values.items()
        ]
        return {self.keyword: rows} if rows else {}
