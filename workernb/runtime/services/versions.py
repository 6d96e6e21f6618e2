"""Versions: one definition of a service, numbered and loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workernb.workers.env import Env, VersionMetadata

from .definitions import Definition
from .limits import Limits


@dataclass(eq=False, slots=True)
class Version:
    """One definition of a service: its code and settings, numbered from 1.

    id: short and made of the content. created: seconds since the epoch. reason: who made it, in
    words: a cell, a magic, a call. filenames: what frames of its code have for a file, as
    `<worker auth v2>`; another one each time that it is loaded while an earlier load still runs.
    env: its environment. exports: what its code finds as `ctx.exports`. startup_ms, imports_ms:
    thread CPU, in ms, of the module's own code when it was loaded last, and of its imports.
    """

    number: int
    definition: Definition
    reason: str
    created: float = field(default_factory=time.time)
    filenames: list[str] = field(default_factory=list)
    env: Env = field(init=False, repr=False)
    exports: Any = field(default=None, repr=False)
    startup_ms: float = 0.0
    imports_ms: float = 0.0
    startup_limit_ms: float = 1_000
    memory_warned: bool = False
    # The limits of the runtime, and these with the Worker's own in their place.
    _limits: tuple[Limits, Limits] | None = None

    def limits(self, usual: Limits) -> Limits:
        """Return what a request may use that this serves first. usual: where it says nothing."""
        own = self.definition.limits
        if own is None or isinstance(own, Limits):
            return own or usual
        if self._limits is None or self._limits[0] is not usual:
            self._limits = usual, usual.but(**own)
        return self._limits[1]

    @property
    def service(self) -> str:
        """The name of the service."""
        return self.definition.name

    @property
    def id(self) -> str:
        """A short id made of code and settings."""
        return self.definition.fingerprint()

    @property
    def metadata(self) -> VersionMetadata:
        """What the Worker can know of its version."""
        at = datetime.fromtimestamp(self.created, UTC).isoformat(timespec="milliseconds")
        return VersionMetadata(self.id, self.definition.tag or "", at.replace("+00:00", "Z"))

    @property
    def filename(self) -> str:
        """The file name of the code that was loaded last."""
        return self.filenames[-1]

    def __str__(self) -> str:
        return f"{self.service} v{self.number}"
