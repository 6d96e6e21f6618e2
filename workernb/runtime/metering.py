"""From stamps to figures: who held the thread, when, for how long. Done when somebody looks.

A stamp is (invocation, wall ns, CPU ns): from here on, this invocation holds the thread; None:
nobody of this request does. Or it is an invocation alone, which is what a hop leaves most of the
time: it takes the thread as it begins, and who ends gives it back to its caller. No CPU time was
read then (it is 0), because a reading was at hand that was younger than `thread.FRESH_NS`: the wall
clock carries that one on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .invocations import Invocation

NOTHING: Mapping[Any, int] = {}


class Slice(NamedTuple):
    """A stretch of time in which one invocation held the thread.

    begin_ns, end_ns: wall clock, as `time.perf_counter_ns` has it. cpu_ns: thread CPU.
    """

    invocation: Invocation
    begin_ns: int
    end_ns: int
    cpu_ns: int


def holder(stamps: Sequence[Any], at: int = -1) -> Any:
    """Return who holds the thread after the stamp `at`; None: nobody."""
    stamp = stamps[at]
    who, wall, _ = stamp if stamp.__class__ is tuple else (stamp, stamp.began_ns, 0)
    while who is not None and who.ended_ns >= wall:
        who = who.caller
    return who


def time_of(stamp: Any) -> int:
    """Return when a stamp was made, in ns of wall clock."""
    if stamp.__class__ is tuple:
        return stamp[1]  # type: ignore[no-any-return]
    return stamp.began_ns  # type: ignore[no-any-return]


def spelled_out(stamps: Sequence[Any]) -> list[Any]:
    """Return stamps as one flat list of invocation, wall ns, CPU ns."""
    flat: list[Any] = []
    who: Any = None
    wall = 0
    for stamp in (*stamps, (None, inf, 0)):
        next_one = stamp if stamp.__class__ is tuple else (stamp, stamp.began_ns, 0)
        while who is not None and wall <= who.ended_ns < next_one[1]:
            wall, who = who.ended_ns, who.caller
            flat += (who, wall, 0)
        flat += next_one
        who, wall, _ = next_one
    del flat[-3:]
    return flat


def slices(stamps: Sequence[Any]) -> Iterator[Slice]:
    """Yield the slices that stamps in full tell of, oldest first."""
    for (who, begin, cpu), (_, end, cpu_after) in pairwise(_with_cpu(stamps)):
        if who is not None:
            yield Slice(who, begin, end, max(0, cpu_after - cpu))


def sum_up(stamps: Sequence[Any]) -> dict[Any, int]:
    """Return the thread CPU (ns) of each invocation by itself."""
    sums: dict[Any, int] = {}
    for (who, _, cpu), (_, _, cpu_after) in pairwise(_with_cpu(stamps)):
        if who is not None and cpu_after > cpu:
            sums[who] = sums.get(who, 0) + cpu_after - cpu
    return sums


def _with_cpu(stamps: Sequence[Any]) -> Iterator[tuple[Invocation | None, int, int]]:
    """Yield the stamps with the CPU time of those that have none carried on from the last."""
    waiting: list[tuple[Any, int]] = []
    read_wall = read_cpu = 0
    for index in range(0, len(stamps), 3):
        who, wall, cpu = stamps[index : index + 3]
        if cpu:
            for carried_who, carried_wall in waiting:
                # Never beyond the next reading, should the thread have been interrupted.
                yield carried_who, carried_wall, min(read_cpu + carried_wall - read_wall, cpu)
            waiting.clear()
            read_wall, read_cpu = wall, cpu
            yield who, wall, cpu
        else:
            waiting.append((who, wall))
    for carried_who, carried_wall in waiting:
        yield carried_who, carried_wall, read_cpu + carried_wall - read_wall


@dataclass(slots=True)
class Metering:
    """A trace's slices, and the thread CPU (ns) of each invocation, alone and with its callees."""

    slices: list[Slice]
    self_ns: dict[Any, int] = field(default_factory=dict)
    inclusive_ns: dict[Invocation, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stamps: Sequence[Any], folded: Mapping[Any, int] = NOTHING) -> Metering:
        """Work out a trace's figures.

        `folded` is what was added up and dropped before: by invocation, or by service for those
        that were not kept.
        """
        metering = cls(list(slices(stamps)), sum_up(stamps))
        alone = metering.self_ns
        for who, used in folded.items():
            alone[who] = alone.get(who, 0) + used
        inclusive = metering.inclusive_ns
        for who, used in alone.items():
            while who is not None and not isinstance(who, str):
                inclusive[who] = inclusive.get(who, 0) + used
                who = who.caller
        return metering
