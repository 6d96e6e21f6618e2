"""Hooks: what the web APIs ask of the runtime, answered for the run that is running."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.runtime.tracing.logs import console_log, log
from workernb.runtime.tracing.tracebacks import format_traceback

from .boundary import Host
from .machine import whole


class RunHooks:
    """The hooks of one realm. describe: a function of JavaScript's that tells about an error."""

    def __init__(self, host: Host, now: Callable[[], float]) -> None:
        """Answer for the runs of `host`. now: returns the time, in s since the epoch."""
        self._host = host
        self._now = now
        self.describe: Callable[[Any], Any] | None = None

    def log(self, level: str, text: str) -> None:
        """Print a line, and add it to the logs of the invocation."""
        console_log(level, text)

    def report(self, error: Any, how: str) -> None:
        """Add an exception that nobody caught to the logs of the invocation."""
        run = self._host.run
        if run is not None and run.is_condemned:
            return  # What follows from its cut is no error of its own.
        if run is None or self.describe is None:
            console_log("error", f"Uncaught{how} {error}")
            return
        about = whole(self.describe(error).to_python())
        text = format_traceback(run.error_of(int(about[0]), *about[1:]))
        text = f"Uncaught{how} {text}"
        log(run.trace, run.invocation, "error", text, f"{text}\n")

    def now(self) -> float:
        """Return the time by the runtime's clock, in ms since 1970."""
        return self._now() * 1000

    def start_timer(self, number: int, milliseconds: float) -> None:
        """Fire a timer after a time, while the invocation lasts."""
        run = self._host.run
        if run is not None:
            run.start_timer(number, milliseconds)

    def cancel_timer(self, number: int) -> None:
        """Forget a timer."""
        for run in list(self._host.runs.values()):
            run.cancel_timer(number)

    def loading(self) -> bool:
        """Return whether a module loads."""
        return self._host.run is None
