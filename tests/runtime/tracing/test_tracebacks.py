"""A request in which a debugger is used is not cut: looking takes time."""

from __future__ import annotations

import subprocess
import sys
import traceback

import pytest

from workernb import Limits

from ..conftest import GATEWAY

SCRIPT = '''
import asyncio
import workernb

SOURCE = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        x = 41
        breakpoint()
        x += 1
        return Response(str(x))
"""
runtime = workernb.Runtime(workernb.Limits(cpu_ms=30, wall_ms=200))
handle = runtime.define("debugged", SOURCE)

async def main():
    response = await handle.fetch()
    print("answer", await response.text(), response.trace.outcome, response.trace.cpu_ms > 30)

asyncio.run(main())
'''


@pytest.mark.parametrize(
    "typed", ["p sum(range(9000000))\nc\n", "p sum(range(9000000))\nn\nn\nc\n"]
)
def test_a_request_that_is_debugged_is_not_cut(typed):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=typed, capture_output=True, text=True, check=True
    )
    assert "<worker debugged v1>(" in done.stdout
    assert "answer 42 ok True" in done.stdout


async def test_a_debugged_request_is_not_cut(define):
    import bdb

    debugger = bdb.Bdb()
    debugger.reset()
    before = sys.gettrace()
    handle = define("worker", "burn(60); return Response('x')", limits=Limits(cpu_ms=20))
    sys.settrace(debugger.trace_dispatch)
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)
    try:
        assert (await handle.fetch()).status == 200
    finally:
        sys.settrace(before)


async def test_an_exception_shows_the_workers_lines_and_not_ours(define):
    define("auth", "raise ValueError('no such user')")
    handle = define("gateway", GATEWAY, AUTH="auth")
    with pytest.raises(ValueError, match="no such user") as caught:
        await handle.fetch()
    frames = traceback.extract_tb(caught.value.__traceback__)[1:]
    assert [(frame.filename, frame.line) for frame in frames] == [
        ("<worker gateway v1>", "response = await self.env.AUTH.fetch(request)"),
        ("<worker auth v1>", "raise ValueError('no such user')"),
    ]
    assert caught.value.remote is True
