"""One request of two Workers, over the binding and over HTTP: what each takes, measured.

Both ways are run in runtimes of their own, with isolates of their own, so that neither starts
warmer than the other, and what the notebook's Workers remember stays as it is.
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
from workernb.errors import CanceledError, ComparisonError, UsageError, with_notes
from workernb.http import Request
from workernb.http.request import receive
from workernb.runtime.handles import Handle
from workernb.runtime.runtime import Runtime as CoreRuntime
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.service import Definition
from workernb.runtime.services.targets import DEFAULT, Target, near
from workernb.runtime.tracing.invocations import format_error
from workernb.runtime.tracing.traces import Trace

from .process import HttpEntrypoint, OtherProcess

HERE, THERE = "this process", "the other process"
PAUSE_S = 0.001
"""How long (s) to wait before each request, for both processes to be done with the last one."""

Report = Mapping[str, Any]
"""What the other process says of itself; see `OtherProcess.report`."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a process was at work, in ms since the request began.

    by: the Worker; None for what is no Worker's: the event loop, HTTP, our own.
    """

    begin_ms: float
    end_ms: float
    by: str | None


@dataclass(frozen=True, slots=True)
class Process:
    """What one process did for a request.

    cpu_ms: thread CPU. idle_ms: how long it had nothing to do while the request was under way.
    cpu_by: thread CPU (ms) of each Worker, and under None of all else.
    """

    name: str
    cpu_ms: float
    idle_ms: float
    cpu_by: Mapping[str | None, float]
    stretches: Sequence[Stretch] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to make the request, as its median run went.

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
        """How long the processes sat idle, added up."""
        return sum(process.idle_ms for process in self.processes)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A request over the binding, and the same over HTTP between two processes.

    request: method and URL, without secrets. services: in the order of their calls, the gateway
    first. failed: what a Worker in the other process failed with, or None.
    """

    request: str
    services: tuple[str, ...]
    binding: Way
    network: Way
    failed: str | None


def check(gateway: Handle, times: int) -> None:
    """Raise UsageError for what cannot be compared."""
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
                near(target.service, runtime),
            )


async def compare(gateway: Handle, request: Request, times: int) -> Comparison:
    """Make a request `times` times each way, in turn, after one of each that is not counted.

    Raises ComparisonError when it could not be measured. What it takes was checked before.
    """
    runtime = gateway._runtime
    here = _compare(runtime, gateway, request, times)
    # The thread that is measured is the runtime's own, whoever asks.
    home = runtime.home_elsewhere()
    if home is None:
        return await here
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(here, home))


async def _compare(
    runtime: CoreRuntime, gateway: Handle, request: Request, times: int
) -> Comparison:
    definition = gateway._service.definition
    callees = _bound(runtime, definition)
    target = Target(gateway.name, gateway._entrypoint)
    with closing(Runtime(runtime.limits)) as bound, closing(Runtime(runtime.limits)) as apart:
        for one in {definition.name: definition, **callees}.values():
            bound.define(one.name, one.source, **settings(one))
        over_binding = _Maker(bound, target, request, "Over the binding")
        await over_binding.make()
        if len(over_binding.last.invocations) == 1:
            raise ComparisonError(
                f"Worker {gateway.name!r} answered {over_binding.last.status} without a call over "
                "a binding, so there is nothing to compare: make a request for which it calls."
            )
        other = OtherProcess(
            {one.name: (one.source, settings(one)) for one in callees.values()}, runtime.limits
        )
        try:
            async with other:
                _define_over_http(apart, definition, other)
                over_http = _Maker(apart, target, request, "Over HTTP")
                await over_http.make()
                runs = [(await over_binding.make(), await over_http.make()) for _ in range(times)]
                report = await other.report()
        except ComparisonError as error:
            bound.redactor.redact_error(error)
            raise
    return Comparison(
        f"{request.method.value} {bound.redactor.redact(request.url)}",
        tuple(dict.fromkeys(call.service for call in over_binding.last.invocations)),
        _way([one for one, _ in runs], gateway.name, None),
        _way([other for _, other in runs], gateway.name, report),
        _failure(report, bound),
    )


def _bound(runtime: CoreRuntime, definition: Definition) -> dict[str, Definition]:
    """Return what a Worker is bound to, and what that is bound to, and so on."""
    found: dict[str, Definition] = {}
    waiting = [definition]
    while waiting:
        for target in waiting.pop().services.values():
            service = runtime.services[target.service]
            if service.versions and service.name not in found:
                found[service.name] = service.definition
                waiting.append(service.definition)
    return found


def settings(definition: Definition) -> dict[str, Any]:
    """Return a definition's settings, as `Runtime.define` takes them."""
    return {
        "services": {name: str(target) for name, target in definition.services.items()},
        "vars": dict(definition.vars),
        "secrets": dict(definition.secrets),
        "limits": definition.limits,
        "compatibility_date": definition.compatibility_date,
        "version_metadata": definition.version_metadata,
        "tag": definition.tag,
    }


def _define_over_http(runtime: Runtime, definition: Definition, process: OtherProcess) -> None:
    """Define the gateway alone, and in the place of all that it is bound to, HTTP."""
    services: dict[str, str] = {}
    stand_ins: dict[str, dict[str, Entrypoint]] = {}
    for number, (binding, target) in enumerate(definition.services.items()):
        # A name that the gateway itself cannot have: it may be bound to itself.
        alias = services[binding] = f"{definition.name}-{number}"
        # There is no source behind it: what is called stands in the other process.
        stand_ins[alias] = {DEFAULT: HttpEntrypoint(process, target)}
    own = {**settings(definition), "services": services}
    runtime.define(definition.name, definition.source, **own)
    for alias, entrypoints in stand_ins.items():
        runtime.services[alias].entrypoints = entrypoints


