"""Measure a request between two Workers over a binding, and over HTTP between two processes.

Each way has a runtime and isolates of its own, so that neither starts warmer than the other and
the state of the notebook's Workers does not change.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from time import perf_counter_ns as wall_clock
from time import thread_time_ns as cpu_clock
from typing import Any

from workernb.assembly import Runtime
from workernb.errors import (
    CanceledError,
    ComparisonError,
    UsageError,
    format_error,
    on_one_line,
    with_notes,
)
from workernb.http import Request
from workernb.http.request import receive
from workernb.runtime.bindings.outbound import INTERNET
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime as CoreRuntime
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.targets import DEFAULT, Target, suggest_service
from workernb.runtime.tracing.traces import Trace

from .process import HttpEntrypoint, OtherProcess

HERE, THERE = "this process", "the other process"
PAUSE_S = 0.001
"""How long (s) to wait before each request, so that both processes have finished the last one."""

MAX_PREEMPTED = 0.05
"""The part of a run's wall time for which it may be preempted and still be shown."""

CALM_RUNS = 3
MAX_REPEATED = 100
"""How many runs are to be calm, which were hardly preempted, and how often others are repeated."""

Report = Mapping[str, Any]
"""The report of the other process; see `OtherProcess.report`."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period in which a process was busy, in ms since the request began.

    by: the Worker that ran; None for the event loop, HTTP and the runtime.
    """

    begin_ms: float
    end_ms: float
    by: str | None


@dataclass(frozen=True, slots=True)
class Process:
    """The figures of one process for a request.

    cpu_ms: thread CPU. idle_ms: how long it had nothing to do while the request was in flight.
    cpu_by: thread CPU (ms) of each Worker, and under None that of everything else.
    """

    name: str
    cpu_ms: float
    idle_ms: float
    cpu_by: Mapping[str | None, float]
    stretches: Sequence[Stretch] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """The figures of one way to make the request, from a run with the median wall time.

    Runs that the machine preempted for long are left out of the choice, unless all were.

    wall_ms: from the request to its answer. status: of the answer. walls_ms: of all runs.
    """

    wall_ms: float
    status: int
    processes: tuple[Process, ...]
    walls_ms: tuple[float, ...] = field(repr=False)

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of all processes."""
        return sum(process.cpu_ms for process in self.processes)

    @property
    def idle_ms(self) -> float:
        """The idle times of all processes, added up."""
        return sum(process.idle_ms for process in self.processes)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A request over the binding, and the same over HTTP between two processes.

    request: method and URL, without secrets. services: in the order of their first calls, the
    gateway first. failed: the exception of a Worker in the other process, or None.
    """

    request: str
    services: tuple[str, ...]
    binding: Way
    network: Way
    failed: str | None


def check(gateway: Handle, times: int) -> None:
    """Raise UsageError for arguments of `compare_network` that cannot be compared."""
    if not isinstance(gateway, Handle):
        raise UsageError(
            f"compare_network takes a Worker's handle, not {type(gateway).__name__}: the variable "
            "that its cell has left, or runtime[NAME]."
        )
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise UsageError(f"times is a number of requests, 1 or more, not {times!r}.")
    runtime = gateway._runtime
    services = runtime.services[runtime[gateway.name].name].definition.services
    if not services:
        raise UsageError(
            f"Worker {gateway.name!r} has no service bindings, so there is no call to compare. "
            "Bind it to another Worker, as with --bind AUTH=auth."
        )
    for name, target in services.items():
        if target.service not in runtime:
            raise with_notes(
                UsageError(f"{gateway.name}.{name} is bound to {target}, which is not defined."),
                suggest_service(target.service, runtime),
            )
    definition = runtime.services[gateway.name].definition
    for worker in {gateway.name: definition, **_callees(runtime, definition)}.values():
        for name, store in worker.stores():
            raise UsageError(
                f"{worker.name}.{name} is bound to the {store.node}, which another process does "
                "not have: compare Workers without stores."
            )


async def compare(gateway: Handle, request: Request, times: int) -> Comparison:
    """Make a request `times` times each way, in turn, after one of each that is not counted.

    Raises ComparisonError when it cannot be measured. `check` has accepted the arguments before.
    """
    runtime = gateway._runtime
    comparing = _compare(runtime, gateway, request, times)
    # Measure on the runtime's own thread, from whichever thread this is called.
    loop = runtime.loops.home_in_other_thread()
    try:
        if loop is None:
            return await comparing
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(comparing, loop))
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        on_one_line(error, "The comparison was canceled.")
        raise


