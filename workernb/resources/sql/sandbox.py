"""The sandbox of SQL that Workers write: what it may do, and how large it may be.

https://developers.cloudflare.com/d1/sql-api/sql-statements/,
https://www.sqlite.org/c3ref/set_authorizer.html
"""

from __future__ import annotations

import contextlib
import itertools
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator

from workernb.texts import PlatformText

ALLOW, DENY = sqlite3.SQLITE_OK, sqlite3.SQLITE_DENY

# Actions for which the module has no names.
_SAVEPOINT, _CREATE_VTABLE, _DROP_VTABLE = 32, 29, 30
_RECURSIVE, _TRANSACTION, _PRAGMA, _FUNCTION, _READ, _ALTER = 33, 22, 19, 31, 20, 26
_ATTACH, _DETACH = 24, 25
_TEMPORARY = frozenset({3, 4, 5, 6, 12, 13, 14, 15})

LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 4 * 1024 * 1024,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 127,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
}

MODULES = frozenset({"fts5", "fts5vocab", "rtree", "rtree_i32"})

FUNCTIONS = frozenset(
    # Core
    "abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid "
    "length like likelihood likely lower ltrim max min nullif octet_length printf quote random "
    "randomblob replace round rtrim sign soundex substr substring total_changes trim typeof unhex "
    "unicode unlikely upper zeroblob "
    # Dates, aggregates, windows
    "date time datetime julianday unixepoch strftime timediff current_date current_time "
    "current_timestamp avg count group_concat string_agg sum total row_number rank dense_rank "
    "percent_rank cume_dist ntile lag lead first_value last_value nth_value "
    # Mathematics
    "acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow "
    "radians sin sinh sqrt tan tanh trunc "
    # JSON
    "json json_array json_array_length json_extract json_insert json_object json_patch json_remove "
    "json_replace json_set json_type json_valid json_quote json_group_array json_group_object "
    "json_each json_tree -> ->> jsonb jsonb_array jsonb_extract jsonb_insert jsonb_object "
    "jsonb_patch jsonb_remove jsonb_replace jsonb_set jsonb_group_array jsonb_group_object "
    # Full text, R-trees, and what ALTER TABLE uses itself
    "match highlight bm25 snippet rtreecheck sqlite_rename_column sqlite_rename_table "
    "sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix".split()
)

_PRAGMAS_ALONE = frozenset({"data_version", "page_size", "table_list"})
_BOOLEAN_PRAGMAS = frozenset(
    "case_sensitive_like foreign_keys defer_foreign_keys ignore_check_constraints "
    "legacy_alter_table recursive_triggers reverse_unordered_selects".split()
)
_PRAGMAS_OF_NAME = frozenset(
    "table_info table_xinfo index_info index_list index_xinfo foreign_key_list".split()
)
_PRAGMAS_OF_NAME_OR_ALONE = frozenset({"foreign_key_check", "quick_check", "optimize"})
_BOOLEANS = frozenset({"0", "1", "on", "off", "true", "false", "yes", "no"})

RESTORE = (
    "PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = OFF; "
    "PRAGMA legacy_alter_table = OFF; PRAGMA recursive_triggers = OFF; "
    "PRAGMA reverse_unordered_selects = OFF; PRAGMA case_sensitive_like = OFF;"
)
"""Pragmas with their values at the beginning of each call."""

_renames_to_reserved = re.compile(r"\brename\s+to\s+[\"'`\[]?_cf_", re.IGNORECASE).search


MAX_MARKED = 50
"""How many statements of ours are kept with their mark."""