@dataclass(frozen=True, slots=True)
class _Run:
    """One request that was made: its trace, and the clocks (ns) around it."""

    trace: Trace
    status: int
    began_ns: int
    ended_ns: int
    cpu_ns: int

    @property
    def wall_ns(self) -> int:
        return self.ended_ns - self.began_ns


class _Maker:
    """Makes the same request of a runtime again and again."""

    def __init__(self, runtime: Runtime, target: Target, request: Request, words: str) -> None:
        self._runtime = runtime
        self._target = target
        self._request = request
        self._words = words
        self.last: Trace

    async def make(self) -> _Run:
        """Make the request once; ComparisonError when the Worker fails."""
        request = receive(self._request.clone())
        # Kept out of the cell: it would print what the Workers print once for each run.
        echo = io.StringIO()
        await asyncio.sleep(PAUSE_S)
        began, cpu = wall_clock(), cpu_clock()
        try:
            answer = await self._runtime.call(self._target, request, echo=echo)
        except (CanceledError, asyncio.CancelledError):
            raise
        except Exception as error:
            text = f"{self._words} the request failed: {format_error(error)}"
            raise ComparisonError(self._runtime.redactor.redact(text)) from None
        cpu, ended = cpu_clock() - cpu, wall_clock()
        assert answer.trace is not None
        self.last = answer.trace
        return _Run(answer.trace, answer.status, began, ended, cpu)


def _failure(report: Report, runtime: Runtime) -> str | None:
    """Return what the first Worker that failed in the other process failed with."""
    failures = [call["failed"] for call in report["calls"] if call["failed"]]
    return runtime.redactor.redact(failures[0]) if failures else None


# From clocks to figures


def _way(runs: list[_Run], gateway: str, report: Report | None) -> Way:
    """Return the figures of the run that took the median time."""
    run = sorted(runs, key=lambda run: run.wall_ns)[len(runs) // 2]
    processes = [_here(run, gateway if report is not None else None)]
    if report is not None:
        processes.append(_there(run, report))
    walls = tuple(one.wall_ns / 1e6 for one in runs)
    return Way(run.wall_ns / 1e6, run.status, tuple(processes), walls)


def _here(run: _Run, gateway: str | None) -> Process:
    """Return what this process did, by the trace.

    gateway: the only Worker that is here; None when all are. Between two slices of the request
    the thread waits first, and then takes in what has arrived: the CPU clock says how long. Where
    the machine ran something else in the midst of a slice, it was not idle.
    """
    pieces = list(run.trace.slices)
    gaps = [after.begin_ns - piece.end_ns for piece, after in pairwise(pieces)]
    taken_away = sum(piece.end_ns - piece.begin_ns - piece.cpu_ns for piece in pieces)
    idle_ns = min(max(0, run.wall_ns - run.cpu_ns - taken_away), sum(gaps))
    stretches: list[Stretch] = []
    cpu_by: dict[str | None, float] = {}
    at: float = run.began_ns
    for number, piece in enumerate(pieces):
        if number and idle_ns:
            at += idle_ns * gaps[number - 1] / sum(gaps)
        stretches.append(_stretch(run, at, piece.begin_ns, None))
        service = piece.invocation.service
        by = service if gateway in (None, service) else None
        stretches.append(_stretch(run, piece.begin_ns, piece.end_ns, by))
        cpu_by[by] = cpu_by.get(by, 0.0) + piece.cpu_ns / 1e6
        at = piece.end_ns
    stretches.append(_stretch(run, at, run.ended_ns, None))
    return _process(HERE, run.cpu_ns, idle_ns, cpu_by, stretches)


def _there(run: _Run, report: Report) -> Process:
    """Return what the other process did meanwhile, by its own report."""
    stretches: list[Stretch] = []
    cpu_by: dict[str | None, float] = {}
    cpu_ns = at_work_ns = 0.0
    for woke, slept, used in report["busy"]:
        # It may tidy up after the answer is here, when nobody waits for it.
        began, ended = max(woke, run.began_ns), min(slept, run.ended_ns)
        if began < ended:
            stretches.append(_stretch(run, began, ended, None))
            at_work_ns += ended - began
            cpu_ns += used * (ended - began) / (slept - woke)
    for call in report["calls"]:
        for service, began, ended, used in call["slices"]:
            if run.began_ns <= began < run.ended_ns:
                stretches.append(_stretch(run, began, ended, service))
                cpu_by[service] = cpu_by.get(service, 0.0) + used / 1e6
    return _process(THERE, cpu_ns, run.wall_ns - at_work_ns, cpu_by, stretches)


def _process(
    name: str,
    cpu_ns: float,
    idle_ns: float,
    cpu_by: dict[str | None, float],
    stretches: list[Stretch],
) -> Process:
    """Return a process's figures; what no Worker used is under None."""
    others = sum(used for by, used in cpu_by.items() if by is not None)
    cpu_by[None] = max(0.0, cpu_ns / 1e6 - others)
    return Process(name, cpu_ns / 1e6, idle_ns / 1e6, cpu_by, stretches)


def _stretch(run: _Run, begin_ns: float, end_ns: float, by: str | None) -> Stretch:
    begin_ms = (begin_ns - run.began_ns) / 1e6
    return Stretch(begin_ms, max(begin_ms, (end_ns - run.began_ns) / 1e6), by)
