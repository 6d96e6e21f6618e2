"""A dropdown whose options come and go, while what is chosen stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ipywidgets import Dropdown


class Choice(Dropdown):  # type: ignore[misc]
    """Offers options, each a label and a value; its value is None when there are none."""

    options: Any
    value: Any

    def __init__(self, **traits: Any) -> None:
        """Make one that offers nothing yet."""
        self._offering = False
        super().__init__(options=[], **traits)

    def offer(self, options: Sequence[tuple[str, Any]]) -> None:
        """Offer these; what is chosen stays if it is among them, and else the first is.

        On the way there the field's value is another for a moment, which nobody is told.
        """
        if tuple(self.options) == tuple(options):
            return
        kept = self.value
        values = [value for _, value in options]
        self._offering = True
        try:
            self.options = options
            self.value = kept if kept in values else next(iter(values), None)
        finally:
            self._offering = False

    def on_choice(self, act: Callable[[], object]) -> None:
        """Call `act` whenever another option is chosen, but not by `offer`."""
        self.observe(lambda change: None if self._offering else act(), "value")
