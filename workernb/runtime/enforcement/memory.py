"""Memory: how much a Worker's isolate holds, estimated from what its globals refer to."""

from __future__ import annotations

import gc
import sys
import types
import warnings
from collections.abc import Iterable
from typing import Any

from workernb.errors import PlatformText
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.traces import Trace

GROWN_MB = 16.0
"""How much the process has to grow before its Workers are measured, which takes a while."""

MAX_OBJECTS = 300_000
"""How many objects are counted; the rest is taken to be alike."""

_NOT_ITS_OWN = (types.ModuleType, type, types.FrameType, types.CodeType)


def resident_mb() -> float:
    """Return the process's resident memory, in MB of 10**6 bytes."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


def held_mb(module: types.ModuleType) -> float:
    """Return about how much a module's globals hold, in MB, other modules and classes left out.

    Each object counts once. What lies in buffers that Python does not know of does not.
    """
    skip = {id(vars(module).get("__builtins__"))}
    found: dict[int, Any] = {}
    waiting: list[Any] = [vars(module)]
    total = 0
    while waiting and len(found) < MAX_OBJECTS:
        one = waiting.pop()
        if id(one) in found or id(one) in skip or _is_foreign(one, module):
            continue
        found[id(one)] = one
        total += sys.getsizeof(one)
        waiting += gc.get_referents(one)
    if waiting and found:
        total += total // len(found) * len(waiting)
    return total / 1e6


def _is_foreign(one: Any, module: types.ModuleType) -> bool:
    if isinstance(one, types.FunctionType):
        return one.__module__ != module.__name__
    if isinstance(one, type):
        return one.__module__ != module.__name__
    if isinstance(one, dict) and one.get("__name__") is not None and "__spec__" in one:
        return one is not vars(module)
    return isinstance(one, _NOT_ITS_OWN)


class MemoryWatch:
    """Warns, by name, of Workers whose globals hold more than their limit."""

    def __init__(self) -> None:
        """Begin with what the process holds when it is first asked."""
        self._before_mb: float | None = None

    def look(self, traces: Iterable[Trace]) -> None:
        """Measure the Workers of some requests, if the process has grown since the last time."""
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
        module = sys.modules.get(version.filename)
        most_mb = trace.host.limits_of(version).memory_mb
        held = 0.0 if module is None else held_mb(module)
        if held > most_mb:
            version.memory_warned = True
            text = (
                f"{PlatformText.MEMORY} The globals of Worker {version.service!r} hold about "
                f"{held:,.0f} MB; its limit is {most_mb:g} MB (%limits --memory-mb)."
            )
            warn(trace, invocation, text)
            warnings.warn(text, MemoryLimitWarning, stacklevel=2)


class MemoryLimitWarning(UserWarning):
    """A Worker holds more memory than the platform would let it have."""
