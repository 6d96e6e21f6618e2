"""Each shape of busy code is cut at its budget, and other Workers serve afterwards."""

from __future__ import annotations

import pytest

from workernb import CpuLimitError, Limits

from .shapes import AROUND, BUSY_WITH, EXEMPT, SHAPES


def test_there_are_enough_shapes():
    assert len(set(SHAPES.values())) == len(AROUND) * len(BUSY_WITH) >= 150
    assert EXEMPT.keys() <= SHAPES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
async def test_busy_code_of_each_shape_is_cut(define, runtime, loop_errors, shape):
    handle = define("busy", SHAPES[shape], limits=Limits(cpu_ms=50))
    define("echo")
    with pytest.raises(CpuLimitError):
        await handle.fetch()
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededCpu"
    # The share within 60 ms is measured by `python -m benchmarks.cuts`, on a quiet machine.
    assert 45 < trace.cpu_ms < 110
    assert (await runtime["echo"].fetch()).status == 200
