"""Memory: estimates the size of what a Worker's globals refer to, and warns of large ones."""

from __future__ import annotations

import gc
import sys
import types
import warnings
from collections.abc import Mapping, Sequence
from itertools import takewhile
from time import perf_counter_ns as wall_clock
from time import thread_time_ns
from typing import Any

from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import warn
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

PAUSE = 100
"""How many times as long as its measurement took a version is not measured again."""

MAX_OBJECTS = 100_000
"""Number of objects that are measured; the others are assumed to be of the same average size."""

_SHARED_TYPES = (types.ModuleType, type, types.FrameType, types.CodeType)


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
        total += _size(obj)
        pending += gc.get_referents(obj)
    if pending and found:
        total += total // len(found) * len(pending)
    return total / 1e6


# No method of a Worker's class is called here: it may never return, and nothing would cut it.


def _size(obj: object) -> int:
    """Return the size (bytes) of an object itself, as its type's C code says."""
    sizeof = type.__getattribute__(type(obj), "__sizeof__")
    if type(sizeof) is not types.MethodDescriptorType:
        sizeof = object.__sizeof__
    return int(sizeof(obj))


def _is_foreign(obj: Any, own: Mapping[str, dict[str, Any]]) -> bool:
    kind = type(obj)
    if kind is types.FunctionType:
        return obj.__module__ not in own
    if issubclass(kind, type):
        return type.__getattribute__(obj, "__module__") not in own
    if kind is dict and "__spec__" in obj and type(obj.get("__name__")) is str:
        return obj is not own.get(obj["__name__"])
    return issubclass(kind, _SHARED_TYPES)


class MemoryWatch:
    """Warns of Workers whose globals hold more than their limit."""

    def __init__(self) -> None:
        """Make a watch that has checked nothing."""
        self._checked_ns = 0

    def check(self, traces: Sequence[Trace]) -> None:
        """Measure the Workers of `traces`, and of those that have ended since the last check."""
        since, self._checked_ns = self._checked_ns, wall_clock()
        for version, (trace, invocation) in _latest_invocations(traces, since).items():
            text = _excess(version, trace.host.limits_of(version).memory_mb)
            if text is not None:
                warn(trace, invocation, text)
                warnings.warn(text, MemoryLimitWarning, stacklevel=2)


def check_loaded(version: Version, limit_mb: float) -> None:
    """Warn of a version that holds more than its limit (MB) as soon as its module is loaded."""
    text = _excess(version, limit_mb)
    if text is not None:
        warnings.warn(text, MemoryLimitWarning, stacklevel=2)


def _latest_invocations(
    traces: Sequence[Trace], since: int
) -> dict[Version, tuple[Trace, Invocation]]:
    """Return the latest invocation of each version that has served.

    traces: requests in flight, and any of each runtime that is looked at. since: ns of wall clock.
    """
    hosts = {id(trace.host): trace.host for trace in traces}.values()
    ended = [
        trace
        for host in hosts
        for trace in takewhile(lambda trace: trace.ended_ns >= since, reversed(host.traces))
    ]
    return {
        invocation.version: (trace, invocation)
        for trace in [*reversed(ended), *traces]
        for invocation in trace.invocations
        if invocation.version is not None
    }


def _excess(version: Version, limit_mb: float) -> str | None:
    """Return the warning if a version holds too much, unless it was returned before.

    One that takes long to measure is measured rarely.
    """
    began = wall_clock()
    if version.memory_warned or began < version.next_measurement_ns:
        return None
    began_cpu = thread_time_ns()  # A measurement that was preempted is no long one.
    held = held_mb(*_modules_of(version))
    version.next_measurement_ns = began + PAUSE * (thread_time_ns() - began_cpu)
    if held <= limit_mb:
        return None
    version.memory_warned = True
    return (
        f"{PlatformText.MEMORY} The globals of Worker {version.service!r} hold about "
        f"{held:,.0f} MB; its limit is {limit_mb:g} MB (%limits --memory-mb)."
    )


def _modules_of(version: Version) -> list[types.ModuleType]:
    """Return the loaded modules of a version; none if it is not loaded any more.

    An object that a module has put in its own place is left out, unless another refers to it.
    """
    name, below = version.filename, f"{version.filename}."
    # A copy: as a list of pairs is made, a collection may drop another version's modules.
    return [
        module
        for key, module in sys.modules.copy().items()
        if (key == name or key.startswith(below)) and issubclass(type(module), types.ModuleType)
    ]


class MemoryLimitWarning(UserWarning):
    """A Worker's globals hold more memory than its limit."""