class Sandbox:
    """The authorizer of one connection, and its limits.

    refusal: the platform's text about what was denied last, where SQLite's own is another; or None.
    mark: a comment by which statements of ours differ from those that a Worker can write, in the
    cache of prepared statements too.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Protect a connection."""
        self.refusal: str | None = None
        self.mark = f"/* {secrets.token_hex(8)} */"
        self._own = False
        self._uses = itertools.count()
        for limit, value in LIMITS.items():
            connection.setlimit(limit, value)
        if hasattr(connection, "setconfig"):  # Python 3.12
            connection.setconfig(getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE"))  # noqa: B009
        connection.set_authorizer(self._authorize)
        self._execute = connection.execute
        self._marked: dict[str, str] = {}

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run a statement of ours, to which everything is allowed."""
        marked = self._marked.get(statement)
        if marked is None:
            marked = f"{statement} {self.mark}"
            if len(self._marked) < MAX_MARKED:
                self._marked[statement] = marked
        self._own = True
        try:
            return self._execute(marked, parameters)
        finally:
            self._own = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Allow everything within a `with` block, in which no statement of a Worker runs."""
        self._own = True
        try:
            yield
        finally:
            self._own = False

    def uncached(self, statement: str) -> str:
        """Return a pragma as a text that is not in the cache of prepared statements.

        Many pragmas take effect when they are prepared, so a cached one would have none.
        """
        return f"{statement} /* {next(self._uses)} */"

    def check_text(self, statement: str) -> None:
        """Refuse what the authorizer is not told; sqlite3.DatabaseError for it."""
        if _renames_to_reserved(statement):
            error = sqlite3.DatabaseError("not authorized")
            error.sqlite_errorcode = sqlite3.SQLITE_AUTH
            error.sqlite_errorname = "SQLITE_AUTH"
            raise error

    def _authorize(
        self, action: int, first: str | None, second: str | None, base: str | None, _: str | None
    ) -> int:
        if self._own:
            return ALLOW
        rule = _RULES.get(action)
        if rule is not None:
            text = rule(first, second)
            if text is True:
                return ALLOW
            if text is not False:
                self.refusal = text
            return DENY
        if action in _TEMPORARY or (base not in ("main", None) and first != _TEMP_SCHEMA):
            return DENY
        if _is_reserved(first) or (action in _WITH_TABLE and _is_reserved(second)):
            return DENY
        return ALLOW


_TEMP_SCHEMA = "sqlite_temp_master"
"""What ALTER TABLE reads and updates too; SQLite itself refuses a statement that writes it."""

_WITH_TABLE = frozenset({1, 7, 10, 16})
"""Actions on an index or a trigger, whose second argument is the table."""


def _is_reserved(name: str | None) -> bool:
    return name is not None and name[:4].lower() == "_cf_"


def _transaction(first: str | None, second: str | None) -> bool | str:
    return PlatformText.SQL_TRANSACTION


def _denied(first: str | None, second: str | None) -> bool | str:
    return False


def _allowed(first: str | None, second: str | None) -> bool | str:
    return True


def _function(first: str | None, second: str | None) -> bool | str:
    return second is not None and second.lower() in FUNCTIONS


def _pragma(first: str | None, second: str | None) -> bool | str:
    name = (first or "").lower()
    if second is None:
        alone = _PRAGMAS_ALONE | _BOOLEAN_PRAGMAS | _PRAGMAS_OF_NAME_OR_ALONE
        return name in alone
    if name in _BOOLEAN_PRAGMAS:
        return second.lower() in _BOOLEANS
    if name == "optimize":
        return second.isdecimal()
    named = _PRAGMAS_OF_NAME | _PRAGMAS_OF_NAME_OR_ALONE
    return name in named and not _is_reserved(second)


def _module(first: str | None, second: str | None) -> bool | str:
    return second is not None and second.lower() in MODULES and not _is_reserved(first)


def _alter(first: str | None, second: str | None) -> bool | str:
    return first == "main" and not _is_reserved(second)


_RULES: dict[int, Callable[[str | None, str | None], bool | str]] = {
    _TRANSACTION: _transaction,
    _SAVEPOINT: _transaction,
    _ATTACH: _denied,
    _DETACH: _denied,
    _FUNCTION: _function,
    _PRAGMA: _pragma,
    _CREATE_VTABLE: _module,
    _ALTER: _alter,
    _RECURSIVE: _allowed,
    sqlite3.SQLITE_SELECT: _allowed,
    sqlite3.SQLITE_ANALYZE: _allowed,
}
