"""Logs: what Workers print and log, attributed to the invocation that did it."""

from __future__ import annotations

import io
import logging
import sys
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.workers.current import current

from .invocations import Invocation, Log
from .traces import Trace

_LIMIT_REACHED = (
    "Log size limit exceeded: More than 256KB of data (across console.log statements, exception, "
    "request metadata and headers) was logged during a single request. Subsequent data for this "
    "request will not be recorded in logs, appear when tailing this Worker's logs, or in Tail "
    "Workers."
)


def log(
    trace: Trace,
    invocation: Invocation | None,
    level: str,
    text: str,
    printed: str | None = None,
) -> None:
    """Keep what `invocation` logged; nothing more once the request has logged 256 KB.

    printed: the text that goes to the cell's own output as well.
    """
    if printed is not None:
        trace.echo.write(trace.redact(printed))
    if trace.log_characters_left < 0:
        return
    text = trace.redact(text)
    trace.log_characters_left -= len(text)
    if trace.log_characters_left < 0:
        level, text = "warn", _LIMIT_REACHED
    trace.add_log(Log((wall_clock() - trace.began_ns) / 1e6, level, text, invocation))


def warn(trace: Trace, invocation: Invocation | None, text: str) -> None:
    """Say something about an invocation in the request's logs."""
    log(trace, invocation, "warn", text)


def worker_print(
    *values: object,
    sep: str | None = None,
    end: str | None = None,
    file: Any = None,
    flush: bool = False,
) -> None:
    """Print as Python does, and keep the text in the logs of the invocation that printed it.

    This is `print` in a Worker's module. What goes to another file than standard output or
    standard error is left alone.
    """
    invocation = current.get()
    to_stderr = file is not None and file is sys.stderr
    if not isinstance(invocation, Invocation) or not (
        file is None or file is sys.stdout or to_stderr
    ):
        print(*values, sep=sep, end=end, file=file, flush=flush)
        return
    text = io.StringIO()
    print(*values, sep=sep, end=end, file=text)
    line = text.getvalue()
    level = "error" if to_stderr else "log"
    log(invocation.trace, invocation, level, line.removesuffix("\n"), line)


_LEVELS = {"WARNING": "warn", "CRITICAL": "error"}


class LogCapture(logging.Handler):
    """Gives what a Worker logs to its invocation, and everything on to where it went before."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record that was logged while a Worker runs."""
        invocation = current.get()
        if isinstance(invocation, Invocation):
            level = _LEVELS.get(record.levelname, record.levelname.lower())
            log(invocation.trace, invocation, level, self.format(record))
        last_resort = logging.lastResort
        if last_resort and record.levelno >= last_resort.level and not self._has_other(record):
            last_resort.handle(record)

    def _has_other(self, record: logging.LogRecord) -> bool:
        """Return whether any other handler gets the record."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False
