"""Memory: estimates the size of what a Worker's globals refer to, and warns of large ones."""

from __future__ import annotations

import gc
import sys
import types
import warnings
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from workernb.errors import PlatformText
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.traces import Trace

GROWN_MB = 16.0
"""Growth of the process, in MB, after which its Workers are measured, which is slow."""

MAX_OBJECTS = 100_000
"""Number of objects that are measured; the others are assumed to be of the same average size."""

_SHARED_TYPES = (types.ModuleType, type, types.FrameType, types.CodeType)


def resident_mb() -> float:
    """Return the process's resident memory, in MB of 10**6 bytes."""
    return float(_process().memory_info().rss) / 1e6


@cache
def _process() -> Any:
    import psutil

    return psutil.Process()


def held_mb(module: types.ModuleType) -> float:
    """Return an estimate of the size, in MB, of what a module's globals refer to.

    Each object counts once. Other modules and classes are left out, and so are buffers that
    `sys.getsizeof` does not include.
    """
    skip = {id(vars(module).get("__builtins__"))}
    found: dict[int, Any] = {}
    pending: list[Any] = [vars(module)]
    total = 0
    while pending and len(found) < MAX_OBJECTS:
        obj = pending.pop()
        if id(obj) in found or id(obj) in skip or _is_foreign(obj, module):
            continue
        found[id(obj)] = obj
        total += sys.getsizeof(obj)
        pending += gc.get_referents(obj)
    if pending and found:
        total += total // len(found) * len(pending)
    return total / 1e6


def _is_foreign(obj: Any, module: types.ModuleType) -> bool:
    if isinstance(obj, types.FunctionType):
        return obj.__module__ != module.__name__
    if isinstance(obj, type):
        return obj.__module__ != module.__name__
    if isinstance(obj, dict) and obj.get("__name__") is not None and "__spec__" in obj:
        return obj is not vars(module)
    return isinstance(obj, _SHARED_TYPES)


class MemoryWatch:
    """Warns of Workers whose globals hold more than their limit."""

    def __init__(self) -> None:
        """Make a watch that has not begun."""
        self._before_mb: float | None = None

    def begin(self) -> None:
        """Begin before the first Worker runs, so that what it holds counts as growth.

        This also imports what measures memory, which a Worker would be charged for later.
        """
        if self._before_mb is None:
            self._before_mb = resident_mb()

    def check(self, traces: Sequence[Trace]) -> None:
        """Measure the Workers, if the process has grown since the last measurement.

        traces: requests of the runtimes whose Workers are measured; other Workers than theirs may
        have grown.
        """
        now_mb = resident_mb()
        if self._before_mb is None or now_mb < self._before_mb:
            self._before_mb = now_mb
        if now_mb - self._before_mb < GROWN_MB:
            return
        self._before_mb = now_mb
        for version, (trace, invocation) in _latest_invocations(traces).items():
            text = _excess(version, trace.host.limits_of(version).memory_mb)
            if text is not None:
                warn(trace, invocation, text)
                warnings.warn(text, MemoryLimitWarning, stacklevel=2)


def check_loaded(version: Version, limit_mb: float) -> None:
    """Warn of a version that holds more than its limit (MB) as soon as its module is loaded."""
    text = _excess(version, limit_mb)
    if text is not None:
        warnings.warn(text, MemoryLimitWarning, stacklevel=2)


def _latest_invocations(traces: Sequence[Trace]) -> dict[Version, tuple[Trace, Invocation]]:
    """Return the latest invocation of each version in `traces` and the traces kept with them."""
    kept = {id(trace.host): trace.host.traces for trace in traces}
    return {
        invocation.version: (trace, invocation)
        for trace in [*chain.from_iterable(kept.values()), *traces]
        for invocation in trace.invocations
        if invocation.version is not None
    }


def _excess(version: Version, limit_mb: float) -> str | None:
    """Return the warning if a version holds too much, unless it was returned before."""
    module = sys.modules.get(version.filename)
    if version.memory_warned or module is None:
        return None
    held = held_mb(module)
    if held <= limit_mb:
        return None
    version.memory_warned = True
    return (
        f"{PlatformText.MEMORY} The globals of Worker {version.service!r} hold about "
        f"{held:,.0f} MB; its limit is {limit_mb:g} MB (%limits --memory-mb)."
    )


class MemoryLimitWarning(UserWarning):
    """A Worker's globals hold more memory than its limit."""
