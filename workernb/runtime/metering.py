"""From stamps to figures: who held the thread, when, for how long. Done when somebody looks.

A trace's stamps are one flat list. Three entries are wall ns, CPU ns, and the invocation that holds
the thread from here on; None: nobody of this request does. An invocation alone is what a hop leaves
most of the time: it takes the thread as it begins, and who ends gives it back to its caller. No CPU
time was read then, because a reading was at hand that was younger than `thread.FRESH_NS`: the wall
clock carries that one on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

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


Stamp: TypeAlias = tuple[Any, int, int]
"""Who holds the thread, from when on (wall ns), and the CPU ns of then: 0 where none was read."""


def holder(stamps: Sequence[Any]) -> Any:
    """Return the invocation that holds the thread after the last stamp; None: nobody."""
    if not stamps or stamps[-1] is None:
        return None
    # Taken at once: the watchdog looks from another thread.
    who, wall, _ = _last(stamps[-3:])
    while who is not None and who.ended_ns >= wall:
        who = who.caller
    return who


def time_of_last(stamps: Sequence[Any]) -> int:
    """Return when the last stamp was made, in ns of wall clock."""
    return _last(stamps[-3:])[1]


def _last(three: Sequence[Any]) -> Stamp:
    wall, cpu, who = three
    return (who, wall, cpu) if cpu.__class__ is int else (who, who.began_ns, 0)


def _read(stamps: Iterable[Any]) -> Iterator[Stamp]:
    """Yield the stamps that were made."""
    entries = iter(stamps)
    for entry in entries:
        if entry.__class__ is int:
            cpu = next(entries)
            yield next(entries), entry, cpu
        else:
            yield entry, entry.began_ns, 0


def spelled_out(stamps: Iterable[Any]) -> list[Stamp]:
    """Return the stamps that were made, and those that the ends of invocations stand for."""
    full: list[Stamp] = []
    who: Any = None
    wall = 0
    for stamp in (*_read(stamps), _NEVER):
        while who is not None and wall <= who.ended_ns < stamp[1]:
            wall, who = who.ended_ns, who.caller
            full.append((who, wall, 0))
        full.append(stamp)
        who, wall, _ = stamp
    full.pop()
    return full


_NEVER: Stamp = (None, sys.maxsize, 0)


def carried_on(stamps: Iterable[Stamp]) -> list[Stamp]:
    """Return the stamps with the CPU time of those that have none carried on from the last."""
    full: list[Stamp] = []
    waiting: list[Stamp] = []
    read_wall = read_cpu = 0
    for stamp in stamps:
        _, wall, cpu = stamp
        if not cpu:
            waiting.append(stamp)
            continue
        if waiting:
            # Never beyond this reading, should the thread have been interrupted.
            full += [(who, at, min(read_cpu + at - read_wall, cpu)) for who, at, _ in waiting]
            waiting.clear()
        read_wall, read_cpu = wall, cpu
        full.append(stamp)
    full += [(who, at, read_cpu + at - read_wall) for who, at, _ in waiting]
    return full


def slices(stamps: Iterable[Stamp]) -> Iterator[Slice]:
    """Yield the slices that stamps tell of, all with their CPU time; oldest first."""
    for (who, begin, cpu), (_, end, cpu_after) in pairwise(stamps):
        if who is not None and end > begin:
            yield Slice(who, begin, end, max(0, cpu_after - cpu))


def sum_up(stamps: Iterable[Stamp]) -> dict[Any, int]:
    """Return the thread CPU (ns) of each invocation by itself."""
    sums: dict[Any, int] = {}
    for (who, _, cpu), (_, _, cpu_after) in pairwise(stamps):
        if who is not None and cpu_after > cpu:
            sums[who] = sums.get(who, 0) + cpu_after - cpu
    return sums


@dataclass(slots=True)
class Metering:
    """A trace's slices, and the thread CPU (ns) of each invocation, alone and with its callees."""

    slices: list[Slice]
    self_ns: dict[Any, int] = field(default_factory=dict)
    inclusive_ns: dict[Invocation, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stamps: Sequence[Stamp], folded: Mapping[Any, int] = NOTHING) -> Metering:
        """Work out a trace's figures from its stamps, spelled out and carried on.

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
