"""How many rows a statement reads and writes, as near as SQLite tells.

Written rows are exact without indexes: SQLite counts the rows that change, and one more is added
for each index of a table that rows are added to or deleted from. Read rows are estimated from the
query's plan: all rows of a table that is scanned, once for each row of the tables before it in the
join, and one for each that is searched by an index. Not fewer than the rows that are returned.
https://www.sqlite.org/eqp.html
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from dataclasses import dataclass
from typing import Any

from .sandbox import Sandbox

_scan = re.compile(r"SCAN (?!CONSTANT ROW)(?:TABLE )?(\S+)").match
_subquery = re.compile(r"(?:CO-ROUTINE|MATERIALIZE) (\S+)").match
_search = re.compile(r"SEARCH (?:TABLE )?(\S+)").match
_target = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|DELETE\s+FROM)\s+([\"`\[]?)(\w+)",
    re.IGNORECASE,
).match
MAX_PLANS = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """What a statement visits. steps: each table that is scanned, or None for one that is searched.

    indexes: how many entries of indexes change with a row.
    """

    steps: tuple[str | None, ...]
    indexes: int


class RowCounter:
    """Estimates the rows of the statements of one database."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Begin without any plan."""
        self._sandbox = sandbox
        self._plans: dict[str, Plan] = {}

    def forget(self) -> None:
        """Forget the plans, after a change of the schema."""
        self._plans.clear()

    def read(self, statement: str, parameters: tuple[Any, ...], returned: int) -> int:
        """Return how many rows a statement has read, which has returned so many."""
        plan = self._plans.get(statement) or self._plan(statement, parameters)
        if not plan.steps:
            return returned
        total, loops = 0, 1
        for table in plan.steps:
            loops *= 1 if table is None else max(self._size(table, statement), 1)
            total += loops
        scans = any(plan.steps)
        return max(total, returned) if scans else max(returned, 0)

    def written(self, statement: str, parameters: tuple[Any, ...], changed: int) -> int:
        """Return how many rows a statement has written, which has changed so many."""
        if not changed:
            return 0
        plan = self._plans.get(statement) or self._plan(statement, parameters)
        return changed * (1 + plan.indexes)

    def _plan(self, statement: str, parameters: tuple[Any, ...]) -> Plan:
        if len(self._plans) >= MAX_PLANS:
            self._plans.clear()
        steps: list[str | None] = []
        if "pragma" in statement[:200].lower():
            return Plan((), 0)  # Even when it is explained, a pragma takes effect.
        try:
            rows = self._sandbox.execute(f"EXPLAIN QUERY PLAN {statement}\n", parameters).fetchall()
        except sqlite3.Error:
            rows = []
        made = {match[1] for *_, detail in rows if (match := _subquery(detail))}
        for *_, detail in rows:
            if match := _scan(detail):
                # What a subquery makes is no table, and its own steps are counted.
                steps += [] if match[1] in made else [match[1]]
            elif _search(detail):
                steps.append(None)
        target = _target(statement)
        plan = Plan(tuple(steps), 0 if target is None else self._indexes(target[2]))
        self._plans[statement] = plan
        return plan

    def _indexes(self, table: str) -> int:
        query = "SELECT count(*) FROM pragma_index_list(?)"
        return int(self._sandbox.execute(query, (table,)).fetchone()[0])

    def _size(self, table: str, statement: str) -> int:
        """Return how many rows a table has, by its rowids; or 0 for what is no table.

        table: its name, or its alias in the statement.
        """
        named = re.search(
            rf"(\w+)[\"`\]]?\s+(?:AS\s+)?{re.escape(table)}\b", statement, re.IGNORECASE
        )
        for name in (table, named[1] if named else table):
            quoted = name.replace('"', '""')
            for what in ("max(rowid) - min(rowid) + 1", "count(*)"):  # Some have no rowids.
                with contextlib.suppress(sqlite3.Error):
                    row = self._sandbox.execute(f'SELECT {what} FROM "{quoted}"').fetchone()
                    return int(row[0] or 0)
        return 0
