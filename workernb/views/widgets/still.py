"""A widget in a cell's output, and beside it the still picture.

A notebook that is opened again shows no widget, but the still picture that was shown with it. While
the widget lives in a JupyterLab, its script hides the still one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from workernb.views.pictures.picture import Picture

REST = 40
"""For how many ticks nothing must have happened before the still picture is made anew."""


class Beside:
    """The still picture beside a widget, brought up to date when things have come to rest."""

    def __init__(self, widget: Any, still: Callable[[], Picture]) -> None:
        """Show a widget, where there is a kernel to keep it alive, and the still picture."""
        from IPython.display import display

        self._still = still
        self._old = False
        self._rested = 0
        self._not_before = 0.0
        show_widget(widget, "Alive while its kernel runs. The still picture of it:")
        self._handle = display(still(), display_id=True)  # type: ignore[no-untyped-call]

    def tick(self, news: bool) -> None:
        """Take note of whether there was news; make the picture anew when there is no more."""
        self._old = self._old or news
        self._rested = 0 if news else self._rested + 1
        if self._old and self._rested >= REST and time.monotonic() > self._not_before:
            began = time.monotonic()
            self._old = False
            self._handle.update(self._still())
            # One of fifty parts of the time, at most.
            self._not_before = time.monotonic() + 50 * (time.monotonic() - began)


def show_widget(widget: Any, words: str) -> bool:
    """Show a widget, or words where there are none; returns whether a kernel keeps it alive."""
    from IPython import get_ipython
    from IPython.display import display

    if getattr(get_ipython(), "kernel", None) is None:
        return False
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display(  # type: ignore[no-untyped-call]
        {"application/vnd.jupyter.widget-view+json": view, "text/plain": words}, raw=True
    )
    return True
