"""`%clock`: shows the runtime's clock and what is due, or moves it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import Runtime, get_runtime
from workernb.errors import UsageError
from workernb.notebook.display import display
from workernb.options.clock import ClockOptions, clock_parser
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.schedules import date_text


@magics_class
class ClockMagics(Magics):
    """The magic about the runtime's time."""

    @line_magic
    def clock(self, line: str) -> None:
        """Show or move the clock synchronously, where no await can stand."""
        run_sync(_clock(line), get_runtime())

    @line_magic
    def _clock_async(self, line: str) -> Coroutine[Any, Any, None]:
        """Show or move the clock: what `%clock` is transformed to where an await can stand."""
        return _clock(line)

    clock.__doc__ = clock_parser().help_text()


async def _clock(line: str) -> None:
    from workernb.views.tables.clock import DueTable, FiredTable

    options, runtime = ClockOptions.parse(line), get_runtime()
    clock = runtime.clock
    seconds = _seconds(runtime, options)
    if seconds is None:
        if options.back:
            clock.real()
        display(DueTable(runtime, clock))
        return
    newest = runtime.traces[-1].number if runtime.traces else 0
    count = await clock.advance(seconds)
    made = [trace for trace in runtime.traces if trace.number > newest and trace.why]
    display(FiredTable(clock, count, sorted(made, key=lambda trace: trace.number)))


def _seconds(runtime: Runtime, options: ClockOptions) -> float | None:
    """Return how far the clock is to be moved, or None; UsageError for a time that is over."""
    if options.until is None:
        return options.seconds
    seconds = options.until - runtime.clock.now()
    if seconds < 0:
        raise UsageError(
            f"The clock moves forward only: it is {date_text(runtime.clock.now())} UTC already. "
            "%clock real sets it back to the time of day."
        )
    return seconds
