"""Budgets where no signal reaches: off the main thread, and where there is no SIGPROF."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from workernb import CpuLimitError, LimitError, Limits, StartupError
from workernb.runtime.enforcement import ticks
from workernb.runtime.enforcement.guard import guard

from ..conftest import gone, worker

# The exception may be raised in a callback of the garbage collector (hypothesis has one), where
# Python reports it and continues; the next one reaches the Worker. Raised in coverage's tracer, it
# would leave that tracer's lock locked, so these tests are not traced.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.no_cover,
]

IMPORTS_ONLY = """
import sys
while True:
    sys.modules.pop("colorsys", None)
    import colorsys
"""

KINDS = [
    "loop",
    "swallowing",
    "swallowing deep",
    "finally",
    "sort key",
    "headers",
    "sleep(0)",
    "hops",
    "child task",
    "callee",
    "callback",
    "callback in a foreign context",
    "code in a foreign context",
    "suppressing",
    "suppressing twice",
    "two retries",
    "three retries",
    "two swallowers",
    "two swallowers with calls",
    "bare excepts in functions",
    "context managers that swallow",
    "an exception handler that recurs",
    "a debugger of its own",
    "a debugger that it runs",
    "doctests",
    "code that is made",
    "a function that is made",
    "code that is made and suppresses",
    "code that goes on in finally",
    "a coroutine that is made",
    "timeit",
    "a file that it runs",
    pytest.param("while True: print('x')", id="prints"),
    pytest.param("import logging\nwhile True: logging.getLogger('x').error('x')", id="logging"),
    pytest.param("while True: asyncio.create_task(asyncio.sleep(0))", id="tasks"),
    pytest.param("while True: self.ctx.waitUntil(asyncio.sleep(9))", id="waitUntil"),
    pytest.param(IMPORTS_ONLY, id="imports"),
    # Shorter than the one in BUSY: nothing is raised within a comprehension before it ends.
    pytest.param("[[i for i in range(10**4)] for _ in range(10**6)]", id="comprehension"),
    pytest.param(
        """
while True:
    try:
        try:
            while True: pass
        except BaseException: pass
    except BaseException: pass
""",
        id="two swallowers without calls",
    ),
]

UNBOUNDED = Limits(cpu_ms=50, invocations=10**9, subrequests=10**9)


def in_a_thread(work: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine function in a loop and a thread of its own."""
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


def watchdog_runs() -> bool:
    return any(thread.name == "workernb" for thread in threading.enumerate())


async def check_the_cut(handle: Any, runtime: Any) -> None:
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == "Worker exceeded CPU time limit."
    [note] = caught.value.__notes__
    assert note.startswith("The CPU budget of the request to Worker '")
    assert "' was 50 ms" in note
    trace = await gone(runtime)
    assert trace.outcome == "exceededCpu"
    # The watchdog wakes by the wall clock and waits for the GIL, so it is later than the tick.
    assert 45 < trace.cpu_ms < 500
    assert (await runtime["echo"].fetch()).status == 200


@pytest.mark.parametrize("kind", KINDS)
def test_busy_code_is_cut_off_the_main_thread(define_busy, runtime, kind):
    handle = define_busy(kind, limits=UNBOUNDED)
    in_a_thread(lambda: check_the_cut(handle, runtime))


@pytest.mark.parametrize("kind", KINDS)
async def test_busy_code_is_cut_where_there_is_no_tick(define_busy, runtime, kind, monkeypatch):
    guard.stop()
    # Platforms without SIGPROF cannot be had here otherwise.
    monkeypatch.setattr(ticks, "has_tick", False)
    await check_the_cut(define_busy(kind, limits=UNBOUNDED), runtime)


async def end_while_it_waits(runtime: Any) -> None:
    body = """
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned up")
        self.ctx.waitUntil(asyncio.sleep(0))
    """
    handle = runtime.define("waits", worker(body), limits={"wall_ms": 50})
    with pytest.raises(LimitError):
        await handle.fetch()
    trace = await gone(runtime)
    assert "cleaned up" in [log.text for log in trace.logs]


def test_a_clean_up_prints_off_the_main_thread(runtime):
    in_a_thread(lambda: end_while_it_waits(runtime))


def test_a_cut_off_the_main_thread_leaves_no_lock_locked(runtime):
    """What a library does in a `finally` is done, though a Worker's code is cut within."""
    source = """\
import logging
from workers import Response, WorkerEntrypoint
class Spins(logging.Handler):
    def emit(self, record):
        while True:
            try: len("")
            except BaseException: len("")
HANDLER = Spins()
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        HANDLER.handle(logging.makeLogRecord({}))
"""
    handle = runtime.define("worker", source, limits=UNBOUNDED)
    runtime.define("echo", worker("return Response('x')"))
    in_a_thread(lambda: check_the_cut(handle, runtime))
    lock = sys.modules[handle.version.filename].HANDLER.lock
    assert lock.acquire(blocking=False)
    lock.release()


