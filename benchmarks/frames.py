"""Measure a frame of the live graph, and the cost of open pictures: `python -m benchmarks.frames`.

A frame is what the kernel does 20 times a second while a picture is watched: count the traffic,
find what has changed, and send it. The messages go through ipywidgets as in a kernel, as far as
the socket. The share at 1,000 requests a second is the CPU time of the frames in one second.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from typing import Any

import comm
from comm.base_comm import BaseComm

import workernb
from workernb.views.pictures.graph import GraphPicture
from workernb.views.widgets.cpu import CpuView
from workernb.views.widgets.graph import GraphView

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for name in NAMES:
            await getattr(self.env, name).fetch(request.url)
        return Response("x")
"""
REQUESTS_A_FRAME = 50
FRAMES = 40


def tree(size: int) -> workernb.Runtime:
    """Define a tree of Workers. Each request calls the first Worker and the two below it."""
    runtime = workernb.Runtime()
    for number in range(size):
        children = [n for n in (2 * number + 1, 2 * number + 2) if n < size]
        services = {f"SVC{n}": f"service-{n}" for n in children}
        names = list(services) if number == 0 else []
        source = SOURCE.replace("NAMES", repr(names))
        runtime.define(f"service-{number}", source, services=services, public=number == 0)
    return runtime


async def requests(runtime: workernb.Runtime) -> None:
    handle = runtime["service-0"]
    for number in range(REQUESTS_A_FRAME):
        await handle.fetch(f"http://x/{number}")


class EncodingComm(BaseComm):
    """A comm that encodes messages as in a kernel, and discards them."""

    def publish_msg(self, msg_type: str, data: Any = None, **options: Any) -> None:
        json.dumps(data)


async def frame_ms(size: int) -> tuple[float, float]:
    """Return the CPU (ms) of a frame with new traffic, and of one that draws the graph anew."""
    runtime = tree(size)
    view = GraphView(runtime)
    frames, drawn = [], []
    for number in range(FRAMES):
        await requests(runtime)
        began = time.thread_time()
        assert view.refresh()
        frames.append(1e3 * (time.thread_time() - began))
        source = SOURCE.replace("NAMES", "[]") + f"# {number}"
        runtime.define(f"service-{size - 1}", source)
        began = time.thread_time()
        assert view.refresh()
        drawn.append(1e3 * (time.thread_time() - began))
    return statistics.median(frames), statistics.median(drawn)


async def share_at_1000() -> float:
    """Return the share of the CPU (%) that a graph and a CPU view take at 1,000 requests/s."""
    runtime = tree(6)
    views: list[Any] = [GraphView(runtime), CpuView(runtime)]
    used = 0.0
    for _ in range(4 * 20):
        await requests(runtime)
        began = time.thread_time()
        for view in views:
            view.refresh()
        used += time.thread_time() - began
    return 100 * used / 4


async def main() -> None:
    """Measure, and print a table."""
    comm.create_comm = EncodingComm
    print("a frame of the live graph, ms of CPU: median of", FRAMES)
    print(f"{'Workers':>8} {'traffic':>9} {'drawn anew':>11} {'still: SVG kB':>14} {'PNG kB':>7}")
    for size in (2, 6, 20, 200):
        traffic, anew = await frame_ms(size)
        picture = GraphPicture(tree(size))
        svg, png = len(picture.svg()) / 1e3, len(picture.png()) / 1e3
        print(f"{size:>8} {traffic:>9.2f} {anew:>11.2f} {svg:>14.0f} {png:>7.0f}")
    print(
        f"graph and CPU view, open, at 1,000 requests/s: {await share_at_1000():.1f} % of the CPU"
    )


if __name__ == "__main__":
    asyncio.run(main())
