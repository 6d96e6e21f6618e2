"""From stamps to figures: the slices of each invocation, and their CPU time."""

from __future__ import annotations

import pytest

from workernb.runtime.tracing.metering import Metering, ms


class Span:
    """An invocation, as far as its figures need one."""

    is_operation = False

    def __init__(self, caller=None, began_ns=0, ended_ns=0):
        self.caller, self.began_ns, self.ended_ns = caller, began_ns, ended_ns


def slice_cpu_ns(*stamps):
    """Return the CPU time (ns) of each slice."""
    return [part.cpu_ns for part in Metering.of(stamps).slices]


def test_a_stamp_without_a_cpu_reading_continues_the_last_reading_by_the_wall_clock():
    a = Span()
    b = Span(a, 130, 150)
    assert slice_cpu_ns(100, 1000, a, b, 500, 1350, None) == [30, 20, 300]


@pytest.mark.parametrize("preempted", [0, 1, 2])
def test_a_preemption_is_charged_to_nobody_whoever_ran_then(preempted):
    used = [12_000, 9_000, 20_000]  # ns of CPU: a before its call, b, a after its call
    passed = list(used)
    passed[preempted] += 40_000
    begin = 100 + passed[0]
    end = begin + passed[1]
    a = Span()
    b = Span(a, begin, end)
    stamps = 100, 1_000, a, b, end + passed[2], 1_000 + sum(used), None
    assert slice_cpu_ns(*stamps) == used


def test_who_ran_is_never_charged_nothing():
    # Two preemptions of 40 µs, before the call and within it.
    a = Span()
    b = Span(a, 45_000, 90_000)
    figures = slice_cpu_ns(100, 1_000, a, b, 95_100, 16_000, None)
    assert min(figures) > 500
    assert sum(figures) == 15_000


def test_an_invocation_that_ends_returns_the_thread_to_its_caller():
    a = Span()
    b = Span(a, 110, 190)
    c = Span(b, 120, 180)
    slices = Metering.of([100, 1000, a, b, c, 200, 1100, None]).slices
    assert [part.invocation for part in slices] == [a, b, c, b, a]
    assert [part.cpu_ns for part in slices] == [10, 10, 60, 10, 10]


def test_an_ended_invocation_is_charged_for_its_tasks():
    a = Span(None, 10, 50)
    slices = Metering.of([100, 1000, a, 200, 1100, None]).slices
    assert [(part.invocation, part.cpu_ns) for part in slices] == [(a, 100)]


def test_folded_figures_are_added():
    a = Span()
    metering = Metering.of([100, 1000, a, 200, 1100, None], {a: 50, "auth": 7})
    assert metering.self_ns == {a: 150, "auth": 7}
    assert metering.inclusive_ns == {a: 150}


def test_unfinished_stamps_count_up_to_the_last():
    a = Span()
    b = Span(a, 120)
    assert slice_cpu_ns(100, 1000, a, b) == [20]
    assert slice_cpu_ns() == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 ms"),
        (1e-6, "< 0.001 ms"),
        (0.00099, "< 0.001 ms"),
        (0.001, "0.001 ms"),
        (0.0123, "0.012 ms"),
        (3.4, "3.40 ms"),
        (12.34, "12.3 ms"),
        (1203, "1,203 ms"),
    ],
)
def test_times_have_three_figures(value, text):
    assert ms(value) == text