async def test_a_profiler_is_kept_where_there_is_no_tick(define_busy, runtime, monkeypatch):
    guard.stop()
    monkeypatch.setattr(ticks, "has_tick", False)

    def profiler(frame: object, event: str, argument: object) -> None:
        """Do nothing."""

    handle = define_busy("two retries", limits=UNBOUNDED)
    for before in (None, profiler):
        sys.setprofile(before)
        try:
            with pytest.raises(CpuLimitError):
                await handle.fetch()
            assert sys.getprofile() is before
        finally:
            sys.setprofile(None)


IMPORTS = {
    "in a handler": ("", "import endless_for_the_watchdog"),
    "as a module loads": ("import endless_for_the_watchdog\n", ""),
}


@pytest.mark.parametrize("kind", IMPORTS)
def test_an_import_that_never_ends_is_cut_off_the_main_thread(runtime, kind, tmp_path, monkeypatch):
    (tmp_path / "endless_for_the_watchdog.py").write_text("while True: pass")
    monkeypatch.syspath_prepend(tmp_path)
    runtime.limits = Limits(cpu_ms=20, startup_ms=10)
    head, body = IMPORTS[kind]

    async def work() -> None:
        with pytest.raises((CpuLimitError, StartupError)) as caught:
            await runtime.define("worker", head + worker(body or "return Response('x')")).fetch()
        assert any("cut in <worker worker v1>:" in note for note in caught.value.__notes__)

    in_a_thread(work)


@pytest.mark.parametrize("source", ["while True: pass", IMPORTS_ONLY])
def test_a_module_that_never_ends_is_cut_off_the_main_thread(runtime, source):
    runtime.limits = Limits(startup_ms=20)

    async def work() -> None:
        with pytest.raises(StartupError) as caught:
            runtime.define("worker", source)
        assert "cut in <worker worker v1>:" in caught.value.__notes__[0]

    in_a_thread(work)


def test_a_wall_clock_limit_is_kept_off_the_main_thread(define, runtime):
    handle = define("worker", "while True: time.sleep(0.001)", limits=Limits(wall_ms=100))

    async def work() -> None:
        with pytest.raises(LimitError):
            await handle.fetch()
        assert runtime.traces[-1].outcome == "exceededWallTime"

    in_a_thread(work)


@pytest.mark.parametrize("sleep", ["time.sleep(3600)", "from time import sleep; sleep(3600)"])
def test_a_sleep_is_ended_off_the_main_thread(define, runtime, sleep):
    handle = define("worker", sleep, limits=Limits(wall_ms=100))

    async def work() -> None:
        with pytest.raises(LimitError):
            await handle.fetch()
        assert runtime.traces[-1].outcome == "exceededWallTime"
        assert runtime.traces[-1].wall_ms < 1000

    in_a_thread(work)


@pytest.mark.parametrize("seconds", [0, 0.01, 0.05])
def test_a_sleep_takes_its_time_off_the_main_thread(define, seconds):
    body = (
        f"start = time.monotonic()\ntime.sleep({seconds})\n"
        "return Response.json(time.monotonic() - start)"
    )

    async def work() -> None:
        assert seconds <= await (await define("worker", body).fetch()).json()

    in_a_thread(work)


@pytest.mark.parametrize(
    ("argument", "error"), [("-1", "ValueError"), ("'1'", "TypeError"), ("None", "TypeError")]
)
def test_a_sleep_refuses_what_is_no_time_off_the_main_thread(define, argument, error):
    body = f"try: time.sleep({argument})\nexcept {error} as e: return Response(str(e))"

    async def work() -> None:
        assert (await define("worker", body).fetch()).status == 200

    in_a_thread(work)


def test_a_waiting_request_is_not_cut_off_the_main_thread(define, runtime):
    handle = define(
        "waits", "await asyncio.sleep(0.3); time.sleep(0.2); return Response('x')", limits=UNBOUNDED
    )

    async def work() -> None:
        assert (await handle.fetch()).status == 200

    in_a_thread(work)


def test_the_watchdog_ends_when_idle(define, runtime):
    handle = define("echo", "await asyncio.sleep(0.02); return Response('x')")

    async def work() -> None:
        await handle.fetch()
        assert watchdog_runs()
        while not guard.idle:  # noqa: ASYNC110 - what ends it sets no event
            await asyncio.sleep(0.001)
        assert not watchdog_runs()

    in_a_thread(work)


def test_a_request_that_begins_after_the_watchdog_has_ended_is_cut(define, runtime):
    echo = define("echo")
    busy = define("worker", "while True: pass", limits=UNBOUNDED)

    async def work() -> None:
        await echo.fetch()
        while watchdog_runs():
            time.sleep(0.001)  # noqa: ASYNC251 - a heartbeat of the loop would uninstall the guard
        assert not guard.idle
        with pytest.raises(CpuLimitError):
            await busy.fetch()

    in_a_thread(work)


def test_code_that_calls_other_workers_is_cut_off_the_main_thread(define, runtime):
    define("echo")
    handle = define(
        "worker",
        "while True:\n    burn(1)\n    await self.env.ECHO.fetch(request)",
        ECHO="echo",
        limits=Limits(cpu_ms=20, invocations=10**6, subrequests=10**6),
    )

    async def work() -> None:
        with pytest.raises(CpuLimitError, match=r"^Worker exceeded CPU time limit\."):
            await handle.fetch()

    in_a_thread(work)
