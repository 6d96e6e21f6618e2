"""History: all that was done to a runtime's services, in words, and enough to do it again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .deployments import main_of
from .differences import settings_that_differ

if TYPE_CHECKING:
    from .services import Definition, Version

DEFINED, CHANGED, DEPLOYED, REMOVED = "defined", "changed", "deployed", "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done to a service.

    kind: `defined`, `changed` (its settings alone), `deployed` or `removed`. reason: who did it,
    in words. words: what it changed, without values of secrets. version: what it made, if it
    made one. shares: what it deployed else. at: seconds since the epoch.
    """

    kind: str
    service: str
    reason: str
    words: str
    version: Version | None = field(default=None, repr=False)
    shares: Mapping[int, float] | None = None
    at: float = field(default_factory=time.time)

    @property
    def definition(self) -> Definition | None:
        """The definition that it made a version of, if it did."""
        return None if self.version is None else self.version.definition

    def __str__(self) -> str:
        made = f" v{self.version.number}" if self.version is not None else ""
        return f"{self.service}{made}: {self.words} ({self.reason})"


def replaced(history: Sequence[Change], service: str) -> str | None:
    """Return what the last definition of a service undid of what was changed since the one before.

    None when nothing had been changed, or when the definition says the same.
    """
    mine = [change for change in history if change.service == service]
    since: list[Change] = []
    while len(mine) > 1 and mine[-2].kind in (CHANGED, DEPLOYED):
        since.insert(0, mine.pop(-2))
    if not since or mine[-1].definition is None:
        return None
    last, new = mine[-2].definition if len(mine) > 1 else None, mine[-1].definition
    made = {one.version.number: one.version.definition for one in [*mine, *since] if one.version}
    shares = since[-1].shares
    now = made.get(main_of(shares)) if shares else since[-1].definition
    words = [since[-1].words] if shares else []
    if now is not None and last is not None:
        touched = {one.name for one in settings_that_differ(last, now)}
        words += [str(one) for one in settings_that_differ(now, new) if one.name in touched]
    if not words:
        return None
    return f"{'; '.join(words)} (set by {', '.join(one.reason for one in since[-3:])})"
