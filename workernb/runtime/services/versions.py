"""Versions: the numbered definitions of a service, as they are loaded."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from workernb.workers.env import Env, VersionMetadata

from .definitions import Definition
from .limits import Limits

code_in_use: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""What runs under a file name in frames, where that is no module of `sys.modules`."""


@dataclass(eq=False, slots=True, repr=False)
class Version:
    """One definition of a service, numbered from 1.

    id: a short hash of the content. created: seconds since the epoch. reason: what made it, as
    text: a cell, a magic, a call. filenames: the file names of its main module in frames, as
    `<worker auth v2>`; one for each load whose code may still run. env: its environment. exports:
    its `ctx.exports`. startup_ms, imports_ms: thread CPU, in ms, of the module's own code and of
    its imports, at the last load. memory_limit_mb: how large a heap of its own may become, in MB.
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
    memory_limit_mb: float = 128
    memory_warned: bool = False
    next_measurement_ns: int = 0  # Of its memory: wall clock.
    # The runtime's limits, and the same with the Worker's own limits applied: a cache.
    _limits: tuple[Limits, Limits] | None = None

    def limits(self, default: Limits) -> Limits:
        """Return the limits of a request whose first Worker this is. default: the runtime's."""
        own = self.definition.limits
        if own is None or isinstance(own, Limits):
            return own or default
        if self._limits is None or self._limits[0] is not default:
            self._limits = default, default.but(**own)
        return self._limits[1]

    @property
    def service(self) -> str:
        """The name of the service."""
        return self.definition.name

    @property
    def id(self) -> str:
        """A short hash of code and settings."""
        return self.definition.fingerprint()

    @property
    def metadata(self) -> VersionMetadata:
        """The value of a version metadata binding: id, tag and timestamp."""
        at = datetime.fromtimestamp(self.created, UTC).isoformat(timespec="milliseconds")
        return VersionMetadata(self.id, self.definition.tag or "", at.replace("+00:00", "Z"))

    @property
    def filename(self) -> str:
        """The file name of the main module, as of the last load."""
        return self.filenames[-1]

    def __repr__(self) -> str:
        made = datetime.fromtimestamp(self.created).isoformat(" ", timespec="seconds")
        return f"<Version {self.number} of {self.service}, id {self.id}, {made}>"

    def __str__(self) -> str:
        return f"{self.service} v{self.number}"


def module_filename(filename: str, path: str) -> str:
    """Return the file name of a module in frames: `<worker shop v2: prices.py>`.

    filename: that of the main module.
    """
    return f"{filename[:-1]}: {path}>"


def main_filename(filename: str) -> str:
    """Return the file name of the main module of the code that has a file name in frames."""
    return f"{filename.partition(': ')[0].removesuffix('>')}>"
