"""Fields to choose from that keep their selection when their options change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ipywidgets import Dropdown, Select


class Sticky:
    """What makes a field of ipywidgets keep its selection."""

    options: Any
    value: Any
    observe: Any

    def __init__(self, **traits: Any) -> None:
        """Create a field without options."""
        self._updating = False
        super().__init__(options=[], **traits)  # type: ignore[call-arg]

    def set_options(self, options: Sequence[tuple[str, Any]]) -> None:
        """Replace the options. The value is kept if it is among them, else the first is selected.

        The callbacks of `on_choice` are not called.
        """
        if tuple(self.options) == tuple(options):
            return
        value = self.value
        values = [value for _, value in options]
        self._updating = True
        try:
            self.options = options
            self.value = value if value in values else next(iter(values), None)
        finally:
            self._updating = False

    def on_choice(self, callback: Callable[[], object]) -> None:
        """Call `callback` whenever another option is selected, except by `set_options`."""
        self.observe(lambda change: None if self._updating else callback(), "value")


class StickyDropdown(Sticky, Dropdown):  # type: ignore[misc]
    """A dropdown of pairs of a label and a value. Without options, its value is None."""


class StickySelect(Sticky, Select):  # type: ignore[misc]
    """A list, several rows high, of pairs of a label and a value, one of which is selected."""
