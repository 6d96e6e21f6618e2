"""Traces: the record of a top-level request, kept while it runs and after."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from time import perf_counter_ns as wall_clock
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TextIO

from workernb.errors import UsageError
from workernb.runtime.services.limits import SHARED, Limits
from workernb.runtime.services.versions import Version

from .invocations import Invocation, Log
from .metering import Metering, Slice, holder, time_of_last
from .threads import Thread
from .tracebacks import waiting_at

LOG_CHARACTERS = 256 * 1024
"""How much one request may log: the platform's 256 KB."""


MAX_TEXT = 4096
"""How many characters are kept of a URL, and of the text of an exception."""


def shortened(text: str) -> str:
    """Return `text` as it is kept: without what lies beyond MAX_TEXT."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT:,} characters more)"


class Host(Protocol):
    """The runtime, as far as a trace needs it.

    in_flight: the traces of requests that have not ended. traces: of those that have. on_finished:
    called with each trace that ends.
    """

    in_flight: set[Trace]
    traces: Traces
    on_finished: list[Callable[[Trace], None]]

    def redact(self, text: str) -> str:
        """Return `text` without secrets."""

    def redact_error(self, error: BaseException) -> None:
        """Take secrets out of an exception's texts."""

    def limits_of(self, version: Version | None) -> Limits:
        """Return the limits of a Worker."""

    def overhead_ns(self) -> float:
        """Return about what a call takes of itself, in ns of thread CPU."""

    def wait_until(self, invocation: Invocation, awaitable: Awaitable[Any]) -> None:
        """Let the request end only when `awaitable` is done."""


class Trace:
    """A top-level request: its invocations, who held the thread, its logs, its outcome.

    `response.trace` and `runtime.traces` give them. number: counts a runtime's requests from 1.
    owner: whether the notebook made it by name, rather than an outsider by URL. limits: what it
    may use. began: seconds since the epoch.
    """

    KEPT: ClassVar[int] = 10_000
    """How many invocations, and how many slices, one trace keeps before it folds."""

    # Class-level defaults: objects made for each request cost garbage collection.
    waiting: set[asyncio.Future[Any]] | frozenset[Any] = frozenset()
    begun: dict[Invocation, Any] | None = None
    folded_ns: Mapping[Any, int] = MappingProxyType({})
    off_thread_ns: Mapping[Invocation, int] = MappingProxyType({})
    debugged = False
    checked_alone = True  # Whether budgets per invocation were checked since the last fold.
    next_look_s = 0.0  # How long it waits before the guard checks whether it hangs.
    failed_late: tuple[str, str] | None = None
    task: asyncio.Task[Any] | None = None
    steps: Coroutine[Any, Any, Any] | None = None
    imports_ns = import_began_ns = 0
    cpu_ns = sampled_ns = ended_ns = not_kept = 0
    bytes = 0  # About what it takes; known when it is kept.
    looked_at = 1  # How many invocations were looked at for calls that nobody awaited.
    log_characters_left = LOG_CHARACTERS
    to_uncancel = False
    first_slices: list[Slice] | None = None
    kept: set[int] | None = None
    _logs: list[Log] | None = None
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
        # What the hop touches
        self.aborted: BaseException | None = None
        self.stamps: list[Any] = []
        self.cpu_valid_until = 0
        # A slice has a stamp of three at each end. Budgets per invocation are looked up in the
        # figures, at each tick, so there these must stay few.
        self.fold_at = 6 * self.KEPT if limits.budget == SHARED else self.KEPT // 4
        self.invocations: list[Invocation] = []
        self.recorded: list[Invocation] | InvocationCounter = self.invocations
        self.max_depth = limits.depth
        self.budget_ns = limits.budget_ns
        self.calls_left = self.calls_granted = min(limits.calls, self.KEPT - 1)

    def redact(self, text: str) -> str:
        """Return `text` without the runtime's secrets."""
        return self.host.redact(text)

    @property
    def logs(self) -> list[Log]:
        """What its Workers logged or printed, and what the runtime says of it; oldest first."""
        return self._logs or []

    def add_log(self, log: Log) -> None:
        """Keep a log."""
        if self._logs is None:
            self._logs = []
        self._logs.append(log)

    @property
    def last_stamp_ns(self) -> int:
        """When something last happened in the request, as `time.perf_counter_ns` has it."""
        return time_of_last(self.stamps) if self.stamps else self.began_ns

    @property
    def waits_at(self) -> str | None:
        """Where in a Worker's source the request waits, as `<worker auth v2>:7, in fetch`."""
        return None if self.ended_ns else waiting_at(self.steps)

    @property
    def thread_name(self) -> str:
        """The name of the one thread that it ran on."""
        return self.thread.name

    @property
    def done(self) -> bool:
        """Whether the request has ended, with all that it started."""
        return bool(self.ended_ns)

    @property
    def url(self) -> str:
        """The request's URL, without the secrets that may be in it."""
        return self.invocations[0].url

    @property
    def method(self) -> str:
        """The request's method."""
        return self.invocations[0].method

    @property
    def status(self) -> int | None:
        """The status of the response, or None while there is none."""
        return self.invocations[0].status

    @property
    def outcome(self) -> str | None:
        """One of the platform's words: ok, exception, exceededCpu…; None while it runs."""
        return self.failed_late[0] if self.failed_late else self.invocations[0].outcome

    @property
    def exception(self) -> str | None:
        """What the request ended with, as `Type: text`, without secrets; None when nothing."""
        if self.failed_late:
            return self.redact(self.failed_late[1])
        return self.invocations[0].exception

    # Figures

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of the whole request, in ms; exact, and the sum of its invocations'."""
        return sum(self.metering.self_ns.values()) / 1e6

    @property
    def wall_ms(self) -> float:
        """From the request's begin to its end, or to now, in ms of wall clock."""
        return ((self.ended_ns or wall_clock()) - self.began_ns) / 1e6

    @property
    def slices(self) -> Sequence[Slice]:
        """Who held the thread, and when: in order; the first 10,000."""
        return self.metering.slices

    @property
    def metering(self) -> Metering:
        """The figures behind the properties; worked out anew when there is something new."""
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
        """Have the figures worked out anew, because of what no stamp tells."""
        self._metering = None

    @property
    def imports_ms(self) -> float:
        """Thread CPU of imports, in ms; counted apart, neither in `cpu_ms` nor in the budget."""
        return self.imports_ns / 1e6

    @property
    def runtime_ms(self) -> float:
        """About what of `cpu_ms` the runtime's own work takes, in ms of thread CPU.

        What a call between Workers that do nothing takes here, measured once, for each invocation.
        It is in the figures of the invocations, mostly in the caller's, who makes the request.
        """
        calls = len(self.invocations) + self.not_kept
        return min(calls * self.host.overhead_ns() / 1e6, self.cpu_ms)

    @property
    def off_thread_ms(self) -> float:
        """CPU in other threads on the request's behalf, in ms: sampled, and in no budget."""
        return sum(self.off_thread_ns.values()) / 1e6

    def cpu_by_service(self) -> dict[str, float]:
        """Return thread CPU (ms) by service, in the order in which they were first called."""
        shares: dict[str, float] = {each.service: 0.0 for each in self.invocations}
        for key, used in self.metering.self_ns.items():
            name = key if isinstance(key, str) else key.service
            shares[name] = shares.get(name, 0.0) + used / 1e6
        return shares

    def __repr__(self) -> str:
        ended = f"{self.outcome or 'running'}, {self.cpu_ms:.2f} ms CPU"
        return f"<Trace {self.number}: {self.method} {self.url}, {ended}>"


