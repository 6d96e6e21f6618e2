"""Migrations: what becomes of stored objects when their class is renamed, deleted or transferred.

https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/. Each one
has a tag, and is applied once for its Worker, when the Worker is defined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workernb.runtime.services.definitions import Definition

SCHEMA = """
CREATE TABLE IF NOT EXISTS durable_object_migrations (
    service TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (service, tag)
) WITHOUT ROWID;
"""


def apply_migrations(objects: Any, stores: Any, definition: Definition) -> list[str]:
    """Apply the migrations of a Worker that have not been applied; return their tags."""
    applied = []
    for migration in definition.migrations:
        row = definition.name, migration["tag"]
        query = "INSERT OR IGNORE INTO durable_object_migrations VALUES (?, ?)"
        if stores.main.execute(query, row).rowcount:
            _apply(objects, definition.name, migration)
            applied.append(migration["tag"])
    return applied


def _apply(objects: Any, service: str, migration: Mapping[str, Any]) -> None:
    for name in migration.get("deleted_classes", ()):
        for row in objects.databases.rows(f"{service}#{name}"):
            objects.drop((f"{service}#{name}", row.id))
    moves = [(service, each) for each in migration.get("renamed_classes", ())]
    moves += [(each["from_script"], each) for each in migration.get("transferred_classes", ())]
    for source, each in moves:
        objects.move(f"{source}#{each['from']}", f"{service}#{each['to']}")


def classes_without_sql(migrations: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the classes whose storage has no SQL: those of `new_classes`, by their last names."""
    without: set[str] = set()
    for migration in migrations:
        without.update(migration.get("new_classes", ()))
        without -= {*migration.get("new_sqlite_classes", ()), *migration.get("deleted_classes", ())}
        for each in migration.get("renamed_classes", ()):
            if each["from"] in without:
                without.remove(each["from"])
                without.add(each["to"])
    return without
