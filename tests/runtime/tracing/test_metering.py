"""Who held the thread, and for how long: against a direct measurement, within 5 % or 0.3 ms."""

from __future__ import annotations

from workernb.runtime.tracing.metering import Metering


class Who:
    """Stands for an invocation."""

    def __init__(self, caller=None, began_ns=0, ended_ns=0):
        self.caller, self.began_ns, self.ended_ns = caller, began_ns, ended_ns


def used(*stamps):
    return [piece.cpu_ns for piece in Metering.of(stamps).slices]


def test_a_stamp_without_cpu_carries_the_last_reading_on():
    a = Who()
    b = Who(a, 130, 150)
    assert used(100, 1000, a, b, 500, 1350, None) == [30, 20, 300]


def test_what_is_carried_on_never_passes_the_next_reading():
    a, b = Who(), Who(began_ns=40_000)
    assert used(100, 1000, a, b, 50_000, 1_500, None) == [500, 0]


def test_who_ends_gives_the_thread_back_to_whoever_still_runs():
    a = Who()
    b = Who(a, 110, 190)
    c = Who(b, 120, 180)
    pieces = Metering.of([100, 1000, a, b, c, 200, 1100, None]).slices
    assert [piece.invocation for piece in pieces] == [a, b, c, b, a]
    assert [piece.cpu_ns for piece in pieces] == [10, 10, 60, 10, 10]


def test_who_ended_before_the_slice_holds_the_thread_in_its_task():
    a = Who(None, 10, 50)
    pieces = Metering.of([100, 1000, a, 200, 1100, None]).slices
    assert [(piece.invocation, piece.cpu_ns) for piece in pieces] == [(a, 100)]


def test_figures_that_were_folded_are_added():
    a = Who()
    metering = Metering.of([100, 1000, a, 200, 1100, None], {a: 50, "auth": 7})
    assert metering.self_ns == {a: 150, "auth": 7}
    assert metering.inclusive_ns == {a: 150}


def test_stamps_that_go_on_are_counted_up_to_the_last():
    a = Who()
    b = Who(a, 120)
    assert used(100, 1000, a, b) == [20]
    assert used() == []
