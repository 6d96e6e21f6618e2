"""The table of all stores, the table of one, and the rows of a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workernb.resources.contents import KINDS, MAX_SHOWN, Contents, contents, entries
from workernb.resources.stores import Stores, stores_of
from workernb.runtime.runtime import Runtime

from .table import Row, Table

MAX_ROWS = 200
"""How many rows of a query are shown."""


class StoresTable(Table):
    """All stores that hold something or that are bound, and where they are kept."""

    def __init__(self, runtime: Runtime) -> None:
        """Take the stores as they are now."""
        stores = stores_of(runtime)
        bound = _bound(runtime)
        rows = [
            _row(each, bound.pop((KINDS[each.kind], each.name), [])) for each in contents(stores)
        ]
        rows += [(noun, name, "–", "–", ", ".join(by)) for (noun, name), by in bound.items()]
        super().__init__(
            title_of(stores),
            ("kind", "name", "holds", "size", "bound by"),
            rows,
            "none yet; bind one: %%worker NAME --kv CACHE=cache",
        )


def title_of(stores: Stores) -> str:
    """Return the stores' title, which says where they are kept."""
    if stores.directory is None:
        return "Stores, in memory until the kernel ends (%stores --persist keeps them)"
    return f"Stores, in {stores.directory}"


def _bound(runtime: Runtime) -> dict[tuple[str, str], list[str]]:
    """Return the bindings to each store."""
    bound: dict[tuple[str, str], list[str]] = {}
    for service in runtime.defined():
        for name, store in service.definition.stores():
            bound.setdefault((store.noun, store.name), []).append(f"{service.name}.{name}")
        for store in service.definition.sources():
            bound.setdefault((store.noun, store.name), []).append(f"{service.name} (consumer)")
    return bound


def _row(each: Contents, bound: Sequence[str]) -> Row:
    what = {
        "kv": "key",
        "r2": "object",
        "cache": "response",
        "d1": "table",
        "queue": "message",
        "do": "object",
    }[each.kind]
    holds = f"{each.count:,} {what}{'s' * (each.count != 1)}"
    return KINDS[each.kind], each.name, holds, size_text(each.size), ", ".join(bound) or "–"


def size_text(size: float) -> str:
    """Return a size in bytes as text, in units of 1,000."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if unit != "B" else f"{size:,} B"
        size /= 1000
    return f"{size:,.3g} GB"


class StoreTable(Table):
    """What one store holds, without secrets: the first 100 keys, objects, responses or tables."""

    def __init__(
        self, runtime: Runtime, kind: str, name: str, prefix: str = "", key: str | None = None
    ) -> None:
        """Take a store as it is now. key: the Durable Object whose storage is shown, if any.

        Raises UsageError if it holds nothing.
        """
        redact = runtime.redactor.redact
        found = entries(stores_of(runtime), kind, name, prefix, key)
        headings = {
            "kv": ("key", "size", "value", "expiration, metadata"),
            "r2": ("key", "size", "type", "etag"),
            "cache": ("url", "size", "status", "expiration"),
            "d1": ("table", "rows", "", ""),
            "queue": ("message", "size", "body", "state"),
            "do": ("object", "size", "id", "alarm")
            if key is None
            else ("key", "size", "value", "what it is"),
        }[kind]
        rows: list[Row] = [
            (
                redact(each.key),
                f"{each.size:,}"
                if kind == "d1" or each.notes.startswith("table")
                else size_text(each.size),
                redact(each.value),
                redact(each.notes),
            )
            for each in found
        ]
        first = f", the first {MAX_SHOWN}" if len(found) == MAX_SHOWN else ""
        title = " ".join(filter(None, (KINDS[kind], name, key))) + first
        if kind == "queue":
            title += f": {describe_queue(stores_of(runtime), name)}"
        columns = 2 if kind == "d1" else 4
        shown = [row[:columns] for row in rows]
        empty = "nothing under this prefix" if prefix else "nothing"
        super().__init__(title, headings[:columns], shown, empty)


def describe_queue(stores: Stores, name: str) -> str:
    """Return how many messages of a queue wait, are delayed, are in flight, and have died."""
    waiting, delayed, in_flight = stores.messages.counts(name)
    dead = stores.messages.dead.get(name, 0)
    return f"{waiting:,} waiting, {delayed:,} delayed, {in_flight:,} in flight, {dead:,} dead"


class QueryRows(list[Any]):
    """The rows of a query, as dicts, which are shown as a table."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], note: str, redact: Any = str) -> None:
        """Take rows. note: what is said beside them."""
        super().__init__(rows)
        names = list(rows[0]) if rows else []
        cells = [[redact(_cell(row.get(name))) for name in names] for row in rows[:MAX_ROWS]]
        more = f", the first {MAX_ROWS:,} shown" if len(rows) > MAX_ROWS else ""
        self._table = Table(f"{note}{more}", names, cells, "no rows")

    def __repr__(self) -> str:
        return repr(self._table)

    def _repr_html_(self) -> str:
        return self._table._repr_html_()


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    return f"{len(value):,} bytes" if isinstance(value, list) else str(value)
