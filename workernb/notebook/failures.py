"""What a cell shows when it fails: the user's own lines, and none of ours or IPython's."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

from workernb.errors import OneLine, WorkernbError
from workernb.runtime.tracebacks import clean, is_worker


class CellError(WorkernbError):
    """A cell that cannot be loaded; shows Python's own lines about it."""

    def __init__(self, error: SyntaxError) -> None:
        """Keep what Python says about a syntax error."""
        super().__init__(f"{type(error).__name__}: {error.msg} (line {error.lineno})")
        self._lines = "".join(traceback.format_exception_only(error)).splitlines()

    def _render_traceback_(self) -> list[str]:
        return self._lines


class FetchError(OneLine):
    """A fetch that was asked to fail its cell: `-f` and a status of 400 or more, or `-m`."""


def show_only_workers_frames(error: BaseException, shell: Any) -> None:
    """Let the notebook show an exception at import from the Worker's own first line on."""
    tb: TracebackType | None = error.__traceback__
    while tb is not None and not is_worker(tb.tb_frame):
        tb = tb.tb_next
    error.__traceback__ = tb
    clean(error)
    lines = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    try:
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    except AttributeError:
        return
