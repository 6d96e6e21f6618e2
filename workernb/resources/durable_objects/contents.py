"""Contents: which objects of a namespace there are, and what one of them stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from workernb.errors import UsageError, did_you_mean, with_notes

from .storage.databases import Row
from .storage.serialized import deserialize

MAX_TEXT = 300
"""How many characters of a value are shown."""


class Stored(NamedTuple):
    """Something that is shown of an object. size: in bytes, or in rows of a table."""

    key: str
    size: int
    value: str
    notes: str


def objects_in(stores: Any, namespace: str) -> Iterator[Stored]:
    """Yield the objects of a namespace that store something: name, size, id, alarm."""
    in_memory = stores.objects.in_memory(namespace)
    for row in stores.object_databases.rows(namespace):
        notes = [] if row.alarm is None else [f"alarm {time_text(row.alarm)}"]
        notes += [f"{row.retries} failed"] if row.retries else []
        notes += ["in memory"] if row.id in in_memory else []
        size = stores.object_databases.size((namespace, row.id))
        yield Stored(row.name or row.id, size, row.id, ", ".join(notes))


def time_text(at: float) -> str:
    """Return a time (s since the epoch) as text, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def object_named(stores: Any, namespace: str, name: str) -> Row:
    """Return an object by its name or its id; UsageError if it stores nothing."""
    rows = stores.object_databases.rows(namespace)
    for row in rows:
        if name in (row.name, row.id):
            return row  # type: ignore[no-any-return]
    known = [row.name or row.id for row in rows]
    raise with_notes(
        UsageError(f"There is no object {name!r} of {namespace} that stores something."),
        did_you_mean(name, known) or (f"There are {', '.join(known[:10])}." if known else None),
    )


def stored_by(stores: Any, namespace: str, name: str) -> Iterator[Stored]:
    """Yield the keys and the tables of an object, and its alarm."""
    row = object_named(stores, namespace, name)
    place = namespace, row.id
    stores.objects.commit()
    database = stores.object_databases.open(place, row.name, None)
    stores.object_databases.flush(place)
    for key, value in database.own("SELECT key, value FROM _cf_KV ORDER BY key").fetchall():
        yield Stored(key, len(value), _shown(deserialize(value)), "key")
    for table, count in database.tables():
        yield Stored(table, count, "", "table, its rows")
    if row.alarm is not None:
        yield Stored("alarm", 0, time_text(row.alarm), f"{row.retries} failed" * bool(row.retries))


def _shown(value: Any) -> str:
    if isinstance(value, memoryview):
        return f"{len(value):,} bytes"
    text = repr(value)
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
