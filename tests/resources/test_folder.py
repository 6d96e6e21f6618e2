"""Stores in a folder: found again, safe from a kill, from a full disk and from each other."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import workernb
from workernb import StoreError

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import asyncio, sys, workernb
runtime = workernb.Runtime(stores=sys.argv[1])
kv, db = runtime.stores.kv("kill"), runtime.stores.d1("kill")

async def write(begin):
    await db.exec("CREATE TABLE IF NOT EXISTS pairs (n, half)")
    for n in range(begin, begin + 10_000):
        await kv.put(f"key-{n}", f"value-{n}" * 50)
        insert = db.prepare("INSERT INTO pairs VALUES (?, ?)")
        await db.batch([insert.bind(n, "first"), insert.bind(n, "second")])
        sys.stdout.write(f"{n}\\n")
        sys.stdout.flush()

asyncio.run(write(int(sys.argv[2])))
"""


def start(script: str, *arguments: object, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, **options,
    )  # fmt: skip


def run(script: str, *arguments: object, **options) -> str:
    process = start(script, *arguments, **options)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def written_until_killed(folder: Path, begin: int, count: int) -> int:
    """Write from `begin` on, kill after `count` acknowledgements; return the last one."""
    process = start(WRITER, folder, begin)
    acknowledged = begin - 1
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged >= begin + count:
            break
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().split("\n")
    process.wait(60)
    process.stdout.close()
    process.stderr.close()
    # A line that is cut off was not acknowledged.
    return max([acknowledged, *(int(line) for line in rest[:-1])])


async def check(folder: Path, acknowledged: int) -> None:
    runtime = workernb.Runtime(stores=folder)
    kv, db = runtime.stores.kv("kill"), runtime.stores.d1("kill")
    for n in range(acknowledged + 1):
        assert await kv.get(f"key-{n}") == f"value-{n}" * 50
    # What was written, and not acknowledged in time, is written again by the next process.
    halves = "sum(half = 'first'), sum(half = 'second')"
    pairs = await db.prepare(f"SELECT {halves} FROM pairs GROUP BY n").raw()
    assert len(pairs) >= acknowledged + 1
    assert all(first == second for first, second in pairs), "half a transaction"
    runtime.close()


async def kill_times(folder: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged = -1
    for _ in range(times):
        acknowledged = written_until_killed(folder, acknowledged + 1, chance.randrange(20))
        await check(folder, acknowledged)


async def test_what_was_acknowledged_survives_a_kill(tmp_path):
    await kill_times(tmp_path / "stores", 10, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 11))
async def test_what_was_acknowledged_survives_three_hundred_kills(tmp_path, seed):
    await kill_times(tmp_path / "stores", 30, seed)


async def test_a_new_runtime_finds_the_stores_again(tmp_path):
    folder = tmp_path / ".workernb"
    runtime = workernb.Runtime(stores=folder)
    await runtime.stores.kv("../../evil/\0name"[:-5]).put("../../key", "v")
    await runtime.stores.d1("../shop").exec("CREATE TABLE t (a)")
    runtime.close()
    files = {file.relative_to(tmp_path).parts[0] for file in tmp_path.rglob("*")}
    assert files == {".workernb"}
    assert (folder / ".gitignore").read_text() == "*\n"
    runtime = workernb.Runtime(stores=str(folder))
    assert await runtime.stores.kv("../../evil/\0name"[:-5]).get("../../key") == "v"
    assert (await runtime.stores.d1("../shop").prepare("SELECT * FROM t").all()).results == []
    assert repr(runtime.stores) == f"<Stores in {folder}>"
    runtime.close()


async def test_memory_is_copied_to_a_new_folder(tmp_path, runtime):
    stores = runtime.stores
    await stores.kv("cache").put("k", "v")
    await stores.d1("shop").exec("CREATE TABLE t (a)")
    stores.persist(tmp_path / "new")
    assert await stores.kv("cache").get("k") == "v"
    await stores.kv("cache").put("k", "later")
    stores.persist(tmp_path / "new")
    runtime.close()
    again = workernb.Runtime(stores=tmp_path / "new")
    assert await again.stores.kv("cache").get("k") == "later"
    assert (await again.stores.d1("shop").prepare("SELECT * FROM t").all()).success
    again.close()


