"""The runtime: a system of Workers, and the requests to them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, TextIO

from workernb.errors import UsageError, did_you_mean, with_notes
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.runtime.bindings.entrypoints import NOTEBOOK, MissingEntrypoint, with_props
from workernb.runtime.bindings.outbound import (
    INTERNET,
    Outbound,
    check_outbound,
    fetch_outside,
    fetch_worker,
)
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.events.event import Event
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.execution import bodies, tasks
from workernb.runtime.execution.dispatch import TopLevelCall
from workernb.runtime.execution.loops import Loops
from workernb.runtime.services.engine import Engine, Entrypoint
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.routes import most_specific_match
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace, Traces

from .handles import Handle
from .overhead import cost_of_a_call_ns
from .registry import Registry
from .schedules import Schedules, Timekeeper
from .tails import deliver


class Runtime(Registry):
    """A system of Workers, and the requests to them. See `Registry` for the services.

    traces: those of requests that have ended, newest last, at most 1,000. in_flight: those of
    requests that have not. clock: its time. on_finished: callables, called with each trace that
    ends. limits: the default limits of a request. exporters: what formats a trace, by the format's
    name.
    """

    exporters: Mapping[str, Callable[[Trace], dict[str, Any]]] = MappingProxyType({})

    def __init__(
        self,
        engine: Engine,
        limits: Limits | None = None,
        stores: Any = None,
        *,
        clock: Timekeeper,
        internet: Outbound | None = None,
    ) -> None:
        """Make an empty runtime; `workernb.Runtime()` provides all that it is made of."""
        super().__init__(engine, limits, stores)
        self.clock = clock
        Schedules(self, clock)
        self._internet = internet
        self._outbound: Any = None
        self.traces = Traces()
        self.in_flight: set[Trace] = set()
        self.on_finished: list[Callable[[Trace], None]] = []
        self.loops = Loops()
        guard.hosts.add(self)
        self.numbers = itertools.count(1)
        self.has_tails = False

    def call(
        self,
        target: Target,
        argument: Any,
        *,
        event: Event = FETCH,
        owner: bool = True,
        echo: TextIO | None = None,
    ) -> TopLevelCall:
        """Make a top-level request to `target`: a call of its handler for `event`.

        argument: the handler's, such as a Request, which must not be used any more. owner: True for
        a request by name, False for one from an outsider. echo: the file for prints besides the
        trace; by default `sys.stdout`. Raises UsageError for an undefined service.
        """
        service = self.defined_service(target.service)
        callee = with_props(service, target.props) if target.props else service
        entrypoint: Any = callee.entrypoints.get(target.entrypoint)
        if entrypoint is None:
            version, services = service.version, self.services
            entrypoint = MissingEntrypoint(None, target, NOTEBOOK, version, services)
        limits = self.limits_of(service.version)
        return TopLevelCall(self, event, entrypoint, argument, limits, owner, echo or sys.stdout)

    @property
    def outbound(self) -> Outbound | Handle | str | None:
        """Where the Workers' `fetch` leads when no route matches.

        "internet": the real network. None: nowhere, each such call fails. A handle: that Worker,
        within the same request; its own fetch leads to the internet. An async function from Request
        to Response: whatever it returns. Setting it raises UsageError for anything else.
        """
        return self._outbound  # type: ignore[no-any-return]

    @outbound.setter
    def outbound(self, service: Outbound | Handle | str | None) -> None:
        if not isinstance(service, Handle):
            check_outbound(service)
        self._outbound = service

    def send(self, invocation: Invocation, request: Request) -> Coroutine[Any, Any, Response]:
        """Send a Worker's request to the Worker with a route for its URL, or else outside."""
        target = self.route(request._url)
        outbound = self._outbound
        if target is None and isinstance(outbound, Handle):
            if outbound._runtime is not self:
                outbound = outbound.fetch
            elif invocation.service == outbound.name:
                outbound = INTERNET
            else:
                target = outbound._target
        if target is not None:
            return fetch_worker(invocation, target, self.services, request)
        service = self._internet if outbound == INTERNET else outbound
        return fetch_outside(invocation, service, request)

    def route(self, url: str) -> Target | None:
        """Return the target of an outsider's request to `url`; None if no route matches."""
        routes = ((route, s.name) for s in self.defined() for route in s.definition.routes)
        name = most_specific_match(routes, url)
        return None if name is None else Target(name)

    def _record(self, kind: str, service: str, reason: str, summary: str, **result: Any) -> None:
        """Add a change to the history.

        From the first definition that names a tail on, finished requests are handed over.
        """
        super()._record(kind, service, reason, summary, **result)
        definition = self.history[-1].definition
        if definition is not None and definition.tails and not self.has_tails:
            self.has_tails = True
            self.on_finished.append(lambda trace: deliver(self, trace))

    def handle(self, service: Service) -> Handle:
        """Return the handle of a service."""
        return Handle(self, service)

    def entrypoint(self, target: Target) -> Handle:
        """Return the handle of an entrypoint; UsageError if it or its service is not defined."""
        service = self.defined_service(target.service)
        known = service.entrypoints
        if target.entrypoint not in known and target.entrypoint != DEFAULT:
            raise with_notes(
                UsageError(f"Worker {service.name!r} has no entrypoint {target.entrypoint!r}."),
                did_you_mean(target.entrypoint, known)
                or (f"It has {', '.join(known)}." if known else None),
            )
        return Handle(self, service, target.entrypoint)

    def running_versions(self) -> Collection[Version | None]:
        """Return the versions that requests in flight use."""
        return {i.version for trace in self.in_flight for i in trace.invocations}

    def close(self) -> None:
        """Remove all services; requests in flight go on."""
        for service in self.services.values():
            service.forget()
        self.services.clear()
        self.loops.close()

    def __repr__(self) -> str:
        return f"<Runtime with {', '.join(self) or 'no Workers'}>"

    # The interface for traces: see `traces.Host`.

    def limits_of(self, version: Version | None) -> Limits:
        """Return the limits of a version: its Worker's own, or the runtime's."""
        if version is None or version.definition.limits is None:
            return self.limits
        return version.limits(self.limits)

    def redact(self, text: str) -> str:
        """Return `text` with secrets redacted."""
        return self.redactor.redact(text)

    def redact_error(self, error: BaseException) -> None:
        """Redact secrets in an exception's texts."""
        self.redactor.redact_error(error)

    def entrypoint_of(self, target: Target) -> Entrypoint:
        """Return the entrypoint of a target; a substitute if it does not exist."""
        service = self.service_named(target.service)
        found = with_props(service, target.props).entrypoints.get(target.entrypoint)
        return found or MissingEntrypoint(
            "origin", target, target.service, service.version, self.services
        )

    def overhead_ns(self) -> float:
        """Return an estimate of the runtime's own cost of a call, in ns of thread CPU."""
        return cost_of_a_call_ns()

    def now(self) -> float:
        """Return the time by the runtime's clock, in s since the epoch."""
        return self.clock.now()

    def wait_until(self, invocation: Invocation, awaitable: Awaitable[Any]) -> None:
        """Keep a request open until `awaitable` is done."""
        tasks.wait_until(invocation, awaitable)

    def send_response_body(self, invocation: Invocation, response: Response) -> None:
        """Keep a request open until the stream that is a response's body has ended."""
        bodies.send_response_body(invocation, response)
