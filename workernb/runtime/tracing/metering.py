"""Metering: from stamps to slices and CPU figures, worked out when they are asked for.

A trace's stamps are one flat list. An entry of three is wall ns, CPU ns, and the invocation that
holds the thread from then on, or None. An entry of one is an invocation, and is what a hop leaves
most of the time: it takes the thread as it begins, and its end gives the thread back to its caller.
The CPU clock is not read then, because the last reading was still valid
(`clock.CPU_READING_VALID_NS`); the wall clock carries that reading on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, NamedTuple, Protocol, TypeAlias

NOTHING: Mapping[Any, int] = {}


class Span(Protocol):
    """What the figures need of an invocation: when it began and ended, in ns of wall clock."""

    began_ns: int
    ended_ns: int

    @property
    def caller(self) -> Span | None:
        """The invocation that called it, or None."""


class Slice(NamedTuple):
    """A stretch of time in which one invocation held the thread.

    begin_ns, end_ns: wall clock, as `time.perf_counter_ns` has it. cpu_ns: thread CPU.
    """

    invocation: Any
    begin_ns: int
    end_ns: int
    cpu_ns: int


Stamp: TypeAlias = tuple[Any, int, int]
"""The invocation that holds the thread, since when (wall ns), and the CPU ns then, or 0."""


def holder(stamps: Sequence[Any]) -> Any:
    """Return the invocation that holds the thread after the last stamp, or None."""
    if not stamps or stamps[-1] is None:
        return None
    # One copy, because the watchdog reads the list from another thread.
    span, wall, _ = _last(stamps[-3:])
    while span is not None and span.ended_ns >= wall:
        span = span.caller
    return span


def time_of_last(stamps: Sequence[Any]) -> int:
    """Return when the last stamp was made, in ns of wall clock."""
    return _last(stamps[-3:])[1]


def _last(three: Sequence[Any]) -> Stamp:
    wall, cpu, span = three
    return (span, wall, cpu) if cpu.__class__ is int else (span, span.began_ns, 0)


# Generators, not lists: the garbage collector looks at whatever is alive at one time.


def _read(stamps: Iterable[Any]) -> Iterator[Stamp]:
    """Yield the stamps that were made."""
    entries = iter(stamps)
    for entry in entries:
        if entry.__class__ is int:
            cpu = next(entries)
            yield next(entries), entry, cpu
        else:
            yield entry, entry.began_ns, 0


def _with_ends(stamps: Iterable[Stamp]) -> Iterator[Stamp]:
    """Yield the stamps, and one for each end of an invocation between them."""
    span: Any = None
    wall = 0
    for stamp in chain(stamps, (_NEVER,)):
        while span is not None and wall <= span.ended_ns < stamp[1]:
            wall, span = span.ended_ns, span.caller
            yield span, wall, 0
        if stamp is not _NEVER:
            yield stamp
        span, wall, _ = stamp


_NEVER: Stamp = (None, sys.maxsize, 0)


def _with_cpu(stamps: Iterable[Stamp]) -> Iterator[Stamp]:
    """Yield the stamps, each with a CPU time: the last reading, carried on by the wall clock."""
    waiting: list[Stamp] = []
    read_wall = read_cpu = 0
    for stamp in stamps:
        _, wall, cpu = stamp
        if not cpu:
            waiting.append(stamp)
            continue
        for span, at, _ in waiting:
            # Not beyond this reading: the thread may have been preempted.
            yield span, at, min(read_cpu + at - read_wall, cpu)
        waiting.clear()
        read_wall, read_cpu = wall, cpu
        yield stamp
    for span, at, _ in waiting:
        yield span, at, read_cpu + at - read_wall


@dataclass(slots=True)
class Metering:
    """A trace's slices, and the thread CPU (ns) of each invocation, alone and with its callees."""

    slices: list[Slice]
    self_ns: dict[Any, int] = field(default_factory=dict)
    inclusive_ns: dict[Any, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stamps: Sequence[Any], folded: Mapping[Any, int] = NOTHING) -> Metering:
        """Work out a trace's figures from its stamps.

        folded: CPU (ns) whose stamps were added up and dropped before; by invocation, or by
        service for invocations that were not kept.
        """
        metering = cls([], dict(folded))
        metering.add(stamps)
        inclusive = metering.inclusive_ns
        for span, used in metering.self_ns.items():
            while span is not None and not isinstance(span, str):
                inclusive[span] = inclusive.get(span, 0) + used
                span = span.caller
        return metering

    def add(self, stamps: Sequence[Any], most_slices: int = sys.maxsize) -> None:
        """Add what stamps tell of to each invocation's own figures, and to the slices.

        most_slices: how many slices are kept.
        """
        alone, kept = self.self_ns, self.slices
        full = _with_cpu(_with_ends(_read(stamps)))
        for (span, begin, cpu), (_, end, cpu_after) in pairwise(full):
            if span is None or end == begin:
                continue
            used = max(0, cpu_after - cpu)
            alone[span] = alone.get(span, 0) + used
            if len(kept) < most_slices:
                kept.append(Slice(span, begin, end, used))
