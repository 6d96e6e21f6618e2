"""Traffic: how many requests went over each binding and route, how many failed, who used the CPU.

Pulled from the traces that a runtime keeps, whenever a picture wants to know; nothing is told to
it. What ended unseen, because more requests ended between two looks than are kept, is not counted.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import NamedTuple

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.routes import best
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import count, share

from .system import OUTSIDE, Key

MOST_LOOKED_AT = 256
"""How many of the newest invocations of a request in flight are looked at."""


@dataclass(slots=True)
class Flow:
    """What has passed an arrow, or has been handled by a node."""

    requests: int = 0
    failed: int = 0

    def add(self, call: Invocation) -> None:
        """Count an invocation that has ended."""
        self.requests += 1
        self.failed += call.outcome != "ok"

    @property
    def texts(self) -> tuple[str, str]:
        """The numbers of requests and of failures, as they stand on an arrow."""
        return (
            f"{count(self.requests)}×" if self.requests else "",
            f"{count(self.failed)} failed" if self.failed else "",
        )


class Load(NamedTuple):
    """What a service has handled: requests, and its share of the CPU of all (0 to 1)."""

    requests: int
    share: float

    @property
    def text(self) -> str:
        """The load in words."""
        requests = f"{count(self.requests)} request{'s' * (self.requests != 1)}"
        return f"{requests} · {share(self.share, 1.0)} CPU"


@dataclass(slots=True)
class Traffic:
    """What has passed each arrow (by its key) and each service, and the CPU (ms) of each service.

    under_way: the keys and the services of what is in flight. revision: another one whenever
    something is different.
    """

    arrows: dict[Key, Flow] = field(default_factory=dict)
    services: dict[str, Flow] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)
    under_way: frozenset[Key | str] = frozenset()
    revision: int = 0
    _last: weakref.ref[Trace] | None = None

    @classmethod
    def of(cls, runtime: Runtime) -> Traffic:
        """Return the one account of a runtime's traffic, up to date."""
        traffic = _accounts.setdefault(runtime, cls())
        traffic.update(runtime)
        return traffic

    def update(self, runtime: Runtime) -> None:
        """Count what has ended since the last look, and see what is under way."""
        ended = self._ended(runtime)
        for trace in ended:
            self._count(runtime, trace)
        under_way = frozenset(self._under_way(runtime))
        if ended or under_way != self.under_way:
            self.revision += 1
            self.under_way = under_way

    def loads(self) -> dict[str, Load]:
        """Return what each service has handled, those that have handled something."""
        whole = sum(self.cpu_ms.values())
        return {
            name: Load(flow.requests, self.cpu_ms.get(name, 0.0) / whole if whole else 0.0)
            for name, flow in self.services.items()
        }

    def _ended(self, runtime: Runtime) -> list[Trace]:
        traces = runtime.traces
        if not traces:
            return []
        last = self._last() if self._last is not None else None
        if traces[-1] is last:
            return []
        self._last = weakref.ref(traces[-1])
        return list(takewhile(lambda trace: trace is not last, reversed(traces)))

    def _count(self, runtime: Runtime, trace: Trace) -> None:
        for call in trace.invocations:
            key = _key(runtime, trace, call)
            if key is not None:
                self.arrows.setdefault(key, Flow()).add(call)
            self.services.setdefault(call.service, Flow()).add(call)
        for service, used in trace.cpu_by_service().items():
            self.cpu_ms[service] = self.cpu_ms.get(service, 0.0) + used

    def _under_way(self, runtime: Runtime) -> Iterator[Key | str]:
        for trace in list(runtime.in_flight):
            calls = trace.invocations
            newest = islice(reversed(calls), MOST_LOOKED_AT)
            for call in (*newest, *calls[:1]):
                if call.began_ns and not call.ended_ns:
                    yield call.service
                    key = _key(runtime, trace, call)
                    if key is not None:
                        yield key


def _key(runtime: Runtime, trace: Trace, call: Invocation) -> Key | None:
    """Return the arrow that a call came over; None when the notebook made it by name."""
    if call.caller is not None:
        return (call.caller.service, call.binding or "", call.service)
    service = runtime.services.get(call.service)
    if trace.owner or service is None or not service.versions:
        return None
    pattern = best(((route, route.pattern) for route in service.definition.routes), call.url)
    return None if pattern is None else (OUTSIDE, pattern, call.service)


_accounts: weakref.WeakKeyDictionary[Runtime, Traffic] = weakref.WeakKeyDictionary()