class InvocationCounter:
    """Takes the place of the list of a trace's invocations where no more of them are kept."""

    def __init__(self, trace: Trace) -> None:
        """Count for `trace`."""
        self._trace = trace
        self._made: list[Invocation] = []

    def append(self, invocation: Invocation) -> None:
        """Count one more, and keep it until it has begun."""
        self._trace.not_kept += 1
        while self._made and not self._made[-1].waits_to_begin:
            self._made.pop()
        self._made.append(invocation)

    def take(self) -> list[Invocation]:
        """Return those that may not have begun, and forget them."""
        made, self._made = self._made, []
        return made


class Traces(deque[Trace]):
    """The traces of a runtime, newest last: at most 1,000 of them, and 64 MB."""

    MAX_TRACES = 1_000
    MAX_BYTES = 64 * 1024 * 1024

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._bytes = 0

    def keep(self, trace: Trace) -> None:
        """Add a trace that has ended, and drop the oldest beyond the bounds."""
        self.append(trace)
        size = 1_500 + 450 * len(trace.invocations) + 30 * len(trace.stamps)
        for invocation in trace.invocations:
            if len(invocation._url) > MAX_TEXT:
                invocation._url = shortened(trace.redact(invocation._url))
            size += sys.getsizeof(invocation._url)
            extras = invocation.extras
            if extras is not None and extras.failure is not None:
                outcome, text = extras.failure
                if len(text) > MAX_TEXT:
                    text = shortened(trace.redact(text))
                    extras.failure = outcome, text
                size += sys.getsizeof(text)
        if trace.failed_late is not None and len(trace.failed_late[1]) > MAX_TEXT:
            outcome, text = trace.failed_late
            trace.failed_late = outcome, shortened(trace.redact(text))
        if trace._logs:
            size += sum(120 + sys.getsizeof(log.text) for log in trace._logs)
        trace.bytes = size
        self._bytes += size
        while len(self) > self.MAX_TRACES or (self._bytes > self.MAX_BYTES and len(self) > 1):
            self._bytes -= self.popleft().bytes

    def find(self, number: int, asker: str) -> Trace:
        """Return the trace of a number; -1 is the last one, -2 the last but one.

        Raises UsageError, in the name of `asker` (a magic), when there is none.
        """
        if not self:
            raise UsageError(f"{asker} has nothing to show yet: make a request first, %fetch NAME.")
        if number < 0 and -number <= len(self):
            return self[number]
        for trace in self:
            if trace.number == number:
                return trace
        first, last = self[0].number, self[-1].number
        kept = f"there are {first} to {last}" if first < last else f"there is only {first}"
        raise UsageError(f"There is no request {number}; {kept}.")
