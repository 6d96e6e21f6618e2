"""Traces: records of top-level requests, running and ended ones."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from time import perf_counter_ns as wall_clock
from types import MappingProxyType, TracebackType
from typing import Any, ClassVar, NamedTuple, Protocol, TextIO
from weakref import WeakSet

from workernb.errors import UsageError
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.limits import SHARED, Limits
from workernb.runtime.services.targets import Target
from workernb.runtime.services.versions import Version
from workernb.workers.tracing import Span

from .counter import InvocationCounter
from .fetches import Fetch
from .invocations import Invocation, Log
from .metering import Metering, Slice, holder, ms, time_of_last
from .operations import Operation
from .threads import Thread
from .tracebacks import waiting_position

LOG_CHARACTERS = 256 * 1024
"""Number of characters that one request may log: the platform's 256 KB."""

MAX_SPANS = 1_000
"""How many spans of the Workers' own a trace keeps."""

MAX_TEXT = 4096
"""How many characters are kept of a URL, and of the text of an exception."""

MAX_FETCHES = 1_000
"""How many fetches from outside a trace keeps."""


def shortened(text: str) -> str:
    """Return `text` as it is kept: without what lies beyond MAX_TEXT."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT:,} characters more)"


class Host(Protocol):
    """The part of the runtime that a trace uses.

    in_flight: the traces of requests that have not ended. traces: the traces of those that have.
    on_finished: callables, called with each trace that ends. exporters: what formats a trace, by
    the format's name.
    """

    in_flight: set[Trace]
    traces: Traces
    on_finished: list[Callable[[Trace], None]]
    exporters: Mapping[str, Callable[[Trace], dict[str, Any]]]

    def redact(self, text: str) -> str:
        """Return `text` with secrets redacted."""

    def redact_error(self, error: BaseException) -> None:
        """Redact secrets in an exception's texts."""

    def limits_of(self, version: Version | None) -> Limits:
        """Return the limits of a version."""

    def entrypoint_of(self, target: Target) -> Entrypoint:
        """Return the entrypoint of a target; a substitute if it does not exist."""

    def overhead_ns(self) -> float:
        """Return an estimate of the runtime's own cost of a call, in ns of thread CPU."""

    def now(self) -> float:
        """Return the time by the runtime's clock, in s since the epoch."""

    def send(self, invocation: Invocation, request: Request) -> Awaitable[Response]:
        """Send a request to where its URL leads."""

    def wait_until(self, invocation: Invocation, awaitable: Awaitable[Any]) -> None:
        """Keep the request open until `awaitable` is done."""

    def send_response_body(self, invocation: Invocation, response: Any) -> None:
        """Keep the request open until the stream that is a response's body has ended."""


class OpenBody(Protocol):
    """A stream that a Worker produces, as a trace sees it. closing: the task that ends it early."""

    closing: asyncio.Task[None] | None

    def discard(self) -> None:
        """End the producer, soon."""


class SeenStamp(NamedTuple):
    """A stamp that a tick has found to be the last. ns: wall clock. cpu_ns: of the thread then."""

    ns: int
    cpu_ns: int


class RaisedByTasks(NamedTuple):
    """What a task of a request has raised last.

    first, last: its tracebacks when a task first raised it, and last. times: how many tasks have.
    """

    error: BaseException
    first: TracebackType | None
    last: TracebackType | None
    times: int


