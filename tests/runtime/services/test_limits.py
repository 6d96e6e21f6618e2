"""Limits: their presets, and what is refused."""

from __future__ import annotations

import pytest

from workernb import PRESETS, Limits, UsageError


def test_presets():
    assert PRESETS["notebook"] == Limits(
        cpu_ms=1_000, wall_ms=60_000, subrequests=1_000, invocations=32, depth=32
    )
    assert (PRESETS["free"].cpu_ms, PRESETS["free"].subrequests) == (10, 50)
    assert (PRESETS["standard"].cpu_ms, PRESETS["standard"].wall_ms) == (30_000, None)


@pytest.mark.parametrize("value", [0, -1, "10", True, float("nan")])
def test_a_limit_is_a_number_above_zero(value):
    with pytest.raises(UsageError, match="must be a number above 0"):
        Limits(cpu_ms=value)


def test_an_unknown_limit_is_refused():
    with pytest.raises(UsageError, match="There is no limit 'cpu'") as caught:
        Limits().but(cpu=3)
    assert caught.value.__notes__ == ["Did you mean cpu_ms?"]


def test_an_unknown_budget_is_refused():
    with pytest.raises(UsageError, match="budget must be shared or per-invocation, not 'shraed'"):
        Limits(budget="shraed")
