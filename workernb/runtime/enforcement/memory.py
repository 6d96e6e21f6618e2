"""Memory: estimates the size of what a Worker's globals refer to, and warns of large ones."""

from __future__ import annotations

import gc
import sys
import types
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from workernb.errors import PlatformText
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.traces import Trace

GROWN_MB = 16.0
"""Growth of the process, in MB, after which its Workers are measured, which is slow."""

MAX_OBJECTS = 300_000
"""Number of objects that are measured; the others are assumed to be of the same average size."""

_SHARED_TYPES = (types.ModuleType, type, types.FrameType, types.CodeType)


def resident_mb() -> float:
    """Return the process's resident memory, in MB of 10**6 bytes."""
    return float(_process().memory_info().rss) / 1e6


@cache
def _process() -> Any:
    import psutil

    return psutil.Process()


def held_mb(*modules: types.ModuleType) -> float:
    """Return an estimate of the size, in MB, of what the globals of modules refer to.

    Each object counts once. Other modules and classes are left out, and so are buffers that
    `sys.getsizeof` does not include.
    """
    skip = {id(vars(module).get("__builtins__")) for module in modules}
    own = {module.__name__: vars(module) for module in modules}
    found: dict[int, Any] = {}
    pending: list[Any] = [*own.values()]
    total = 0
    while pending and len(found) < MAX_OBJECTS:
        obj = pending.pop()
        if id(obj) in found or id(obj) in skip or _is_foreign(obj, own):
            continue
        found[id(obj)] = obj
        total += sys.getsizeof(obj)
        pending += gc.get_referents(obj)
    if pending and found:
        total += total // len(found) * len(pending)
    return total / 1e6


def _is_foreign(obj: Any, own: Mapping[str, dict[str, Any]]) -> bool:
    if isinstance(obj, types.FunctionType | type):
        return obj.__module__ not in own
    if isinstance(obj, dict) and obj.get("__name__") is not None and "__spec__" in obj:
        return obj is not own.get(obj["__name__"])
    return isinstance(obj, _SHARED_TYPES)


class MemoryWatch:
    """Warns of Workers whose globals hold more than their limit."""

    def __init__(self) -> None:
        """Make a watch, which compares with the process's memory at the first check."""
        self._before_mb: float | None = None

    def begin(self) -> None:
        """Import what measures memory, before a Worker runs that the import would be charged to."""
        _process()

    def check(self, traces: Iterable[Trace]) -> None:
        """Measure the Workers of `traces`, if the process has grown since the last measurement."""
        now_mb = resident_mb()
        if self._before_mb is None or now_mb < self._before_mb:
            self._before_mb = now_mb
        if now_mb - self._before_mb < GROWN_MB:
            return
        self._before_mb = now_mb
        for trace in traces:
            for invocation in trace.invocations:
                version = invocation.version
                if version is not None and not version.memory_warned:
                    self._measure(trace, invocation, version)

    def _measure(self, trace: Trace, invocation: Invocation, version: Version) -> None:
        modules = _modules_of(version)
        limit_mb = trace.host.limits_of(version).memory_mb
        held = held_mb(*modules)
        if held > limit_mb:
            version.memory_warned = True
            text = (
                f"{PlatformText.MEMORY} The globals of Worker {version.service!r} hold about "
                f"{held:,.0f} MB; its limit is {limit_mb:g} MB (%limits --memory-mb)."
            )
            warn(trace, invocation, text)
            warnings.warn(text, MemoryLimitWarning, stacklevel=2)


def _modules_of(version: Version) -> list[types.ModuleType]:
    """Return the loaded modules of a version; none if it is not loaded any more."""
    name, below = version.filename, f"{version.filename}."
    loaded = list(sys.modules.items())
    return [module for key, module in loaded if key == name or key.startswith(below)]


class MemoryLimitWarning(UserWarning):
    """A Worker's globals hold more memory than its limit."""
