"""The runtime: a system of Workers, and the requests to them."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TextIO

from workernb.http.request import Request
from workernb.http.response import Response
from workernb.runtime.bindings.entrypoints import NOTEBOOK, MissingEntrypoint, with_props
from workernb.runtime.execution import bodies, tasks
from workernb.runtime.execution.dispatch import TopLevelCall
from workernb.runtime.execution.loops import Loops
from workernb.runtime.services.engine import Engine
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.routes import most_specific_match
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import Target
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.traces import Trace, Traces

from .handles import Handle
from .overhead import cost_of_a_call_ns
from .registry import Registry


class Runtime(Registry):
    """A system of Workers, and the requests to them. See `Registry` for the services.

    traces: those of requests that have ended, newest last, at most 1,000. in_flight: those of
    requests that have not. on_finished: callables, called with each trace that ends. limits: the
    default limits of a request.
    """

    def __init__(self, engine: Engine, limits: Limits | None = None, stores: Any = None) -> None:
        """Make an empty runtime; `workernb.Runtime()` provides the engine and the stores."""
        super().__init__(engine, limits, stores)
        self.traces = Traces()
        self.in_flight: set[Trace] = set()
        self.on_finished: list[Callable[[Trace], None]] = []
        self.loops = Loops()
        self.numbers = itertools.count(1)

    def call(
        self, target: Target, request: Request, *, owner: bool = True, echo: TextIO | None = None
    ) -> TopLevelCall:
        """Make a top-level request to `target`; `request` must not be used any more.

        owner: True for a request by name, False for one from an outsider. echo: the file for prints
        besides the trace; by default `sys.stdout`. Raises UsageError for an undefined service.
        """
        service = self.services.get(target.service)
        if service is None or service.version is None:
            raise self.unknown(target.service)
        callee = with_props(service, target.props) if target.props else service
        entrypoint: Any = callee.entrypoints.get(target.entrypoint)
        if entrypoint is None:
            version, services = service.version, self.services
            entrypoint = MissingEntrypoint(None, target, NOTEBOOK, version, services)
        limits = self.limits_of(service.version)
        return TopLevelCall(self, entrypoint, request, limits, owner, echo or sys.stdout)

    def route(self, url: str) -> Target | None:
        """Return the target of an outsider's request to `url`; None if no route matches."""
        routes = ((route, s.name) for s in self.defined() for route in s.definition.routes)
        name = most_specific_match(routes, url)
        return None if name is None else Target(name)

    def handle(self, service: Service) -> Handle:
        """Return the handle of a service."""
        return Handle(self, service)

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

    def overhead_ns(self) -> float:
        """Return an estimate of the runtime's own cost of a call, in ns of thread CPU."""
        return cost_of_a_call_ns()

    def wait_until(self, invocation: Invocation, awaitable: Awaitable[Any]) -> None:
        """Keep a request open until `awaitable` is done."""
        tasks.wait_until(invocation, awaitable)

    def send_response_body(self, invocation: Invocation, response: Response) -> None:
        """Keep a request open until the stream that is a response's body has ended."""
        bodies.send_response_body(invocation, response)
