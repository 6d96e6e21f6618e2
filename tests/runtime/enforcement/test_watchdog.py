"""Budgets where no signal reaches: off the main thread, and where there is no SIGPROF."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from workernb import CpuLimitError, Limits
from workernb.runtime.enforcement import guard as guards
from workernb.runtime.enforcement.guard import guard

# The exception from outside may meet a callback of the collector (hypothesis has one), which Python
# reports and goes on; the next one meets the Worker. Coverage's tracer has a lock, and one that met
# it there left it locked for good: these tests are not traced.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.no_cover,
]

BUSY = {
    "loop": "while True: pass",
    "swallowing": """
while True:
    try:
        while True: pass
    except BaseException:
        pass
""",
    "finally": """
while True:
    try:
        1 + 1
    finally:
        continue
""",
    "comprehension": "[[i for i in range(10**4)] for _ in range(10**6)]",
    "sort key": "while True: sorted(range(1000), key=lambda x: -x)",
    "headers": "while True: Response('x', headers={'a': 'b'}).clone()",
    "sleep(0)": "while True: await asyncio.sleep(0)",
    "hops": "while True: await self.env.ECHO.fetch(request)",
    "child task": """
async def spin():
    while True: pass
await asyncio.create_task(spin())
""",
    "callee": "await self.env.BUSY.fetch(request)",
}
UNBOUNDED = Limits(cpu_ms=50, invocations=10**9, subrequests=10**9)


def in_a_thread(work: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function in a loop of its own, in a thread of its own."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work())  # type: ignore[arg-type]
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def busy_worker(define: Any, kind: str) -> Any:
    define("echo", "return Response('x')")
    define("busy", "while True: pass")
    body = BUSY[kind] + "\nreturn Response('x')"
    return define("worker", body, ECHO="echo", BUSY="busy", limits=UNBOUNDED)


async def check_the_cut(handle: Any, runtime: Any) -> None:
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == "Worker exceeded CPU time limit."
    assert "The CPU budget of the request was 50 ms" in caught.value.__notes__[0]
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededCpu"
    # It wakes by the wall clock, and needs the interpreter to look: later than the tick.
    assert 45 < trace.cpu_ms < 500
    assert (await runtime["echo"].fetch()).status == 200


@pytest.mark.parametrize("kind", BUSY)
def test_busy_code_is_cut_off_the_main_thread(define, runtime, kind):
    handle = busy_worker(define, kind)
    in_a_thread(lambda: check_the_cut(handle, runtime))


@pytest.mark.parametrize("kind", BUSY)
async def test_busy_code_is_cut_where_there_is_no_tick(define, runtime, kind, monkeypatch, until):
    guard.uninstall()
    monkeypatch.setattr(guards, "has_tick", False)
    await check_the_cut(busy_worker(define, kind), runtime)


def test_waiting_is_not_cut_off_the_main_thread(define, runtime):
    handle = define(
        "waits", "await asyncio.sleep(0.3); time.sleep(0.2); return Response('x')", limits=UNBOUNDED
    )

    async def work() -> None:
        assert (await handle.fetch()).status == 200

    in_a_thread(work)


def test_the_watchdog_is_gone_when_idle(define, runtime):
    handle = define("echo", "await asyncio.sleep(0.02); return Response('x')")

    async def work() -> None:
        await handle.fetch()
        assert any(thread.name == "workernb" for thread in threading.enumerate())
        while not guard.idle:  # noqa: ASYNC110 - what ends it sets no event
            await asyncio.sleep(0.001)
        assert not any(thread.name == "workernb" for thread in threading.enumerate())

    in_a_thread(work)


def test_a_request_that_begins_when_the_watchdog_has_just_gone_is_cut(define, runtime):
    echo = define("echo", "return Response('x')")
    busy = define("worker", "while True: pass", limits=UNBOUNDED)

    async def work() -> None:
        await echo.fetch()
        while guard._watchdog.running:
            time.sleep(0.001)  # noqa: ASYNC251 - the loop must not turn, and find nothing to do
        assert not guard.idle
        with pytest.raises(CpuLimitError):
            await busy.fetch()

    in_a_thread(work)


@pytest.mark.no_cover  # The watchdog may raise in coverage's tracer: see test_watchdog.py.
def test_off_the_main_thread_the_budget_is_kept_at_the_next_hop(define, runtime):
    define("echo", "return Response('x')")
    handle = define(
        "worker",
        "while True:\n    burn(1)\n    await self.env.ECHO.fetch(request)",
        ECHO="echo",
        limits=Limits(cpu_ms=20, invocations=10**6, subrequests=10**6),
    )
    errors = []

    def run():
        try:
            asyncio.run(handle.fetch())
        except CpuLimitError as error:
            errors.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert errors == ["Worker exceeded CPU time limit."]
