"""Traces: what happened in a top-level request, kept while it runs and after."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns as wall_clock
from time import thread_time_ns as cpu_clock
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from workernb.errors import (
    CpuLimitExceeded,
    Hung,
    Interrupted,
    LimitError,
    PlatformText,
    WallLimitExceeded,
    with_notes,
)
from workernb.runtime.services.limits import SHARED
from workernb.workers.current import current

from .metering import Metering, Slice, holder, time_of_last
from .threads import FRESH_NS, Thread
from .tracebacks import debugged, waiting_at, where

if TYPE_CHECKING:
    from workernb.runtime.runtime import Runtime
    from workernb.runtime.services.limits import Limits

    from .invocations import Invocation

KEPT = 10_000
"""How many invocations, and how many slices, one trace keeps before it folds."""

LOG_BYTES = 256 * 1024
"""How much (in characters) one request may log: the platform's 256 KB."""

_LOG_LIMIT = (
    "Log size limit exceeded: More than 256KB of data (across console.log statements, exception, "
    "request metadata and headers) was logged during a single request. Subsequent data for this "
    "request will not be recorded in logs, appear when tailing this Worker's logs, or in Tail "
    "Workers."
)


@dataclass(frozen=True, slots=True)
class Log:
    """Something that an invocation's code logged or printed, or that the runtime says about it.

    at_ms: since the request began, in ms of wall clock. level: `log` (print), `debug`, `info`,
    `warn`, `error`. text: without secrets.
    """

    at_ms: float
    level: str
    text: str
    invocation: Invocation | None


