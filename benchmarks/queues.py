"""What a message costs, beside the bare insert: `python -m benchmarks.queues`.

Bare is what any queue in SQLite does to a message: a prepared insert, and, in batches of ten, a
select and a delete in one transaction; each with one yield to the loop. Ours sends, delivers to a
handler that looks at each body, and acknowledges. Bodies differ, and all of them are checked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import workernb

MESSAGES, BATCH = 2_000, 10
TEXT = "x" * 200

PRODUCER = f"""
import time
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        began = time.perf_counter()
        for n in range({MESSAGES}):
            await self.env.JOBS.send({{"n": n, "text": {TEXT!r}}})
        return Response(str(time.perf_counter() - began))
"""
CONSUMER = """
from workers import Response, WorkerEntrypoint

total = 0

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(str(total))

    async def queue(self, batch, env, ctx):
        global total
        for message in batch.messages:
            total += message.body["n"]
"""
SCHEMA = "CREATE TABLE messages (n INTEGER PRIMARY KEY, body TEXT)"


async def bare() -> dict[str, float]:
    """Return the seconds that the bare inserts took, and the bare batches."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(SCHEMA)
    began = time.perf_counter()
    for n in range(MESSAGES):
        row = (json.dumps({"n": n, "text": TEXT}),)
        connection.execute("INSERT INTO messages (body) VALUES (?)", row)
        await asyncio.sleep(0)
    sent = time.perf_counter()
    total = 0
    while rows := connection.execute(f"SELECT n, body FROM messages LIMIT {BATCH}").fetchall():
        total += sum(json.loads(body)["n"] for _, body in rows)
        connection.execute("BEGIN")
        connection.executemany("DELETE FROM messages WHERE n = ?", [(n,) for n, _ in rows])
        connection.execute("COMMIT")
        await asyncio.sleep(0)
    delivered = time.perf_counter()
    connection.close()
    assert total == MESSAGES * (MESSAGES - 1) // 2
    return {"bare insert": sent - began, "bare batch of 10": delivered - sent}


async def ours() -> dict[str, float]:
    """Return the seconds that sending took, and delivering."""
    runtime = workernb.Runtime()
    limits = workernb.Limits(cpu_ms=None, wall_ms=None, subrequests=2 * MESSAGES)
    producer = runtime.define("producer", PRODUCER, queues={"JOBS": "jobs"}, limits=limits)
    sent = float(await (await producer.fetch()).text())
    settings: dict[str, Any] = {"jobs": {"max_batch_size": BATCH}}
    consumer = runtime.define("consumer", CONSUMER, consumers=settings)
    began = time.perf_counter()
    assert await runtime.clock.advance(0) == MESSAGES // BATCH
    delivered = time.perf_counter() - began
    assert int(await (await consumer.fetch()).text()) == MESSAGES * (MESSAGES - 1) // 2
    runtime.close()
    return {"send": sent, "delivery in batches of 10": delivered}


async def measure(rounds: int) -> dict[str, float]:
    """Return the median time of a message (µs) by what is done, in rounds that alternate."""
    times: dict[str, list[float]] = {}
    kinds: tuple[Callable[[], Awaitable[dict[str, float]]], ...] = (bare, ours)
    for _ in range(rounds):
        for kind in kinds:
            for name, seconds in (await kind()).items():
                times.setdefault(name, []).append(seconds / MESSAGES * 1e6)
    return {name: statistics.median(each) for name, each in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    medians = asyncio.run(measure(parser.parse_args().rounds))
    beside = {"send": "bare insert", "delivery in batches of 10": "bare batch of 10"}
    print(f"{'':28} {'µs':>8} {'× bare':>8}")
    for name, median in medians.items():
        print(f"{name:28} {median:8.2f} {median / medians[beside.get(name, name)]:8.2f}")


if __name__ == "__main__":
    main()
