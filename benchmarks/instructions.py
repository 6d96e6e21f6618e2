"""Count the instructions of a hop: `python -m benchmarks.instructions`, where there is valgrind.

Times differ from run to run; the number of instructions hardly does, whatever else the machine is
doing. A second column has the misses of a first-level instruction cache of 32 KB, which make a hop
slower than its instructions alone would. Start-up is subtracted by counting few rounds and many.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys

from benchmarks.ours import Work, ours, urls_of
from benchmarks.profiling import cpu_readings_stay_valid
from workernb.runtime.enforcement import guard, ticks

CACHES = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=49152,12,64", "--LL=1048576,16,64"]
FEW, MANY = 2, 9
"""The two numbers of rounds that are counted; the difference is that of the rounds between."""


def work() -> dict[str, Work]:
    """Return the kinds of work that are counted, by name."""
    return ours(urls_of(1000))


async def run(name: str, rounds: int) -> None:
    """Make some rounds of one kind of work, in a process that runs under valgrind."""
    # A program under valgrind is fifty times slower, so timers would go off too often.
    ticks.TICK_S = guard.BEAT_S = 3600.0
    measured = work()[name]
    with cpu_readings_stay_valid():
        for _ in range(rounds):
            await measured.run()


def count(name: str, rounds: int) -> tuple[int, int]:
    """Return the instructions, and the code cache misses, of a process that makes some rounds."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *CACHES,
         sys.executable, "-m", "benchmarks.instructions", name, str(rounds)],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    events = re.search(r"Events\s*: (.+)", done.stderr)
    counted = re.search(r"Collected : (.+)", done.stderr)
    if events is None or counted is None:
        raise RuntimeError(f"valgrind said something else:\n{done.stderr[-2000:]}")
    found = dict(zip(events[1].split(), map(int, counted[1].split()), strict=True))
    return found["Ir"], found["I1mr"]


def main() -> None:
    """Count each kind of work, and print a table."""
    if len(sys.argv) > 1:
        asyncio.run(run(sys.argv[1], int(sys.argv[2])))
        return
    if shutil.which("valgrind") is None:
        raise SystemExit("There is no valgrind here, which counts instructions.")
    print(f"Python {platform.python_version()}, {platform.machine()}")
    print(f"{'of one call':40}{'instructions':>14}{'× bare':>10}{'code not in the cache':>24}")
    bare = 0.0
    for name, measured in work().items():
        few, many = count(name, FEW), count(name, MANY)
        calls = (MANY - FEW) * measured.calls
        instructions, misses = ((b - a) / calls for a, b in zip(few, many, strict=True))
        bare = bare or instructions
        print(f"{name:40}{instructions:14,.0f}{instructions / bare:10.1f}{misses:24,.0f}")


if __name__ == "__main__":
    main()
