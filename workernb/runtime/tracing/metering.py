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
from itertools import chain, pairwise
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


# One after the other, never all at once: what is alive at a time, the collector looks at.


def _read(stamps: Iterable[Any]) -> Iterator[Stamp]:
    """Yield the stamps that were made."""
    entries = iter(stamps)
    for entry in entries:
        if entry.__class__ is int:
            cpu = next(entries)
            yield next(entries), entry, cpu
        else:
            yield entry, entry.began_ns, 0


def _spelled_out(stamps: Iterable[Stamp]) -> Iterator[Stamp]:
    """Yield the stamps that were made, and those that the ends of invocations stand for."""
    who: Any = None
    wall = 0
    for stamp in chain(stamps, (_NEVER,)):
        while who is not None and wall <= who.ended_ns < stamp[1]:
            wall, who = who.ended_ns, who.caller
            yield who, wall, 0
        if stamp is not _NEVER:
            yield stamp
        who, wall, _ = stamp


_NEVER: Stamp = (None, sys.maxsize, 0)


def _carried_on(stamps: Iterable[Stamp]) -> Iterator[Stamp]:
    """Yield the stamps with the CPU time of those that have none carried on from the last."""
    waiting: list[Stamp] = []
    read_wall = read_cpu = 0
    for stamp in stamps:
        _, wall, cpu = stamp
        if not cpu:
            waiting.append(stamp)
            continue
        for who, at, _ in waiting:
            # Never beyond this reading, should the thread have been interrupted.
            yield who, at, min(read_cpu + at - read_wall, cpu)
        waiting.clear()
        read_wall, read_cpu = wall, cpu
        yield stamp
    for who, at, _ in waiting:
        yield who, at, read_cpu + at - read_wall


@dataclass(slots=True)
class Metering:
    """A trace's slices, and the thread CPU (ns) of each invocation, alone and with its callees."""

    slices: list[Slice]
    self_ns: dict[Any, int] = field(default_factory=dict)
    inclusive_ns: dict[Invocation, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stamps: Sequence[Any], folded: Mapping[Any, int] = NOTHING) -> Metering:
        """Work out a trace's figures from its stamps.

        `folded` is what was added up and dropped before: by invocation, or by service for those
        that were not kept.
        """
        metering = cls([], dict(folded))
        metering.add(stamps)
        inclusive = metering.inclusive_ns
        for who, used in metering.self_ns.items():
            while who is not None and not isinstance(who, str):
                inclusive[who] = inclusive.get(who, 0) + used
                who = who.caller
        return metering

    def add(self, stamps: Sequence[Any], most: int = sys.maxsize) -> None:
        """Add what stamps tell of to each invocation's own figures, and to the slices.

        most: how many slices are kept.
        """
        alone, kept = self.self_ns, self.slices
        full = _carried_on(_spelled_out(_read(stamps)))
        for (who, begin, cpu), (_, end, cpu_after) in pairwise(full):
            if who is None or end == begin:
                continue
            used = max(0, cpu_after - cpu)
            alone[who] = alone.get(who, 0) + used
            if len(kept) < most:
                kept.append(Slice(who, begin, end, used))
