"""The still picture of a widget, which is what a cell's output holds.

The output has no widget view, so a notebook that is opened without its kernel, a code host and
nbconvert show the still picture and nothing else. In JupyterLab a Stage shows the widget in its
place while the kernel lives.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from workernb.views.pictures.picture import Picture

QUIET_TICKS = 40
"""The number of ticks without a change after which the still picture is updated."""


class StillOutput:
    """The output with the still picture of a widget, updated when nothing changes for a while."""

    def __init__(self, widget: Any, draw: Callable[[], Picture]) -> None:
        """Display the still picture that draw returns; in a kernel, the widget takes its place."""
        from IPython.display import display

        self._draw = draw
        self._outdated = False
        self._quiet_ticks = 0
        self._next_update = 0.0
        self._mark = f"live-{secrets.token_hex(6)}" if has_kernel() else ""
        self._stage = stage_of(widget, self._mark) if self._mark else None
        picture = self._picture()
        self._handle = display(picture, display_id=True)  # type: ignore[no-untyped-call]

    def _picture(self) -> Picture:
        picture = self._draw()
        picture.mark = self._mark
        return picture

    def tick(self, changed: bool) -> None:
        """Handle a tick. changed: whether the widget has changed since the last one."""
        self._outdated = self._outdated or changed
        self._quiet_ticks = 0 if changed else self._quiet_ticks + 1
        due = self._quiet_ticks >= QUIET_TICKS and time.monotonic() > self._next_update
        if self._outdated and due:
            self.update()

    def update(self) -> None:
        """Draw the still picture again, now."""
        began = time.monotonic()
        self._outdated = False
        self._handle.update(self._picture())
        # Spend at most a fiftieth of the time on still pictures.
        self._next_update = time.monotonic() + 50 * (time.monotonic() - began)

    def close(self) -> None:
        """Leave the still picture alone in its place."""
        if self._stage is not None:
            self._stage.close()


def has_kernel() -> bool:
    """Return whether a kernel runs this process, so that a page may show widgets."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def stage_of(widget: Any, mark: str) -> Any:
    """Return a Stage that shows a widget where the still picture with this mark is."""
    from .stage import Stage

    return Stage(mark=mark, shows=widget.model_id)
