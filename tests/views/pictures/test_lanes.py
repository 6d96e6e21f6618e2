"""A request's CPU as data."""

from __future__ import annotations

import pytest

from workernb.views.pictures.cpu import CpuPicture


async def test_slices_are_to_scale(system):
    trace = (await system(3)["service-0"].fetch()).trace
    picture = CpuPicture(trace)
    drawn = sum(ended - began for lane in picture.lanes for began, ended in lane.slices)
    measured = sum(piece.end_ns - piece.begin_ns for piece in trace.slices) / 1e6
    assert drawn == pytest.approx(measured)
