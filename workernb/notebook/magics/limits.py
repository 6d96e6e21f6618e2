"""`%limits`: shows, or sets, what a request may use."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.notebook.display import display
from workernb.options.limits import limits_parser, read_limits


@magics_class
class LimitsMagics(Magics):
    """The magic about limits."""

    @line_magic
    def limits(self, line: str) -> None:
        """Show, or set, what a request may use."""
        from workernb.views.tables.limits import LimitsTable

        runtime = get_runtime()
        runtime.limits = read_limits(line, runtime.limits)
        display(LimitsTable(runtime.limits))

    limits.__doc__ = limits_parser().help_text()
