"""Finding: a line that is probably wrong, and what to write instead."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """A line of a source that is probably wrong. text: why, and what to write instead."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"
