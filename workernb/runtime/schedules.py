"""Schedules: the Workers' crons fire by the runtime's clock.

https://developers.cloudflare.com/workers/configuration/cron-triggers/
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from workernb.runtime.bindings.entrypoints import NOTEBOOK, MissingEntrypoint
from workernb.runtime.events.event import Event
from workernb.runtime.events.scheduled import SCHEDULED, controller_of
from workernb.runtime.execution.dispatch import TopLevelCall, finish
from workernb.runtime.services.crons import Schedule
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.history import Change
from workernb.runtime.services.targets import Target
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.logs import Discard

MAX_WALL_MS = 900_000
"""How long (ms of wall clock) a request takes at most that nobody awaits, as on the platform."""


class Timekeeper(Protocol):
    """The part of the runtime's clock that the core uses; `workernb.resources.clock` has it."""

    moving: bool
    on_set_back: list[Callable[[float], None]]

    def now(self) -> float:
        """Return the time, in s since the epoch."""

    def call_at(self, when: float, what: Callable[[], Awaitable[Any] | None], why: str) -> Any:
        """Call `what` at a time, and return what has a method `cancel`."""


def echo_for(clock: Timekeeper) -> Any:
    """Return the file for prints of what the clock has begun.

    While a cell moves the clock, that is the cell's output. What fires by itself writes to no cell.
    """
    return sys.stdout if clock.moving else Discard()


def call_unattended(
    runtime: Any, service: str, event: Event, argument: Any, why: str
) -> TopLevelCall:
    """Make a request to a service that nobody awaits. why: as its trace has it."""
    called = runtime.services[service]
    target = Target(service)
    entrypoint = called.entrypoints.get(target.entrypoint)
    if entrypoint is None:
        entrypoint = MissingEntrypoint(None, target, NOTEBOOK, called.version, runtime.services)
    return call_entrypoint(runtime, entrypoint, called.version, event, argument, why)


def call_entrypoint(
    runtime: Any, entrypoint: Entrypoint, version: Version, event: Event, argument: Any, why: str
) -> TopLevelCall:
    """Make a request that nobody awaits: of the clock, or of a queue. why: as its trace has it.

    It takes 15 minutes of wall clock at most, as on the platform.
    """
    limits = runtime.limits_of(version)
    if limits.wall_ms is None or limits.wall_ms > MAX_WALL_MS:
        limits = limits.but(wall_ms=MAX_WALL_MS)
    echo = echo_for(runtime.clock)
    call = TopLevelCall(runtime, event, entrypoint, argument, limits, True, echo)
    if call.trace is not None:
        call.trace.why = why
    return call


class Schedules:
    """The next firing of each cron of each Worker."""

    def __init__(self, runtime: Any, clock: Timekeeper) -> None:
        """Begin with none, and follow the changes of the runtime's Workers."""
        self._runtime = runtime
        self._clock = clock
        self._timers: dict[str, dict[str, Any]] = {}
        runtime.followers.append(self._changed)
        clock.on_set_back.append(self._set_back)

    def _changed(self, change: Change) -> None:
        """Set the timers of a service's crons anew, if these have changed."""
        service = self._runtime.services.get(change.service)
        crons = service.definition.crons if service is not None and service.versions else ()
        timers = self._timers.setdefault(change.service, {})
        for cron in [cron for cron in timers if cron not in crons]:
            timers.pop(cron).cancel()
        for cron in crons:
            if cron not in timers:
                self._set(change.service, cron)

    def _set_back(self, seconds: float) -> None:
        for service, timers in self._timers.items():
            for cron, timer in list(timers.items()):
                timer.cancel()
                self._set(service, cron)

    def _set(self, service: str, cron: str) -> None:
        at = Schedule(cron).next_after(self._clock.now())
        if at is not None:
            timer = self._clock.call_at(
                at, lambda: self._fire(service, cron, at), _why(cron, service)
            )
            self._timers[service][cron] = timer

    async def _fire(self, service: str, cron: str, at: float) -> None:
        """Call a scheduled handler, and wait until the request has ended."""
        self._set(service, cron)
        argument, why = controller_of(at * 1000, cron), f"cron, due {date_text(at)}"
        await finish(call_unattended(self._runtime, service, SCHEDULED, argument, why))


def _why(cron: str, service: str) -> str:
    return f"cron {cron} of {service}"


def date_text(at: float) -> str:
    """Return a time (s since the epoch) as text, in UTC: `2026-11-28 09:00:00`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
