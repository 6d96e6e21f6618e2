"""Crons: the schedules of a Worker, checked.

https://developers.cloudflare.com/workers/configuration/cron-triggers/
"""

from __future__ import annotations

import re
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
