"""Secrets never reach an output: their values are replaced in all that is shown, logged or kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REDACTED = "REDACTED"
SHORTEST = 6
"""Shorter values are left: they would turn up in ordinary words and figures."""


class Redactor:
    """Knows the values of all secrets that a runtime was given, old ones included."""

    def __init__(self) -> None:
        """Begin with no secrets."""
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """Add values of six characters or more, as they are and as they are escaped."""
        before = len(self._values)
        for value in secrets:
            if len(value) >= SHORTEST:
                self._values.update(_spellings(value))
        if len(self._values) > before:
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """Return `text` with `REDACTED` in the place of every secret."""
        return text if self._pattern is None else self._pattern.sub(REDACTED, text)

    def redact_error(self, error: BaseException) -> None:
        """Redact an exception's arguments and notes, and those of what caused it."""
        seen: set[int] = set()
        at: BaseException | None = error
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            redacted = tuple(self.redact(a) if isinstance(a, str) else a for a in at.args)
            if redacted != at.args:
                at.args = redacted
            if getattr(at, "__notes__", None):
                at.__notes__ = [self.redact(note) for note in at.__notes__]
            at = at.__cause__ or at.__context__


def _spellings(value: str) -> set[str]:
    """Return a value as it may stand in a text: bare, in a URL, in JSON, in Python's repr."""
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
