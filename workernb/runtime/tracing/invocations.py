"""Invocations: records of a Worker handling a call, and of what it logged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from time import perf_counter_ns as wall_clock
from typing import Any, NamedTuple

from workernb.errors import (
    BindingError,
    CpuLimitExceeded,
    Interrupted,
    InvocationAborted,
    Termination,
    WallLimitExceeded,
    format_error,
)
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.runtime.services.deployments import (
    Deployment,
    has_name,
    overridden_version,
    parse_overrides,
)
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.versions import Version
from workernb.workers.tracing import Span

from .extras import Extras, SharedExtras

_OVERRIDES_HEADER = "Cloudflare-Workers-Version-Overrides"


@dataclass(frozen=True, slots=True)
class Log:
    """A line that an invocation's code logged or printed, or a message of the runtime about it.

    at_ms: time since the request began, in ms of wall clock. level: `log` (print), `debug`, `info`,
    `warn` or `error`. text: the message, without secrets.
    """

    at_ms: float
    level: str
    text: str
    invocation: Invocation | None


_ENDS_LOOPS = (CpuLimitExceeded, WallLimitExceeded, Interrupted)
"""Why code that goes on is cut wherever it is."""


class Invocation:
    """One Worker handling one call within a top-level request.

    `trace.invocations` has them in call order. trace: the Trace of the request. caller: the
    invocation that made the call, None for the first. binding: the name of the binding it was made
    over; None for the first, and for one that `fetch` made by URL. service, version: what handled
    it; the version is None if the service is not defined. depth: 1 for the first invocation.
    status: that of its response, or None. began_ns, ended_ns: wall clock, 0 before. steps: the
    coroutine that the caller was given, until it is awaited. extras: attributes that few
    invocations have, or None.
    """

    is_operation = False

    __slots__ = (
        "_method",
        "_url",
        "began_ns",
        "binding",
        "caller",
        "depth",
        "ended_ns",
        "extras",
        "service",
        "status",
        "steps",
        "trace",
        "version",
    )

    def __init__(
        self,
        trace: Any,
        caller: Invocation | None,
        binding: str | None,
        entrypoint: Entrypoint | Invocation,
        method: Any,
        url: str,
        depth: int,
    ) -> None:
        """Record a call that has not begun.

        entrypoint: what is called; or an invocation whose redirect leads to what that called.
        method: that of the request; the names of a call over RPC; or the name of another event.
        url: that of the request; if there is none, the name of the event, and its cron.
        """
        self.trace = trace
        self.caller = caller
        self.binding = binding
        self.service: str = entrypoint.service
        self.version: Version | None = entrypoint.version
        self.depth = depth
        self.status: int | None = None
        self.began_ns = self.ended_ns = 0
        self._method = method
        self._url = url
        self.extras: Extras | None = None
        self.steps: Any = None

    # The interface for Worker code: see workers.current.RunningInvocation.

    @property
    def env(self) -> Any:
        """The environment of the Worker."""
        return None if self.version is None else self.version.env

    @property
    def props(self) -> dict[str, Any]:
        """The props of the binding that the call was made over: `ctx.props`."""
        return self.ensure_extras().props

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints, in the same version: `ctx.exports`."""
        return None if self.version is None else self.version.exports

    def now(self) -> float:
        """Return the time by the runtime's clock, in s since the epoch."""
        return float(self.trace.host.now())

    def send(self, request: Request) -> Awaitable[Response]:
        """Send a request of its code to where the URL leads: one hop of `fetch`."""
        sent: Awaitable[Response] = self.trace.host.send(self, request)
        return sent

    @property
    def limits_left(self) -> LimitsLeft:
        """What the request may still use: `ctx.limits`."""
        return limits_left(self)

    def start_span(self, name: str, parent: Span | None) -> Span:
        """Begin a span of the Worker's own."""
        span = Span(name, self, parent)
        self.trace.add_span(span)
        return span

    def pass_through(self) -> None:
        """Let the origin answer if this first handler of the request raises an exception."""
        steps = self.trace.steps
        if self.caller is None and steps is not None and steps.cr_frame is not None:
            self.ensure_extras().passed_through = steps.cr_frame.f_locals["argument"]

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Keep the top-level request open until `awaitable` is done: `ctx.waitUntil`."""
        self.trace.host.wait_until(self, awaitable)
        self.raise_if_overdue()

    # State

    def raise_if_overdue(self) -> None:
        """Raise the limit or the interrupt that has ended it, if the watchdog could not.

        Where no tick comes, a Worker is cut where the watchdog meets code of its own: hardly ever
        in a loop that does nothing but call what is ours, and what waits for an output.
        """
        if self.trace.overdue:
            error = self.trace.aborted or self.trace.over_budget.get(self)
            if isinstance(error, _ENDS_LOOPS):
                raise error.with_traceback(None)

    @property
    def via(self) -> str | None:
        """How it was called: `AUTH`, `MATH.add`, `fetch` by URL; None for the first invocation."""
        if self.binding and self.event == "rpc" and self.method:
            return f"{self.binding}.{self.method}"
        return self.binding or (None if self.caller is None else "fetch")

    def ensure_extras(self) -> Extras:
        """Return `extras`, which is made if there is none yet."""
        if self.extras is None:
            self.extras = Extras()
        return self.extras

    def note_request_fields(self, fields: Any) -> None:
        """Keep a request's headers for the tails, if those of its caller were kept."""
        caller = self.caller
        if (
            caller is not None
            and caller.extras is not None
            and caller.extras.request_fields is not None
        ):
            self.ensure_extras().request_fields = fields

    @property
    def waits_to_begin(self) -> bool:
        """Whether the call has been neither awaited nor wrapped in a task."""
        return self.steps is not None and not (self.extras is not None and self.extras.claimed)

    @property
    def closed(self) -> bool:
        """Whether the caller closed the call instead of awaiting it."""
        return self.steps is not None and self.steps.cr_frame is None

    @property
    def deployment(self) -> Deployment | None:
        """The deployment that the version was chosen from if two versions serve; else None."""
        return None if self.extras is None else self.extras.deployment

    @property
    def overrides(self) -> str | None:
        """The request's header that requests versions, or None."""
        return None if self.extras is None else self.extras.overrides

    @property
    def event(self) -> str:
        """The name of the event: `fetch`, `rpc`, `scheduled`…"""
        url = self._url
        return "fetch" if ":" in url else url.partition(" ")[0] or self.method

    @property
    def is_message(self) -> bool:
        """Whether it handles an event of a WebSocket, within its caller, which has accepted it."""
        return self.extras.__class__ is SharedExtras

    @property
    def method(self) -> str:
        """The request's method; the called method over RPC; the event's name for other events.

        With secrets redacted: a Worker may compute the name that it calls.
        """
        return str(self.trace.redact(str(getattr(self._method, "value", self._method))))

    @property
    def url(self) -> str:
        """The request's URL, with secrets redacted; empty if there is no request."""
        return str(self.trace.redact(self._url)) if ":" in self._url else ""

    @property
    def title(self) -> str:
        """What it handled, on one line: `GET http://auth/`, `math.add()`, `auth: scheduled …`."""
        if self.event == "fetch":
            return f"{self.method} {self.url}"
        if self.event == "rpc":
            return f"{self.service}.{self.method}()"
        return f"{self.service}: {self._url or self.method}"

    @property
    def outcome(self) -> str | None:
        """The platform's name of the outcome (ok, exception, canceled…), or None while it runs."""
        if self.extras is not None and self.extras.failure is not None:
            return self.extras.failure[0]
        return "ok" if self.ended_ns else None

    @property
    def exception(self) -> str | None:
        """The exception that the handler raised, as `Type: text` with secrets redacted, or None."""
        if self.extras is None or self.extras.failure is None:
            return None
        return str(self.trace.redact(self.extras.failure[1]))

    @property
    def override_ignored(self) -> str | None:
        """Why a requested override of the version was not applied; None if there was none."""
        text = _why_override_was_ignored(self)
        return None if text is None else str(self.trace.redact(text))

    # Figures

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of this invocation alone, in ms."""
        return float(self.trace.metering.self_ns.get(self, 0)) / 1e6

    @property
    def stores_cpu_ms(self) -> float:
        """The part of `cpu_ms` that stores used for this invocation, in ms."""
        return float(sum(operation.cpu_ms for operation in self.operations))

    @property
    def inclusive_cpu_ms(self) -> float:
        """Thread CPU of this invocation and all that it called, in ms."""
        return float(self.trace.metering.inclusive_ns.get(self, 0)) / 1e6

    @property
    def buffered_bytes(self) -> int:
        """How many bytes its clones and tees of streams have buffered at most."""
        return 0 if self.extras is None else self.extras.buffered

    @property
    def off_thread_ms(self) -> float:
        """CPU used in other threads for this invocation, in ms: sampled, and in no budget."""
        return float(self.trace.off_thread_ns.get(self, 0)) / 1e6

    @property
    def wall_ms(self) -> float:
        """Duration, so far if it has not ended, in ms of wall clock."""
        if not self.began_ns:
            return 0.0
        return ((self.ended_ns or wall_clock()) - self.began_ns) / 1e6

    @property
    def logs(self) -> list[Log]:
        """The logs of this invocation, oldest first."""
        return [log for log in self.trace.logs if log.invocation is self]

    @property
    def operations(self) -> list[Any]:
        """The calls of this invocation to stores (Operation), in the order in which they ran."""
        return [each for each in self.trace.operations if each.caller is self]

    @property
    def children(self) -> list[Invocation]:
        """The invocations that this one called, in call order."""
        return [child for child in self.trace.invocations if child.caller is self]

    @property
    def chain(self) -> str:
        """The services from the first to this one, as `a → b → c`; a long chain is shortened."""
        names: list[str] = []
        invocation: Invocation | None = self
        while invocation is not None:
            names.append(invocation.service)
            invocation = invocation.caller
        names.reverse()
        return " → ".join(names if len(names) <= 8 else [*names[:3], "…", *names[-3:]])

    def describe(self) -> str:
        """Return the call as it reads in source: `env.AUTH.fetch('http://auth/')`."""
        if self.event == "fetch" and self.binding is None:
            return f"fetch({self.url!r})"
        binding = self.binding or ""
        env = "" if binding.startswith(("ctx.", "stub ")) else "env."
        if self.event == "fetch":
            return f"{env}{binding}.fetch({self.url!r})"
        name = self.method if self.event == "rpc" else self.event
        return f"{env}{binding}.{name}(…)" if name else f"{env}{binding}(…)"

    def __repr__(self) -> str:
        return f"<Invocation of {self.service} by {self.title}: {self.outcome or '…'}>"


class LimitsLeft(NamedTuple):
    """What a request may still use; None where there is no limit.

    cpu_ms: thread CPU, in ms, up to the last slice. wall_ms: in ms of wall clock. subrequests,
    invocations: further calls. depth: further nested calls.
    """

    cpu_ms: float | None
    wall_ms: float | None
    subrequests: int
    invocations: int
    depth: int


def limits_left(invocation: Invocation) -> LimitsLeft:
    """Return what the request of an invocation may still use."""
    trace = invocation.trace
    limits = trace.limits
    made = trace.calls_granted - trace.calls_left
    wall_ms = None if limits.wall_ms is None else max(0.0, limits.wall_ms - trace.wall_ms)
    cpu_ms = None if limits.cpu_ms is None else max(0.0, limits.cpu_ms - trace.cpu_ms)
    return LimitsLeft(
        cpu_ms,
        wall_ms,
        limits.subrequests - made,
        limits.invocations - 1 - made,
        limits.depth - invocation.depth,
    )


def outcome_of(error: BaseException) -> str:
    """Return the platform's word for an invocation that ended with `error`."""
    kind = type(error)  # Not `isinstance`, which asks the exception for its class.
    if issubclass(kind, CpuLimitExceeded):
        return "exceededCpu"
    if issubclass(kind, InvocationAborted):
        return "aborted"
    if issubclass(kind, WallLimitExceeded):
        return "exceededWallTime"
    if issubclass(kind, Interrupted | KeyboardInterrupt | asyncio.CancelledError | GeneratorExit):
        return "canceled"
    if issubclass(kind, BindingError):
        return "scriptNotFound"
    return "exception"


def error_and_text(error: BaseException) -> tuple[BaseException, str]:
    """Return an exception and its text; those of a cut if that ended the exception's own code."""
    try:
        return error, format_error(error)
    except Termination as cut:
        return cut, format_error(cut)


def _why_override_was_ignored(invocation: Invocation) -> str | None:
    """Return why a requested override did not choose this invocation's version.

    None if none was requested, or if it was applied.
    """
    text, version = invocation.overrides, invocation.version
    if text is not None and parse_overrides(text) is None:
        return f'{_OVERRIDES_HEADER} is no list like auth="v3": it was ignored.'
    name = overridden_version(invocation.service, text)
    if name is not None:
        if version is None or has_name(version, name):
            return None
        serving = invocation.deployment or f"v{version.number} alone"
        return f"The override {invocation.service}={name!r} was ignored: {serving} is deployed."
    caller = invocation.caller
    while caller is not None:
        name = overridden_version(invocation.service, caller.overrides)
        if name is not None and version is not None and not has_name(version, name):
            return (
                f"The override {invocation.service}={name!r} was set on the request to "
                f"{caller.service}, and is not passed on: set the header in the call itself."
            )
        caller = caller.caller
    return None
