"""The options of `%requests`, `%logs`, `%graph`, `%cpu`, `%trace`: they show what has happened."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workernb.errors import OptionError, UsageError, did_you_mean, with_notes

from .change import service_of
from .parser import Parser, number

LEVELS = ("log", "debug", "info", "warn", "error")
"""The levels of logs: `log` is what was printed."""

LISTED = 20
"""How many rows are listed unless -n says otherwise."""

_is_status = re.compile(r"[1-5](?:\d\d|xx)").fullmatch


def requests_parser() -> Parser:
    """Return the parser of `%requests`."""
    parser = Parser("%requests", "List the last requests, newest first; %cpu NUMBER draws one.")
    add = parser.add_argument
    add("worker", metavar="WORKER", nargs="?", help="only those that this Worker took part in")
    add("--status", metavar="STATUS", help="only those with this status: 404, or 5xx")
    add("--failed", action="store_true", help="only those whose outcome is not ok")
    add("--slower-than", type=number, metavar="MS", help="only those that took longer, in ms")
    add("--cpu-over", type=number, metavar="MS", help="only those that used more CPU, in ms")
    add("-n", "--number", type=int, default=LISTED, metavar="N",
        help=f"how many at most, {LISTED} unless given")  # fmt: skip
    return parser


def logs_parser() -> Parser:
    """Return the parser of `%logs`."""
    parser = Parser("%logs", "List what Workers print and log, newest last, live.")
    add = parser.add_argument
    add("worker", metavar="WORKER", nargs="?", help="only those of this Worker")
    add("--level", metavar="LEVEL", help=f"only those of this level: {', '.join(LEVELS)}")
    add("--text", metavar="TEXT", help="only those that contain this text, in any case")
    add("-n", "--number", type=int, default=LISTED, metavar="N",
        help=f"how many at most, {LISTED} unless given")  # fmt: skip
    return parser


def trace_parser() -> Parser:
    """Return the parser of `%trace`."""
    parser = Parser(
        "%trace",
        "Show a request's tree of invocations. Without a number the last request that no tail "
        "handler has answered; -2 is the last but one.",
    )
    add = parser.add_argument
    add("number", metavar="NUMBER", nargs="?", help="the request's number, as in %%requests")
    add("--perfetto", metavar="FILE",
        help="write it for https://ui.perfetto.dev instead: Chrome trace JSON")  # fmt: skip
    add("--otlp", metavar="FILE", help="write it as OTLP/JSON instead, as for a collector")
    return parser


PICTURE_ENDINGS = (".svg", ".png", ".pdf")
"""What the names of files of pictures end with."""

_OUTPUT = f"write the picture into a file instead: {', '.join(PICTURE_ENDINGS)}"


def graph_parser() -> Parser:
    """Return the parser of `%graph`."""
    parser = Parser("%graph", "Draw who is bound to whom, with the traffic until now.")
    add = parser.add_argument
    add("worker", metavar="WORKER", nargs="?",
        help="only this Worker, its callers, and what it is bound to")  # fmt: skip
    add("--live", action="store_true", help="follow what happens; a switch does the same")
    add("-o", "--output", metavar="FILE", help=_OUTPUT)
    return parser


def cpu_parser() -> Parser:
    """Return the parser of `%cpu`."""
    parser = Parser(
        "%cpu",
        "Draw who held the thread during a request. Without a number the last request that no "
        "tail handler has answered; -2 is the last but one.",
    )
    add = parser.add_argument
    add("number", metavar="NUMBER", nargs="?", help="the request's number, as in %%requests")
    add("--live", action="store_true",
        help="follow the request; without a number, always the last one")  # fmt: skip
    add("-o", "--output", metavar="FILE", help=_OUTPUT)
    return parser


WATCH_PARSERS: dict[str, Callable[[], Parser]] = {
    "requests": requests_parser,
    "logs": logs_parser,
    "graph": graph_parser,
    "cpu": cpu_parser,
    "trace": trace_parser,
}


@dataclass(frozen=True, slots=True)
class RequestsOptions:
    """Which requests `%requests` lists. status: `404`, `5xx` or None. Times are in ms."""

    worker: str | None = None
    status: str | None = None
    failed: bool = False
    slower_than: float = 0.0
    cpu_over: float = 0.0
    number: int = LISTED

    @classmethod
    def parse(cls, line: str) -> RequestsOptions:
        """Parse the line; OptionError or UsageError for what is refused."""
        typed = requests_parser().parse(line)
        status = None if typed.status is None else typed.status.lower()
        if status is not None and not _is_status(status):
            raise OptionError(f"--status is like 404 or 5xx, not {typed.status!r}.")
        return cls(
            _service(typed.worker), status, typed.failed, typed.slower_than or 0.0,
            typed.cpu_over or 0.0, _at_least_one(typed.number),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogsOptions:
    """Which logs `%logs` lists. text: what each contains, in any case."""

    worker: str | None = None
    level: str | None = None
    text: str | None = None
    number: int = LISTED

    @classmethod
    def parse(cls, line: str) -> LogsOptions:
        """Parse the line; OptionError or UsageError for what is refused."""
        typed = logs_parser().parse(line)
        if typed.level is not None and typed.level not in LEVELS:
            raise with_notes(
                OptionError(f"%logs knows no level {typed.level!r}."),
                did_you_mean(typed.level, LEVELS) or f"There are {', '.join(LEVELS)}.",
            )
        return cls(_service(typed.worker), typed.level, typed.text, _at_least_one(typed.number))


def _service(typed: str | None) -> str | None:
    return None if typed is None else service_of(typed)


def _at_least_one(number: int) -> int:
    if number < 1:
        raise OptionError(f"-n is a number from 1 on, not {number}.")
    return number


def request_number(text: str | None, magic: str) -> int | None:
    """Return a request's number as typed, None for none; UsageError if it is no number."""
    if text is not None and not text.removeprefix("-").isdecimal():
        raise UsageError(f"{magic} takes the number of a request, not {text!r}.")
    return None if text is None else int(text)


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """Which request `%trace` shows, None for the latest. files: what to write, by format."""

    number: int | None
    files: Mapping[str, Path]

    @classmethod
    def parse(cls, line: str) -> TraceOptions:
        """Parse the line; OptionError or UsageError for what is refused."""
        typed = trace_parser().parse(line)
        files = {"perfetto": typed.perfetto, "otlp": typed.otlp}
        return cls(
            request_number(typed.number, "%trace"),
            {name: Path(file).expanduser() for name, file in files.items() if file is not None},
        )
