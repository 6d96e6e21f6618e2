"""Crons: the schedules of a Worker, checked, and the times that they mean.

https://developers.cloudflare.com/workers/configuration/cron-triggers/
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from workernb.errors import UsageError


class Field(NamedTuple):
    """One of the five fields of a schedule. low, high: its range. names: words for its numbers."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    extra: str = ""


_MONTHS = tuple("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split())
_DAYS = tuple("SUN MON TUE WED THU FRI SAT".split())
FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31, (), r"L|LW|\d+W"),
    Field("month", 1, 12, _MONTHS),
    Field("day of the week", 1, 7, _DAYS, r"[1-7]L|[1-7]#[1-5]"),
)
"""The fields in their order. Days of the week are counted from 1, Sunday, as on the platform."""

_DAY_FIELDS = (2, 4)
_part = re.compile(r"(\*|\w+(?:-\w+)?)(?:/(\d+))?").fullmatch


def checked_cron(text: object) -> str:
    """Return a schedule, as `*/5 * * * *`, with one blank between its fields; UsageError."""
    fields = text.split() if isinstance(text, str) else []
    if len(fields) != len(FIELDS):
        raise UsageError(
            f"A schedule has five fields, minute to day of the week: '*/5 * * * *', not {text!r}."
        )
    for field, given in zip(FIELDS, fields, strict=True):
        for part in given.split(","):
            _check_part(field, part.upper(), given)
    return " ".join(fields)


MAX_DAYS = 366 * 12
"""How many days are searched for the next time: between two 29ths of February there may be eight
years."""


class Schedule:
    """The times of a schedule, in UTC. Of a day of the month and one of the week, either counts."""

    def __init__(self, text: str) -> None:
        """Read a schedule; UsageError if it is invalid."""
        given = checked_cron(text).upper().split()
        self._minutes, self._hours, _, self._months, _ = (
            [] if number in _DAY_FIELDS else sorted(_values(FIELDS[number], given[number]))
            for number in range(len(FIELDS))
        )
        self._of_month, self._of_week = given[2].split(","), given[4].split(",")

    def next_after(self, at: float) -> float | None:
        """Return the next time after `at`, both in s since the epoch; None if there is none."""
        begin = datetime.fromtimestamp(at // 60 * 60 + 60, UTC)
        day, earliest = begin.date(), begin.time()
        for _ in range(MAX_DAYS):
            if day.month in self._months and self._is_on(day):
                for hour in self._hours:
                    for minute in self._minutes:
                        if time(hour, minute) >= earliest:
                            found = datetime.combine(day, time(hour, minute), UTC)
                            return found.timestamp()
            day, earliest = day + timedelta(days=1), time.min
        return None

    def _is_on(self, day: date) -> bool:
        given = [
            any(meets(part, day) for part in parts)
            for parts, meets in ((self._of_month, _day_of_month), (self._of_week, _day_of_week))
            if parts != ["*"]
        ]
        return any(given) or not given


def _values(field: Field, given: str) -> Iterator[int]:
    """Yield the numbers that a field without extras means."""
    for part in given.split(","):
        match = _part(part)
        assert match is not None
        span, _, last = match[1].partition("-")
        low = field.low if span == "*" else _number(field, span)
        high = _number(field, last) if last else field.high if span == "*" or match[2] else low
        assert low is not None
        assert high is not None
        yield from range(low, high + 1, int(match[2] or 1))


def _day_of_month(part: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if part == "L":
        return day.day == last
    if not part.endswith("W"):
        return day.day in _values(FIELDS[2], part)
    number = last if part == "LW" else int(part[:-1])
    if number > last:
        return False
    return day.day == _nearest_weekday(day.replace(day=number), last)


def _nearest_weekday(day: date, last: int) -> int:
    """Return the weekday nearest to a day, within its month."""
    if day.weekday() == calendar.SATURDAY:
        return day.day - 1 if day.day > 1 else 3
    if day.weekday() == calendar.SUNDAY:
        return day.day + 1 if day.day < last else last - 2
    return day.day


def _day_of_week(part: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1  # Sunday is 1.
    if part.endswith("L") and part[:-1].isdecimal():
        last = calendar.monthrange(day.year, day.month)[1]
        return number == int(part[:-1]) and day.day + 7 > last
    if "#" in part:
        weekday, _, nth = part.partition("#")
        return number == int(weekday) and (day.day - 1) // 7 + 1 == int(nth)
    return number in _values(FIELDS[4], part)


def _check_part(field: Field, part: str, given: str) -> None:
    if field.extra and re.fullmatch(field.extra, part):
        return
    match = _part(part)
    numbers = [] if match is None or match[1] == "*" else match[1].split("-")
    if match is not None and match[2] != "0":
        values = [_number(field, number) for number in numbers]
        ordered = values == sorted(v for v in values if v is not None)
        if all(v is not None and field.low <= v <= field.high for v in values) and ordered:
            return
    raise UsageError(
        f"{given!r} is no {field.name} of a schedule: write *, numbers from {field.low} to "
        f"{field.high}, ranges as 1-5, or steps as */5."
    )


def _number(field: Field, text: str) -> int | None:
    if text in field.names:
        return field.names.index(text) + 1
    return int(text) if text.isdecimal() else None
