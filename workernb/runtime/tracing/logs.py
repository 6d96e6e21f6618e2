"""What Workers print and log, attributed to the invocation that did it."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

from workernb.workers.current import current

from .invocations import Invocation


def worker_print(
    *values: object,
    sep: str | None = None,
    end: str | None = None,
    file: Any = None,
    flush: bool = False,
) -> None:
    """Print as Python does, and keep the text in the logs of the invocation that printed it.

    This is `print` in a Worker's module; what goes to a file of the Worker's own is left alone.
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
    invocation.trace.log(invocation, "error" if to_stderr else "log", line.removesuffix("\n"), line)


_LEVELS = {"WARNING": "warn", "CRITICAL": "error"}


class LogCapture(logging.Handler):
    """Gives what a Worker logs to its invocation, and everything on to where it went before."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record that was logged while a Worker runs."""
        invocation = current.get()
        if isinstance(invocation, Invocation):
            level = _LEVELS.get(record.levelname, record.levelname.lower())
            invocation.trace.log(invocation, level, self.format(record))
        last_resort = logging.lastResort
        if last_resort and record.levelno >= last_resort.level and not self._heard(record):
            last_resort.handle(record)

    def _heard(self, record: logging.LogRecord) -> bool:
        """Return whether anybody but this handler gets the record."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False
