"""Measure a hop, and the same work by other means: `python -m benchmarks [--rounds N]`.

All in one run, interleaved round by round, since machines drift; medians of the rounds, as ratios
to `bare` in the same run. Every result is asserted, and no URL comes twice in a round.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import platform
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from benchmarks import floor, peers, workers

Round = Callable[[], Awaitable[float]]


def per_call(once: Callable[[str], Awaitable[None]], urls: list[str]) -> Round:
    """Return a round that makes one call for each URL, and gives the seconds of one."""

    async def run() -> float:
        began = time.perf_counter()
        for url in urls:
            await once(url)
        return (time.perf_counter() - began) / len(urls)

    return run


async def measure(rounds: int, calls: int) -> dict[str, list[float]]:
    """Run everything, round by round; returns the seconds of one call, by name."""
    gateway, caller = workers.define()
    urls = [f"https://auth.example.com/user/{n}?n={n}" for n in range(calls)]
    async with AsyncExitStack() as stack:
        kinds: dict[str, Round] = {
            "bare": per_call(lambda url: floor.bare(url, floor.TOKEN), urls),
            "a hop: env.AUTH.fetch(url, headers=…)": lambda: workers.hops(caller, "url", 30),
            "a hop: env.AUTH.fetch(Request(…))": lambda: workers.hops(caller, "request", 30),
            "gateway to auth, from the notebook": per_call(
                lambda url: workers.top_level(gateway, [url]), urls[:300]
            ),
        }
        for name, peer in peers.PEERS.items():
            once = await stack.enter_async_context(peer())
            kinds[name] = per_call(once, urls[:200])
        # What the peers' modules hold is not to be collected on account of whoever allocates.
        gc.collect()
        gc.freeze()
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        for _ in range(rounds):
            for name, run in kinds.items():
                seconds[name].append(await run())
    return seconds


def table(seconds: dict[str, list[float]]) -> str:
    """Return the medians as a table, each as a ratio to `bare`."""
    bare = statistics.median(seconds["bare"])
    lines = [f"{'the same work':44}{'median µs':>12}{'× bare':>10}"]
    for name, values in seconds.items():
        median = statistics.median(values)
        lines.append(f"{name:44}{median * 1e6:12.2f}{median / bare:10.1f}")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds of everything (9)")
    parser.add_argument("--calls", type=int, default=1000, help="calls in a round (1000)")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}, {options.rounds} rounds")
    print(table(asyncio.run(measure(options.rounds, options.calls))))


if __name__ == "__main__":
    main()
