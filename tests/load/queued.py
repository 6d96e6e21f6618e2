"""Send and deliver a number of messages; print how far memory has grown, and what arrived."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from typing import Any

import workernb

CONSUMER = """
from collections import Counter
from workers import Response, WorkerEntrypoint

seen = bytearray()
twice = 0

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response(f"{seen.count(1)} {twice}")

    async def queue(self, batch, env, ctx):
        global twice
        for message in batch.messages:
            n = message.body["n"]
            if n >= len(seen):
                seen.extend(bytes(n + 1 - len(seen)))
            twice += seen[n]
            seen[n] = 1
"""
PRODUCER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        begin = int(await request.text())
        await self.env.JOBS.sendBatch([{"body": {"n": begin + n, "text": "x" * 200}}
                                       for n in range(100)])
        return Response("sent")
"""


def peak_bytes() -> int:
    """Return the most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


async def main(number: int, held: bool) -> dict[str, Any]:
    """Send `number` messages, and deliver them; a tenth before memory is measured.

    held: whether they are delivered only after all have been sent.
    """
    runtime = workernb.Runtime()

    def consume() -> workernb.Handle:
        settings = {"jobs": {"max_batch_size": 100}}
        return runtime.define("consumer", CONSUMER, consumers=settings)

    consumer = None if held else consume()
    producer = runtime.define("producer", PRODUCER, queues={"JOBS": "jobs"})
    waiting = 0
    begun = 0
    for begin in range(0, number, 100):
        if begin == number // 10:
            begun = peak_bytes()
        await producer.fetch(method="POST", body=str(begin))
        waiting = max(waiting, runtime.stores.messages.backlog("jobs").count)
    consumer = consumer or consume()
    await runtime.clock.advance(5)
    seen, twice = (await (await consumer.fetch()).text()).split()
    left = (await runtime.stores.queue("jobs").metrics())["backlogCount"]
    runtime.close()
    return {"seen": int(seen), "twice": int(twice), "left": left, "waiting": waiting,
            "grown": peak_bytes() - begun}  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(int(sys.argv[1]), sys.argv[2:] == ["held"]))))
