"""Live tables: outputs of a cell that are updated in place while something changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from workernb.views.tables.table import Table

from .ticker import Ticker, running_loop

REFRESH_TICKS = 5
"""The number of ticks between two looks: four a second."""

LIVE_TICKS = 36_000
"""The ticks (half an hour) without a change after which a table stays as it is."""

MAX_LIVE = 8
"""How many tables are live at once; a further one ends the oldest."""


class LiveTable:
    """A table that is drawn again, in the same output, when its state has changed."""

    _live: ClassVar[list[LiveTable]] = []

    def __init__(self, draw: Callable[[], Table], state: Callable[[], object]) -> None:
        """Draw with `draw` whenever the value of `state`, which is cheap, is another one."""
        self._draw = draw
        self._state = state
        self._shown_state = state()
        self.table = draw()
        self._handle: Any = None
        self._ticks = 0

    @property
    def live(self) -> bool:
        """Whether the table is updated."""
        return self in self._live

    def __repr__(self) -> str:
        return repr(self.table)

    def _ipython_display_(self) -> None:
        """Display the table; in a kernel with a loop it lives from now on."""
        from IPython import get_ipython
        from IPython.display import display

        self._handle = display(self.table, display_id=True)  # type: ignore[no-untyped-call]
        loop = running_loop()
        # A terminal would print each update below the last one.
        if loop is not None and getattr(get_ipython(), "kernel", None) is not None:
            self._live.append(self)
            del self._live[:-MAX_LIVE]
            Ticker.of(loop).add(self)

    def tick(self) -> bool:
        """Draw the table again if its state has changed; returns whether it is still live."""
        self._ticks += 1
        if self._ticks % REFRESH_TICKS == 0 and (state := self._state()) != self._shown_state:
            self._shown_state = state
            self._ticks = 0
            self.table = self._draw()
            self._handle.update(self.table)
        if self._ticks >= LIVE_TICKS and self.live:
            self._live.remove(self)
        return self.live
