"""The line of `%clock`: how far the clock is moved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from workernb.errors import OptionError

from .parser import Parser

REAL = "real"
_UNITS_S = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_part = re.compile(r"(\d+(?:\.\d+)?)([wdhms])")
_is_duration = re.compile(rf"\+(?:{_part.pattern})+").fullmatch


def clock_parser() -> Parser:
    """Return the parser of `%clock`."""
    parser = Parser("%clock", "Show the runtime's clock and what is due, or move the clock.")
    parser.add_argument("to", metavar="TO", nargs="?",
        help="+3d, +90s, +1h30m: move it forward, and call what falls due in its order; a later "
        "time, 2026-12-24T18:00: move it there; real: back to the time of day")  # fmt: skip
    return parser


@dataclass(frozen=True, slots=True)
class ClockOptions:
    """The line of one `%clock`.

    seconds: how far it is moved. until: the time that it is moved to, in s since the epoch. back:
    whether it is set back to the time of day.
    """

    seconds: float | None = None
    until: float | None = None
    back: bool = False

    @classmethod
    def parse(cls, line: str) -> ClockOptions:
        """Parse a line; OptionError for what is no duration and no time."""
        if line.strip().startswith("-"):
            raise OptionError("The clock moves forward only: %clock +3d; %clock real sets it back.")
        text = clock_parser().parse(line).to
        if text is None:
            return cls()
        if text == REAL:
            return cls(back=True)
        if _is_duration(text):
            parts = _part.findall(text)
            return cls(seconds=sum(float(number) * _UNITS_S[unit] for number, unit in parts))
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise OptionError(
                f"%clock takes +3d, +90s or +1h30m, a time as 2026-12-24T18:00, or real, "
                f"not {text!r}."
            ) from None
        return cls(until=(at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
