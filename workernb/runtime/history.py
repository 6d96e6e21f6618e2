"""History: all that was done to a runtime's services, in words, and enough to do it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .services import Definition, Version


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done: a definition, a change of settings, a deployment, a removal.

    at: seconds since the epoch. reason: who did it, in words. words: what it changed. version: the
    number of the version that it made, if it made one, of this definition. shares: what it
    deployed, if it made none. With neither, it removed the service. No values of secrets are in
    the words.
    """

    at: float
    service: str
    reason: str
    words: str
    version: int | None
    definition: Definition | None = field(repr=False)
    shares: Mapping[int, float] | None

    @classmethod
    def of(
        cls,
        service: str,
        reason: str,
        words: str,
        version: Version | None,
        shares: Mapping[int, float] | None,
    ) -> Change:
        """Take note of what was done just now."""
        if version is None:
            return cls(time.time(), service, reason, words, None, None, shares)
        return cls(
            version.created, service, reason, words, version.number, version.definition, None
        )

    def __str__(self) -> str:
        made = f" v{self.version}" if self.version is not None else ""
        return f"{self.service}{made}: {self.words} ({self.reason})"
