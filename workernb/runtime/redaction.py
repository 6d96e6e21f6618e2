"""Redaction: replaces the values of secrets in everything that is shown, logged or kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

REDACTED = "REDACTED"
MIN_LENGTH = 6
"""Shorter values are not redacted, since they occur in ordinary words and numbers."""


class Redactor:
    """Redacts all secrets that a runtime was ever given, including previous values."""

    def __init__(self) -> None:
        """Make a redactor without secrets."""
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secrets: Iterable[str]) -> None:
        """Add the values of secrets, of six characters or more, and their escaped forms."""
        before = len(self._values)
        for value in secrets:
            if len(value) >= MIN_LENGTH:
                self._values.update(_escaped_forms(value))
        if len(self._values) > before:
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """Return `text` with every secret replaced by `REDACTED`."""
        return text if self._pattern is None else self._pattern.sub(REDACTED, text)

    def redact_error(self, error: BaseException) -> None:
        """Redact the arguments and notes of an exception, and those of its causes and contexts."""
        seen: set[int] = set()
        current: BaseException | None = error
        while current is not None and id(current) not in seen:
            seen.add(id(current))
            redacted = tuple(self.redact(a) if isinstance(a, str) else a for a in current.args)
            if redacted != current.args:
                current.args = redacted
            if getattr(current, "__notes__", None):
                current.__notes__ = [self.redact(note) for note in current.__notes__]
            current = current.__cause__ or current.__context__


def _escaped_forms(value: str) -> set[str]:
    """Return the forms in which a value can occur: plain, in a URL, in JSON, in a repr."""
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
    }
