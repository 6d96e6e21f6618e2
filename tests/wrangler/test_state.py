"""Stores are copied from Wrangler's state, and to it."""

from __future__ import annotations

import sqlite3

import pytest

import workernb
from workernb import StoreError, UsageError
from workernb.wrangler.state import export_state, import_state, object_id


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


@pytest.fixture
async def filled(runtime):
    stores = runtime.stores
    await stores.kv("cache").put("a/../b", "value", metadata={"m": 1}, expirationTtl=1000)
    await stores.kv("../evil").put("k", b"\xff")
    await stores.r2("files").put("big", b"x" * 600_000, httpMetadata={"contentType": "a/b"})
    upload = await stores.r2("files").createMultipartUpload("parts")
    parts = [await upload.uploadPart(1, b"p" * 5 * 1024 * 1024), await upload.uploadPart(2, b"q")]
    await upload.complete(parts)
    await stores.d1("shop").exec("CREATE TABLE t (a)\nINSERT INTO t VALUES ('row')")
    return runtime


BOUND = {
    "kv_namespaces": {"A": "cache", "B": "../evil"},
    "d1_databases": {"DB": "shop"},
    "r2_buckets": {"FILES": "files"},
}


async def test_out_and_in_again(filled, tmp_path):
    done = export_state(filled.stores, tmp_path)
    assert done == [
        "KV namespace ../evil", "KV namespace cache", "R2 bucket files", "D1 database shop",
    ]  # fmt: skip
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"v3"}
    other = workernb.Runtime()
    other.define("web", "", **BOUND)
    assert import_state(other, tmp_path) == done
    stores = other.stores
    found = await stores.kv("cache").getWithMetadata("a/../b")
    assert (found.value, found.metadata) == ("value", {"m": 1})
    assert (await stores.kv("cache").list())["keys"][0].expiration
    assert await stores.kv("../evil").get("k", "arrayBuffer") == b"\xff"
    big = await stores.r2("files").get("big")
    assert (await big.bytes(), big.httpMetadata.contentType) == (b"x" * 600_000, "a/b")
    parts = await stores.r2("files").get("parts")
    assert parts.etag.endswith("-2")
    assert (await parts.bytes())[-2:] == b"pq"
    assert await stores.d1("shop").prepare("SELECT a FROM t").first("a") == "row"
    other.close()


async def test_an_export_replaces_the_one_before(filled, tmp_path):
    export_state(filled.stores, tmp_path)
    blobs = tmp_path / "v3" / "kv" / "cache" / "blobs"
    (before,) = blobs.iterdir()
    await filled.stores.kv("cache").put("a/../b", "newer")
    export_state(filled.stores, tmp_path)
    (after,) = blobs.iterdir()
    assert (before.name != after.name, after.read_bytes()) == (True, b"newer")


def write_kv(folder, name, rows, table="_mf_entries"):
    unique = "miniflare-KVNamespaceObject"
    file = folder / "v3" / "kv" / unique / f"{object_id(unique, name)}.sqlite"
    file.parent.mkdir(parents=True)
    (folder / "v3" / "kv" / name / "blobs").mkdir(parents=True)
    connection = sqlite3.connect(file)
    connection.execute(f"CREATE TABLE {table} (key, blob_id, expiration, metadata)")
    connection.executemany(f"INSERT INTO {table} VALUES (?, ?, NULL, NULL)", rows)
    connection.commit()
    connection.close()


def test_a_file_with_other_tables_is_refused(runtime, tmp_path):
    write_kv(tmp_path, "cache", [], table="other")
    with pytest.raises(StoreError, match="cannot be imported: no such table: _mf_entries"):
        import_state(runtime, tmp_path)


@pytest.mark.parametrize("blob", ["../../../../secret", None, "f" * 80])
async def test_a_wrong_blob_is_refused_and_nothing_is_kept(runtime, tmp_path, blob):
    (tmp_path / "secret").write_text("s3cret")
    write_kv(tmp_path, "cache", [("k", blob)])
    with pytest.raises(StoreError, match=r"has no valid id|cannot be read"):
        import_state(runtime, tmp_path)
    assert await runtime.stores.kv("cache").get("k") is None


def test_without_a_state(runtime, tmp_path):
    with pytest.raises(UsageError, match="There is no state of Wrangler's in"):
        import_state(runtime, tmp_path)
    (tmp_path / "v3").mkdir()
    with pytest.raises(UsageError, match="has a name that is known here"):
        import_state(runtime, tmp_path)
    with pytest.raises(UsageError, match="There is nothing to export"):
        export_state(runtime.stores, tmp_path)
