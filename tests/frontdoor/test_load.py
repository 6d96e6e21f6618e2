"""Many clients at once, and bytes of all kinds: the good ones are answered, none is left open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import random
import resource
import time

import psutil
import pytest

from .conftest import Client, get, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FUZZ_S = float(os.environ.get("WORKERNB_FUZZ_S", "120"))
"""How long (s) the port is fuzzed."""


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def good(door, rounds, busy):
    async with busy:
        client = await Client.to(door)
    for number in range(rounds):
        async with busy:
            client.send(get(f"/{number}"))
            status, _, body = await client.response()
        assert status == 200
        assert json.loads(body)["url"] == f"http://gateway.localhost/{number}"
    await client.close()


async def slow(door, busy):
    async with busy:
        client = await Client.to(door)
    for byte in get("/slow"):
        client.send(bytes([byte]))
        await asyncio.sleep(0.02)
    assert (await client.response())[0] == 200
    await client.close()


async def garbage(door, seed, busy):
    async with busy:
        client = await Client.to(door)
    client.send(random.Random(seed).randbytes(2000) + b"\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        answer = await client.reader.read()
        assert answer == b"" or answer.split()[1].startswith(b"4")
    await client.close()


async def vanishing(door, busy):
    async with busy:
        client = await Client.to(door)
    client.send(get("/waits"))
    await asyncio.sleep(0.5)
    client.writer.transport.abort()


async def test_the_good_ones_are_answered_and_nothing_is_left(door, runtime, many_files):
    # Clients and server share the loop here; all of them at once would make it stand still.
    busy = asyncio.Semaphore(50)
    await good(door, 100, busy)
    gc.collect()
    files, memory = psutil.Process().num_fds(), psutil.Process().memory_info().rss
    for _ in range(2):
        await asyncio.gather(
            *(good(door, 4, busy) for _ in range(1000)),
            *(slow(door, busy) for _ in range(200)),
            *(garbage(door, seed, busy) for seed in range(50)),
            *(vanishing(door, busy) for _ in range(50)),
        )
        assert door.stalled.answered == 0
        await until(lambda: not runtime.in_flight, "the end of all requests")
    await until(lambda: psutil.Process().num_fds() <= files, "the end of all connections")
    gc.collect()
    grown = psutil.Process().memory_info().rss - memory
    assert grown < 100 * 1024 * 1024  # The traces that are kept, and the clients.


PARTS = [
    b"GET ", b"POST ", b"HEAD ", b"/", b"/boom", b"http://auth.localhost/", b" HTTP/1.1", b"\r\n",
    b"\n", b"Host: gateway.localhost\r\n", b"Host: auth.localhost\r\n", b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello",
    b"\0", b"\xff", b":", b" ", b"\r\n\r\n", get("/"), get("/echo"),
]  # fmt: skip


async def test_bytes_of_all_kinds(open_door, runtime):
    """Fuzz the port: no hang, no crash, no Worker without a route, no 5xx that is ours."""
    door = open_door(public_errors=True)
    until_s, choose = time.monotonic() + FUZZ_S, random.Random(16)
    statuses: set[bytes] = set()

    async def one(data):
        client = await Client.to(door)
        client.send(data)
        client.writer.write_eof()
        with contextlib.suppress(ConnectionError):
            answer = await asyncio.wait_for(client.reader.read(), 60)
            if answer:
                statuses.add(answer.split()[1])
        await client.close()

    while time.monotonic() < until_s:
        texts = [b"".join(choose.choices(PARTS, k=choose.randint(1, 12))) for _ in range(50)]
        await asyncio.gather(*map(one, texts))
        assert {trace.invocations[0].service for trace in runtime.traces} <= {"gateway"}
    # 500 is that of /boom, a Worker's own.
    assert statuses <= {b"100", b"200", b"400", b"404", b"405", b"408", b"413", b"500"}
    failed = [trace for trace in runtime.traces if trace.status is None and trace.exception]
    assert all("boom" in t.url or t.outcome == "canceled" or "lost" in t.exception for t in failed)
    await good(door, 10, asyncio.Semaphore())
