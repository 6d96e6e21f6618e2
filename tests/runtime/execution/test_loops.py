"""The event loop on which the requests of a runtime run."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import workernb

from ..conftest import fetch_text, respond, worker


async def test_one_thread_and_one_loop_run_all_invocations(define):
    here = 'import threading\nhere = f"{threading.get_ident()} {id(asyncio.get_running_loop())}"\n'
    define("auth", here + "return Response(here)")
    forward = "return Response(here + await (await self.env.AUTH.fetch(request)).text())"
    gateway = define("gateway", here + forward, AUTH="auth")
    expected = f"{threading.get_ident()} {id(asyncio.get_running_loop())}"
    assert await fetch_text(gateway) == expected * 2


def test_a_call_that_was_made_without_a_loop(runtime, define):
    handle = define("echo")
    assert asyncio.run(handle.fetch()).status == 200


async def test_a_call_from_another_thread_runs_on_the_runtimes_loop(define):
    handle = define("echo", "import threading; return Response(str(threading.get_ident()))")
    here = await fetch_text(handle)
    assert here == str(threading.get_ident())
    assert await asyncio.to_thread(lambda: asyncio.run(fetch_text(handle))) == here
    assert await asyncio.to_thread(lambda: asyncio.run(handle.fetch_sync().text())) == here


def test_the_next_loop_follows_one_that_has_ended(define):
    handle = define("echo", respond("x"))
    assert [asyncio.run(fetch_text(handle)) for _ in range(3)] == ["x", "x", "x"]
    with ThreadPoolExecutor() as pool:
        assert pool.submit(lambda: asyncio.run(fetch_text(handle))).result() == "x"
    assert asyncio.run(fetch_text(handle)) == "x"


def test_synchronous_calls_share_one_loop(define):
    handle = define("echo", "return Response(str(id(asyncio.get_running_loop())))")
    loops = [asyncio.run(handle.fetch_sync().text()) for _ in range(2)]
    assert loops[0] == loops[1]


def test_a_runtime_closes_the_loop_of_its_synchronous_calls():
    runtime = workernb.Runtime()
    body = "global LOOP\nLOOP = asyncio.get_running_loop()\nreturn Response('x')"
    handle = runtime.define("echo", worker(body))
    assert handle.fetch_sync().status == 200
    loop = sys.modules[handle.version.filename].LOOP
    assert not loop.is_closed()
    runtime.close()
    assert loop.is_closed()
