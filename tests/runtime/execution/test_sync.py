"""`fetch_sync`: a call that is waited for without await."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import pytest

from workernb import CanceledError


def test_a_call_where_no_loop_runs(define):
    handle = define("echo", "await asyncio.sleep(0); return Response(request.method)")
    assert asyncio.run(handle.fetch_sync(method="POST").text()) == "POST"
    assert handle.fetch_sync().status == 200


def test_an_exception_is_raised_by_the_call(define):
    handle = define("bad", "raise KeyError('x')")
    with pytest.raises(KeyError):
        handle.fetch_sync()


SETUP = '''
import asyncio
import workernb

HEAD = """
import asyncio, time
from workers import Response, WorkerEntrypoint

def burn(ms):
    began = time.thread_time()
    while time.thread_time() - began < ms / 1e3:
        pass

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        """

runtime = workernb.Runtime()
echo = runtime.define("echo", HEAD + "await asyncio.sleep(0.001); burn(20); return Response('x')")
'''


def run_in_a_loop(main: str) -> None:
    """Run the body of a main coroutine, after SETUP, in a process of its own.

    nest-asyncio2, which `fetch_sync` needs within a running loop, patches asyncio for good.
    """
    script = SETUP + "async def main():\n" + textwrap.indent(main, "    ") + "\nasyncio.run(main())"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_call_within_a_running_loop():
    run_in_a_loop("""
answer = echo.fetch_sync("http://x/sync")
assert (answer.status, answer.trace.url, answer.trace.outcome) == (200, "http://x/sync", "ok")
assert (await echo.fetch()).status == 200
""")


def test_a_call_within_a_running_loop_reads_its_body():
    run_in_a_loop("""
chunks = "\\nasync def count():\\n    yield b'0,'\\n    yield b'1,'\\n"
count = runtime.define("count", HEAD + "return Response(count())" + chunks)
assert await count.fetch_sync().text() == "0,1,"
""")


def test_a_task_ends_whatever_exception_it_raises_after_a_call_within_a_running_loop():
    run_in_a_loop("""
echo.fetch_sync()  # From now on, asyncio's Task is the one in Python.
raises = HEAD + "self.ctx.waitUntil(fail()); return Response('x')"
raises += "\\nasync def fail(): raise Odd\\nclass Odd(Exception): "
for member in ("__traceback__", "__class__"):
    odd = runtime.define("odd", raises + member + " = property(lambda self: 1 / 0)")
    trace = (await odd.fetch()).trace
    while not trace.done:
        await asyncio.sleep(0.001)
    assert (trace.outcome, trace.exception) == ("exception", "RuntimeError: Odd"), trace.exception
""")


def test_other_tasks_run_while_a_call_is_waited_for():
    run_in_a_loop("""
turns = 0

async def count():
    nonlocal turns
    while True:
        await asyncio.sleep(0)
        turns += 1

task = asyncio.create_task(count())
echo.fetch_sync()
assert turns > 0
task.cancel()
""")


def test_a_call_within_a_worker_is_charged_to_its_own_request():
    run_in_a_loop("""
echo.fetch_sync()  # Imports nest_asyncio2, which is not to be charged below.
outer = runtime.define(
    "outer",
    HEAD + "burn(10); return Response(self.env.CALLS[0]().url)",
    vars={"CALLS": [None]},
    limits={"cpu_ms": 25},  # The call's 20 ms would exceed it.
)
outer.version.env.CALLS[0] = echo.fetch_sync
answer = await outer.fetch()
(inner,) = (trace for trace in list(runtime.traces)[1:] if trace is not answer.trace)
assert (answer.trace.outcome, inner.outcome) == ("ok", "ok")
assert inner.invocations[0].service == "echo"
assert 10 <= answer.trace.cpu_ms < 20, answer.trace.cpu_ms
assert inner.cpu_ms >= 20, inner.cpu_ms
""")


def test_an_interrupt_cancels_a_waiting_call(define, runtime):
    handle = define(
        "slow",
        """
        import signal
        asyncio.get_running_loop().call_later(0, signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(1000)
        """,
    )
    with pytest.raises(CanceledError) as caught:
        handle.fetch_sync()
    assert "Interrupted while it waited in <worker slow v1>" in caught.value.__notes__[0]
    assert runtime.traces[-1].outcome == "canceled"
    assert not runtime.in_flight
