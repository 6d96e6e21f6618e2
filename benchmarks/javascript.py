"""The same Workers in JavaScript, in workerd and in miniflare, where npm is available.

They are installed into the user's cache at the first run, from the lock file in `javascript/`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from benchmarks.processes import serving
from benchmarks.results import Round

SOURCES = Path(__file__).parent / "javascript"
CALLS = 300
RPC_WAYS = {
    "add": "RPC: add(1, 2)",
    "rename": "RPC: an object",
    "apply": "RPC: a callback",
    "pipeline": "RPC: pipelined",
}
"""The calls over RPC of `rpc.py`, by their names in `caller.js`."""


class Absent(Exception):
    """The peers in JavaScript cannot be measured. The text is a sentence that says why."""


def installed() -> Path:
    """Install the peers if necessary, and return their folder; Absent when this fails."""
    from workernb.twin import npm

    try:
        return npm.installed(SOURCES, "workerd and miniflare")
    except npm.NpmError as error:
        raise Absent(str(error).replace("cannot be run", "are left out", 1)) from None


@asynccontextmanager
async def rounds() -> AsyncIterator[Mapping[str, Round]]:
    """Start the peers, and yield a round of calls for each. Raises Absent as `installed` does."""
    import aiohttp

    folder = installed()
    workerd = [folder / "node_modules/.bin/workerd", "serve", "workerd.capnp", "--control-fd=1"]
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        plain = await stack.enter_async_context(serving(workerd, folder))
        mini = await stack.enter_async_context(serving(["node", "miniflare.mjs"], folder))
        yield {
            "workerd, JavaScript: a hop": _calls(session, plain, "AUTH"),
            "workerd, JavaScript: gateway to auth": _calls(session, plain, "GATEWAY"),
            "miniflare, JavaScript: a hop": _calls(session, mini, "AUTH"),
            **{
                f"workerd, JavaScript: {name}": _calls(session, plain, way)
                for way, name in RPC_WAYS.items()
            },
        }


def _calls(session: object, port: int, way: str) -> Round:
    """Return a round of calls in a way that the Worker in `caller.js` has.

    The time of a request that makes no calls is subtracted, as the cost of HTTP to the caller.
    """
    starts = count(0, CALLS)

    async def ask(calls: int) -> float:
        url = f"http://127.0.0.1:{port}/{way}/{next(starts)}/{calls}"
        began = time.perf_counter()
        async with session.get(url) as answer:  # type: ignore[attr-defined]
            text = await answer.text()
        taken = time.perf_counter() - began
        assert (answer.status, text) == (200, str(calls)), text
        return taken

    async def run() -> float:
        return (await ask(CALLS) - await ask(0)) / CALLS

    return run
