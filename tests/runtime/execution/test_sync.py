"""Calling from synchronous code, from other loops and from other threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest


def test_in_a_plain_script(define):
    handle = define("echo", "await asyncio.sleep(0); return Response(request.method)")
    assert asyncio.run(handle.fetch_sync(method="POST").text()) == "POST"
    assert handle.fetch_sync().status == 200


def test_an_exception_is_raised_here(define):
    handle = define("bad", "raise KeyError('x')")
    with pytest.raises(KeyError):
        handle.fetch_sync()


IN_A_LOOP = """
import asyncio
import workernb
runtime = workernb.Runtime()
echo = runtime.define("echo", '''
import asyncio
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await asyncio.sleep(0.001)
        end = __import__("time").thread_time() + 0.02
        while __import__("time").thread_time() < end: pass
        return Response(request.url)
''')
outer = runtime.define("outer", '''
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        end = __import__("time").thread_time() + 0.01
        while __import__("time").thread_time() < end: pass
        return Response(self.env.CALL[0](request.url).url)
''', vars={"CALL": [1]})
async def main():
    async def background():
        count = 0
        while True:
            await asyncio.sleep(0.001)
            count += 1
            done.append(count)
    done = []
    task = asyncio.create_task(background())
    def deep():
        return echo.fetch_sync("http://x/sync")
    assert deep().url == "http://x/sync"
    assert deep().trace.outcome == "ok"
    assert done, "background tasks go on"
    outer.version.env.CALL[0] = lambda url: deep()
    answer = await outer.fetch()
    assert answer.trace.outcome == "ok"
    inner = runtime.traces[-2] if runtime.traces[-1] is answer.trace else runtime.traces[-1]
    assert inner.invocations[0].service == "echo"
    assert 9 < answer.trace.cpu_ms < 16, answer.trace.cpu_ms
    assert 19 < inner.cpu_ms < 26, inner.cpu_ms
    assert abs(answer.trace.cpu_ns / 1e6 - answer.trace.cpu_ms) < 1, answer.trace.cpu_ns
    assert (await echo.fetch()).status == 200
    task.cancel()
asyncio.run(main())
print("fine")
"""


def test_within_a_running_loop():
    # In a process of its own: nest-asyncio2 patches asyncio for good.
    done = subprocess.run(
        [sys.executable, "-c", IN_A_LOOP], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("fine\n", 0), done.stderr