class Trace:
    """The record of a top-level request: its invocations, slices, logs and outcome.

    `response.trace` and `runtime.traces` give access to it. number: the request's number in its
    runtime, from 1. owner: True for a request by name, from the notebook; False for one by URL,
    from an outsider. limits: those of the request. began: seconds since the epoch. fetches: what
    its Workers have fetched from outside of the runtime, in call order, the first 1,000. why: what
    made it, for a request that nobody has called: `cron, due 2026-11-28 09:00:00`; else None.
    sent_by: the numbers of the requests that have sent the messages which it handles.
    """

    KEPT: ClassVar[int] = 10_000
    """Maximum number of invocations, and of slices, that a trace keeps."""

    # Class-level defaults: objects made for each request cost garbage collection.
    wait_until_tasks: set[asyncio.Future[Any]] | frozenset[Any] = frozenset()
    bodies: set[OpenBody] | frozenset[Any] = frozenset()  # Streams that have not ended.
    # Coroutines of calls that were not awaited at once: those that run in tasks of their own, and
    # those that a waitUntil task may still await.
    kept_steps: dict[Invocation, Any] | None = None
    sockets = 0  # How many ends of WebSockets its Workers have accepted that are not closed.
    handling = 0  # How many events of WebSockets are being handled.
    woken_ns = 0  # When the first of those came (wall clock), or the last socket was closed.
    folded_ns: Mapping[Any, int] = MappingProxyType({})
    off_thread_ns: Mapping[Invocation, int] = MappingProxyType({})
    # How many objects that an invocation has returned by reference others hold stubs of.
    exported: Mapping[Invocation, int] = MappingProxyType({})
    debugged = to_uncancel = False
    seen_at_tick = SeenStamp(0, 0)  # While a stream was open.
    overdue = False  # Whether the watchdog has met code that must end where it cannot be cut.
    cancels_before: int | None = None  # How often its task had been cancelled before it waited.
    own_budgets_checked = True  # Whether budgets per invocation were checked since the last fold.
    # Invocations that have used up budgets of their own: the errors that end them.
    over_budget: Mapping[Invocation, BaseException] = MappingProxyType({})
    # Waits that such an error is to end: it is raised in place of the cancellation.
    cuts_at_wake: dict[asyncio.Task[Any], BaseException] | None = None
    wakes = 0  # How many such waits were ended.
    next_hang_check_s = 0.0  # Seconds of waiting before the guard checks whether it hangs.
    # Outcome and text of a waitUntil task, or of the answer's stream.
    late_failure: tuple[str, str] | None = None
    raised_by_task: RaisedByTasks | None = None  # None once it has ended.
    loop: asyncio.AbstractEventLoop | None = None  # Which runs it, once it has begun.
    task: asyncio.Task[Any] | None = None
    steps: Coroutine[Any, Any, Any] | None = None
    imports_ns = import_began_ns = cpu_ns = sampled_ns = ended_ns = not_kept = fetches_not_kept = 0
    bytes = 0  # Estimated size, once it is in `Traces`.
    fetches: Sequence[Fetch] = ()
    # Bodies of responses from outside, which end with the request.
    outside: WeakSet[Any] | frozenset[Any] = frozenset()
    operations_made = 0  # Subrequests that are no invocations.
    connections: asyncio.Semaphore | None = None  # Made for the first fetch from outside.
    checked_calls = 1  # How many invocations `calls_not_awaited` has checked.
    log_characters_left = LOG_CHARACTERS
    why: str | None = None
    sent_by: Sequence[int] = ()
    first_of_session = 0  # The request whose stub this one calls, or 0.
    first_slices: list[Slice] | None = None
    kept: set[int] | None = None
    _logs: list[Log] | None = None
    _spans: list[Span] | None = None
    _operations: list[Operation] | None = None
    _metering: tuple[int, Metering] | None = None

    def __init__(
        self,
        number: int,
        limits: Limits,
        host: Host,
        thread: Thread,
        owner: bool,
        echo: TextIO,
    ) -> None:
        """Begin the trace of a top-level request."""
        self.number = number
        self.limits = limits
        self.host = host
        self.thread = thread
        self.owner = owner
        self.echo = echo
        self.began = time.time()
        self.began_ns = wall_clock()
        # Attributes that the hop uses.
        self.aborted: BaseException | None = None
        self.stamps: list[Any] = []
        self.cpu_valid_until = 0
        # A slice has three items of stamps at each end. Budgets per invocation are checked against
        # computed figures at each tick, so then fewer stamps are kept.
        self.fold_at = 6 * self.KEPT if limits.budget == SHARED else self.KEPT // 4
        self.invocations: list[Invocation] = []
        self.recorded: list[Invocation] | InvocationCounter = self.invocations
        self.max_depth = limits.depth
        self.budget_ns = limits.budget_ns
        # Fewer than it may make, so that the budget can warn, and fold, before the limit.
        self.calls_left = self.calls_granted = min(limits.calls_before_warning, self.KEPT - 1)

    def redact(self, text: str) -> str:
        """Return `text` with the runtime's secrets redacted."""
        return self.host.redact(text)

    @property
    def logs(self) -> list[Log]:
        """What its Workers logged or printed, and the runtime's messages about it, oldest first."""
        return self._logs or []

    @property
    def spans(self) -> list[Span]:
        """The spans that its Workers began with `ctx.tracing`, in order: the first 1,000."""
        return self._spans or []

    def add_span(self, span: Span) -> None:
        """Add a span, unless there are too many."""
        if self._spans is None:
            self._spans = []
        span.number = len(self._spans) + 1
        span.recorded = span.number <= MAX_SPANS
        if span.recorded:
            self._spans.append(span)

    def add_log(self, log: Log) -> None:
        """Add a log."""
        if self._logs is None:
            self._logs = []
        self._logs.append(log)

    def add_fetch(self, fetch: Fetch) -> None:
        """Add a fetch from outside, or count it when 1,000 are kept already."""
        if len(self.fetches) < MAX_FETCHES:
            self.fetches = [*self.fetches, fetch]
        else:
            self.fetches_not_kept += 1

    @property
    def operations(self) -> list[Operation]:
        """The calls of its Workers to stores, in the order in which they ran: the first 10,000."""
        return self._operations or []

    def add_operation(self, operation: Operation) -> None:
        """Add an operation, unless the trace has as many as it keeps."""
        if self._operations is None:
            self._operations = []
        if len(self._operations) < self.KEPT:
            self._operations.append(operation)

    @property
    def root_has_returned(self) -> bool:
        """Whether the first invocation's handler has ended, though a stream may keep it open."""
        root = self.invocations[0]
        return bool(root.ended_ns or (root.extras is not None and root.extras.returned))

    @property
    def waits_for_messages(self) -> bool:
        """Whether only a WebSocket keeps it open, and nothing of it runs."""
        return bool(self.sockets) and not self.handling and self.root_has_returned

    @property
    def last_stamp_ns(self) -> int:
        """Time of the last event in the request, in ns, as of `time.perf_counter_ns`."""
        return time_of_last(self.stamps) if self.stamps else self.began_ns

    @property
    def waits_at(self) -> str | None:
        """Position in a Worker's source where it waits: `<worker auth v2>:7, in fetch`; or None."""
        return None if self.ended_ns else waiting_position(self.steps)

    @property
    def thread_name(self) -> str:
        """The name of the thread that the request runs on."""
        return self.thread.name

    @property
    def session(self) -> int:
        """The number of the request whose objects this one may use: its own, by default."""
        return self.first_of_session or self.number

    @property
    def done(self) -> bool:
        """Whether the request has ended, including its waitUntil tasks."""
        return bool(self.ended_ns)

    @property
    def id(self) -> str:
        """Its id for other tools: 32 hexadecimal digits, unique among all kernels."""
        return f"{self.host.traces.prefix}{self.number:016x}"

    @property
    def url(self) -> str:
        """The request's URL, with secrets redacted."""
        return self.invocations[0].url

    @property
    def method(self) -> str:
        """The request's method."""
        return self.invocations[0].method

    @property
    def title(self) -> str:
        """What the request was, on one line: `GET http://auth/`, `math.add()`."""
        return self.invocations[0].title

    @property
    def status(self) -> int | None:
        """The status of the response, or None if there is none."""
        return self.invocations[0].status

    @property
    def outcome(self) -> str | None:
        """The platform's name of the outcome: ok, exception, exceededCpu…; None while it runs."""
        return self.late_failure[0] if self.late_failure else self.invocations[0].outcome

    @property
    def exception(self) -> str | None:
        """The exception that ended the request, as `Type: text` with secrets redacted, or None."""
        if self.late_failure:
            return self.redact(self.late_failure[1])
        return self.invocations[0].exception

    # Figures

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of the whole request, in ms: exact, and the sum of all invocations."""
        return sum(self.metering.self_ns.values()) / 1e6

    @property
    def wall_ms(self) -> float:
        """Duration of the request, so far if it has not ended, in ms of wall clock."""
        return ((self.ended_ns or wall_clock()) - self.began_ns) / 1e6

    @property
    def slices(self) -> Sequence[Slice]:
        """The slices of the thread's time that invocations had, in order: the first 10,000."""
        return self.metering.slices

    @property
    def metering(self) -> Metering:
        """The computed figures; cached until there are new stamps."""
        size = len(self.stamps)
        if self._metering is None or self._metering[0] != size or self.thread.trace is self:
            self._metering = (size, self._meter())
        return self._metering[1]

    def _meter(self) -> Metering:
        stamps = self.stamps[:]
        if holder(stamps) is not None and self.thread.trace is self:
            stamps += (wall_clock(), self.thread.cpu_now(), None)
        metering = Metering.of(stamps, self.folded_ns)
        if self.first_slices is not None:
            metering.slices = self.first_slices
        return metering

    def forget_figures(self) -> None:
        """Drop the cached figures, after a change that no stamp records."""
        self._metering = None

    @property
    def imports_ms(self) -> float:
        """Thread CPU of imports, in ms: neither in `cpu_ms` nor in the budget."""
        return self.imports_ns / 1e6

    @property
    def runtime_ms(self) -> float:
        """Estimate of the runtime's own share of `cpu_ms`, in ms of thread CPU.

        The cost of a call between Workers that do nothing, which is measured once per process,
        times the number of invocations. It is included in the invocations' figures, mostly in the
        caller's, which makes the request.
        """
        calls = len(self.invocations) + self.not_kept
        return min(calls * self.host.overhead_ns() / 1e6, self.cpu_ms)

    @property
    def buffered_bytes(self) -> int:
        """How many bytes clones and tees have buffered at most, summed over the invocations."""
        return sum(invocation.buffered_bytes for invocation in self.invocations)

    @property
    def off_thread_ms(self) -> float:
        """CPU used in other threads for the request, in ms: sampled, and in no budget."""
        return sum(self.off_thread_ns.values()) / 1e6

    def cpu_by_service(self) -> dict[str, float]:
        """Return thread CPU (ms) by service, in the order of their first invocations."""
        totals: dict[str, float] = {invocation.service: 0.0 for invocation in self.invocations}
        for key, used in self.metering.self_ns.items():
            name = key if isinstance(key, str) else key.service
            totals[name] = totals.get(name, 0.0) + used / 1e6
        return totals

    def to_otlp(self) -> dict[str, Any]:
        """Return it as OTLP/JSON (an ExportTraceServiceRequest), with the platform's names.

        https://developers.cloudflare.com/workers/observability/traces/spans-and-attributes/
        """
        return self.host.exporters["otlp"](self)

    def to_perfetto(self) -> dict[str, Any]:
        """Return it as Chrome trace JSON, which https://ui.perfetto.dev opens.

        The thread has a track, each Worker has one, calls are flows, the budget is a counter.
        """
        return self.host.exporters["perfetto"](self)

    def __repr__(self) -> str:
        ended = f"{self.outcome or 'running'}, {ms(self.cpu_ms)} CPU"
        return f"<Trace {self.number}: {self.title}, {ended}>"


