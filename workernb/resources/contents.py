"""Contents: what the stores of a runtime hold, to be looked at and cleared."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from workernb.errors import UsageError, did_you_mean, with_notes

from .durable_objects.contents import object_named, objects_in, stored_by
from .stores import Stores

KINDS = {
    "kv": "KV namespace",
    "d1": "D1 database",
    "r2": "R2 bucket",
    "cache": "cache",
    "queue": "queue",
    "do": "Durable Objects",
}
"""The kinds of store that hold something, and what one of them is called."""

MAX_SHOWN = 100
"""How many keys, objects or responses are shown."""


@dataclass(frozen=True, slots=True)
class Contents:
    """One store. count: of its keys, objects, responses or tables. size: in bytes."""

    kind: str
    name: str
    count: int
    size: int


class Entry(NamedTuple):
    """A key with what is stored under it, as text. size: in bytes, or in rows of a table."""

    key: str
    size: int
    value: str
    notes: str


def contents(stores: Stores) -> list[Contents]:
    """Return every store that has been used, sorted by kind and name."""
    return [_measured(stores, kind, name) for kind, name in stores.used()]


def _measured(stores: Stores, kind: str, name: str) -> Contents:
    if kind == "d1":
        database = stores.database(name)
        return Contents(kind, name, len(database.tables()), database.size)
    if kind == "do":
        sizes = [each.size for each in objects_in(stores, name)]
        return Contents(kind, name, len(sizes), sum(sizes))
    query = {
        "kv": "SELECT count(*), sum(length(CAST(value AS BLOB))) FROM kv WHERE namespace = ? "
        "AND (expiration IS NULL OR expiration > ?)",
        "r2": "SELECT count(*), sum(size) FROM r2_objects WHERE bucket = ? AND ?",
        "cache": "SELECT count(*), sum(length(body)) FROM cached WHERE cache = ? AND expires > ?",
        "queue": "SELECT count(*), sum(size) FROM queue_messages WHERE queue = ? AND ?",
    }[kind]
    parameters = stores.number(kind, name), stores.clock.now()
    count, size = stores.main.execute(query, parameters).fetchone()
    return Contents(kind, name, count, size or 0)


def check_store(stores: Stores, kind: str, name: str, bound: Collection[str] = ()) -> None:
    """Raise UsageError if no store of this kind and name holds anything, or is in `bound`."""
    if kind not in KINDS:
        raise with_notes(
            UsageError(f"There is no kind of store {kind!r}; there are {', '.join(KINDS)}."),
            did_you_mean(kind, KINDS),
        )
    used = (each for its_kind, each in stores.used() if its_kind == kind)
    names = list(dict.fromkeys((*used, *bound)))
    if kind == "queue":
        names = stores.named(kind)  # An empty one tells that all is delivered.
    if name not in names:
        raise with_notes(
            UsageError(f"There is nothing in the {KINDS[kind]} {name!r}, and no Worker has it."),
            did_you_mean(name, names) or (f"There are {', '.join(names)}." if names else None),
        )


def entries(
    stores: Stores,
    kind: str,
    name: str,
    prefix: str = "",
    key: str | None = None,
    bound: Collection[str] = (),
) -> list[Entry]:
    """Return what a store holds under keys that begin with `prefix`: the first 100.

    key: the name or the id of a Durable Object, whose storage it is then. bound: the names of the
    stores that may be empty, since a Worker has a binding to them.
    """
    check_store(stores, kind, name, bound)
    found: Iterator[Entry]
    if kind == "do":
        stored = objects_in(stores, name) if key is None else stored_by(stores, name, key)
        found = (Entry(*each) for each in stored)
    else:
        found = _LISTED[kind](stores, name)
    listed = (entry for entry in found if entry.key.startswith(prefix))
    return list(islice(listed, MAX_SHOWN))


def _keys(stores: Stores, name: str) -> Iterator[Entry]:
    query = (
        "SELECT key, value, expiration, metadata FROM kv WHERE namespace = ? "
        "AND (expiration IS NULL OR expiration > ?) ORDER BY key"
    )
    now = stores.clock.now()
    for key, value, expiration, metadata in stores.main.execute(
        query, (stores.number("kv", name), now)
    ):
        notes = [] if expiration is None else [f"expires in {expiration - now:,.0f} s"]
        notes += [] if metadata is None else [metadata]
        size = len(value.encode()) if isinstance(value, str) else len(value)
        yield Entry(key, size, _text(value), ", ".join(notes))


def _objects(stores: Stores, name: str) -> Iterator[Entry]:
    query = "SELECT key, size, etag, http FROM r2_objects WHERE bucket = ? ORDER BY key"
    for key, size, etag, http in stores.main.execute(query, (stores.number("r2", name),)):
        yield Entry(key, size, json.loads(http).get("contentType", ""), f"etag {etag}")


def _responses(stores: Stores, name: str) -> Iterator[Entry]:
    query = (
        "SELECT url, status, expires, body FROM cached WHERE cache = ? AND expires > ? ORDER BY url"
    )
    now = stores.clock.now()
    for url, status, expires, body in stores.main.execute(
        query, (stores.number("cache", name), now)
    ):
        yield Entry(url, len(body), str(status), f"expires in {expires - now:,.0f} s")


def _messages(stores: Stores, name: str) -> Iterator[Entry]:
    query = (
        "SELECT id, size, type, body, due, attempts, in_flight FROM queue_messages "
        "WHERE queue = ? ORDER BY in_flight DESC, due, number"
    )
    now = stores.clock.now()
    rows = stores.main.execute(query, (stores.number("queue", name),))
    for id, size, kind, body, due, attempts, in_flight in rows:
        state = "in flight" if in_flight else "waiting"
        if not in_flight and due > now:
            state = f"due in {due - now:,.0f} s"
        tried = f", attempt {attempts}" if attempts else ""
        yield Entry(id, size, _text(body), f"{state}{tried}, {kind}")


def _tables(stores: Stores, name: str) -> Iterator[Entry]:
    for table, rows in stores.database(name).tables():
        yield Entry(table, rows, "", "")


_LISTED = {"kv": _keys, "r2": _objects, "cache": _responses, "d1": _tables, "queue": _messages}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        return f"{len(value):,} bytes"


def clear(
    stores: Stores,
    kind: str,
    name: str,
    prefix: str = "",
    key: str | None = None,
    bound: Collection[str] = (),
) -> int:
    """Delete what a store holds under keys that begin with `prefix`; return how many there were.

    key: the name or the id of a Durable Object, which alone is deleted. Raises UsageError for a
    prefix of a D1 database, which is cleared as a whole.
    """
    check_store(stores, kind, name, bound)
    if kind == "do":
        chosen = [] if key is None else [object_named(stores, name, key)]
        rows = chosen or stores.object_databases.rows(name)
        dropped = [row for row in rows if (row.name or row.id).startswith(prefix)]
        for row in dropped:
            stores.objects.drop((name, row.id))
        return len(dropped)
    if kind == "d1":
        if prefix:
            raise UsageError("A D1 database has no prefixes: clear all of it, or delete with %d1.")
        tables = len(stores.database(name).tables())
        stores.database(name).clear()
        return tables
    table, column, key = {
        "kv": ("kv", "namespace", "key"),
        "r2": ("r2_objects", "bucket", "key"),
        "cache": ("cached", "cache", "url"),
        "queue": ("queue_messages", "queue", "id"),
    }[kind]
    parameters = stores.number(kind, name), len(prefix), prefix
    condition = f"{column} = ? AND substr({key}, 1, ?) = ?"
    with stores.main.transaction():
        if kind == "r2":
            query = f"SELECT blobs FROM {table} WHERE {condition}"
            for (blobs,) in stores.main.execute(query, parameters).fetchall():
                stores.bodies.delete(json.loads(blobs))
        deleted = stores.main.execute(f"DELETE FROM {table} WHERE {condition}", parameters).rowcount
    if kind == "queue":
        stores.messages.dead.pop(name, None)
        stores.messages.changed()
    return deleted
