"""What a call to a store costs, beside the bare query: `python -m benchmarks.stores`.

The bare query is one prepared `sqlite3` select and one yield to the loop, as the platform's
promises have one. Keys differ from call to call, and every result is checked. Times are of thread
CPU, but miniflare's, so that they hold on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable

import workernb
from benchmarks.javascript import Absent, installed

KEYS, CALLS = 1000, 5000
VALUE = "x" * 1024

SOURCE = f"""
import time
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        cache, db, calls = self.env.CACHE, self.env.DB, int(await request.text())
        by_key = db.prepare("SELECT value FROM t WHERE key = ?")
        if request.url.endswith("kv"):
            async def call(n):
                return await cache.get(f"key-{{n % {KEYS}}}")
        else:
            async def call(n):
                return await by_key.bind(f"key-{{n % {KEYS}}}").first("value")
        began = time.thread_time()
        for n in range(calls):
            assert len(await call(n)) == {len(VALUE)}
        return Response(str(time.thread_time() - began))
"""


def bare_database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    rows = ((f"key-{n}", VALUE) for n in range(KEYS))
    connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    return connection


async def bare(connection: sqlite3.Connection, yields: bool) -> float:
    select = "SELECT value FROM t WHERE key = ?"

    async def call(n: int) -> str:
        found: str = connection.execute(select, (f"key-{n % KEYS}",)).fetchone()[0]
        if yields:
            await asyncio.sleep(0)
        return found

    began = time.thread_time()
    for n in range(CALLS):
        assert len(await call(n)) == len(VALUE)
    return time.thread_time() - began


async def filled_worker(runtime: workernb.Runtime) -> workernb.Handle:
    limits = workernb.Limits(cpu_ms=None, wall_ms=None, subrequests=10 * CALLS)
    handle = runtime.define("store", SOURCE, kv_namespaces={"CACHE": "cache"},
        d1_databases={"DB": "shop"}, limits=limits)  # fmt: skip
    kv, db = runtime.stores.kv("cache"), runtime.stores.d1("shop")
    await db.exec("CREATE TABLE t (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    insert = db.prepare("INSERT INTO t VALUES (?, ?)")
    for n in range(KEYS):
        await kv.put(f"key-{n}", VALUE)
        await insert.bind(f"key-{n}", VALUE).run()
    return handle


async def ours(handle: workernb.Handle, kind: str) -> float:
    url = f"http://store/{kind}"
    answer = await handle.fetch(url, method="POST", body=str(CALLS))
    return float(await answer.text())


async def measure(
    rounds: int, of_rounds: Callable[[list[float]], float] = statistics.median
) -> dict[str, float]:
    """Return the time of a call (µs) of each kind, in rounds that alternate: by default the median.

    of_rounds: chooses among the rounds; `min` is the least disturbed by what else runs.
    """
    runtime = workernb.Runtime()
    handle, connection = await filled_worker(runtime), bare_database()
    kinds: dict[str, Callable[[], Awaitable[float]]] = {
        "bare select": lambda: bare(connection, False),
        "bare select, one yield": lambda: bare(connection, True),
        "KV get": lambda: ours(handle, "kv"),
        "D1 first": lambda: ours(handle, "d1"),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, run in kinds.items():
            times[kind].append(await run() / CALLS * 1e6)
    runtime.close()
    connection.close()
    return {kind: of_rounds(each) for kind, each in times.items()}


def in_miniflare() -> dict[str, float]:
    """Return the time of a call (µs) in miniflare; Absent where it cannot be installed."""
    folder = installed()
    done = subprocess.run(
        ["node", "stores.mjs"], cwd=folder, capture_output=True, text=True, check=True
    )
    times = json.loads(done.stdout)
    return {"miniflare: KV get": times["kv"], "miniflare: D1 first": times["d1"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--without", action="append", default=[], choices=["javascript"])
    options = parser.parse_args()
    medians = asyncio.run(measure(options.rounds))
    if "javascript" not in options.without:
        try:
            medians |= in_miniflare()
        except Absent as absent:
            print(absent)
    alone, yielding = medians["bare select"], medians["bare select, one yield"]
    print(f"{'':24} {'µs':>8} {'× bare':>8} {'× with one yield':>18}")
    for kind, median in medians.items():
        print(f"{kind:24} {median:8.2f} {median / alone:8.2f} {median / yielding:18.2f}")


if __name__ == "__main__":
    main()