class Trace:
    """A top-level request: its invocations, who held the thread, its logs, its outcome.

    `response.trace` and `runtime.traces` give them. number: counts a runtime's requests from 1.
    owner: whether the notebook made it by name, rather than an outsider by URL. limits: what it
    may use. began: seconds since the epoch.
    """

    # What most requests leave as it is. An object made is an object that the collector looks at.
    waiting: set[asyncio.Future[Any]] | frozenset[Any] = frozenset()
    begun: dict[Invocation, Any] | None = None
    _logs: list[Log] | None = None
    _folded_ns: Mapping[Any, int] = MappingProxyType({})
    elsewhere_ns: Mapping[Invocation, int] = MappingProxyType({})
    debugged = False
    alone_looked_at = True  # Whether budgets of their own were looked at since the last fold.
    look_again_s = 0.0  # How long it waits until the guard looks whether it hangs.
    failed_late: tuple[str, str] | None = None
    task: asyncio.Task[Any] | None = None
    steps: Coroutine[Any, Any, Any] | None = None
    imports_ns = _import_began_ns = 0
    cpu_ns = sampled_ns = ended_ns = not_kept = 0
    bytes = 0  # About what it takes; known when it is kept.
    _asked_up_to = 1  # The first invocation is no call over a binding.
    _log_room = LOG_BYTES
    _to_uncancel = False
    _metering: tuple[int, Metering] | None = None
    _first_slices: list[Slice] | None = None
    _kept: set[int] | None = None

    def __init__(
        self,
        number: int,
        limits: Limits,
        runtime: Runtime,
        thread: Thread,
        owner: bool,
        echo: TextIO,
    ) -> None:
        """Begin the trace of a top-level request."""
        self.number = number
        self.limits = limits
        self.runtime = runtime
        self.thread = thread
        self.owner = owner
        self.echo = echo
        self.began = time.time()
        self.began_ns = wall_clock()
        # What the hop touches
        self.condemned: BaseException | None = None
        self.stamps: list[Any] = []
        self.fresh_until = 0
        # A slice has a stamp of three at each end. Budgets of their own are looked up in the
        # figures, at each tick, so these must stay few.
        self.fold_at = 6 * KEPT if limits.budget == SHARED else KEPT // 4
        self.invocations: list[Invocation] = []
        self.recorded: list[Invocation] | _Counted = self.invocations
        self.max_depth = limits.depth
        self.budget_ns = limits.budget_ns
        self.room = self._refused_at = limits.room if limits.room < KEPT else KEPT - 1

    # The clock and the limits, on the hop's behalf

    def anchor(self, now: int, who: Invocation | None) -> None:
        """Stamp what the thread's CPU clock says `now`, as `who` holds it; it is fresh for a while.

        The budget is looked at too: where no tick enforces it, the next hop does.
        """
        self.fresh_until = now + FRESH_NS
        cpu = cpu_clock()
        self.stamps.extend((now, cpu, who))
        thread = self.thread
        if thread.trace is self and self.cpu_ns + cpu - thread.slice_cpu_ns > self.budget_ns:
            self.exceed_cpu()

    def refusal(self, caller: Invocation) -> BaseException | None:
        """Return why `caller` may make no further call; None if it may after all."""
        if self.condemned is not None:
            return self.condemned
        if caller.depth >= self.max_depth:
            return with_notes(
                LimitError(PlatformText.DEPTH),
                f"Worker {caller.service!r} is {caller.depth} invocations deep; "
                f"the limit of a request is {self.limits.depth}: {chain(caller)}",
            )
        if self.room > 0:
            return None
        limits = self.limits
        if self._refused_at >= limits.invocations - 1:
            return with_notes(
                LimitError(PlatformText.DEPTH),
                f"This request has made {limits.invocations} invocations, which is its limit "
                f"(the first one counts): {chain(caller)}",
            )
        if self._refused_at >= limits.subrequests:
            return with_notes(
                LimitError(PlatformText.SUBREQUESTS),
                f"This request has made {limits.subrequests} subrequests, which is its limit.",
            )
        # Neither: as many invocations as a trace keeps have been made. The rest is added up.
        before = self._refused_at
        self._refused_at = min(limits.invocations - 1, limits.subrequests, before + KEPT)
        self.room = self._refused_at - before
        self.fold()
        return None

    def waiting_to_begin(self) -> Sequence[Invocation]:
        """Return the calls that nobody has awaited, of those made since this was last asked.

        In the slice that ends, and in callbacks before it, which no slice contains.
        """
        made = self.invocations[self._asked_up_to :]
        self._asked_up_to = len(self.invocations)
        if self.recorded is not self.invocations:
            made += self.recorded.taken()  # type: ignore[union-attr]
        return [call for call in made if call.waits_to_begin] if made else ()

    def begins(self, call: Invocation) -> Any:
        """Keep what its caller has of a call that begins in a task of its own, and return it."""
        if self.begun is None:
            self.begun = {}
        self.begun[call], call.steps = call.steps, None
        return self.begun[call]

    def joined(self, call: Invocation) -> None:
        """Keep it no longer: its caller awaits it."""
        if self.begun is not None:
            self.begun.pop(call, None)

    def waits_for(self, task: asyncio.Future[Any]) -> None:
        """Let the request end only when `task` is done."""
        if not self.waiting:
            self.waiting = set()
        self.waiting.add(task)  # type: ignore[union-attr]

    def condemn(self, error: BaseException) -> BaseException:
        """End the request, whatever its Workers do about it: no call and no result counts now."""
        if self.condemned is None:
            self.condemned = error
            self.room = 0  # So that the hop need not look at both.
        return self.condemned

    def judge(self, who: Any, frame: FrameType | None) -> BaseException | None:
        """Return what is to end `who`, whose code `frame` runs; None when it may go on."""
        if debugged(frame):
            self.debugged = True
        if self.condemned is None and not self.debugged and not self._imports_now():
            if self.limits.budget != SHARED:
                return self.judge_alone(who, where(frame))
            if self.cpu_ns + self.thread.slice_so_far_ns(self) > self.budget_ns:
                self.exceed_cpu(where(frame))
        return self.condemned

    def judge_alone(self, who: Invocation | None, place: str | None) -> BaseException | None:
        """Return what is to end an invocation that has a budget of its own, and used it up.

        place: where in its source it is.
        """
        self.alone_looked_at = True
        if who is None or self.debugged:
            return None
        cpu_ms = self.runtime.limits_of(who.version).cpu_ms
        if cpu_ms is None or who.cpu_ms <= cpu_ms:
            return None
        budget = f"The CPU budget of an invocation of Worker {who.service!r} is {cpu_ms:g} ms"
        return with_notes(CpuLimitExceeded(PlatformText.CPU_CUT), _cut_in(budget, place))

    def _imports_now(self) -> bool:
        """Return whether an import runs, and has time left: it is not the budget's affair."""
        if not self._import_began_ns:
            return False
        so_far = self.imports_ns + self.thread.cpu_now() - self._import_began_ns
        return so_far <= self.limits.startup_ms * 1e6

    def begin_import(self) -> None:
        """Note that an import begins in a Worker's code."""
        self._import_began_ns = self.thread.cpu_now()

    def end_import(self, cpu_ns: int) -> None:
        """Count an import apart: neither the invocation nor the budget is charged for it.

        Beyond the startup limit they are.
        """
        self._import_began_ns = 0
        apart = max(0, min(cpu_ns, int(self.limits.startup_ms * 1e6) - self.imports_ns))
        self.imports_ns += apart
        self.cpu_ns -= apart
        who = current.get()
        self._charge(who, -apart)
        self._metering = None

    def interrupt(self, where: str | None = None) -> BaseException:
        """Condemn the request because the notebook's user interrupted it, while it was there."""
        error = Interrupted(PlatformText.CANCELED)
        return self.condemn(with_notes(error, where and f"Interrupted in {where}."))

    def exceed_cpu(self, where: str | None = None) -> None:
        """Condemn the request because its CPU budget is used up, unless it is being debugged."""
        if self.condemned is None and not self.debugged and not debugged():
            budget = f"The CPU budget of the request was {self.limits.cpu_ms:g} ms"
            self.condemn(with_notes(CpuLimitExceeded(PlatformText.CPU_CUT), _cut_in(budget, where)))

    def exceed_wall(self) -> None:
        """Condemn the request because it has taken too long, and wake it.

        Not while, or after, it was debugged: that takes time.
        """
        if self.debugged or self.condemned is not None:
            return
        waited = f"The request was given {self.limits.wall_ms:g} ms of wall clock."
        self.wake(with_notes(WallLimitExceeded(PlatformText.WALL), waited))

    def hang(self) -> None:
        """Condemn the request because nobody is left who could wake it."""
        place = self.waits_at
        self.wake(
            with_notes(
                Hung(PlatformText.HUNG), place and f"It waits in {place}; nobody can end that."
            )
        )

    def wake(self, error: BaseException) -> None:
        """Condemn the request, and wake it if it waits."""
        self.condemn(error)
        if self.task is not None and not self._to_uncancel:
            # Its task may be the notebook's own, which goes on: this is no cancellation of it.
            self._to_uncancel = self.task.cancel()

    def woken(self) -> None:
        """Take back the cancellation that woke the request's task, if one did."""
        if self._to_uncancel and self.task is not None:
            self._to_uncancel = False
            self.task.uncancel()

    # Bounds

    def fold(self) -> None:
        """Add up what was stamped so far, keep the first slices, and drop the stamps."""
        # What this takes is the runtime's own time: no invocation is charged, nor the budget.
        began, budget_ns = cpu_clock(), self.budget_ns
        self.budget_ns = math.inf
        self._add_up()
        who = holder(self.stamps)
        self.stamps.clear()
        self.anchor(wall_clock(), who)
        if self.thread.trace is self:
            self.thread.slice_cpu_ns += self.stamps[1] - began
        self.budget_ns = budget_ns
        self._metering = None
        self.alone_looked_at = self.limits.budget == SHARED

    def _add_up(self) -> None:
        if len(self.invocations) >= KEPT and self._kept is None:
            self._kept = {id(invocation) for invocation in self.invocations}
            self.recorded = _Counted(self)
        first = self._first_slices = self._first_slices or []
        metering = Metering(first)
        metering.add(self.stamps, KEPT)
        for invocation, used in metering.self_ns.items():
            kept = self._kept is None or id(invocation) in self._kept
            key = invocation if kept else invocation.service
            self._charge(key, used)

    def _charge(self, who: Any, cpu_ns: int) -> None:
        if not self._folded_ns:
            self._folded_ns = {}
        self._folded_ns[who] = self._folded_ns.get(who, 0) + cpu_ns  # type: ignore[index]

    def charge_sample(self, invocation: Invocation, cpu_ns: int) -> None:
        """Charge CPU that was sampled, in a callback or a finalizer, and not measured."""
        self.cpu_ns += cpu_ns
        self.sampled_ns += cpu_ns
        self._charge(invocation, cpu_ns)
        self._metering = None

    def charge_elsewhere(self, invocation: Invocation, cpu_ns: int) -> None:
        """Note CPU that was sampled in another thread, which works for `invocation`."""
        used = self.elsewhere_ns.get(invocation, 0) + cpu_ns
        self.elsewhere_ns = {**self.elsewhere_ns, invocation: used}

    # Logs

    def log(
        self, invocation: Invocation | None, level: str, text: str, shown: str | None = None
    ) -> None:
        """Keep what `invocation` logged; nothing more once the request has logged 256 KB.

        shown: what goes to the cell's own output as well, as it was printed.
        """
        if shown is not None:
            self.echo.write(self.redact(shown))
        if self._log_room < 0:
            return
        text = self.redact(text)
        self._log_room -= len(text)
        if self._log_room < 0:
            level, text = "warn", _LOG_LIMIT
        at_ms = (wall_clock() - self.began_ns) / 1e6
        if self._logs is None:
            self._logs = []
        self._logs.append(Log(at_ms, level, text, invocation))

    @property
    def logs(self) -> list[Log]:
        """What its Workers logged or printed, and what the runtime says of it; oldest first."""
        return self._logs or []

    def redact(self, text: str) -> str:
        """Return `text` without the runtime's secrets."""
        return self.runtime.redactor.redact(text)

    def warn(self, invocation: Invocation | None, text: str) -> None:
        """Say something about an invocation in the request's logs."""
        self.log(invocation, "warn", text)

    # The end

    def fail_late(self, outcome: str, text: str) -> None:
        """Note that a waitUntil task failed, after the response was given or before."""
        self.failed_late = (outcome, text)

    def finish_if_done(self) -> None:
        """End the trace if its response is given and no waitUntil task is left."""
        if not self.waiting and self.invocations[0].outcome is not None and not self.ended_ns:
            self.ended_ns = wall_clock()
            if self.begun is not None:
                for steps in self.begun.values():
                    steps.close()
                self.begun = None
            self.task = self.steps = None
            self.runtime.finished(self)

    def abandon(self) -> None:
        """End the trace of a request that was cancelled before it began."""
        if not self.ended_ns:
            self.invocations[0].abandon()
            self.finish_if_done()

    # In words and figures

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
        metering = Metering.of(stamps, self._folded_ns)
        if self._first_slices is not None:
            metering.slices = self._first_slices
        return metering

    @property
    def imports_ms(self) -> float:
        """Thread CPU of imports, in ms; counted apart, neither in `cpu_ms` nor in the budget."""
        return self.imports_ns / 1e6

    @property
    def runtime_ms(self) -> float:
        """About what of `cpu_ms` the runtime's own work takes, in ms of thread CPU.

        What a call between Workers that do nothing takes here, measured once, for each invocation.
        It is in the figures of the invocations: in the caller's mostly, who makes the request.
        """
        from workernb.runtime.overhead import cost_of_a_call_ns

        calls = len(self.invocations) + self.not_kept
        return min(calls * cost_of_a_call_ns() / 1e6, self.cpu_ms)

    @property
    def off_thread_ms(self) -> float:
        """CPU in other threads on the request's behalf, in ms: sampled, and in no budget."""
        return sum(self.elsewhere_ns.values()) / 1e6

    def cpu_by_service(self) -> dict[str, float]:
        """Return thread CPU (ms) by service, in the order in which they were first called."""
        shares: dict[str, float] = {call.service: 0.0 for call in self.invocations}
        for who, used in self.metering.self_ns.items():
            name = who if isinstance(who, str) else who.service
            shares[name] = shares.get(name, 0.0) + used / 1e6
        return shares

    def __repr__(self) -> str:
        ended = f"{self.outcome or 'running'}, {self.cpu_ms:.2f} ms CPU"
        return f"<Trace {self.number}: {self.method} {self.url}, {ended}>"


