"""Schedules: which are taken, and which are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workernb import UsageError
from workernb.runtime.services.crons import Schedule, checked_cron


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *", "*/5 * * * *", "0,30 8-17 * * 2-6", "59 23 31 12 7", "0 0 L * *",
        "0 0 LW * *", "0 0 15W * *", "0 0 * JAN-MAR *", "0 0 * * MON,FRI", "0 0 * * 6L",
        "0 0 * * 2#1", "1-59/2 * * * *",
    ],
)  # fmt: skip
def test_what_is_taken(text):
    assert checked_cron(text) == text
    assert checked_cron(f"  {text.replace(' ', '   ')} ") == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        (5, "five fields"),
        ("60 * * * *", "no minute of a schedule"),
        ("* 24 * * *", "no hour of a schedule"),
        ("* * 0 * *", "no day of the month"),
        ("* * * 13 *", "no month of a schedule"),
        ("* * * FOO *", "no month of a schedule"),
        ("* * * * 0", "no day of the week"),
        ("* * * * 8", "no day of the week"),
        ("5-1 * * * *", "no minute"),
        ("*/0 * * * *", "no minute"),
        ("a * * * *", "no minute"),
        ("1, * * * *", "no minute"),
    ],
)
def test_what_is_refused(text, says):
    with pytest.raises(UsageError, match=says):
        checked_cron(text)


def times(text, begin, count=3):
    """Return the next times of a schedule after a time, all written alike."""
    schedule, found = Schedule(text), []
    at = datetime.fromisoformat(f"{begin}+00:00").timestamp()
    for _ in range(count):
        at = schedule.next_after(at)
        found.append(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "begin", "expected"),
    [
        ("* * * * *", "2026-11-28 23:58:30",
         ["2026-11-28 23:59", "2026-11-29 00:00", "2026-11-29 00:01"]),
        ("* * * * *", "2026-11-28 23:58:00",
         ["2026-11-28 23:59", "2026-11-29 00:00", "2026-11-29 00:01"]),
        ("*/25 8-9 * * *", "2026-11-28 08:26",
         ["2026-11-28 08:50", "2026-11-28 09:00", "2026-11-28 09:25"]),
        ("50/5 0,12 * * *", "2026-11-28 12:56",
         ["2026-11-29 00:50", "2026-11-29 00:55", "2026-11-29 12:50"]),
        ("0 0 29 2 *", "2026-01-01", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("0 0 29 FEB *", "2096-03-01", ["2104-02-29 00:00"] ),
        ("0 0 L * *", "2026-01-31 12:00",
         ["2026-02-28 00:00", "2026-03-31 00:00", "2026-04-30 00:00"]),
        # The last day of January 2026 is a Saturday, that of May a Sunday.
        ("0 0 LW 1,5 *", "2026-01-01", ["2026-01-30 00:00", "2026-05-29 00:00"]),
        # The first of August is a Saturday, that of November a Sunday, the 15th too.
        ("0 0 1W 8 *", "2026-01-01", ["2026-08-03 00:00"]),
        ("0 0 1W 11 *", "2026-01-01", ["2026-11-02 00:00"]),
        ("0 0 15W 8,11 *", "2026-01-01", ["2026-08-14 00:00", "2026-11-16 00:00"]),
        ("0 0 31W * *", "2026-04-01", ["2026-05-29 00:00", "2026-07-31 00:00"]),
        # Sunday is 1.
        ("0 9 * * 1", "2026-11-23", ["2026-11-29 09:00", "2026-12-06 09:00"]),
        ("0 9 * * MON-WED", "2026-11-28", ["2026-11-30 09:00", "2026-12-01 09:00"]),
        ("0 0 * * 6L", "2026-11-01", ["2026-11-27 00:00", "2026-12-25 00:00"]),
        ("0 0 * * 2#1", "2026-11-03", ["2026-12-07 00:00", "2027-01-04 00:00"]),
        ("0 0 * * 2#5", "2026-11-01", ["2026-11-30 00:00", "2027-03-29 00:00"]),
        # A day of the month, or one of the week.
        ("0 0 1 * MON", "2026-11-28", ["2026-11-30 00:00", "2026-12-01 00:00", "2026-12-07 00:00"]),
    ],
)  # fmt: skip
def test_the_next_times(text, begin, expected):
    assert times(text, begin, len(expected)) == expected


def test_some_days_never_come():
    assert Schedule("0 0 31 11 *").next_after(0) is None