async def _compare(
    runtime: CoreRuntime, gateway: Handle, request: Request, times: int
) -> Comparison:
    definition = gateway._service.definition
    callees = _callees(runtime, definition)
    target = Target(gateway.name, gateway._entrypoint)
    await request._buffer_body()  # It is sent many times.
    limits, outbound = runtime.limits, runtime.outbound
    with (
        closing(Runtime(limits, outbound)) as bound,
        closing(Runtime(limits, outbound)) as remote,
    ):
        for worker in {definition.name: definition, **callees}.values():
            bound.define(worker.name, worker.source, **settings(worker))
        over_binding = _Requester(bound, target, request, "Over the binding")
        first = await over_binding.request()
        if len(first.trace.invocations) == 1:
            raise ComparisonError(
                f"Worker {gateway.name!r} answered {first.status} without a call over "
                "a binding, so there is nothing to compare: make a request for which it calls."
            )
        other = OtherProcess(
            {name: (callee.source, settings(callee)) for name, callee in callees.items()},
            limits,
            # What else answers is an object of this process.
            internet=outbound == INTERNET,
        )
        try:
            async with other:
                _define_over_http(remote, definition, other)
                over_http = _Requester(remote, target, request, "Over HTTP")
                await over_http.request()
                runs = [
                    (await over_binding.request(), await over_http.request()) for _ in range(times)
                ]
                for _ in range(MAX_REPEATED):  # On a busy machine nearly all are preempted.
                    hasty = [number for number, (_, http) in enumerate(runs) if not http.is_calm]
                    if len(runs) - len(hasty) >= min(CALM_RUNS, times):
                        break
                    again = await over_binding.request(), await over_http.request()
                    if again[1].is_calm:
                        runs[hasty[0]] = again
                report = await other.report()
        except ComparisonError as error:
            bound.redactor.redact_error(error)
            raise
    last, _ = runs[-1]
    return Comparison(
        f"{request.method.value} {bound.redactor.redact(request.url)}",
        tuple(dict.fromkeys(invocation.service for invocation in last.trace.invocations)),
        _way([run for run, _ in runs], gateway.name, None),
        _way([run for _, run in runs], gateway.name, report),
        _failure(report, bound),
    )


def _callees(runtime: CoreRuntime, definition: Definition) -> dict[str, Definition]:
    """Return the Workers that a Worker can reach over its bindings, directly or not, by name."""
    callees: dict[str, Definition] = {}
    queue = [definition]
    while queue:
        for target in queue.pop().services.values():
            service = runtime.services[target.service]
            if service.versions and service.name not in callees:
                callees[service.name] = service.definition
                queue.append(service.definition)
    return callees


def settings(definition: Definition) -> dict[str, Any]:
    """Return a definition's settings, as `Runtime.define` takes them."""
    return {
        **definition.given_bindings(),
        "limits": definition.limits,
        "compatibility_date": definition.compatibility_date,
        "tag": definition.tag,
        "modules": dict(definition.modules),
        "main": definition.main,
    }


def _define_over_http(runtime: Runtime, definition: Definition, process: OtherProcess) -> None:
    """Define the gateway, with all its bindings leading over HTTP to the other process."""
    services: dict[str, str] = {}
    remote: dict[str, dict[str, Entrypoint]] = {}
    for number, (binding, target) in enumerate(definition.services.items()):
        # Not the target's own name, since the gateway may be bound to itself.
        alias = services[binding] = f"{definition.name}-{number}"
        remote[alias] = {DEFAULT: HttpEntrypoint(process, target)}
    runtime.define(
        definition.name, definition.source, **{**settings(definition), "services": services}
    )
    for alias, entrypoints in remote.items():
        runtime.services[alias].entrypoints = entrypoints


@dataclass(frozen=True, slots=True)
class _Run:
    """One request that was made: its trace, its wall time and its thread CPU (ns)."""

    trace: Trace
    status: int
    began_ns: int
    ended_ns: int
    cpu_ns: int

    @property
    def wall_ns(self) -> int:
        return self.ended_ns - self.began_ns

    @property
    def preempted_ns(self) -> int:
        """For how long the machine ran other code in the middle of a slice."""
        return sum(part.end_ns - part.begin_ns - part.cpu_ns for part in self.trace.slices)

    @property
    def is_calm(self) -> bool:
        """Whether it was hardly preempted: else it may be seen as busy while it waited."""
        return self.preempted_ns <= MAX_PREEMPTED * self.wall_ns


