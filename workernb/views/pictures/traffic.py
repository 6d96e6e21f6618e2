"""Traffic: the requests over each binding and route, how many failed, and the CPU per service.

It is counted from the traces that a runtime keeps, when a picture is updated. A trace that is
dropped between two updates is not counted.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from time import perf_counter_ns as wall_clock
from typing import NamedTuple

from workernb.runtime.events.queue import BATCHES, queue_of
from workernb.runtime.events.queue import NAME as QUEUE_EVENT
from workernb.runtime.events.rpc import RPC
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.kinds import Store
from workernb.runtime.services.routes import most_specific_match
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import count, one_line, share

from .system import CALLBACKS, OUTSIDE, Key

STUB = "stub "
"""How the name of a stub begins, in place of a binding's."""

MAX_METHODS = 20
"""How many methods are counted by name on an arrow."""

MAX_NEWEST = 256
"""How many of the newest invocations of a request in flight are checked for activity."""


RATE_S = 2.0
"""The time (s) over which requests per second are an average."""


@dataclass(slots=True)
class Flow:
    """The requests or operations that went over an arrow, or the requests of a service.

    methods: the calls over RPC by the method's name, MAX_METHODS of them. rate: requests per second
    over the last two, of what came from outside; else 0.
    """

    requests: int = 0
    failed: int = 0
    methods: dict[str, int] = field(default_factory=dict)
    rate: int = 0
    _began: deque[int] = field(default_factory=deque)

    def add(self, failed: bool, method: str | None = None) -> None:
        """Count an invocation, or an operation of a store, that has ended. method: of RPC."""
        self.requests += 1
        self.failed += failed
        if method is not None and (method in self.methods or len(self.methods) < MAX_METHODS):
            self.methods[method] = self.methods.get(method, 0) + 1

    def copy(self) -> Flow:
        """Return the numbers as they are now."""
        return Flow(self.requests, self.failed, dict(self.methods), self.rate)

    @property
    def calls(self) -> str:
        """The methods that were called, most often first: `add() 3×, sub() 1×`."""
        most = sorted(self.methods.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{one_line(name, 40)}() {count(number)}×" for name, number in most)

    def add_from_outside(self, invocation: Invocation) -> None:
        """Note when a request from outside began, for the rate."""
        self._began.append(invocation.began_ns)

    def update_rate(self, now_ns: int) -> bool:
        """Work the rate out; return whether it is another one than before."""
        while self._began and self._began[0] < now_ns - RATE_S * 1e9:
            self._began.popleft()
        before, self.rate = self.rate, math.ceil(len(self._began) / RATE_S)
        return self.rate != before

    @property
    def rate_text(self) -> str:
        """The rate as it is shown beside an arrow from outside, while requests come."""
        return f"{count(self.rate)}/s" if self.rate else ""

    @property
    def texts(self) -> tuple[str, str]:
        """The numbers of requests and of failures, as they are shown on an arrow."""
        return (
            f"{count(self.requests)}×" if self.requests else "",
            f"{count(self.failed)} failed" if self.failed else "",
        )


class Load(NamedTuple):
    """The requests that a service handled, and its share of all CPU (0 to 1)."""

    requests: int
    share: float

    @property
    def text(self) -> str:
        """The load as text."""
        requests = f"{count(self.requests)} request{'s' * (self.requests != 1)}"
        return f"{requests} · {share(self.share, 1.0)} CPU"


@dataclass(slots=True)
class Traffic:
    """The requests over each arrow (by its key) and of each service, and each service's CPU (ms).

    active: the keys of the arrows and the names of the services with a request in flight. revision:
    a number that grows with every change.
    """

    arrows: dict[Key, Flow] = field(default_factory=dict)
    services: dict[str, Flow] = field(default_factory=dict)
    cpu_ms: dict[str, float] = field(default_factory=dict)
    active: frozenset[Key | str] = frozenset()
    revision: int = 0
    _last: weakref.ref[Trace] | None = None

    @classmethod
    def of(cls, runtime: Runtime) -> Traffic:
        """Return the runtime's one Traffic, after an update."""
        traffic = _traffics.setdefault(runtime, cls())
        traffic.update(runtime)
        return traffic

    def update(self, runtime: Runtime) -> None:
        """Count the requests that have ended since the last update, and find the active ones."""
        ended = self._ended(runtime)
        for trace in reversed(ended):
            self._count(runtime, trace)
        now = wall_clock()
        rates = [flow.update_rate(now) for key, flow in self.arrows.items() if key[0] == OUTSIDE]
        active = frozenset(_active(runtime))
        if ended or any(rates) or active != self.active:
            self.revision += 1
            self.active = active

    def callbacks(self) -> list[tuple[str, str]]:
        """Return who has called a stub of whom, in alphabetical order."""
        calls = {(key[0], key[2]) for key in self.arrows if key[1] == CALLBACKS}
        return sorted((source, target) for source, target in calls if source != target)

    def loads(self) -> dict[str, Load]:
        """Return the load of each service that has handled a request."""
        total = sum(self.cpu_ms.values())
        return {
            name: Load(flow.requests, self.cpu_ms.get(name, 0.0) / total if total else 0.0)
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
        for invocation in trace.invocations:
            if not invocation.began_ns or invocation.is_message:
                continue  # It never ran, so it has not failed; or it is part of a connection.
            key = _key(runtime, trace, invocation)
            failed = invocation.outcome != "ok"
            if key is not None:
                flow = self.arrows.setdefault(key, Flow())
                flow.add(failed, _method(invocation) if invocation.event == RPC else None)
                if key[0] == OUTSIDE:
                    flow.add_from_outside(invocation)
            self.services.setdefault(invocation.service, Flow()).add(failed)
        for operation in trace.operations:
            node = Store(operation.noun, operation.store).node
            key = operation.caller.service, operation.binding, node
            self.arrows.setdefault(key, Flow()).add(operation.failure is not None)
        for service, cpu_ms in trace.cpu_by_service().items():
            self.cpu_ms[service] = self.cpu_ms.get(service, 0.0) + cpu_ms


def _is_callback(invocation: Invocation) -> bool:
    """Return whether an invocation is the call of a stub."""
    return bool(invocation.binding) and str(invocation.binding).startswith(STUB)


def _method(invocation: Invocation) -> str:
    """Return what was called: `add`; of a stub `double`, or `Counter.increment`."""
    if not _is_callback(invocation):
        return invocation.method
    names = str(invocation.binding).removeprefix(STUB), invocation.method
    return ".".join(filter(None, names))


def _active(runtime: Runtime) -> Iterator[Key | str]:
    for trace in list(runtime.in_flight):
        invocations = trace.invocations
        newest = islice(reversed(invocations), MAX_NEWEST)
        for invocation in (*newest, *invocations[:1]):
            if invocation.began_ns and not invocation.ended_ns:
                yield invocation.service
                if invocation.is_message:
                    continue
                key = _key(runtime, trace, invocation)
                if key is not None:
                    yield key


def _key(runtime: Runtime, trace: Trace, invocation: Invocation) -> Key | None:
    """Return the key of an invocation's arrow; None if the notebook called the Worker by name."""
    name, caller = invocation.service, invocation.caller
    if caller is not None and isinstance(invocation, ObjectInvocation):
        return (caller.service, invocation.binding or "", invocation.namespace)
    if caller is not None:
        binding = CALLBACKS if _is_callback(invocation) else invocation.binding or ""
        return (caller.service, binding, name)
    if invocation.event == QUEUE_EVENT:
        return (Store(QUEUE_EVENT, queue_of(invocation)).node, BATCHES, name)
    service = runtime.services.get(name)
    if trace.owner or service is None or not service.versions:
        return None
    routes = service.definition.routes
    pattern = most_specific_match(((route, route.pattern) for route in routes), invocation.url)
    if pattern is None and routes:
        pattern = routes[0].pattern  # It came by the root of the port.
    return None if pattern is None else (OUTSIDE, pattern, name)


_traffics: weakref.WeakKeyDictionary[Runtime, Traffic] = weakref.WeakKeyDictionary()
