"""The still picture below a widget."""

from __future__ import annotations

from typing import Any

import pytest

from workernb import GraphView
from workernb.views.pictures.graph import GraphPicture
from workernb.views.widgets import still
from workernb.views.widgets.still import QUIET_TICKS, StillOutput, has_kernel


class Output:
    """An output of a cell, as `display(..., display_id=True)` returns it."""

    def __init__(self) -> None:
        self.updates: list[object] = []

    def update(self, picture: object) -> None:
        self.updates.append(picture)


@pytest.fixture
def output(monkeypatch) -> Output:
    output = Output()
    monkeypatch.setattr("IPython.display.display", lambda *args, **options: output)
    return output


def test_it_is_updated_when_nothing_changes_for_a_while(runtime, output, monkeypatch):
    now = 100.0
    monkeypatch.setattr(still.time, "monotonic", lambda: now)
    view = GraphView(runtime)
    shown = StillOutput(view, view.still)

    def tick(*changes: bool) -> int:
        for changed in changes:
            shown.tick(changed)
        return len(output.updates)

    quiet = [False] * QUIET_TICKS
    assert tick(*quiet, *quiet) == 0
    assert tick(True, *quiet[1:]) == 0
    assert tick(False) == 1
    assert tick(*quiet) == 1


def test_an_expensive_picture_is_updated_rarely(runtime, output, monkeypatch):
    times = [100.0]
    monkeypatch.setattr(still.time, "monotonic", lambda: times[0])

    def draw() -> Any:
        times[0] += 1
        return GraphPicture(runtime)

    shown = StillOutput(GraphView(runtime), draw)
    quiet = [False] * QUIET_TICKS

    def change() -> int:
        for changed in (True, *quiet):
            shown.tick(changed)
        return len(output.updates)

    assert change() == 1
    times[0] += 49
    assert change() == 1
    times[0] += 2
    assert change() == 2


def test_without_a_kernel_the_still_picture_is_all_there_is(runtime, output):
    assert not has_kernel()
    view = GraphView(runtime)
    StillOutput(view, view.still)
    assert "data-mark" not in view.still().svg()


def test_in_a_kernel_a_stage_knows_the_still_picture_by_its_mark(runtime, output, monkeypatch):
    stages = []
    monkeypatch.setattr(still, "has_kernel", lambda: True)
    monkeypatch.setattr(still, "stage_of", lambda widget, mark: stages.append(mark))
    view = GraphView(runtime)
    StillOutput(view, view.still)
    StillOutput(view, view.still)
    assert len(set(stages)) == 2
    assert f"data-mark='{stages[1]}'" in view.still().svg()[:200]
