"""History: the changes to a runtime's services, with all that is needed to replay them."""

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
    """One change to a service.

    kind: `defined`, `changed` (only its settings), `deployed` or `removed`. reason: what made the
    change, as text: a cell, a magic, a call. summary: what changed, as text without the values of
    secrets. version: the version that the change made, if any. shares: the shares of versions that
    it deployed, if any. at: seconds since the epoch.
    """

    kind: str
    service: str
    reason: str
    summary: str
    version: Version | None = field(default=None, repr=False)
    shares: Mapping[int, float] | None = None
    at: float = field(default_factory=time.time)

    @property
    def definition(self) -> Definition | None:
        """The definition of the version that the change made, or None."""
        return None if self.version is None else self.version.definition

    def __str__(self) -> str:
        version = f" v{self.version.number}" if self.version is not None else ""
        return f"{self.service}{version}: {self.summary} ({self.reason})"


def describe_undone_changes(
    history: Sequence[Change], service: str, redact: Callable[[str], str] = str
) -> str | None:
    """Return the changes that the last definition of a service undid, as text.

    These are the changes made since the definition before it. None if there were none, or if the
    last definition has the same settings. redact: as for `settings_that_differ`.
    """
    changes = [change for change in history if change.service == service]
    in_between: list[Change] = []
    while len(changes) > 1 and changes[-2].kind in (CHANGED, DEPLOYED):
        in_between.insert(0, changes.pop(-2))
    if not in_between or changes[-1].definition is None:
        return None
    versions = [change.version for change in [*changes, *in_between] if change.version]
    definitions = {version.number: version.definition for version in versions}
    current = changes[-2].definition if len(changes) > 1 else None
    set_by: dict[str, str] = {}
    for change in in_between:
        previous, current = current, change.definition
        if change.shares:
            current = definitions.get(main_of(change.shares))
        if previous is not None and current is not None:
            differences = settings_that_differ(previous, current)
            set_by.update((difference.name, change.reason) for difference in differences)
    last = in_between[-1]
    undone = [f"{last.summary} (by {last.reason})"] if last.shares else []
    if current is not None:
        undone += [
            f"{difference} (set by {set_by[difference.name]})"
            for difference in settings_that_differ(current, changes[-1].definition, redact)
            if difference.name in set_by
        ]
    return "; ".join(undone) or None
