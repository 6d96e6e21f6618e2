"""Cuts: how much CPU busy code of many shapes has used when it is cut at a budget of 50 ms.

`python -m benchmarks.cuts [ROUNDS]` prints the share of cuts between 50 and 60 ms, and each shape
that was later. The shapes are those of the tests.
"""

from __future__ import annotations

import asyncio
import platform
import sys
import textwrap

import workernb
from tests.runtime.enforcement.shapes import EXEMPT, SHAPES

LIMITS = workernb.Limits(cpu_ms=50, invocations=10**9, subrequests=10**9)

HEAD = """\
import asyncio, time
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""


async def cut(runtime: workernb.Runtime, body: str) -> float:
    """Run a body until it is cut; return the CPU that it had used, in ms.

    Raises RuntimeError if it was not cut, or if a Worker does not serve afterwards.
    """
    indented = textwrap.indent(body, " " * 8)
    handle = runtime.define("busy", f"{HEAD}{indented}\n        return Response('x')")
    try:
        await handle.fetch()
    except workernb.CpuLimitError:
        trace = runtime.traces[-1]
    else:
        raise RuntimeError("It was not cut.")
    if trace.outcome != "exceededCpu" or (await runtime["echo"].fetch()).status != 200:
        raise RuntimeError(f"Its outcome is {trace.outcome}.")
    return trace.cpu_ms


async def main(rounds: int) -> None:
    """Cut all shapes, and print the share of those in time."""
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    runtime = workernb.Runtime(LIMITS)
    runtime.define("echo", f"{HEAD}        return Response('x')")
    late: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, body in SHAPES.items():
            cpu_ms = await cut(runtime, body)
            if not 49.5 <= cpu_ms <= 60:
                late.setdefault(name, []).append(cpu_ms)
    total = rounds * len(SHAPES)
    in_time = total - sum(map(len, late.values()))
    print(
        f"Python {platform.python_version()}: {in_time} of {total} ({in_time / total:.1%}) "
        f"at 50 to 60 ms"
    )
    for name, values in late.items():
        times = ", ".join(f"{value:.1f}" for value in values)
        print(f"  {name}: {times} ms {EXEMPT.get(name, '')}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 5))
