"""The results of the benchmarks, and their table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import NamedTuple, TypeAlias


class Result(NamedTuple):
    """The key of a line of the table. what: a way to do the work, or a number of something."""

    group: str
    what: str | int


Round: TypeAlias = Callable[[], Awaitable[float]]
"""Does the same work a number of times, and returns the seconds that it takes once."""

Results: TypeAlias = dict[Result, float]
"""The median seconds of a call, in the order of the table."""


def bare(results: Results) -> float:
    """Return the unit of the table, in seconds."""
    return next(seconds for result, seconds in results.items() if result.what == "bare")


def table(results: Results) -> str:
    """Return the results as a table, each as a ratio to `bare`."""
    unit = bare(results)
    # Results of two groups may alternate, and `groupby` needs each group in one piece.
    order = list(dict.fromkeys(result.group for result in results))
    grouped = sorted(results, key=lambda result: order.index(result.group))
    lines = []
    for group, members in groupby(grouped, key=lambda result: result.group):
        lines += ["", f"{group:44}{'median µs':>12}{'× bare':>10}"]
        for result in members:
            name = result.what if isinstance(result.what, str) else f"{result.what:>5,}"
            seconds = results[result]
            lines.append(f"{name:44}{seconds * 1e6:12.2f}{seconds / unit:10.1f}")
    return "\n".join(lines)
