"""What a Durable Object's increment costs, beside a plain RPC hop: `python -m benchmarks.objects`.

The increment reads a number from the object's storage, adds one and writes it back. In memory it
is held against a call over RPC that adds two numbers; on disk against a bare `sqlite3` update, each
one committed, with WAL and NORMAL on both sides. The loops run in a Worker, in alternating rounds;
times are CPU of the thread, which other processes disturb less.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import workernb

CALLS = 2000

SOURCE = """
import time
from workers import DurableObject, WorkerEntrypoint

class Counter(DurableObject):
    async def increment(self, by):
        count = (await self.ctx.storage.get("count") or 0) + by
        await self.ctx.storage.put("count", count)
        return count

class Adder(WorkerEntrypoint):
    async def add(self, a, b):
        return a + b

class Default(WorkerEntrypoint):
    async def increment(self, calls):
        stub = self.env.COUNTERS.getByName("a")
        first = await stub.increment(1)
        began = time.thread_time()
        for _ in range(calls):
            last = await stub.increment(1)
        took = time.thread_time() - began
        assert last == first + calls
        return took

    async def add(self, calls):
        adder, total = self.env.ADDER, 0
        began = time.thread_time()
        for _ in range(calls):
            total = await adder.add(total, 1)
        took = time.thread_time() - began
        assert total == calls
        return took
"""


def defined(runtime: workernb.Runtime) -> workernb.Handle:
    limits = workernb.Limits(
        cpu_ms=None, wall_ms=None, subrequests=10 * CALLS, invocations=10 * CALLS
    )
    bindings = {"durable_objects": {"COUNTERS": "#Counter"}, "services": {"ADDER": "bench#Adder"}}
    return runtime.define("bench", SOURCE, limits=limits, **bindings)


def bare(path: Path) -> float:
    """Return how long the updates take in a file of SQLite's own, in s."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (key TEXT PRIMARY KEY, n) WITHOUT ROWID")
    connection.execute("INSERT OR REPLACE INTO t VALUES ('count', 0)")
    began = time.thread_time()
    for _ in range(CALLS):
        connection.execute("UPDATE t SET n = n + 1 WHERE key = 'count'")
    took = time.thread_time() - began
    assert connection.execute("SELECT n FROM t").fetchone() == (CALLS,)
    connection.close()
    return took


async def measure(rounds: int) -> dict[str, list[float]]:
    """Return the time of one call (µs) of each kind, round by round."""
    with tempfile.TemporaryDirectory() as folder:
        memory, disk = workernb.Runtime(), workernb.Runtime(stores=Path(folder) / "stores")
        in_memory, on_disk = defined(memory), defined(disk)

        async def updates() -> float:
            return bare(Path(folder) / "bare.sqlite")

        kinds: dict[str, Callable[[], Awaitable[float]]] = {
            "plain RPC hop": lambda: in_memory.add(CALLS),
            "increment in memory": lambda: in_memory.increment(CALLS),
            "bare committed update": updates,
            "increment on disk": lambda: on_disk.increment(CALLS),
        }
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(rounds):
            for kind, run in kinds.items():
                times[kind].append(await run() / CALLS * 1e6)
        memory.close()
        disk.close()
    return times


def ratio(times: dict[str, list[float]], kind: str, other: str) -> float:
    """Return the median of the ratios of the rounds, since a machine's speed drifts."""
    return statistics.median(a / b for a, b in zip(times[kind], times[other], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    times = asyncio.run(measure(parser.parse_args().rounds))
    for kind, each in times.items():
        print(f"{kind:24} {statistics.median(each):8.2f} µs")
    memory = ratio(times, "increment in memory", "plain RPC hop")
    disk = ratio(times, "increment on disk", "bare committed update")
    print(f"in memory: {memory:.2f} × a plain RPC hop (at most 4.5)")
    print(f"on disk: {disk:.2f} × a bare committed update (at most 3)")


if __name__ == "__main__":
    main()
