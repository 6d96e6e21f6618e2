"""The line of `%trigger`: a handler of a Worker that no request calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from workernb.errors import OptionError
from workernb.runtime.services.targets import Target

from .parser import Parser


def trigger_parser() -> Parser:
    """Return the parser of `%trigger`."""
    parser = Parser("%trigger", "Call the scheduled handler of a Worker, or its test handler.")
    add = parser.add_argument
    add("name", metavar="NAME", help="the Worker: auth, auth@staging, auth#Admin")
    add("--cron", metavar="CRON", help="the schedule; by default the Worker's first one")
    add("--time", metavar="TIME", help="when it is due: ms since the epoch, or ISO 8601")
    add("--test", action="store_true", help="the test handler instead")
    return parser


@dataclass(frozen=True, slots=True)
class TriggerOptions:
    """The line of one `%trigger`. time: ms since the epoch, or None for now."""

    target: Target
    cron: str | None
    time: float | None
    test: bool

    @classmethod
    def parse(cls, line: str) -> TriggerOptions:
        """Parse a line; OptionError, or UsageError for a wrong target."""
        typed = trigger_parser().parse(line)
        target = Target.parse(typed.name)
        if target.path != "/":
            raise OptionError(f"%trigger takes no path: write %trigger {target.service}.")
        if typed.test and (typed.cron or typed.time):
            raise OptionError("%trigger --test takes neither --cron nor --time.")
        time = None if typed.time is None else _ms(typed.time)
        return cls(target, typed.cron, time, typed.test)


def _ms(text: str) -> float:
    """Return a time in ms since the epoch; a date without a time zone is in UTC."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(
            f"%trigger --time takes ms since the epoch, or 2026-11-28T12:00, not {text!r}."
        ) from None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() * 1000
