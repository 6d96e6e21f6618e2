"""Many requests through gateway and auth, which is redefined meanwhile: `python soak.py NUMBER`.

Every tenth request is followed by a call over RPC with a callback, stubs and a pipelined call.
Checks every answer. Prints a line of JSON: what the process held after the first tenth and at the
end (bytes, modules, files, threads, stubs, objects), and what differs from before the first
request.
"""

from __future__ import annotations

import asyncio
import gc
import json
import linecache
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import workernb
from workernb.runtime.bindings.capabilities import Capability
from workernb.runtime.bindings.rpc import Stub

REDEFINITIONS = 100
AT_ONCE = 10

AUTH = """
import asyncio
from workers import Response, WorkerEntrypoint, import_from_javascript

VERSION = {version}

class Session(import_from_javascript("cloudflare:workers").RpcTarget):
    def __init__(self, user):
        self.user = user

    async def name(self):
        return f"user {{self.user}} of {{VERSION}}"

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers["x-request-id"].endswith("7"):
            await asyncio.sleep(0)
        if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
            return Response(f"allowed by {{VERSION}}")
        return Response("no", status=403)

    async def session(self, user):
        return Session(user)

    async def apply(self, function, value):
        kept = function.dup()
        await asyncio.sleep(0)
        return [await function(value), await kept(value + 1)]
"""

GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.AUTH.fetch(request)
        if response.status != 200:
            return response
        if request.url.endswith("99"):
            raise ValueError(request.url)
        return Response(await response.text())

    async def run(self, n):
        async def double(value):
            return value * 2
        auth = self.env.AUTH
        with await auth.session(n) as session, session.dup() as same:
            names = [await session.name(), await same.name(), await auth.session(n).name()]
        return [await auth.apply(double, n), names]
"""


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def held() -> dict[str, int]:
    """Return what the process holds."""
    gc.collect()
    return {
        "bytes": resident_bytes(),
        "modules": len(sys.modules),
        "workers": sum(name.startswith("<worker") for name in sys.modules),
        "sources": sum(name.startswith("<worker") for name in linecache.cache),
        "files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "stubs": sum(issubclass(type(each), Stub | Capability) for each in gc.get_objects()),
        "objects": len(gc.get_objects()),
    }


def installed(loop: Any) -> dict[str, Any]:
    """Return what a runtime may install in the process, as it is now.

    Without SIGPROF and its timer: the tick stays until exit.
    """
    signals = signal.valid_signals() - {signal.SIGPROF}
    handlers = {f"signal {number:d}": signal.getsignal(number) for number in signals}
    timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL)
    return {
        **handlers,
        "timers": [signal.getitimer(timer) for timer in timers],
        "tracer": (sys.gettrace(), sys.getprofile(), threading.gettrace()),
        "tasks": len(asyncio.all_tasks(loop)),
        # asyncio has no public list of a loop's timers.
        "scheduled": len(loop._scheduled),
        "factory": loop.get_task_factory(),
        "log handlers": list(logging.getLogger().handlers),
        "stdout": sys.stdout,
        "excepthook": sys.excepthook,
        "unraisable": sys.unraisablehook,
        "collector": list(gc.callbacks),
    }


async def differences(
    now_installed: Callable[[], dict[str, Any]], at_first: dict[str, Any]
) -> list[str]:
    """Return what differs from before once the runtime is idle, or after ten seconds."""
    until = time.monotonic() + 10
    while True:
        now = now_installed()
        left = [f"{key}: {at_first[key]} → {now[key]}" for key in now if now[key] != at_first[key]]
        if not left or time.monotonic() > until:
            return left
        await asyncio.sleep(0.05)


async def check_failure(request: Any, message: str) -> None:
    error: ValueError | None = None
    try:
        await request
    except ValueError as raised:
        error = raised
    assert str(error) == message


async def call_and_check(gateway: Any, n: int, version: int) -> None:
    """Call over RPC: a callback, its duplicate, a stub, its duplicate, and a pipelined call."""
    name = f"user {n} of {version}"
    call = gateway.run(n)
    assert await call == [[2 * n, 2 * n + 2], [name] * 3]
    # A pipelined call's stub ends with its caller; only `apply` keeps a duplicate to its end.
    assert call.trace.outcome == "ok"
    assert len(call.trace.invocations) == 9


async def run(number: int) -> None:
    loop = asyncio.get_running_loop()
    at_first = installed(loop)
    runtime = workernb.Runtime()
    gateway = runtime.define("gateway", GATEWAY, services={"AUTH": "auth"})
    before: dict[str, int] = {}
    began = time.perf_counter()
    for version in range(REDEFINITIONS):
        source = AUTH.format(version=version)
        runtime.define("auth", source, secrets={"SECRET_TOKEN": f"s3cret-{version % 3}"})
        numbers = range(number * version // REDEFINITIONS, number * (version + 1) // REDEFINITIONS)

        async def fetch_and_check(n: int, version: int = version) -> None:
            url = f"https://example.com/{n}"
            token = "guess" if n % 10 == 3 else f"s3cret-{version % 3}"
            headers = {"x-custom-token": token, "x-request-id": f"r{n}"}
            if n % 100 == 99:
                await check_failure(gateway.fetch(url, headers=headers), url)
                return
            answer = await gateway.fetch(url, headers=headers)
            status, text = (403, "no") if n % 10 == 3 else (200, f"allowed by {version}")
            assert (answer.status, await answer.text()) == (status, text)
            assert answer.trace is not None
            assert [invocation.url for invocation in answer.trace.invocations] == [url, url]
            if n % 10 == 4:
                await call_and_check(gateway, n, version)

        for n in range(numbers.start, numbers.stop, 2 * AT_ONCE):
            half = min(n + AT_ONCE, numbers.stop)
            for alone in range(n, half):
                await fetch_and_check(alone)
            await asyncio.gather(
                *[fetch_and_check(m) for m in range(half, min(n + 2 * AT_ONCE, numbers.stop))]
            )
        if version == REDEFINITIONS // 10 - 1:
            # From here on memory is level: a thousand traces and twenty versions are kept.
            before = held()
    seconds = time.perf_counter() - began
    after = held()
    left = await differences(lambda: installed(loop), at_first)
    print(json.dumps({"seconds": seconds, "before": before, "after": after, "left": left}))


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1])))
