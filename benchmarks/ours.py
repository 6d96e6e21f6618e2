"""Our own ways to do the work, in rounds: to be timed, or to have their instructions counted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from benchmarks import floor, workers
from benchmarks.results import Round

REQUESTS = 30
"""How many requests a round of hops makes, each with its hops."""


class Work(NamedTuple):
    """A way to do the work. calls: how many a round makes. run: makes a round."""

    calls: int
    run: Round


def per_call(once: Callable[[str], Awaitable[None]], urls: list[str]) -> Round:
    """Return a round that makes one call for each URL, and gives the seconds of one."""

    async def run() -> float:
        began = time.perf_counter()
        for url in urls:
            await once(url)
        return (time.perf_counter() - began) / len(urls)

    return run


def urls_of(calls: int) -> list[str]:
    """Return a URL for each call, no two the same."""
    return [f"https://auth.example.com/user/{n}?n={n}" for n in range(calls)]


def ours(urls: list[str]) -> dict[str, Work]:
    """Return our ways by name, `bare` first."""
    gateway, caller = workers.define()
    hops = REQUESTS * workers.HOPS
    few = urls[:300]

    return {
        "bare": Work(len(urls), per_call(lambda url: floor.bare(url, floor.TOKEN), urls)),
        "a hop: env.AUTH.fetch(url, headers=…)": Work(
            hops, lambda: workers.hops(caller, "url", REQUESTS)
        ),
        "a hop: env.AUTH.fetch(Request(…))": Work(
            hops, lambda: workers.hops(caller, "request", REQUESTS)
        ),
        "gateway to auth, from the notebook": Work(
            len(few), per_call(lambda url: workers.top_level(gateway, [url]), few)
        ),
    }
