"""A request in which a debugger is used is not cut: looking takes time."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
