"""The clock, what is due, and what fell due while it was moved: `%clock`."""

from __future__ import annotations

from collections.abc import Sequence

from workernb.resources.clock import Clock
from workernb.runtime.runtime import Runtime
from workernb.runtime.schedules import date_text
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.traces import Trace

from .table import Table

MAX_ROWS = 20
"""How many rows are listed of what is due, and of what fell due."""

_UNITS_S = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


class DueTable(Table):
    """The time by the runtime's clock, and what is due, the next first."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        """Take the clock as it is now."""
        now, due = clock.now(), clock.due
        rows = [
            (date_text(timer.when), f"in {duration(timer.when - now)}", runtime.redact(timer.why))
            for timer in due[:MAX_ROWS]
        ]
        more = f" (the next {MAX_ROWS} of {len(due):,})" if len(due) > MAX_ROWS else ""
        title = f"{describe_clock(clock)}; due{more}"
        super().__init__(title, ("at", "in", "what"), rows, "nothing")


class FiredTable(Table):
    """The requests that were made while the clock was moved."""

    def __init__(self, clock: Clock, count: int, traces: Sequence[Trace]) -> None:
        """Take the requests. count: how many times something was due."""
        rows = [
            (
                str(trace.number),
                trace.title,
                trace.why or "",
                trace.outcome or "running",
                ms(trace.cpu_ms),
            )
            for trace in traces[:MAX_ROWS]
        ]
        first = f", the first {MAX_ROWS} of {len(traces):,}" if len(traces) > MAX_ROWS else ""
        title = f"{describe_clock(clock)}. {count:,} fell due on the way; requests{first}"
        super().__init__(title, ("no.", "request", "why", "outcome", "CPU"), rows, "none")


def describe_clock(clock: Clock) -> str:
    """Return the clock's time, in UTC, and whether it is that of day."""
    ahead = f"{duration(clock.ahead_s)} ahead" if clock.ahead_s else "the time of day"
    return f"Clock: {date_text(clock.now())} UTC, {ahead}"


def duration(seconds: float) -> str:
    """Return a number of seconds as text, in its two largest units: `3 d 4 h`."""
    left, parts = max(0, round(seconds)), []
    for unit, size in _UNITS_S:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number:,} {unit}")
    return " ".join(parts[:2]) or "0 s"
