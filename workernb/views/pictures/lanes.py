"""A request's CPU as data: which invocation used the thread, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import one_line, share

from .spans import depth_of, describe_span

MAX_LANES = 24
"""With more invocations, each Worker has one lane."""

MAX_SLICES = 10_000
"""How many slices are kept, as a trace keeps them; those that share a pixel are drawn as one."""

MAX_SPANS = 200
"""How many of a request's spans are drawn."""


@dataclass(frozen=True, slots=True)
class SpanBar:
    """A span of a Worker's own. Times are in ms since the request began.

    depth: how many spans it is in. text: its name, duration and attributes.
    """

    began: float
    ended: float
    depth: int
    text: str
    failed: bool


@dataclass(slots=True)
class Lane:
    """An invocation, or all invocations of a Worker. Times are in ms since the request began.

    depth: how many invocations it is nested in, itself included. self_ms, inclusive_ms: its CPU,
    without and with its callees. slices: the times in which it used the thread. in_stores: those in
    which a store did, for it. spans: the Worker's own. stores_ms, operations: the CPU and the
    number of its calls to stores. waits: the times in which it waited at the input gate of its
    Durable Object.
    """

    service: str
    name: str
    depth: int
    began: float
    ended: float
    self_ms: float
    inclusive_ms: float
    outcome: str | None
    slices: list[tuple[float, float]] = field(default_factory=list)
    in_stores: list[tuple[float, float]] = field(default_factory=list)
    spans: list[SpanBar] = field(default_factory=list)
    stores_ms: float = 0.0
    operations: int = 0
    waits: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def of(cls, invocation: Invocation, began: float, grouped: bool) -> Lane:
        """Return the lane of an invocation; grouped: of all invocations of its Worker."""
        binding = f"{invocation.via} → " if invocation.via and not grouped else ""
        version = invocation.version
        suffix = f" v{version.number}" if version and not grouped else ""
        if isinstance(invocation, ObjectInvocation) and not binding and not grouped:
            suffix = f"[{one_line(invocation.shown_id, 40)}]{suffix}"
        return cls(
            invocation.service,
            one_line(binding + invocation.service, 60) + suffix,
            1 if grouped else invocation.depth,
            began,
            began + invocation.wall_ms,
            invocation.cpu_ms,
            invocation.inclusive_cpu_ms,
            invocation.outcome,
        )

    def add(self, other: Lane) -> None:
        """Add another invocation of the same Worker."""
        self.self_ms += other.self_ms
        self.ended = max(self.ended, other.ended)
        self.outcome = other.outcome if other.outcome != "ok" else self.outcome
        self.inclusive_ms = max(self.inclusive_ms, self.self_ms)

    def cells(self, total_ms: float) -> tuple[str, ...]:
        """Return its share of the total CPU, its CPU without and with callees, its wall clock."""
        return (
            share(self.self_ms, total_ms),
            ms(self.self_ms),
            ms(self.inclusive_ms),
            ms(self.ended - self.began),
        )


@dataclass(frozen=True, slots=True)
class Handover:
    """The thread passes from one lane to another. at: in ms since the request began."""

    at: float
    source: int
    target: int


@dataclass(slots=True)
class Lanes:
    """The lanes of a request.

    timeline: the slices in order, each with its begin, its end (ms) and the index of its lane.
    """

    lanes: list[Lane] = field(default_factory=list)
    timeline: list[tuple[float, float, int]] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)

    @classmethod
    def of(cls, trace: Trace) -> Lanes:
        """Return the lanes of a request as it is now."""
        invocations = trace.invocations
        base = invocations[0].began_ns or trace.began_ns
        grouped = len(invocations) > MAX_LANES
        lanes: dict[object, Lane] = {}
        for invocation in invocations:
            began = max((invocation.began_ns or base) - base, 0) / 1e6
            lane = Lane.of(invocation, began, grouped)
            known = lanes.setdefault(_key(invocation, grouped), lane)
            if known is not lane:
                known.add(lane)
            if isinstance(invocation, ObjectInvocation):
                known.waits += [
                    ((at - base) / 1e6, ((until or trace.last_stamp_ns) - base) / 1e6)
                    for at, until in invocation.waits
                ]
        for operation in trace.operations:
            lane = lanes[_key(operation.caller, grouped)]
            lane.stores_ms += operation.cpu_ms
            lane.operations += 1
        for span in trace.spans[:MAX_SPANS]:
            began = max(span.began_ns - base, 0) / 1e6
            bar = SpanBar(
                began,
                began + span.wall_ms,
                depth_of(span),
                describe_span(span),
                span.status == "error",
            )
            lanes[_key(span.invocation, grouped)].spans.append(bar)
        result = cls(list(lanes.values()))
        rows = {key: row for row, key in enumerate(lanes)}
        for piece in list(trace.slices)[:MAX_SLICES]:
            row = rows.get(_key(piece.invocation, grouped))
            if row is not None:
                began, ended = (piece.begin_ns - base) / 1e6, (piece.end_ns - base) / 1e6
                result._add_slice(began, ended, row)
                if piece.operation is not None:
                    result.lanes[row].in_stores.append((began, ended))
        return result

    def _add_slice(self, began: float, ended: float, row: int) -> None:
        self.lanes[row].slices.append((began, ended))
        if self.timeline:
            _, last_ended, last_row = self.timeline[-1]
            if last_row != row and began - last_ended < 1e-6:
                self.handovers.append(Handover(began, last_row, row))
        self.timeline.append((began, ended, row))


def _key(invocation: Invocation, grouped: bool) -> object:
    return invocation.service if grouped else invocation
