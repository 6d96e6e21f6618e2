"""Logs: what Workers print and log, with the invocation that did it."""

from __future__ import annotations

import io
import logging
import re
import sys
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import Termination
from workernb.workers.current import current

from .invocations import Invocation, Log
from .tracebacks import copy_without_ours, task_of
from .traces import Trace

_LIMIT_REACHED = (
    "Log size limit exceeded: More than 256KB of data (across console.log statements, exception, "
    "request metadata and headers) was logged during a single request. Subsequent data for this "
    "request will not be recorded in logs, appear when tailing this Worker's logs, or in Tail "
    "Workers."
)


class Discard(io.TextIOBase):
    """A text file that keeps nothing: for what Workers print, and only their traces show."""

    def write(self, text: str) -> int:
        """Return the length."""
        return len(text)


def log(
    trace: Trace,
    invocation: Invocation | None,
    level: str,
    text: str,
    printed: str | None = None,
) -> None:
    """Add a log of `invocation`; ignored after the request has logged 256 KB.

    printed: text for the cell's own output, if there is any.
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


def warn(trace: Trace, invocation: Invocation | None, text: str, *, slip: bool = False) -> None:
    """Add a warning about an invocation to the request's logs.

    slip: whether the code is surely wrong. It is printed too, then, where no fetch began the
    request, since there is no card with its logs.
    """
    printed = slip and trace.invocations[0].event != "fetch"
    log(trace, invocation, "warn", text, f"warn: {text}\n" if printed else None)


def worker_print(
    *values: object,
    sep: str | None = None,
    end: str | None = None,
    file: Any = None,
    flush: bool = False,
) -> None:
    """Print as Python does, and add the text to the logs of the running invocation.

    This is `print` in a Worker's module. Only text for standard output and standard error is
    logged.
    """
    invocation = current.get()
    to_stderr = file is not None and file is sys.stderr
    if not isinstance(invocation, Invocation) or not (
        file is None or file is sys.stdout or to_stderr
    ):
        print(*values, sep=sep, end=end, file=file, flush=flush)
        return
    invocation.raise_if_overdue()
    text = io.StringIO()
    print(*values, sep=sep, end=end, file=text)
    line = text.getvalue()
    level = "error" if to_stderr else "log"
    log(invocation.trace, invocation, level, line.removesuffix("\n"), line)


def console_log(level: str, text: str) -> None:
    """Print a line, and add it to the logs of the running invocation with its own level."""
    invocation = current.get()
    if isinstance(invocation, Invocation):
        invocation.raise_if_overdue()
        log(invocation.trace, invocation, level, text, f"{text}\n")
    else:
        print(text, file=sys.stderr if level in ("warn", "error") else sys.stdout)


def is_no_end(record: logging.LogRecord) -> bool:
    """Return whether a record is not asyncio's about a callback that was ended from outside.

    A filter: the request's own error says that already.
    """
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, Termination)


def hide_ours(record: logging.LogRecord) -> bool:
    """Take our own frames out of what asyncio logs about a task or a callback.

    A filter that lets each record pass.
    """
    if record.exc_info and record.exc_info[1] is not None:
        kind, error, tb = record.exc_info
        record.exc_info = kind, error, copy_without_ours(tb)
    if isinstance(record.msg, str):
        record.msg = _DRIVES_TASK.sub("", record.msg)
    return True


_DRIVES_TASK = re.compile(r" coro=<as_coroutine\(\)[^>]*>")
"""The coroutine of ours that drives a task of a Worker's, in the representation of the task."""

_LEVELS = {"WARNING": "warn", "CRITICAL": "error"}


class LogCapture(logging.Handler):
    """Adds what a Worker logs to its invocation's logs, and keeps the default output of logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Add a record to the logs of the invocation that runs, or whose task has failed."""
        invocation = current.get() or (record.exc_info and task_of(record.exc_info[1]))
        if isinstance(invocation, Invocation):
            invocation.raise_if_overdue()
            level = _LEVELS.get(record.levelname, record.levelname.lower())
            log(invocation.trace, invocation, level, self.format(record))
        last_resort = logging.lastResort
        if last_resort and record.levelno >= last_resort.level and not self._has_other(record):
            last_resort.handle(record)

    def _has_other(self, record: logging.LogRecord) -> bool:
        """Return whether another handler receives the record."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False
