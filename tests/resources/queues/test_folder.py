"""Queues in a folder: nothing that was acknowledged is lost by a kill, nor delivered again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import workernb

from .conftest import consumer

ROOT = Path(__file__).resolve().parents[3]

SENDER = """
import asyncio, sys, workernb
runtime = workernb.Runtime(stores=sys.argv[1])
jobs = runtime.stores.queue("jobs")

async def send():
    for n in range(10_000):
        await jobs.send(n)
        print(n, flush=True)

asyncio.run(send())
"""

# It is killed while the second batch is in flight.
CONSUMER = '''
import asyncio, sys, workernb
runtime = workernb.Runtime(stores=sys.argv[1])
runtime.define("worker", """
import asyncio
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def queue(self, batch, env, ctx):
        print(*[message.body for message in batch.messages], flush=True)
        if getattr(Default, "second", False):
            await asyncio.sleep(60)
        Default.second = True
""", consumers={"jobs": {"max_batch_size": 10}})

async def consume():
    runtime.on_finished.append(lambda trace: print("done", flush=True))
    await runtime.clock.advance(60)

asyncio.run(consume())
'''


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def lines_until(process: subprocess.Popen[str], count: int) -> list[str]:
    """Return what a process writes until it is killed, after a number of lines."""
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(count)]
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.read().splitlines(keepends=True)
    process.wait(60)
    process.stdout.close()
    return [line.strip() for line in lines if line.endswith("\n")]


async def test_what_was_sent_is_there_after_a_kill(tmp_path):
    sent = [int(line) for line in lines_until(start(SENDER, tmp_path), 200)]
    runtime = workernb.Runtime(stores=tmp_path)
    rows = runtime.stores.main.execute("SELECT body FROM queue_messages ORDER BY number")
    kept = [json.loads(body) for (body,) in rows]
    assert kept[: len(sent)] == sent
    assert len(kept) <= len(sent) + 1  # One may have been sent, and not been reported.
    assert (await runtime.stores.queue("jobs").metrics())["backlogCount"] == len(kept)
    runtime.close()


async def test_a_batch_in_flight_is_delivered_again_after_a_kill(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    await runtime.stores.queue("jobs").sendBatch([{"body": n} for n in range(30)])
    runtime.close()
    printed = lines_until(start(CONSUMER, tmp_path), 3)
    first, done, second = printed[:3]
    assert (first, done, second) == (
        " ".join(map(str, range(10))), "done", " ".join(map(str, range(10, 20))),
    )  # fmt: skip
    runtime = workernb.Runtime(stores=tmp_path)
    assert runtime.stores.messages.counts("jobs") == (20, 0, 0)
    handle = runtime.define("worker", consumer(), consumers={"jobs": {"max_batch_size": 20}})
    await runtime.clock.advance(5)
    ((_, messages),) = await (await handle.fetch()).json()
    assert [body for _, _, body in messages] == list(range(10, 30))
    assert [attempts for _, attempts, _ in messages] == [2] * 10 + [1] * 10
    assert (await runtime.stores.queue("jobs").metrics())["backlogCount"] == 0
    runtime.close()


async def test_stores_that_are_persisted_later_take_their_queues_along(tmp_path):
    runtime = workernb.Runtime()
    handle = runtime.define("worker", consumer(), consumers={"jobs": {}})
    jobs = runtime.stores.queue("jobs")
    await jobs.send("in memory")
    runtime.stores.persist(tmp_path)
    assert (await jobs.metrics())["backlogCount"] == 1
    await jobs.send("on disk")
    await runtime.clock.advance(10)
    ((_, messages),) = await (await handle.fetch()).json()
    assert [body for _, _, body in messages] == ["in memory", "on disk"]
    runtime.close()


async def test_what_waits_on_disk_is_delivered_when_a_consumer_is_there(tmp_path):
    runtime = workernb.Runtime(stores=tmp_path)
    await runtime.stores.queue("jobs").send("old")
    runtime.close()
    runtime = workernb.Runtime()
    handle = runtime.define("worker", consumer(), consumers={"jobs": {"max_batch_timeout": 0}})
    runtime.stores.persist(tmp_path)
    await runtime.clock.advance(0)
    ((_, messages),) = await (await handle.fetch()).json()
    assert [body for _, _, body in messages] == ["old"]
    runtime.close()
