"""What was measured, and the table of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import NamedTuple, TypeAlias


class Result(NamedTuple):
    """One line of the table. what: a way to do the work, or how many of something there were."""

    group: str
    what: str | int


Round: TypeAlias = Callable[[], Awaitable[float]]
"""Does some work a number of times, and gives the seconds that one took."""

Results: TypeAlias = dict[Result, float]
"""The seconds that one call took, the median of the rounds; in the order of the table."""


def bare(results: Results) -> float:
    """Return the unit, in seconds."""
    return next(seconds for result, seconds in results.items() if result.what == "bare")


def table(results: Results) -> str:
    """Return the results as a table, each as a ratio to `bare`."""
    unit = bare(results)
    # Groups that were measured in turn are put together.
    order = list(dict.fromkeys(result.group for result in results))
    together = sorted(results, key=lambda result: order.index(result.group))
    lines = []
    for group, members in groupby(together, key=lambda result: result.group):
        lines += ["", f"{group:44}{'median µs':>12}{'× bare':>10}"]
        for result in members:
            name = result.what if isinstance(result.what, str) else f"{result.what:>5,}"
            seconds = results[result]
            lines.append(f"{name:44}{seconds * 1e6:12.2f}{seconds / unit:10.1f}")
    return "\n".join(lines)