class _Counted:
    """Stands for the list of a trace's invocations where no more of them are kept."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._made: list[Invocation] = []

    def append(self, invocation: Invocation) -> None:
        """Count one more, and keep it until it has begun."""
        self._trace.not_kept += 1
        while self._made and not self._made[-1].waits_to_begin:
            self._made.pop()
        self._made.append(invocation)

    def taken(self) -> list[Invocation]:
        """Return those that are kept, and forget them."""
        made, self._made = self._made, []
        return made


class Traces(deque[Trace]):
    """The traces of a runtime, newest last: at most 1,000 of them, and 64 MB."""

    MOST = 1_000
    MOST_BYTES = 64 * 1024 * 1024

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._bytes = 0

    def keep(self, trace: Trace) -> None:
        """Add a trace that has ended, and drop the oldest beyond the bounds."""
        self.append(trace)
        size = 1_500 + 450 * len(trace.invocations) + 30 * len(trace.stamps)
        if trace._logs:
            size += sum(120 + len(log.text) for log in trace._logs)
        trace.bytes = size
        self._bytes += size
        while len(self) > self.MOST or (self._bytes > self.MOST_BYTES and len(self) > 1):
            self._bytes -= self.popleft().bytes


def _cut_in(budget: str, where: str | None) -> str:
    return f"{budget}; cut in {where}." if where else f"{budget}."


def chain(invocation: Invocation) -> str:
    """Return the services from the first to this one, as `a → b → c`; long chains are cut."""
    names: list[str] = []
    at: Invocation | None = invocation
    while at is not None:
        names.append(at.service)
        at = at.caller
    names.reverse()
    return " → ".join(names if len(names) <= 8 else [*names[:3], "…", *names[-3:]])
