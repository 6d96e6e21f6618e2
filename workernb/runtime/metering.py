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


class Stamp(NamedTuple):
    """From when on (wall ns) an invocation held the thread. cpu_ns: 0 where it was not read."""

    who: Any
    wall_ns: int
    cpu_ns: int


def holder(stamps: Sequence[Any]) -> Any:
    """Return the invocation that holds the thread after the last stamp; None: nobody."""
    if not stamps or stamps[-1] is None:
        return None
    # Taken at once: the watchdog looks from another thread.
    last = _last(stamps[-3:])
    who = last.who
    while who is not None and who.ended_ns >= last.wall_ns:
        who = who.caller
    return who


def time_of_last(stamps: Sequence[Any]) -> int:
    """Return when the last stamp was made, in ns of wall clock."""
    return _last(stamps[-3:]).wall_ns


def _last(three: Sequence[Any]) -> Stamp:
    wall, cpu, who = three
    return Stamp(who, wall, cpu) if cpu.__class__ is int else Stamp(who, who.began_ns, 0)


def _read(stamps: Iterable[Any]) -> Iterator[Stamp]:
    """Yield the stamps that were made."""
    entries = iter(stamps)
    for entry in entries:
        if entry.__class__ is int:
            cpu = next(entries)
            yield Stamp(next(entries), entry, cpu)
        else:
            yield Stamp(entry, entry.began_ns, 0)


def spelled_out(stamps: Iterable[Any]) -> list[Stamp]:
    """Return the stamps that were made, and those that the ends of invocations stand for."""
    full: list[Stamp] = []
    who: Any = None
    wall = 0
    for stamp in (*_read(stamps), _NEVER):
        while who is not None and wall <= who.ended_ns < stamp.wall_ns:
            wall, who = who.ended_ns, who.caller
            full.append(Stamp(who, wall, 0))
        full.append(stamp)
        who, wall = stamp.who, stamp.wall_ns
    full.pop()
    return full


_NEVER = Stamp(None, sys.maxsize, 0)


def slices(stamps: Iterable[Stamp]) -> Iterator[Slice]:
    """Yield the slices that stamps in full tell of, oldest first."""
    for (who, begin, cpu), (_, end, cpu_after) in pairwise(_with_cpu(stamps)):
        if who is not None and end > begin:
            yield Slice(who, begin, end, max(0, cpu_after - cpu))


def sum_up(stamps: Iterable[Stamp]) -> dict[Any, int]:
    """Return the thread CPU (ns) of each invocation by itself."""
    sums: dict[Any, int] = {}
    for (who, _, cpu), (_, _, cpu_after) in pairwise(_with_cpu(stamps)):
        if who is not None and cpu_after > cpu:
            sums[who] = sums.get(who, 0) + cpu_after - cpu
    return sums


def _with_cpu(stamps: Iterable[Stamp]) -> Iterator[tuple[Any, int, int]]:
    """Yield the stamps with the CPU time of those that have none carried on from the last."""
    waiting: list[tuple[Any, int]] = []
    read_wall = read_cpu = 0
    for who, wall, cpu in stamps:
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
    def of(cls, stamps: Sequence[Stamp], folded: Mapping[Any, int] = NOTHING) -> Metering:
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
