"""The tick cuts busy code at its budget."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys

import pytest

from workernb import CpuLimitError, LimitError, Limits
from workernb.runtime.enforcement.guard import guard

from .busy import BUSY
from .conftest import spinning_thread

UNBOUNDED = Limits(cpu_ms=50, invocations=10**9, subrequests=10**9)

LATE = {
    "comprehension": "a list of a million numbers is freed when it is left, in one go",
    "imports of a debugger": "an import is finished first, which takes some ms",
    "hops": "each leaves ten thousand invocations, all of which a garbage collection visits",
}
"""What may exceed its budget by more than a tick, and why: C code is cut when it returns."""

CUTS = int(os.environ.get("WORKERNB_CUTS", "40"))
"""How many times each kind is cut in the slow test; 200 is what the project promises."""


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


@pytest.mark.no_cover
@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "lambda *_: None"])
async def test_a_worker_that_takes_the_tick_is_cut_and_the_next_one_ticks(
    define, runtime, handler, until
):
    takes = f"import signal\nsignal.signal(signal.SIGPROF, {handler})\n"
    handle = define("takes", takes + "while True: len('')", limits=Limits(cpu_ms=50))
    before = signal.getsignal(signal.SIGPROF)
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    assert runtime.traces[-1].cpu_ms < 500
    await until(lambda: guard.idle)
    assert signal.getsignal(signal.SIGPROF) == guard.ticks._handler
    assert before in (guard.ticks._handler, guard.ticks._before)
