"""Measure how far invocations' CPU figures are off: `python -m benchmarks.figures`.

Most hops do not read the CPU clock: their times are the last reading, carried on by the wall clock.
Here each hop reads it as well, into a list of its own, so the same request gives both the figures
that the runtime computes and the exact ones. One busy process for each processor preempts the
thread meanwhile; `--idle` leaves them out.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from workernb import Handle, Limits, Runtime, Trace
from workernb.runtime.execution import hop
from workernb.runtime.tracing import clock

AUTH = """
import asyncio
import time
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        until = time.perf_counter() + float(request.headers["x-busy"])
        while time.perf_counter() < until:
            pass
        await asyncio.sleep(0)
        return Response("allowed")
"""

GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for busy in ("0", "20e-6", "50e-6"):
            await self.env.AUTH.fetch("http://auth/", headers={"x-busy": busy})
        return Response("data")
"""

BOUNDS_US = (1, 10, 100)
"""The errors whose number is counted."""


class Figure(NamedTuple):
    """An invocation's CPU (ns): as the runtime computes it, and as it was."""

    computed: int
    exact: int

    @property
    def error_us(self) -> float:
        """How far the computed figure is off, in µs."""
        return abs(self.computed - self.exact) / 1e3


class ExactClock:
    """Reads the CPU clock with each reading of the wall clock. cpu_at: CPU ns by wall ns."""

    def __init__(self) -> None:
        """Begin without readings."""
        self.cpu_at: dict[int, int] = {}

    def __call__(self) -> int:
        """Return the wall clock (ns)."""
        now = time.perf_counter_ns()
        self.cpu_at[now] = time.thread_time_ns()
        return now

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let hops and slices use this clock."""
        before = hop.wall_clock, clock.wall_clock
        hop.wall_clock = clock.wall_clock = self
        try:
            yield
        finally:
            hop.wall_clock, clock.wall_clock = before

    def figures(self, trace: Trace) -> list[Figure]:
        """Return the figures of a request's invocations, in call order."""
        exact = dict.fromkeys(trace.invocations, 0)
        for part in trace.slices:
            exact[part.invocation] += self.cpu_at[part.end_ns] - self.cpu_at[part.begin_ns]
        computed = trace.metering.self_ns
        return [Figure(computed.get(invocation, 0), exact[invocation]) for invocation in exact]


def define() -> Handle:
    """Define a gateway whose requests make three calls of different length."""
    runtime = Runtime(Limits(cpu_ms=None, wall_ms=None))
    runtime.define("auth", AUTH)
    return runtime.define("gateway", GATEWAY, services={"AUTH": "auth"})


async def measure(requests: int) -> list[Figure]:
    """Return the figures of all invocations of some requests."""
    gateway, exact_clock = define(), ExactClock()
    figures: list[Figure] = []
    with exact_clock.installed():
        for _ in range(requests):
            answer = await gateway.fetch("http://gateway/")
            figures += exact_clock.figures(answer.trace)
            exact_clock.cpu_at.clear()
    return figures


def spin() -> None:
    """Use up a processor."""
    while True:
        pass


@contextmanager
def busy_processors(number: int) -> Iterator[None]:
    """Run busy processes."""
    processes = [multiprocessing.Process(target=spin, daemon=True) for _ in range(number)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def table(figures: list[Figure]) -> str:
    """Return how many figures are off by how much."""
    errors = sorted(figure.error_us for figure in figures)
    total = sum(figure.exact for figure in figures)
    ran_for_nothing = sum(figure.computed < 0.05 * figure.exact for figure in figures)
    rows = [("figures of invocations", f"{len(errors):,}")]
    for bound in BOUNDS_US:
        off = sum(error > bound for error in errors)
        rows.append((f"off by more than {bound} µs", f"{off:,} ({100 * off / len(errors):.3f} %)"))
    rows += [
        ("the largest error", f"{errors[-1]:.1f} µs"),
        ("the median error", f"{errors[len(errors) // 2]:.2f} µs"),
        ("all errors, of all CPU", f"{100 * sum(errors) * 1e3 / total:.3f} %"),
        ("shown with less than a twentieth of their CPU", f"{ran_for_nothing:,}"),
    ]
    return "\n".join(f"{name:46}{value:>20}" for name, value in rows)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser("benchmarks.figures", description="How far figures are off.")
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--idle", action="store_true", help="no busy processes beside it")
    options = parser.parse_args()
    busy = 0 if options.idle else os.cpu_count() or 1
    with busy_processors(busy):
        figures = asyncio.run(measure(options.requests))
    print(f"Python {platform.python_version()}, {busy} busy processes beside it")
    print(table(figures))


if __name__ == "__main__":
    main()
