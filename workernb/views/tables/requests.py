"""The last requests, and what their Workers logged: `%requests` and `%logs`."""

from __future__ import annotations

from itertools import islice

from workernb.options.watch import LogsOptions, RequestsOptions
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.invocations import Log
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.traces import Trace

from .table import Row, Table, time_of_day


class RequestsTable(Table):
    """The requests that a filter lets through, newest first; the traces that are kept have them."""

    def __init__(self, runtime: Runtime, options: RequestsOptions) -> None:
        """Take the requests as they are now. Raises UsageError for an unknown Worker."""
        if options.worker is not None and options.worker not in runtime.services:
            runtime[options.worker]  # Raises UsageError.
        traces = sorted([*runtime.traces, *runtime.in_flight], key=lambda trace: -trace.number)
        shown = islice((one for one in traces if _passes(one, options)), options.number)
        rows = [_row(trace) for trace in shown]
        headings = ("no.", "at", "by", "request", "status", "outcome", "CPU", "wall", "Workers")
        empty = "none yet" if not traces else "none of those kept"
        super().__init__("Requests (%cpu NUMBER draws one)", headings, rows, empty)


def _passes(trace: Trace, options: RequestsOptions) -> bool:
    """Return whether a request is listed. What costs most to know is asked last."""
    status, wanted = str(trace.status or ""), options.status
    in_class = wanted is not None and wanted.endswith("xx") and status.startswith(wanted[0])
    if wanted not in (None, status) and not in_class:
        return False
    if options.worker is not None and options.worker not in _workers(trace):
        return False
    if options.failed and trace.outcome in ("ok", None):
        return False
    return trace.wall_ms >= options.slower_than and (
        not options.cpu_over or trace.cpu_ms >= options.cpu_over
    )


def _row(trace: Trace) -> Row:
    return (
        str(trace.number),
        time_of_day(trace.began),
        trace.why or ("name" if trace.owner else "URL"),
        trace.title,
        str(trace.status or ""),
        trace.outcome or "running",
        ms(trace.cpu_ms),
        ms(trace.wall_ms),
        ", ".join(_workers(trace)),
    )


def _workers(trace: Trace) -> dict[str, None]:
    return dict.fromkeys(invocation.service for invocation in trace.invocations)


def logs_state(runtime: Runtime) -> object:
    """Return what changes when something is logged: of the last trace, and of those that run."""
    last = runtime.traces[-1].number if runtime.traces else 0
    running = sum(len(trace.logs) for trace in runtime.in_flight)
    return last, len(runtime.traces), running, tuple(runtime)


class LogsTable(Table):
    """What Workers printed and logged, and the runtime's messages about them, newest last."""

    def __init__(self, runtime: Runtime, options: LogsOptions) -> None:
        """Take the logs as they are now. Raises UsageError for an unknown Worker."""
        if options.worker is not None and options.worker not in runtime.services:
            runtime[options.worker]  # Raises UsageError.
        traces = sorted([*runtime.traces, *runtime.in_flight], key=lambda trace: -trace.number)
        newest = (
            (trace, log)
            for trace in traces
            for log in reversed(trace.logs)
            if _is_listed(log, options)
        )
        rows = [_log_row(trace, log) for trace, log in islice(newest, options.number)]
        headings = ("at", "request", "Worker", "level", "text")
        title = "Logs" if options.worker is None else f"Logs of {options.worker}"
        empty = "nothing" if not traces else "nothing in the requests that are kept"
        super().__init__(title, headings, rows[::-1], empty)


def _is_listed(log: Log, options: LogsOptions) -> bool:
    return (
        options.worker in (None, _worker_of(log))
        and options.level in (None, log.level)
        and (options.text is None or options.text.casefold() in log.text.casefold())
    )


def _worker_of(log: Log) -> str:
    return "" if log.invocation is None else log.invocation.service


def _log_row(trace: Trace, log: Log) -> Row:
    at = time_of_day(trace.began + log.at_ms / 1000)
    return at, str(trace.number), _worker_of(log), log.level, trace.redact(_shortened(log.text))


def _shortened(text: str) -> str:
    """Return a log's text; of a traceback, which `%trace` shows whole, the exception's line."""
    if not text.startswith("Traceback (most recent call last):"):
        return text
    lines = text.rstrip().split("\n")
    # The exception stands after the last line of the stack, and its notes stand after it.
    of_stack = [number for number, line in enumerate(lines) if line.startswith("  ")]
    return lines[min(max(of_stack, default=0) + 1, len(lines) - 1)]
