"""workernb's ways to do the work, in rounds that are timed or whose instructions are counted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from benchmarks import floor, workers
from benchmarks.results import Round
from workernb.http import Request, Response
from workernb.http.request import receive

REQUESTS = 30
"""The number of requests in a round of hops; each makes `workers.HOPS` hops."""


class Work(NamedTuple):
    """A way to do the work. calls: their number in a round. run: makes a round."""

    calls: int
    run: Round


def per_call(once: Callable[[str], Awaitable[None]], urls: list[str]) -> Round:
    """Return a round that makes a call for each URL, and gives the seconds of one."""

    async def run() -> float:
        began = time.perf_counter()
        for url in urls:
            await once(url)
        return (time.perf_counter() - began) / len(urls)

    return run


def urls_of(calls: int) -> list[str]:
    """Return as many distinct URLs."""
    return [f"https://auth.example.com/user/{n}?n={n}" for n in range(calls)]


async def messages(url: str) -> None:
    """Make a Request and a Response with small bodies, pass both on and read them."""
    request = receive(Request(url, method="POST", headers={"x-request-id": url}, body=url))
    assert await request.text() == url
    response = Response("Request allowed")._send(url)
    assert await response.text() == "Request allowed"


def ours(urls: list[str]) -> dict[str, Work]:
    """Return workernb's ways to do the work by name, after `bare`."""
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
        "a Request and a Response, without a hop": Work(len(urls), per_call(messages, urls)),
        "gateway to auth, from the notebook": Work(
            len(few), per_call(lambda url: workers.top_level(gateway, [url]), few)
        ),
    }