def _shorten_texts(trace: Trace, invocation: Invocation) -> int:
    """Shorten an invocation's URL and exception; return how much its size (bytes) changes."""
    size, extras = 0, invocation.extras
    if len(invocation._url) > MAX_TEXT:
        size -= len(invocation._url)
        invocation._url = shortened(trace.redact(invocation._url))
        size += sys.getsizeof(invocation._url)
    if extras is not None and extras.failure is not None:
        outcome, text = extras.failure
        if len(text) > MAX_TEXT:
            text = shortened(trace.redact(text))
            extras.failure = outcome, text
        size += sys.getsizeof(text)
    return size


class Traces(deque[Trace]):
    """The traces of a runtime, newest last: at most 1,000, of 64 MB in total.

    prefix: the first half of each trace's id.
    """

    MAX_TRACES = 1_000
    MAX_BYTES = 64 * 1024 * 1024

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._bytes = 0
        self.prefix = os.urandom(8).hex()

    def keep(self, trace: Trace) -> None:
        """Add a trace that has ended, and drop the oldest beyond the maximum."""
        self.append(trace)
        size = 1_500 + 500 * len(trace.invocations) + 30 * len(trace.stamps)
        for invocation in trace.invocations:
            size += len(invocation._url)  # A URL is ASCII.
            if len(invocation._url) > MAX_TEXT or invocation.extras is not None:
                size += _shorten_texts(trace, invocation)
        if trace.late_failure is not None and len(trace.late_failure[1]) > MAX_TEXT:
            outcome, text = trace.late_failure
            trace.late_failure = outcome, shortened(trace.redact(text))
        for fetch in trace.fetches:
            if len(fetch.full_url) > MAX_TEXT:
                fetch.full_url = shortened(trace.redact(fetch.full_url))
            if fetch.failure is not None and len(fetch.failure) > MAX_TEXT:
                fetch.failure = shortened(trace.redact(fetch.failure))
            size += 200 + sys.getsizeof(fetch.full_url) + sys.getsizeof(fetch.failure)
        if trace._spans:
            size += 600 * len(trace._spans)
        if trace._operations:
            size += sum(250 + sys.getsizeof(each._detail) for each in trace._operations)
        if trace._logs:
            size += sum(120 + sys.getsizeof(log.text) for log in trace._logs)
        trace.bytes = size
        self._bytes += size
        while len(self) > self.MAX_TRACES or (self._bytes > self.MAX_BYTES and len(self) > 1):
            self._bytes -= self.popleft().bytes

    @property
    def latest(self) -> Trace | None:
        """The last request; a tail handler's only if there is no other. None if there is none.

        A tail's request follows each one that is watched, so it is seldom the one meant.
        """
        made = (trace for trace in reversed(self) if trace.invocations[0].event != "tail")
        return next(made, self[-1] if self else None)

    def find(self, number: int, magic: str) -> Trace:
        """Return the trace with a number; -1 is the last one, -2 the one before it.

        Raises UsageError if there is none. magic: the name of the magic, for the error's text.
        """
        if not self:
            raise UsageError(f"{magic} has nothing to show yet: make a request first, %fetch NAME.")
        if number < 0 and -number <= len(self):
            return self[number]
        for trace in self:
            if trace.number == number:
                return trace
        first, last = self[0].number, self[-1].number
        kept = f"there are {first} to {last}" if first < last else f"there is only {first}"
        raise UsageError(f"There is no request {number}; {kept}.")
