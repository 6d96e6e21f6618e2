"""Calling from synchronous code, from other loops and from other threads."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

import workernb


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


async def test_a_call_from_another_thread_comes_to_the_runtimes_loop(define):
    handle = define("echo", "import threading; return Response(str(threading.get_ident() == MAIN))")
    define_main = f"MAIN = {threading.get_ident()}"
    handle = handle._runtime.define("echo", define_main + "\n" + handle._service.definition.source)
    await handle.fetch()
    results = []

    def sync():
        results.append(asyncio.run(handle.fetch_sync().text()))

    async def call():
        return await (await handle.fetch()).text()

    for target in (sync, lambda: results.append(asyncio.run(call()))):
        await asyncio.to_thread(target)
    assert results == ["True", "True"]


def test_a_runtime_moves_on_when_its_loop_has_ended(define):
    handle = define("echo", "return Response('x')")

    async def call():
        return (await handle.fetch()).status

    assert [asyncio.run(call()) for _ in range(3)] == [200, 200, 200]
    results = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(call())))
    thread.start()
    thread.join()
    assert results == [200]


async def test_the_public_names_are_the_documented_ones():
    assert set(workernb.__all__) <= set(dir(workernb))
    assert "Runtime" in workernb.__all__


async def test_finished_traces_are_told(define, runtime):
    told = []
    runtime.on_finished.append(told.append)
    answer = await define("echo", "return Response('x')").fetch()
    assert told == [answer.trace]


def test_importing_is_cheap():
    code = (
        "import sys, workernb\n"
        "heavy = {'matplotlib', 'networkx', 'ipywidgets', 'aiohttp', 'IPython', 'nest_asyncio2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
