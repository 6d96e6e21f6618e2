"""Tracebacks show the Workers' lines, and a request that is being debugged is not cut."""

from __future__ import annotations

import asyncio
import bdb
import subprocess
import sys
import traceback

import pytest

from workernb import Limits
from workernb.http import Request
from workernb.runtime.tracing.tracebacks import (
    PACKAGE,
    format_traceback,
    is_debugged,
    raised_position,
    remove_our_frames,
    trim_after_worker,
    trim_before_worker,
    waiting_position,
    worker_position,
)

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
def test_a_request_that_stops_at_a_breakpoint_is_not_cut(typed):
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], input=typed, capture_output=True, text=True, check=True
        )
        if "_tick()" not in done.stdout:
            break  # Else a tick came before the Worker's next line, and the debugger stopped there.
    assert "<worker debugged v1>(" in done.stdout
    assert "answer 42 ok True" in done.stdout


async def test_a_request_is_not_cut_under_a_debuggers_tracer(define):
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


async def test_an_exception_shows_the_lines_of_workers_only(define):
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


def worker_function(source: str, **names):
    """Return the function `handler` of a module whose file is that of a Worker."""
    exec(compile(source, "<worker auth v1>", "exec"), names)
    return names["handler"]


@pytest.fixture
def error():
    """Return an error that a library raised: the test, a Worker and json have frames in it."""
    source = "import json\ndef handler(request_class):\n    return json.loads('{')\n"
    with pytest.raises(ValueError, match="Expecting property name") as caught:
        worker_function(source)(None)
    return caught.value


def files(error: BaseException) -> list[str]:
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


def test_where_names_the_innermost_line_of_a_worker():
    handler = worker_function("def handler(look):\n    return look()\n")
    assert handler(lambda: worker_position(sys._getframe())) == "<worker auth v1>:2, in handler"
    assert worker_position(sys._getframe()) is None
    assert worker_position(None) is None


def test_raised_at_names_the_workers_line_below_a_library(error):
    assert raised_position(error) == "<worker auth v1>:3, in handler"
    assert raised_position(ValueError()) is None


def test_frames_before_the_worker_are_removed(error):
    assert files(error)[0] == __file__
    trim_before_worker(error)
    assert files(error)[0] == "<worker auth v1>"
    assert "json" in files(error)[-1]


def test_frames_behind_the_worker_are_removed(error):
    trim_after_worker(error)
    assert files(error)[-1] == "<worker auth v1>"


def test_frames_of_the_package_are_removed():
    with pytest.raises(TypeError) as caught:
        worker_function("def handler(new):\n    new('/relative')\n")(Request)
    assert files(caught.value)[-1].startswith(PACKAGE)
    remove_our_frames(caught.value)
    assert files(caught.value) == [__file__, "<worker auth v1>"]


async def test_waiting_at_names_the_line_that_awaits():
    handler = worker_function("async def handler(future):\n    await future\n")
    future = asyncio.get_running_loop().create_future()
    steps = handler(asyncio.shield(future))
    steps.send(None)
    assert waiting_position(steps) == "<worker auth v1>:2, in handler"
    steps.close()
    assert waiting_position(steps) is None


def test_an_error_is_formatted_with_its_notes(error):
    error.add_note("a note")
    lines = format_traceback(error).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "a note"


def test_a_debugger_is_recognized_by_its_tracer():
    class Debugger(bdb.Bdb):
        def trace_dispatch(self, frame, event, arg):
            return None

    before = sys.gettrace()
    assert not is_debugged()
    try:
        sys.settrace(Debugger().trace_dispatch)
        found = is_debugged()
    finally:
        sys.settrace(before)
    assert found
