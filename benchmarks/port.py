"""Requests per second through a port: the front door with gateway and auth, beside its peers.

`python -m benchmarks.port`: aiohttp and uvicorn with starlette do the work of both Workers in one
handler; workerd, where npm is, has the same pair in JavaScript. Each server is a process of its
own. The client is wrk, where it is, or sockets that write bytes and count answers, which take as
little as they can. Rounds are interleaved, and the median counts.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks import javascript
from benchmarks.floor import TOKEN
from benchmarks.processes import serving

SERVERS = {
    "aiohttp, an application": "aiohttp",
    "uvicorn with starlette": "uvicorn",
    "workernb, gateway and auth": "workernb",
}
WORKERD = "workerd, JavaScript: both"
UNIT = "aiohttp, an application"
CONNECTIONS = (1, 16)
PATH = "/user/1?n=1"
REQUEST = (
    f"GET {PATH} HTTP/1.1\r\nHost: gateway.localhost\r\nx-custom-token: {TOKEN}\r\n\r\n"
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


async def per_second_by_wrk(port: int, connections: int, requests: int) -> float:
    """Return the same as wrk finds it, in one second. requests: not used, as wrk counts seconds."""
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", "-d1s", "-H", "Host: gateway.localhost",
        "-H", f"x-custom-token: {TOKEN}", f"http://127.0.0.1:{port}{PATH}",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    printed = (await process.communicate())[0].decode()
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if found is None or "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(f"wrk has failed: {printed}")
    return float(found[1])


Measure = Callable[[int, int, int], Awaitable[float]]


async def start_servers(stack: AsyncExitStack, without_javascript: bool) -> dict[str, int]:
    """Start the servers, and return their ports by their names."""
    ports = {}
    for name, server in SERVERS.items():
        command: list[str | Path] = [sys.executable, "-m", "benchmarks.servers", server]
        ports[name] = await stack.enter_async_context(serving(command))
    if not without_javascript:
        try:
            folder = javascript.installed()
        except javascript.Absent as absent:
            print(absent)
            return ports
        workerd = folder / "node_modules/.bin/workerd"
        command = [workerd, "serve", "port.capnp", "--control-fd=1"]
        ports[WORKERD] = await stack.enter_async_context(serving(command, folder))
    return ports


Found = dict[tuple[str, int], float]


async def measure(
    rounds: int, requests: int, measure_one: Measure = per_second, without_javascript: bool = True
) -> Found:
    """Return the median of requests per second, by server and number of connections."""
    found: dict[tuple[str, int], list[float]] = {}
    async with AsyncExitStack() as stack:
        ports = await start_servers(stack, without_javascript)
        for number in range(rounds + 1):
            for name, port in ports.items():
                for connections in CONNECTIONS:
                    result = await measure_one(port, connections, requests)
                    if number:  # The first round only warms up.
                        found.setdefault((name, connections), []).append(result)
    return {key: statistics.median(results) for key, results in found.items()}


def table(found: Found) -> str:
    """Return the results as a table, with the ratio to aiohttp's."""
    headings = "".join(
        f"{f'{n} connections' if n > 1 else '1 connection':>20}" for n in CONNECTIONS
    )
    lines = [f"{'requests per second':32}{headings}"]
    for name in dict.fromkeys(name for name, _ in found):
        cells = [
            f"{found[name, n]:,.0f} ({found[name, n] / found[UNIT, n]:.2f})" for n in CONNECTIONS
        ]
        lines.append(f"{name:32}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


def draw(found: Found, path: Path) -> None:
    """Draw the results into a file, whose suffix says in which format."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "workernb"  # So that equal pictures are equal files.
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    names = list(dict.fromkeys(name for name, _ in found))[::-1]
    for axes, connections in zip(figure.subplots(1, len(CONNECTIONS)), CONNECTIONS, strict=True):
        values = [found[name, connections] for name in names]
        colors = ["#0072b2" if name.startswith("workernb") else "#69727c" for name in names]
        bars = axes.barh(names, values, color=colors)
        axes.bar_label(bars, [f" {value:,.0f}" for value in values])
        axes.set_xlim(0, 1.25 * max(values))
        axes.set_xlabel(f"requests per second, {connections} connection{'s' * (connections > 1)}")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[1].set_yticklabels([])
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.port", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=3_200, help="of a round, per server")
    parser.add_argument("--without", action="append", choices=["javascript", "wrk"], default=[])
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw into a file, such as SVG")
    options = parser.parse_args()
    by_wrk = shutil.which("wrk") is not None and "wrk" not in options.without
    client = per_second_by_wrk if by_wrk else per_second
    without_javascript = "javascript" in options.without
    found = asyncio.run(measure(options.rounds, options.requests, client, without_javascript))
    print(f"client: {'wrk' if by_wrk else 'sockets of our own'}")
    print(table(found))
    if options.chart is not None:
        draw(found, options.chart)


if __name__ == "__main__":
    main()
