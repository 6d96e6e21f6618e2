"""The still picture that is displayed below a widget.

A reopened notebook cannot show its widgets, but it does show the still pictures. While the widget
is live in JupyterLab, its script hides the still picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from workernb.views.pictures.picture import Picture

QUIET_TICKS = 40
"""The number of ticks without a change after which the still picture is updated."""


class StillOutput:
    """The output with the still picture of a widget, updated when nothing changes for a while."""

    def __init__(self, widget: Any, draw: Callable[[], Picture]) -> None:
        """Display the widget, if there is a kernel, and the still picture that draw returns."""
        from IPython.display import display

        self._draw = draw
        self._outdated = False
        self._quiet_ticks = 0
        self._next_update = 0.0
        show_widget(widget, "Alive while its kernel runs. The still picture of it:")
        self._handle = display(draw(), display_id=True)  # type: ignore[no-untyped-call]

    def tick(self, changed: bool) -> None:
        """Handle a tick. changed: whether the widget has changed since the last one."""
        self._outdated = self._outdated or changed
        self._quiet_ticks = 0 if changed else self._quiet_ticks + 1
        due = self._quiet_ticks >= QUIET_TICKS and time.monotonic() > self._next_update
        if self._outdated and due:
            began = time.monotonic()
            self._outdated = False
            self._handle.update(self._draw())
            # Spend at most a fiftieth of the time on still pictures.
            self._next_update = time.monotonic() + 50 * (time.monotonic() - began)


def show_widget(widget: Any, text: str) -> bool:
    """Display a widget, with text for pages without widgets; returns whether there is a kernel."""
    from IPython import get_ipython
    from IPython.display import display

    if getattr(get_ipython(), "kernel", None) is None:
        return False
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display(  # type: ignore[no-untyped-call]
        {"application/vnd.jupyter.widget-view+json": view, "text/plain": text}, raw=True
    )
    return True
