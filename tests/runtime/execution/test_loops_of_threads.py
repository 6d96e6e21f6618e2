"""Loops of threads, where the main thread has none: scripts, two threads at once, the HTTP port."""

from __future__ import annotations

import asyncio
import threading
import urllib.request
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import workernb
from workernb import CpuLimitError, Limits
from workernb.frontdoor.server import FrontDoor

from ..conftest import fetch_text

WHERE = "import threading\nreturn Response(threading.current_thread().name)"
PATIENCE_S = 30

SCRIPT = """
import asyncio
from workers import DurableObject, Response, WorkerEntrypoint

seen = []

class Thing(DurableObject):
    async def set_alarm(self):
        await self.ctx.storage.setAlarm(1)
    async def alarm(self, info):
        seen.append("alarm")

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.JOBS.send("a job")
        await self.env.THINGS.getByName("a").set_alarm()
        async def later():
            await asyncio.sleep(0.01)
            seen.append("later")
        self.ctx.waitUntil(later())
        return Response("x")
    async def seen(self):
        return sorted(seen)
    async def queue(self, batch, env, ctx):
        seen.append(batch.messages[0].body)
"""


def in_thread(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine function by `asyncio.run` in a thread; return its result."""
    with ThreadPoolExecutor(1, "script") as pool:
        return pool.submit(lambda: asyncio.run(work())).result(PATIENCE_S)


def test_a_script_in_a_thread_has_all_that_is_called_later(runtime):
    handle = runtime.define(
        "script",
        SCRIPT,
        queues={"JOBS": "jobs"},
        consumers={"jobs": {"max_batch_timeout": 0}},
        durable_objects={"THINGS": "#Thing"},
    )

    async def script() -> list[str]:
        assert (await handle.fetch()).status == 200
        async with asyncio.timeout(PATIENCE_S):
            while len(await handle.seen()) < 3:  # noqa: ASYNC110 - nothing sets an event
                await asyncio.sleep(0.01)
        return await handle.seen()

    assert in_thread(script) == ["a job", "alarm", "later"]


@pytest.mark.no_cover
def test_a_script_in_a_thread_is_cut_and_goes_on(define):
    handle = define("busy", "while True: pass", limits=Limits(cpu_ms=20))
    define("echo")

    async def script() -> int:
        with pytest.raises(CpuLimitError):
            await handle.fetch()
        return handle._runtime["echo"].fetch_sync().status

    assert in_thread(script) == 200


def test_the_next_script_follows_one_that_has_ended(define):
    handle = define("echo", WHERE)
    assert [in_thread(lambda: fetch_text(handle))[:6] for _ in range(3)] == ["script"] * 3
    assert asyncio.run(fetch_text(handle)) == threading.main_thread().name


def test_each_of_two_threads_runs_its_own_requests(define, runtime):
    """So that none is left without a loop when the other thread's ends."""
    handle = define("where", "await asyncio.sleep(0.001)\n" + WHERE)
    together = threading.Barrier(2)

    async def script() -> tuple[str, set[str]]:
        together.wait(PATIENCE_S)
        texts = {await fetch_text(handle) for _ in range(20)}
        return threading.current_thread().name, texts

    with ThreadPoolExecutor(2, "script") as pool:
        both = [pool.submit(lambda: asyncio.run(script())) for _ in range(2)]
        for name, texts in (each.result(PATIENCE_S) for each in both):
            assert texts == {name}
    assert len({trace.number for trace in runtime.traces}) == 40
    assert not runtime.in_flight


@pytest.mark.parametrize("main", [False, True], ids=["alone", "beside a loop that is home"])
def test_a_port_of_a_thread_is_served(define, runtime: workernb.Runtime, main):
    define("where", WHERE, routes=["where.localhost/*"])
    ports: list[int] = []
    opened, enough = threading.Event(), threading.Event()

    async def serve() -> None:
        door = FrontDoor(runtime, port=0)
        ports.append(door.port)
        opened.set()
        await asyncio.to_thread(enough.wait, PATIENCE_S)
        door.close()

    def ask() -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{ports[0]}/")
        request.add_header("Host", "where.localhost")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    async def at_home() -> str:
        await runtime["where"].fetch()
        return await asyncio.to_thread(ask)

    with ThreadPoolExecutor(1, "port") as pool:
        serving = pool.submit(lambda: asyncio.run(serve()))
        assert opened.wait(PATIENCE_S)
        try:
            assert (asyncio.run(at_home()) if main else ask()).startswith(
                threading.main_thread().name if main else "port"
            )
        finally:
            enough.set()
            serving.result(PATIENCE_S)
