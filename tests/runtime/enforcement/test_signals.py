"""The tick cuts busy code at its budget, and an interrupt ends the request that runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading

import pytest

from workernb import CanceledError, CpuLimitError, LimitError, Limits
from workernb.runtime.enforcement.guard import guard

from .busy import BUSY
from .conftest import spinning_thread

UNBOUNDED = Limits(cpu_ms=50, invocations=10**9, subrequests=10**9)

LATE = {
    "comprehension": "a list of a million numbers is freed when it is left, in one go",
    "hops": "each leaves ten thousand invocations, all of which a garbage collection visits",
}
"""What may exceed its budget by more than a tick, and why: C code is cut when it returns."""

CUTS = int(os.environ.get("WORKERNB_CUTS", "40"))
"""How many times each kind is cut in the slow test; 200 is what the project promises."""


@pytest.fixture
def interrupt_busy(runtime):
    """Send SIGINT to this process once a request in flight has used 20 ms of CPU."""

    stop = threading.Event()

    def interrupt():
        while not stop.is_set():
            if any(trace.cpu_ms > 20 for trace in list(runtime.in_flight)):
                os.kill(os.getpid(), signal.SIGINT)
                return

    thread = threading.Thread(target=interrupt)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def quick_switches():
    """Let threads take turns more often: else each turn of the loop waits 5 ms for a busy one."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("kind", BUSY)
async def test_busy_code_is_cut_at_its_budget(define_busy, runtime, kind):
    handle = define_busy(kind, limits=UNBOUNDED)
    with pytest.raises(CpuLimitError) as caught:
        await handle.fetch()
    assert str(caught.value) == "Worker exceeded CPU time limit."
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededCpu"
    assert 45 < trace.cpu_ms < 110
    assert (await runtime["echo"].fetch()).status == 200


async def test_a_waiting_request_is_not_cut(define):
    handle = define(
        "waits", "await asyncio.sleep(0.1); return Response('x')", limits=Limits(cpu_ms=5)
    )
    assert (await handle.fetch()).status == 200


async def test_cpu_time_of_the_notebook_is_not_charged(define):
    handle = define(
        "echo", "await asyncio.sleep(0.02); return Response('x')", limits=Limits(cpu_ms=5)
    )
    request = handle.fetch()
    await asyncio.sleep(0)
    for _ in range(3_000_000):
        pass
    assert (await request).status == 200


@pytest.mark.parametrize("kind", ["loop", "swallowing", "child task", "callee", "sort key"])
async def test_an_interrupt_ends_the_busy_request(
    define, define_busy, runtime, request, kind, until
):
    handle = define_busy(kind, limits=Limits(cpu_ms=20_000))
    # Handlers that an earlier test's closed loop has left go when a request on this loop ends.
    await runtime["echo"].fetch()
    await until(lambda: guard.idle)
    before = signal.getsignal(signal.SIGINT)
    request.getfixturevalue("interrupt_busy")
    with pytest.raises(CanceledError) as caught:
        await handle.fetch()
    assert "Interrupted in <worker " in caught.value.__notes__[0]
    assert runtime.traces[-1].outcome == "canceled"
    await until(lambda: guard.idle)
    assert signal.getsignal(signal.SIGINT) == before
    assert (await runtime["echo"].fetch()).status == 200


async def test_one_interrupt_ends_all_of_a_gather(define, request):
    busy = define("busy", "while True: pass", limits=Limits(cpu_ms=20_000))
    waits = define("waits", "await asyncio.sleep(0.2); return Response('x')")
    waiting = asyncio.ensure_future(waits.fetch())
    # An interrupt also ends requests that ran within the last 100 ms.
    await asyncio.sleep(0.15)
    calls = [busy.fetch(), busy.fetch()]
    request.getfixturevalue("interrupt_busy")
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result).__name__ for result in results] == ["CanceledError"] * 2
    assert (await waiting).status == 200


@pytest.mark.slow
@pytest.mark.timeout(60 + 5 * CUTS)
@pytest.mark.usefixtures("quick_switches")
@pytest.mark.parametrize("kind", BUSY)
async def test_the_cut_falls_within_two_ticks(define_busy, runtime, kind):
    handle = define_busy(kind, limits=UNBOUNDED)
    used = []
    with contextlib.ExitStack() as stack:
        for number in range(CUTS):
            if number == CUTS // 2:
                # The timer counts the CPU of all threads; the budget does not.
                stack.enter_context(spinning_thread())
            with pytest.raises(CpuLimitError):
                await handle.fetch()
            used.append(runtime.traces[-1].cpu_ms)
    late = [cpu_ms for cpu_ms in used if cpu_ms > 60]
    print(f"{kind}: {min(used):.1f} to {max(used):.1f} ms, {len(late)} of {CUTS} above 60")
    assert min(used) >= 49.5
    assert kind in LATE or len(late) <= CUTS * 0.05


ASLEEP = {
    "sleep": "time.sleep(3600)",
    "sleep in a loop": "while True: time.sleep(0.001)",
    "queue": "import queue\nqueue.Queue().get()",
    "event": "import threading\nthreading.Event().wait()",
    "swallowing": "while True:\n    try: time.sleep(3600)\n    except BaseException: pass",
}


@pytest.mark.parametrize("kind", ASLEEP)
async def test_a_wall_clock_limit_ends_code_that_blocks(define, runtime, kind):
    handle = define("worker", ASLEEP[kind], limits=Limits(wall_ms=100))
    with pytest.raises(LimitError, match="wall") as caught:
        await handle.fetch()
    assert "cut in <worker worker v1>:" in caught.value.__notes__[0]
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededWallTime"
    assert 100 < trace.wall_ms < 3_000
    define("worker")
    assert (await handle.fetch()).status == 200


async def test_what_swallows_in_a_foreign_context_is_cut_for_its_own_budget(define, runtime):
    body = """
    import contextvars
    def spin():
        while True:
            try:
                while True: pass
            except BaseException: pass
    contextvars.Context().run(spin)
    """
    handle = define("worker", body, limits=Limits(cpu_ms=50, budget="per-invocation"))
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert runtime.traces[-1].outcome == "exceededCpu"


async def test_a_callback_in_a_foreign_context_is_charged_to_the_request_it_is_of(define, runtime):
    body = """
    import contextvars
    def spin():
        while True: pass
    asyncio.get_running_loop().call_later(0.05, spin, context=contextvars.Context())
    return Response("x")
    """
    handle = define("leaver", body, limits=Limits(cpu_ms=50))
    define("echo")
    trace = (await handle.fetch()).trace
    while trace.aborted is None:
        assert (await runtime["echo"].fetch()).trace.cpu_ms < 20
        await asyncio.sleep(0.005)
    assert 45 < trace.cpu_ms < 110


@pytest.mark.slow
async def test_code_that_sleeps_is_never_cut(define):
    handle = define(
        "sleeper",
        "time.sleep(0.3); await asyncio.sleep(0.1); return Response('x')",
        limits=Limits(cpu_ms=50),
    )
    with spinning_thread():
        for _ in range(10):
            assert (await handle.fetch()).status == 200
