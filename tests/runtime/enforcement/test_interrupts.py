"""An interrupt ends the request that runs, and those of the same cell."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest

from workernb import CanceledError, Limits
from workernb.runtime.enforcement.guard import guard


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
