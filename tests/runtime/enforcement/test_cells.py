"""Which frames are on the stack of a cell, and the interrupt at a cell's next line."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from types import FrameType
from typing import Any

import pytest

from workernb.runtime.enforcement.cells import (
    NextLine,
    frames_of_cell,
    is_beneath_ours,
    is_nearest,
    is_of_kernel,
    may_defer,
    runs_loop,
)
from workernb.runtime.redaction import redact_tree


class Cells:
    """A notebook's cells: code that `run_code` runs, with `look` to look at its stack."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"look": self.look, "cells": self}

    def is_code(self, frame: FrameType) -> bool:
        return frame.f_globals is self.names

    def is_cell(self, frame: FrameType) -> bool:
        return self.is_code(frame) and frame.f_back.f_code.co_name == "run_code"

    def look(self, *_: Any) -> Any:
        """Keep the frame that calls this; return the first argument."""
        self.frame = sys._getframe(1)
        self.of_cell = frames_of_cell(self, self.frame)
        self.seen = {
            "of kernel": is_of_kernel(self, self.frame),
            "nearest": is_nearest(self, self.frame),
            "beneath ours": is_beneath_ours(self.frame),
            "in a loop": runs_loop(self.of_cell),
            "may defer": may_defer(self.of_cell),
        }
        return _[0] if _ else None

    def run_code(self, source: str) -> dict[str, bool]:
        """Run a cell, and return what it has seen."""
        exec(compile(source, "<cell>", "exec"), self.names)
        return self.seen


@pytest.fixture
def cells() -> Cells:
    return Cells()


def true_of(seen: dict[str, bool]) -> set[str]:
    return {name for name, value in seen.items() if value}


def test_code_of_a_cell_is_the_notebooks(cells):
    assert true_of(cells.run_code("look()")) == {"nearest"}
    assert [frame.f_code.co_name for frame in cells.of_cell] == ["<module>"]


def test_a_function_of_a_cell_is_too(cells):
    assert true_of(cells.run_code("def asks():\n    look()\nasks()")) == {"nearest"}
    assert [frame.f_code.co_name for frame in cells.of_cell] == ["asks", "<module>"]


def test_code_of_no_cell_is_the_kernels(cells):
    cells.look()
    assert true_of(cells.seen) == {"of kernel"}
    assert cells.of_cell == []


def test_without_a_notebook_nothing_is_known(cells):
    frame = sys._getframe()
    assert not is_of_kernel(None, frame)
    assert not is_nearest(None, frame)
    assert frames_of_cell(None, frame) == []
    assert may_defer([]) is False


def test_a_workers_code_is_nearer_than_the_cell_that_runs_it(cells):
    worker = "exec(compile('look()', '<worker w v1>', 'exec'), {'look': look})"
    assert true_of(cells.run_code(worker)) == set()
    assert len(cells.of_cell) == 2


def test_a_cell_that_ours_has_called_is_beneath_it(cells):
    cells.names["redact_tree"] = redact_tree
    assert true_of(cells.run_code("redact_tree('x', lambda text: look(text))")) == {
        "nearest",
        "beneath ours",
        "may defer",
    }


def test_a_cell_whose_code_a_loop_runs(cells):
    cells.names["asyncio"] = asyncio
    source = "async def asks():\n    look()\nasyncio.run(asks())"
    assert true_of(cells.run_code(source)) == {"nearest", "in a loop"}


@pytest.mark.parametrize("called_off", [False, True])
def test_an_interrupt_at_the_next_line_of_a_cell(cells, called_off):
    before = sys.gettrace()
    kept: list[NextLine] = []

    def arm() -> None:
        line = NextLine(cells, frames_of_cell(cells, sys._getframe(1)))
        line.arm()
        line.arm()  # Once more changes nothing.
        if called_off:
            line.call_off()
        kept.append(line)

    cells.names |= {"arm": arm, "ran": []}
    try:
        with contextlib.nullcontext() if called_off else pytest.raises(KeyboardInterrupt):
            cells.run_code("arm()\nran.append(1)\nlook()")
        # Python removes a tracer that has raised.
        assert sys.gettrace() is (before if called_off else None)
    finally:
        sys.settrace(before)
    assert cells.names["ran"] == [1] * called_off
    assert kept[0].over
