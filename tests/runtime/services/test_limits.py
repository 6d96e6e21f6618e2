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


@pytest.mark.parametrize("name", ["wall_ms", "subrequests", "invocations", "depth", "memory_mb"])
def test_each_limit_is_checked(name):
    with pytest.raises(UsageError, match=f"{name} must be a number above 0, not -1"):
        Limits(**{name: -1})


def test_times_may_be_unlimited_and_counts_may_not():
    unlimited = Limits(cpu_ms=None, wall_ms=None)
    assert unlimited.of_budget == ""
    with pytest.raises(UsageError, match="subrequests must be a number above 0, not None"):
        Limits(subrequests=None)


def test_a_budget_is_described_behind_what_was_used():
    assert Limits(cpu_ms=1_500).of_budget == " of 1,500 ms"
    assert Limits(cpu_ms=50, budget="per-invocation").of_budget == ", 50 ms each"


def test_some_limits_can_be_changed():
    limits = Limits(cpu_ms=5, depth=3)
    assert limits.but(depth=4) == Limits(cpu_ms=5, depth=4)
    assert limits.but() == limits
