"""CPU in other threads is shown with the invocation it was for, and charged to no budget."""

from __future__ import annotations

import pytest

from workernb import Limits
from workernb.views.pictures.cpu import cpu_summary

from ..conftest import FORWARD
from .conftest import spinning_thread

WORK = {
    "a Worker's function in a thread": "await asyncio.to_thread(burn, 60)",
    "a library's function in a thread": (
        "import timeit\nawait asyncio.to_thread(timeit.timeit, 'sum(range(1000))', number=20_000)"
    ),
    "a pool of the Worker's": """
import concurrent.futures
with concurrent.futures.ThreadPoolExecutor() as pool:
    await asyncio.get_running_loop().run_in_executor(pool, burn, 60)
""",
    "a thread of the Worker's": """
import threading
thread = threading.Thread(target=burn, args=(60,))
thread.start()
while thread.is_alive():
    await asyncio.sleep(0.001)
""",
}


@pytest.mark.parametrize("kind", WORK)
async def test_cpu_in_other_threads_is_shown_with_its_invocation(define, kind):
    define("auth", WORK[kind] + "\nreturn Response('x')")
    handle = define("gateway", FORWARD, AUTH="auth", limits=Limits(cpu_ms=40))
    trace = (await handle.fetch()).trace
    gateway, auth = trace.invocations
    assert 20 < auth.off_thread_ms < 400
    assert gateway.off_thread_ms == 0
    assert trace.off_thread_ms == auth.off_thread_ms
    assert trace.cpu_ms < 40
    assert "in other threads" in cpu_summary(trace)


async def test_a_thread_of_the_notebook_is_not_charged(define):
    handle = define("worker", "await asyncio.sleep(0.15); return Response('x')")
    with spinning_thread():
        trace = (await handle.fetch()).trace
    assert trace.off_thread_ms == 0
    assert "in other threads" not in cpu_summary(trace)


async def test_the_code_of_a_module_is_its_workers(runtime):
    burn = (
        "import time\n"
        "def burn(ms):\n"
        "    end = time.thread_time() + ms / 1000\n"
        "    while time.thread_time() < end:\n"
        "        pass\n"
    )
    source = (
        "import asyncio, contextvars, threading\nfrom workers import Response\nimport work\n"
        "async def on_fetch(request):\n"
        "    thread = threading.Thread(target=work.burn, args=(60,))\n"
        "    thread.start()\n"
        "    while thread.is_alive():\n"
        "        await asyncio.sleep(0.001)\n"
        "    return Response('x')\n"
    )
    handle = runtime.define("worker", source, modules={"work.py": burn})
    assert 20 < (await handle.fetch()).trace.off_thread_ms < 400
