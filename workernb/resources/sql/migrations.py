"""Migrations of a D1 database: numbered files of SQL, each of which is applied once.

https://developers.cloudflare.com/d1/reference/migrations/. The table is Wrangler's, so a database
that is exported knows what has been applied.
"""

from __future__ import annotations

import re
from pathlib import Path

from workernb.errors import StoreError, UsageError, with_notes

from .database import SqlDatabase
from .statements import has_statement, split, without_transaction

TABLE = (
    'CREATE TABLE IF NOT EXISTS "d1_migrations"('
    "id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, "
    "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)"
)
_number = re.compile(r"\d+").match


def apply_migrations(database: SqlDatabase, folder: Path) -> list[str]:
    """Apply the files `*.sql` of a folder that have not been applied, and return their names.

    They run in the order of their leading numbers, each in one transaction: a file that fails is
    rolled back and ends the run, and raises StoreError. Raises UsageError without any file.
    """
    files = sorted(folder.glob("*.sql"), key=_place) if folder.is_dir() else []
    if not files:
        raise UsageError(f"There are no migrations, *.sql, in {folder}.")
    database.run(TABLE)
    _, rows = database.run("SELECT name FROM d1_migrations")
    applied = {name for (name,) in rows}
    new = [file for file in files if file.name not in applied]
    for file in new:
        _apply(database, file)
    return [file.name for file in new]


def _apply(database: SqlDatabase, file: Path) -> None:
    statements = without_transaction(split(file.read_text(encoding="utf-8")))
    statement = ""
    try:
        with database.transaction():
            for statement in filter(has_statement, statements):
                database.run(statement)
            database.run('INSERT INTO "d1_migrations" (name) VALUES (?)', (file.name,))
    except StoreError as error:
        raise with_notes(
            StoreError(f"The migration {file.name} failed and was rolled back: {error}"),
            f"The statement was: {' '.join(statement.split())[:200]}",
        ) from None
    finally:
        database.changed("", schema=True)


def _place(file: Path) -> tuple[int, str]:
    number = _number(file.name)
    return (int(number[0]) if number else 0, file.name)
