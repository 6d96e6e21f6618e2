"""Wrangler's local state, `.wrangler/state/v3`: KV, R2 and D1 copied from it and to it.

Files are those of miniflare, Wrangler's simulator, as of August 2026. Their format is promised
nowhere, so the tables are checked; and they are copied, never shared. A database's file is named by
a hash of the store's name, so a store is found by the name that it has here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from workernb.errors import StoreError, UsageError, with_notes
from workernb.resources.d1 import D1Kind
from workernb.resources.kv import KvKind
from workernb.resources.r2.bucket import R2Kind
from workernb.resources.stores import Stores, stores_of
from workernb.runtime.runtime import Runtime

_KV = "miniflare-KVNamespaceObject"
_R2 = "miniflare-R2BucketObject"
_D1 = "miniflare-D1DatabaseObject"
_KINDS = {"kv": KvKind(), "r2": R2Kind(), "d1": D1Kind()}

_KV_SCHEMA = """
CREATE TABLE IF NOT EXISTS _mf_entries
    (key TEXT PRIMARY KEY, blob_id TEXT NOT NULL, expiration INTEGER, metadata TEXT);
CREATE INDEX IF NOT EXISTS _mf_entries_expiration_idx ON _mf_entries(expiration);
"""
_R2_SCHEMA = """
CREATE TABLE IF NOT EXISTS _mf_objects (key TEXT PRIMARY KEY, blob_id TEXT, version TEXT NOT NULL,
    size INTEGER NOT NULL, etag TEXT NOT NULL, uploaded INTEGER NOT NULL, checksums TEXT NOT NULL,
    http_metadata TEXT NOT NULL, custom_metadata TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _mf_multipart_uploads (upload_id TEXT PRIMARY KEY, key TEXT NOT NULL,
    http_metadata TEXT NOT NULL, custom_metadata TEXT NOT NULL, state TINYINT DEFAULT 0 NOT NULL);
CREATE TABLE IF NOT EXISTS _mf_multipart_parts (
    upload_id TEXT NOT NULL REFERENCES _mf_multipart_uploads(upload_id),
    part_number INTEGER NOT NULL, blob_id TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    checksum_md5 TEXT NOT NULL,
    object_key TEXT REFERENCES _mf_objects(key) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (upload_id, part_number));
"""
_is_blob_id = re.compile(r"[0-9a-f]{80}").fullmatch
_not_in_names = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def import_state(runtime: Runtime, folder: Path) -> list[str]:
    """Copy stores from Wrangler's state, and return what was copied, as `KV namespace cache`.

    Those are the stores with the names that Workers are bound to here, or that have values there.
    Raises UsageError if there is none, StoreError for a file with other tables.
    """
    state, stores = _state(folder), stores_of(runtime)
    if not state.is_dir():
        raise UsageError(f"There is no state of Wrangler's in {folder}: it has no folder v3.")
    done = []
    for kind, unique in (("kv", _KV), ("r2", _R2), ("d1", _D1)):
        for name in _names(runtime, kind, state):
            file = state / kind / unique / f"{object_id(unique, name)}.sqlite"
            if file.is_file():
                _import(stores, kind, name, file, state / kind / _safe(name) / "blobs")
                done.append(f"{_KINDS[kind].noun} {name}")
    if not done:
        raise with_notes(
            UsageError(f"No store in {state} has a name that is known here."),
            "Bind a Worker to it first, by its id in Wrangler's configuration.",
        )
    stores.expiry.delete()
    return done


def export_state(stores: Stores, folder: Path) -> list[str]:
    """Copy all KV namespaces, R2 buckets and D1 databases to a folder, as Wrangler keeps them.

    What is there under the same names is replaced. Wrangler reads it with `--persist-to FOLDER`.
    """
    state = _state(folder)
    done = []
    for kind, unique in (("kv", _KV), ("r2", _R2), ("d1", _D1)):
        for name in [each for its_kind, each in stores.used() if its_kind == kind]:
            file = state / kind / unique / f"{object_id(unique, name)}.sqlite"
            file.parent.mkdir(parents=True, exist_ok=True)
            _export(stores, kind, name, file, state / kind / _safe(name) / "blobs")
            done.append(f"{_KINDS[kind].noun} {name}")
    if not done:
        raise UsageError("There is nothing to export: the stores are empty.")
    return done


def object_id(unique: str, name: str) -> str:
    """Return the id of a Durable Object by its name, by which miniflare names its files."""
    key = hashlib.sha256(unique.encode()).digest()
    base = hmac.digest(key, name.encode(), "sha256")[:16]
    return (base + hmac.digest(key, base, "sha256")[:16]).hex()


def _state(folder: Path) -> Path:
    if folder.name == "v3":
        return folder
    inner = folder / ".wrangler" / "state" / "v3"
    return inner if inner.is_dir() else folder / "v3"


def _names(runtime: Runtime, kind: str, state: Path) -> Iterator[str]:
    """Yield the names that a store of a kind may have."""
    names = {blobs.parent.name for blobs in (state / kind).glob("*/blobs")}
    names.update(name for its_kind, name in runtime.stores.used() if its_kind == kind)
    for service in runtime.defined():
        names.update(service.definition.of_kind(_KINDS[kind]).values())
    yield from sorted(names)


def _safe(name: str) -> str:
    """Return a store's name as the name of a folder."""
    safe = _not_in_names.sub("_", name)
    return safe if safe.strip(".") else "_"


def _import(stores: Stores, kind: str, name: str, file: Path, blobs: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as source:
            if kind == "d1":
                source.backup(stores.database(name).connection)
                stores.database(name).changed("", schema=True)
            elif kind == "kv":
                _import_kv(stores, name, source, blobs)
            else:
                _import_r2(stores, name, source, blobs)
    except sqlite3.Error as error:
        raise with_notes(
            StoreError(f"{file} cannot be imported: {error}."),
            "It is open in `wrangler dev`, or of a version of Wrangler with another format.",
        ) from None


def _import_kv(stores: Stores, name: str, source: sqlite3.Connection, blobs: Path) -> None:
    rows = source.execute("SELECT key, blob_id, expiration, metadata FROM _mf_entries").fetchall()
    number = stores.number("kv", name)
    with stores.main.transaction():
        for key, blob, expiration, metadata in rows:
            at = None if expiration is None else expiration // 1000
            row = number, key, _read(blobs, blob), at, metadata
            stores.main.execute("INSERT OR REPLACE INTO kv VALUES (?, ?, ?, ?, ?)", row)


def _import_r2(stores: Stores, name: str, source: sqlite3.Connection, blobs: Path) -> None:
    rows = source.execute(
        "SELECT key, version, size, etag, uploaded, checksums, http_metadata, custom_metadata, "
        "blob_id FROM _mf_objects"
    ).fetchall()
    number = stores.number("r2", name)
    with stores.main.transaction():
        for *row, blob in rows:
            ids = [blob] if blob is not None else _part_ids(source, row[0])
            bodies = [stores.bodies.write(_read(blobs, each), []) for each in ids]
            listed = json.dumps([[body.blob, body.size] for body in bodies if body.size])
            stores.main.execute(
                "INSERT OR REPLACE INTO r2_objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (number, *row, listed),
            )


def _part_ids(source: sqlite3.Connection, key: str) -> Iterable[str]:
    query = "SELECT blob_id FROM _mf_multipart_parts WHERE object_key = ? ORDER BY part_number"
    return [blob for (blob,) in source.execute(query, (key,))]


def _read(blobs: Path, blob: Any) -> bytes:
    if not isinstance(blob, str) or not _is_blob_id(blob):
        raise StoreError(f"A value in {blobs} has no valid id.")
    try:
        return (blobs / blob).read_bytes()
    except OSError as error:
        raise StoreError(f"A value in {blobs} cannot be read: {error.strerror}.") from None


def _export(stores: Stores, kind: str, name: str, file: Path, blobs: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as target:
        if kind == "d1":
            stores.database(name).connection.backup(target)
            return
        blobs.mkdir(parents=True, exist_ok=True)
        before = set(blobs.iterdir())
        target.execute("PRAGMA journal_mode = WAL")
        target.executescript(_KV_SCHEMA if kind == "kv" else _R2_SCHEMA)
        target.execute("BEGIN IMMEDIATE")
        export = _export_kv if kind == "kv" else _export_r2
        export(stores, name, target, blobs)
        target.execute("COMMIT")
    # The blobs before the rows, and the old ones last: the state is whole at each moment.
    for old in before:
        old.unlink()


def _export_kv(stores: Stores, name: str, target: sqlite3.Connection, blobs: Path) -> None:
    target.execute("DELETE FROM _mf_entries")
    query = "SELECT key, value, expiration, metadata FROM kv WHERE namespace = ?"
    for key, value, expiration, metadata in stores.main.execute(
        query, (stores.number("kv", name),)
    ):
        data = value.encode() if isinstance(value, str) else value
        at = None if expiration is None else expiration * 1000
        row = key, _write(blobs, [data]), at, metadata
        target.execute("INSERT INTO _mf_entries VALUES (?, ?, ?, ?)", row)


def _export_r2(stores: Stores, name: str, target: sqlite3.Connection, blobs: Path) -> None:
    for table in ("_mf_multipart_parts", "_mf_multipart_uploads", "_mf_objects"):
        target.execute(f"DELETE FROM {table}")
    query = (
        "SELECT key, version, size, etag, uploaded, checksums, http, custom, blobs "
        "FROM r2_objects WHERE bucket = ?"
    )
    for key, version, size, *rest, listed in stores.main.execute(
        query, (stores.number("r2", name),)
    ).fetchall():
        blob = _write(blobs, stores.bodies.read(json.loads(listed), 0, size))
        target.execute(
            "INSERT INTO _mf_objects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, blob, version, size, *rest),
        )


def _write(blobs: Path, parts: Iterable[bytes]) -> str:
    """Write a value, and return the id of its blob."""
    blob = (os.urandom(32) + int(time.time() * 1000).to_bytes(8, "big")).hex()
    with open(blobs / blob, "wb") as file:
        file.writelines(parts)
    return blob
