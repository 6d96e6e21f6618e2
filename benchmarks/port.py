"""Requests per second through a port: the front door with gateway and auth, beside its peers.

`python -m benchmarks.port`: aiohttp and uvicorn with starlette do the work of both Workers in one
handler. Each server is a process of its own; the client, sockets that write bytes and count
answers, takes as little as it can. Rounds are interleaved, and the median counts.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import AsyncExitStack

from benchmarks.floor import TOKEN
from benchmarks.processes import serving

SERVERS = {
    "aiohttp, an application": "aiohttp",
    "uvicorn with starlette": "uvicorn",
    "workernb, gateway and auth": "workernb",
}
UNIT = "aiohttp, an application"
REQUEST = (
    f"GET /user/1?n=1 HTTP/1.1\r\nHost: gateway.localhost\r\nx-custom-token: {TOKEN}\r\n\r\n"
).encode()
BODY = b"Request allowed"


class Client(asyncio.Protocol):
    """A connection that sends its next request when the answer has come."""

    def __init__(self, left: int) -> None:
        """Send `left` requests."""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = left
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._received.endswith(BODY):
            return
        assert self._received.startswith(b"HTTP/1.1 200 OK\r\n"), self._received
        self._received = b""
        self._left -= 1
        if self._left:
            self._transport.write(REQUEST)
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed"))


async def per_second(port: int, connections: int, requests: int) -> float:
    """Return how many requests a second are answered over that many connections."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    clients = [
        await loop.create_connection(lambda: Client(requests // connections), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for _, client in clients))
    return requests / (time.perf_counter() - began)


async def measure(rounds: int, requests: int) -> dict[tuple[str, int], float]:
    """Return the median of requests per second, by server and number of connections."""
    found: dict[tuple[str, int], list[float]] = {}
    async with AsyncExitStack() as stack:
        ports = {
            name: await stack.enter_async_context(
                serving([sys.executable, "-m", "benchmarks.servers", server])
            )
            for name, server in SERVERS.items()
        }
        for number in range(rounds + 1):
            for name, port in ports.items():
                for connections in (1, 16):
                    result = await per_second(port, connections, requests)
                    if number:  # The first round only warms up.
                        found.setdefault((name, connections), []).append(result)
    return {key: statistics.median(results) for key, results in found.items()}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.port", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=3_200, help="of a round, per server")
    options = parser.parse_args()
    found = asyncio.run(measure(options.rounds, options.requests))
    print(f"{'requests per second':32}{'1 connection':>20}{'16 connections':>20}")
    for name in SERVERS:
        cells = [f"{found[name, n]:,.0f} ({found[name, n] / found[UNIT, n]:.2f})" for n in (1, 16)]
        print(f"{name:32}{cells[0]:>20}{cells[1]:>20}")


if __name__ == "__main__":
    main()
