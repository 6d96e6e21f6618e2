"""Schedules: which are taken, and which are refused."""

from __future__ import annotations

import pytest

from workernb import UsageError
from workernb.runtime.services.crons import checked_cron


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
