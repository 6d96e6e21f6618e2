"""Metering: computes slices and CPU figures from stamps, when they are needed.

A trace's stamps are one flat list. A full stamp has three items: wall ns, CPU ns, and the
invocation that holds the thread from then on, or None. A short stamp is an invocation alone, which
holds the thread from its begin to its end; then its caller holds the thread again. Most hops record
a short stamp: the CPU clock is not read while its last reading is valid
(`clock.CPU_READING_VALID_NS`), and the CPU time is extrapolated by the wall clock.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Any, NamedTuple, Protocol, TypeAlias

_NOTHING_FOLDED: Mapping[Any, int] = {}


class Span(Protocol):
    """The part of an invocation, or of a store's operation, that metering uses.

    began_ns, ended_ns: wall clock. is_operation: whether its caller pays for it.
    """

    began_ns: int
    ended_ns: int
    is_operation: bool

    @property
    def caller(self) -> Span | None:
        """The invocation that called it, or None."""


def ms(value: float) -> str:
    """Format a time in ms with three digits: `0.012 ms`, `3.40 ms`, `1,203 ms`.

    What is too short for them is `< 0.001 ms`, so that only nothing is shown as `0 ms`.
    """
    if value >= 100:
        return f"{value:,.0f} ms"
    if value >= 10:
        return f"{value:.1f} ms"
    if value >= 1:
        return f"{value:.2f} ms"
    if value >= 0.001:
        return f"{value:.3f} ms"
    return "< 0.001 ms" if value > 0 else "0 ms"


class Slice(NamedTuple):
    """A period in which one invocation held the thread.

    begin_ns, end_ns: wall clock, as of `time.perf_counter_ns`. cpu_ns: thread CPU. operation: the
    store's operation that the invocation called, or None while its own code ran.
    """

    invocation: Any
    begin_ns: int
    end_ns: int
    cpu_ns: int
    operation: Any = None


Stamp: TypeAlias = tuple[Any, int, int]
"""The invocation that holds the thread, the wall ns, and the CPU ns or 0 for a short stamp."""


def holder(stamps: Sequence[Any]) -> Any:
    """Return the invocation that holds the thread after the last stamp, or None."""
    if not stamps or stamps[-1] is None:
        return None
    # A copy, because the watchdog calls this from another thread.
    span, wall, _ = _last_stamp(stamps[-3:])
    while span is not None and (span.is_operation or span.ended_ns >= wall):
        span = span.caller
    return span


def time_of_last(stamps: Sequence[Any]) -> int:
    """Return the time of the last stamp, in ns of wall clock."""
    return _last_stamp(stamps[-3:])[1]


def _last_stamp(last_items: Sequence[Any]) -> Stamp:
    wall, cpu, span = last_items
    return (span, wall, cpu) if cpu.__class__ is int else (span, span.began_ns, 0)


# Generators instead of lists: fewer live objects cost less garbage collection.


def _read(stamps: Iterable[Any]) -> Iterator[Stamp]:
    """Yield the stamps of a flat list."""
    items = iter(stamps)
    for item in items:
        if item.__class__ is int:
            cpu = next(items)
            yield next(items), item, cpu
        else:
            yield item, item.began_ns, 0


def _with_ends(stamps: Iterable[Stamp]) -> Iterator[Stamp]:
    """Yield the stamps, with one added for each end of an invocation between them."""
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
    """Yield the stamps with CPU times; those of short stamps are estimated between readings."""
    since_reading: list[Stamp] = []
    for stamp in stamps:
        if stamp[2] and since_reading:
            yield from _estimated(since_reading, stamp)
            since_reading.clear()
        since_reading.append(stamp)
    if since_reading:
        _, read_wall, read_cpu = since_reading[0]
        for span, wall, _ in since_reading:
            yield span, wall, read_cpu + wall - read_wall


def _estimated(stamps: Sequence[Stamp], reading: Stamp) -> Iterator[Stamp]:
    """Yield the stamps with CPU times. The first is a reading, and `reading` the next one.

    Where the wall clock has advanced further than the CPU clock, the thread was preempted. Most
    often that happened once, and made the interval that it fell into the longest; so that one is
    charged less. Where that cannot be, each interval is charged the same part of its wall clock, so
    that an invocation that ran is never charged nothing.
    """
    cpu = stamps[0][2]
    intervals = [after[1] - before[1] for before, after in pairwise((*stamps, reading))]
    used, passed, longest = reading[2] - cpu, sum(intervals), max(intervals)
    preempted = passed - used
    if preempted < longest or not passed:  # Nested slices may begin in the same moment.
        intervals[intervals.index(longest)] -= preempted
    else:
        intervals = [interval * used // passed for interval in intervals]
    for (span, wall, _), interval in zip(stamps, intervals, strict=True):
        yield span, wall, cpu
        cpu += interval


@dataclass(slots=True)
class Metering:
    """A trace's slices, and each invocation's thread CPU (ns), without and with its callees.

    operations_ns: that of each operation of a store, which is in its caller's figures too.
    """

    slices: list[Slice]
    self_ns: dict[Any, int] = field(default_factory=dict)
    operations_ns: dict[Any, int] = field(default_factory=dict)
    inclusive_ns: dict[Any, int] = field(default_factory=dict)

    @classmethod
    def of(cls, stamps: Sequence[Any], folded: Mapping[Any, int] = _NOTHING_FOLDED) -> Metering:
        """Compute a trace's figures from its stamps.

        folded: CPU (ns) of stamps that were summed and dropped before; by invocation, or by
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

    def add(self, stamps: Sequence[Any], max_slices: int = sys.maxsize) -> None:
        """Add the stamps to the slices, and to the figures without callees.

        max_slices: how many slices are kept.
        """
        self_ns, slices = self.self_ns, self.slices
        full_stamps = _with_cpu(_with_ends(_read(stamps)))
        for (span, begin, cpu), (_, end, cpu_after) in pairwise(full_stamps):
            if span is None or end == begin:
                continue
            used = max(0, cpu_after - cpu)
            operation = None
            if span.is_operation:
                operation, span = span, span.caller
                self.operations_ns[operation] = self.operations_ns.get(operation, 0) + used
            self_ns[span] = self_ns.get(span, 0) + used
            if len(slices) < max_slices:
                slices.append(Slice(span, begin, end, used, operation))