class _Requester:
    """Makes the same request to a runtime, any number of times. label: begins error messages."""

    def __init__(self, runtime: Runtime, target: Target, request: Request, label: str) -> None:
        self._runtime = runtime
        self._target = target
        self._request = request
        self._label = label

    async def request(self) -> _Run:
        """Make the request once; ComparisonError when the Worker fails."""
        request = receive(self._request.clone())
        # The Workers' prints would appear in the cell once for each run.
        echo = io.StringIO()
        await asyncio.sleep(PAUSE_S)
        began, cpu = wall_clock(), cpu_clock()
        try:
            answer = await self._runtime.call(self._target, request, echo=echo)
            await answer._buffer_body()
        except (CanceledError, asyncio.CancelledError):
            raise
        except Exception as error:
            text = f"{self._label} the request failed: {format_error(error)}"
            raise ComparisonError(self._runtime.redactor.redact(text)) from None
        cpu, ended = cpu_clock() - cpu, wall_clock()
        assert answer.trace is not None
        return _Run(answer.trace, answer.status, began, ended, cpu)


def _failure(report: Report, runtime: Runtime) -> str | None:
    """Return the exception of the first Worker that failed in the other process, or None."""
    failures = [call["failed"] for call in report["calls"] if call["failed"]]
    return runtime.redactor.redact(failures[0]) if failures else None


# Figures from clock readings


def _way(runs: list[_Run], gateway: str, report: Report | None) -> Way:
    """Return the figures of the run with the median wall time. report: None for the binding."""
    run = _representative(runs)
    processes = [_this_process(run, gateway if report is not None else None)]
    if report is not None:
        processes.append(_other_process(run, report))
    walls = tuple(run.wall_ns / 1e6 for run in runs)
    return Way(run.wall_ns / 1e6, run.status, tuple(processes), walls)


def _representative(runs: list[_Run]) -> _Run:
    """Return the run with the median wall time, of those that were calm if there are any."""
    calm = [run for run in runs if run.is_calm] or runs
    return sorted(calm, key=lambda run: run.wall_ns)[len(calm) // 2]


def _this_process(run: _Run, gateway: str | None) -> Process:
    """Return the figures of this process, from the trace.

    gateway: the only Worker that runs here; None when all do. Between two slices of a request the
    thread first waits, and then reads what has arrived: its CPU time tells one from the other.
    Time in which the machine preempted a slice does not count as idle.
    """
    slices = list(run.trace.slices)
    gaps = [after.begin_ns - before.end_ns for before, after in pairwise(slices)]
    idle_ns = min(max(0, run.wall_ns - run.cpu_ns - run.preempted_ns), sum(gaps))
    stretches: list[Stretch] = []
    cpu_by: dict[str | None, float] = {}
    at: float = run.began_ns
    for number, slice_ in enumerate(slices):
        if number and idle_ns:
            at += idle_ns * gaps[number - 1] / sum(gaps)
        stretches.append(_stretch(run, at, slice_.begin_ns, None))
        service = slice_.invocation.service
        by = service if gateway in (None, service) else None
        stretches.append(_stretch(run, slice_.begin_ns, slice_.end_ns, by))
        cpu_by[by] = cpu_by.get(by, 0.0) + slice_.cpu_ns / 1e6
        at = slice_.end_ns
    stretches.append(_stretch(run, at, run.ended_ns, None))
    return _process(HERE, run.cpu_ns, idle_ns, cpu_by, stretches)


def _other_process(run: _Run, report: Report) -> Process:
    """Return the figures of the other process during the run, from its own report."""
    stretches: list[Stretch] = []
    cpu_by: dict[str | None, float] = {}
    cpu_ns = busy_ns = 0.0
    for busy_from, busy_to, used_ns in report["busy"]:
        # It may be busy after its answer has arrived here, which no longer counts.
        began, ended = max(busy_from, run.began_ns), min(busy_to, run.ended_ns)
        if began < ended:
            stretches.append(_stretch(run, began, ended, None))
            busy_ns += ended - began
            cpu_ns += used_ns * (ended - began) / (busy_to - busy_from)
    for call in report["calls"]:
        for service, began, ended, used_ns in call["slices"]:
            if run.began_ns <= began < run.ended_ns:
                stretches.append(_stretch(run, began, ended, service))
                cpu_by[service] = cpu_by.get(service, 0.0) + used_ns / 1e6
    return _process(THERE, cpu_ns, run.wall_ns - busy_ns, cpu_by, stretches)


def _process(
    name: str,
    cpu_ns: float,
    idle_ns: float,
    cpu_by: dict[str | None, float],
    stretches: list[Stretch],
) -> Process:
    """Return the figures of a process, with the CPU that no Worker used under None."""
    workers_ms = sum(used for by, used in cpu_by.items() if by is not None)
    cpu_by[None] = max(0.0, cpu_ns / 1e6 - workers_ms)
    return Process(name, cpu_ns / 1e6, idle_ns / 1e6, cpu_by, stretches)


def _stretch(run: _Run, begin_ns: float, end_ns: float, by: str | None) -> Stretch:
    begin_ms = (begin_ns - run.began_ns) / 1e6
    return Stretch(begin_ms, max(begin_ms, (end_ns - run.began_ns) / 1e6), by)
