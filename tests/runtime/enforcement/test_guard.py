"""What the guard installs in the process while requests are in flight."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from workernb.errors import HandlerError
from workernb.runtime.enforcement.guard import guard


async def test_the_log_handler_is_removed_when_idle_and_the_tick_at_exit(define, until):
    handle = define("echo")
    guard.stop()
    handlers = list(logging.getLogger().handlers)
    profile = signal.getsignal(signal.SIGPROF)
    await handle.fetch()
    await until(lambda: guard.idle)
    assert logging.getLogger().handlers == handlers
    assert signal.getitimer(signal.ITIMER_PROF)[1] > 0
    guard.stop()
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getsignal(signal.SIGPROF) == profile


async def test_the_interrupt_handler_is_put_back_when_idle(define, until):
    handle = define("echo")
    guard.uninstall()
    before = signal.getsignal(signal.SIGINT)
    await handle.fetch()
    assert signal.getsignal(signal.SIGINT) is not before
    await until(lambda: guard.idle)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("where", ["the main thread", "another thread"])
def test_a_request_whose_loop_was_closed_holds_nothing_up(define, runtime, until, where):
    body = """
    try: await asyncio.sleep(60)
    finally: print("ends")
    """
    waits, echo = define("waits", body), define("echo")

    async def fetch():
        await waits.fetch()

    def lose_a_loop():
        loop = asyncio.new_event_loop()
        task = loop.create_task(fetch())
        task._log_destroy_pending = False  # Else asyncio complains of it, rightly.
        loop.call_later(0.05, loop.stop)
        loop.run_forever()
        loop.close()

    async def go_on():
        await echo.fetch()
        await until(lambda: guard.idle)

    if where == "the main thread":
        lose_a_loop()
    else:
        thread = threading.Thread(target=lose_a_loop)
        thread.start()
        thread.join()
    assert runtime.in_flight
    asyncio.run(go_on())
    assert not runtime.in_flight
    if where == "the main thread":
        lost = runtime.traces[-2]
        assert (lost.outcome, [log.text for log in lost.logs]) == ("canceled", ["ends"])


@pytest.fixture
def sigint() -> Iterator[None]:
    """Put back what handles SIGINT."""
    guard.uninstall()
    before = signal.getsignal(signal.SIGINT)
    yield
    guard.uninstall()
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint")
async def test_an_interrupt_without_a_running_request_goes_to_the_earlier_handler(define):
    handle = define("echo")
    received = []
    signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    await handle.fetch()
    signal.raise_signal(signal.SIGINT)
    assert received == [signal.SIGINT]


@pytest.mark.usefixtures("sigint")
async def test_an_interrupt_that_was_ignored_before_is_ignored(define):
    handle = define("echo")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # As ipykernel has it while no cell runs.
    await handle.fetch()
    signal.raise_signal(signal.SIGINT)
    guard.uninstall()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


@pytest.mark.usefixtures("sigint")
async def test_a_handler_that_the_kernel_puts_back_stands_for_what_was_there_then(define):
    handle = define("echo")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    await handle.fetch()
    # A cell, in which a request is made as well.
    between_cells = signal.signal(signal.SIGINT, signal.default_int_handler)
    await handle.fetch()
    signal.signal(signal.SIGINT, between_cells)
    signal.raise_signal(signal.SIGINT)
    await handle.fetch()
    guard.uninstall()
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def test_an_interrupt_ends_a_process_in_which_it_would_have():
    script = """
import asyncio, signal, workernb
signal.signal(signal.SIGINT, signal.SIG_DFL)
source = "from workers import Response\\nasync def on_fetch(r): return Response('x')"
handle = workernb.Runtime().define("echo", source)
async def main():
    await handle.fetch()
    signal.raise_signal(signal.SIGINT)
    print("went on")
asyncio.run(main())
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (-signal.SIGINT, b"", b"")


async def test_a_handler_that_was_set_while_requests_ran_is_kept(define):
    handle = define("echo")
    before = signal.getsignal(signal.SIGPROF)
    await handle.fetch()
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        guard.uninstall()
        assert signal.getsignal(signal.SIGPROF) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGPROF, before)


async def test_a_tick_that_comes_within_a_tick_is_left_out(define, monkeypatch):
    depths = []

    def begin_another() -> None:
        depths.append(len(depths))
        signal.raise_signal(signal.SIGPROF)

    monkeypatch.setattr(guard.ticks, "_on_tick", begin_another)
    handle = define("worker", "import signal; signal.raise_signal(signal.SIGPROF)")
    with pytest.raises(HandlerError):
        await handle.fetch()
    assert 1 <= len(depths) < 20


EXITS = '''
import asyncio, sys, threading
import workernb

SOURCE = """
import atexit
from workers import Response, WorkerEntrypoint

def spin():
    while True: pass

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        while True:
            if request.url.endswith("spin"): atexit.register(spin)
            atexit._run_exitfuncs()
"""
runtime = workernb.Runtime(workernb.Limits(cpu_ms=50))
handle = runtime.define("exits", SOURCE)

async def main():
    for path in ("spin", "", "spin"):
        try: await handle.fetch("http://exits/" + path)
        except workernb.CpuLimitError: print(runtime.traces[-1].cpu_ms < 500)

if sys.argv[1] == "main":
    asyncio.run(main())
else:
    thread = threading.Thread(target=asyncio.run, args=[main()])
    thread.start()
    thread.join()
'''
"""Runs what is registered for the exit, so it needs a process of its own."""


@pytest.mark.parametrize("thread", ["main", "another"])
def test_a_worker_that_runs_the_exit_functions_is_cut(thread):
    done = subprocess.run(
        [sys.executable, "-c", EXITS, thread],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "True\n" * 3
