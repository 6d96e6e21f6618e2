"""The clock of a runtime's stores, by which keys expire and periods of rate limits begin."""

from __future__ import annotations

import time


class Clock:
    """The time of day, which can be moved forward: `stores.clock.advance(3600)`."""

    def __init__(self) -> None:
        """Begin with the time of day."""
        self._ahead_s = 0.0

    def now(self) -> float:
        """Return the time, in s since the epoch."""
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Move the time forward by `seconds`; ValueError if it is negative."""
        if not seconds >= 0:
            raise ValueError(f"The clock moves forward only, not by {seconds!r} s.")
        self._ahead_s += seconds
