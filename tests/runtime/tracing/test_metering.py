"""From stamps to figures: the slices of each invocation, and their CPU time."""

from __future__ import annotations

from workernb.runtime.tracing.metering import Metering


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


def test_a_continued_reading_never_exceeds_the_next_one():
    a, b = Span(), Span(began_ns=40_000)
    assert slice_cpu_ns(100, 1000, a, b, 50_000, 1_500, None) == [500, 0]


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