async def test_two_sets_of_stores_are_not_mixed(tmp_path, runtime):
    other = workernb.Runtime(stores=tmp_path)
    await other.stores.kv("cache").put("k", "there")
    other.close()
    await runtime.stores.kv("cache").put("k", "here")
    with pytest.raises(StoreError, match=r"^There are stores both in .* and in memory\."):
        runtime.stores.persist(tmp_path)
    assert await runtime.stores.kv("cache").get("k") == "here"
    workernb.Runtime(stores=tmp_path).close()  # It is unlocked.


async def test_a_worker_sees_the_folder_at_its_next_call(tmp_path, run, runtime):
    other = workernb.Runtime(stores=tmp_path)
    await other.stores.kv("cache").put("k", "there")
    other.close()
    body = "return Response(str(await self.env.CACHE.get('k')))"
    assert await (await run(body)).text() == "None"
    runtime.stores.persist(tmp_path)
    assert await (await runtime["web"].fetch()).text() == "there"


# What can be wrong with a folder


def test_two_kernels_on_one_folder(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    with pytest.raises(StoreError) as raised:
        workernb.Runtime(stores=tmp_path)
    text = f"The folder {tmp_path} is in use by another kernel (process {os.getpid()})."
    assert str(raised.value) == text
    assert "%stores --persist DIRECTORY" in raised.value.__notes__[0]
    runtime.close()
    workernb.Runtime(stores=tmp_path).close()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be written: (Not a directory|File exists)"):
        workernb.Runtime(stores=tmp_path / "file" / "below")


OPEN = """
import os, sys, workernb, workernb.resources.sql.database
if not os.getuid():
    os.setuid(65534)
try:
    workernb.Runtime(stores=sys.argv[1])
except workernb.StoreError as error:
    print(error, error.__notes__)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
def test_a_folder_that_is_not_writable(tmp_path):
    folder = tmp_path / "stores"
    folder.mkdir(mode=0o555)
    output = run(OPEN, folder)
    assert f"The folder {folder} cannot be written: Permission denied." in output


async def test_a_damaged_file(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    await runtime.stores.kv("cache").put("k", "v")
    runtime.close()
    (tmp_path / "stores.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError) as raised:
        workernb.Runtime(stores=tmp_path)
    assert str(raised.value) == f"{tmp_path}/stores.sqlite is damaged: it is no SQLite database."
    assert raised.value.__notes__[0].startswith("Put back a copy of the folder")


async def test_a_file_that_is_damaged_inside(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    for n in range(200):
        await runtime.stores.kv("cache").put(f"k{n}", "v" * 500)
    runtime.close()
    file = tmp_path / "stores.sqlite"
    content = bytearray(file.read_bytes())
    content[3 * 4096 :] = b"\xff" * (len(content) - 3 * 4096)
    file.write_bytes(content)
    runtime = workernb.Runtime(stores=tmp_path)
    with pytest.raises(StoreError, match=r"stores\.sqlite is damaged"):
        await runtime.stores.kv("cache").list()
    runtime.close()


FULL = """
import asyncio, json, resource, signal, sys, workernb
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
runtime = workernb.Runtime(stores=sys.argv[1])
kv, db = runtime.stores.kv("full"), runtime.stores.d1("full")

async def main():
    await kv.put("before", "kept")
    await db.exec("CREATE TABLE t (a)")
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    errors = []
    for work in (
        lambda: kv.put("big", "x" * 2_000_000),
        lambda: db.batch([
            db.prepare("INSERT INTO t VALUES (?)").bind("x" * 100),
            db.prepare("INSERT INTO t VALUES (?)").bind("x" * 2_000_000)]),
    ):
        try:
            await work()
        except workernb.StoreError as error:
            errors.append(str(error) + " ".join(error.__notes__))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    rows = await db.prepare("SELECT count(*) FROM t").raw()
    found = [await kv.get("before"), await kv.get("big"), rows]
    await kv.put("after", "works")
    print(json.dumps([errors, found]))

asyncio.run(main())
runtime.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
async def test_a_full_disk_keeps_what_was_there_and_nothing_half(tmp_path):
    errors, found = json.loads(run(FULL, tmp_path))
    assert found == ["kept", None, [[0]]]
    assert len(errors) == 2
    for error in errors:
        assert "The disk is full" in error
        assert "Nothing of this operation was kept." in error
    runtime = workernb.Runtime(stores=tmp_path)
    assert await runtime.stores.kv("full").get("after") == "works"
    runtime.close()
