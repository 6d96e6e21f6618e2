"""History: all that was done to a runtime's services, described, and enough to do it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .definitions import Definition
from .deployments import main_of
from .diffs import settings_that_differ
from .versions import Version

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


def replaced(
    history: Sequence[Change], service: str, redact: Callable[[str], str] = str
) -> str | None:
    """Return what the last definition of a service undid of what was changed since the one before.

    None when nothing had been changed, or when the definition says the same. redact: as for
    `settings_that_differ`.
    """
    mine = [change for change in history if change.service == service]
    since: list[Change] = []
    while len(mine) > 1 and mine[-2].kind in (CHANGED, DEPLOYED):
        since.insert(0, mine.pop(-2))
    if not since or mine[-1].definition is None:
        return None
    made = {one.version.number: one.version.definition for one in [*mine, *since] if one.version}
    now = mine[-2].definition if len(mine) > 1 else None
    set_by: dict[str, str] = {}
    for change in since:
        before = now
        now = made.get(main_of(change.shares)) if change.shares else change.definition
        if before is not None and now is not None:
            changed = settings_that_differ(before, now)
            set_by.update((one.name, change.reason) for one in changed)
    words = [f"{since[-1].words} (by {since[-1].reason})"] if since[-1].shares else []
    if now is not None:
        words += [
            f"{one} (set by {set_by[one.name]})"
            for one in settings_that_differ(now, mine[-1].definition, redact)
            if one.name in set_by
        ]
    return "; ".join(words) or None
