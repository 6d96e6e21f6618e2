"""The time axis."""

from __future__ import annotations

import pytest

from workernb.views.pictures.axis import nice_step


@pytest.mark.parametrize(("length", "step"), [(0, 1), (1, 0.2), (4.9, 1), (10, 2), (1234, 500)])
def test_steps_of_the_axis_are_round(length, step):
    assert nice_step(length) == pytest.approx(step)
