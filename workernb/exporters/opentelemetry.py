"""OpenTelemetry: a trace as OTLP/JSON, with the platform's names of spans and attributes.

https://developers.cloudflare.com/workers/observability/traces/spans-and-attributes/
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.tracing.fetches import Fetch
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.operations import Operation
from workernb.runtime.tracing.traces import Trace
from workernb.workers.tracing import OWN_SPANS, Span

SCOPE = "workernb"

INTERNAL, SERVER, CLIENT = 1, 2, 3
"""OTLP's kinds of spans: within a Worker, its handling of a call, its call of something else."""

_STATUS_OK, _STATUS_ERROR = 1, 2

# A span's id names its kind and its place in the trace, so that a parent's id can be computed.
_CALLS, _HANDLERS, _OPERATIONS, _FETCHES = 1, 2, 3, 4

_TRIGGERS = {"fetch": "http", "scheduled": "timer", "alarm": "timer", "queue": "pubsub"}


def otlp(trace: Trace) -> dict[str, Any]:
    """Return a trace as an ExportTraceServiceRequest, in JSON's types.

    Each invocation is a span of its Worker, whose parent is a span of its caller: the call. The
    Workers' own spans, calls of stores and fetches from outside are spans too, and logs are events.
    Times of CPU are exact, in ms; secrets are redacted.
    """
    spans = _Spans(trace)
    by_service: dict[str, list[dict[str, Any]]] = {}
    for service, span in spans.all():
        by_service.setdefault(service, []).append(span)
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(_resource(service))},
                "scopeSpans": [{"scope": {"name": SCOPE}, "spans": found}],
            }
            for service, found in by_service.items()
        ]
    }


def _resource(service: str) -> dict[str, Any]:
    return {
        "service.name": service,
        "faas.name": service,
        "cloudflare.script_name": service,
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": SCOPE,
    }


class _Spans:
    """The spans of one trace."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._numbers = {each: n for n, each in enumerate(trace.invocations, 1)}
        self._first_ns = round(trace.began * 1e9) - trace.began_ns
        self._last_ns = trace.ended_ns or trace.last_stamp_ns

    def all(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each span, after the name of its service."""
        for invocation, number in self._numbers.items():
            caller = invocation.caller
            if caller is not None:
                yield caller.service, self._call(invocation, caller, number)
            yield invocation.service, self._handler(invocation, number)
        for number, span in enumerate(self._trace.spans, 1):
            yield span.invocation.service, self._own(span, number)
        for number, operation in enumerate(self._trace.operations, 1):
            yield operation.caller.service, self._operation(operation, number)
        for number, fetch in enumerate(self._trace.fetches, 1):
            yield fetch.invocation.service, self._fetch(fetch, number)

    def _handler(self, invocation: Invocation, number: int) -> dict[str, Any]:
        """Return the root span of an invocation."""
        caller = invocation.caller
        return self._span(
            _id(_HANDLERS, number),
            None if caller is None else _id(_CALLS, number),
            invocation.event if invocation.event != "rpc" else "jsRpcSession",
            SERVER,
            invocation,
            {
                "faas.trigger": _TRIGGERS.get(invocation.event, "other"),
                "faas.invocation_id": f"{self._trace.id}-{number}",
                **_version(invocation),
                "cloudflare.handler_type": invocation.event,
                "cloudflare.entrypoint": _entrypoint(invocation),
                "cloudflare.execution_model": "stateless",
                "cloudflare.outcome": invocation.outcome or "unknown",
                "cloudflare.cpu_time": invocation.cpu_ms,
                "cloudflare.wall_time": invocation.wall_ms,
                "cpu_time_ms": invocation.cpu_ms,
                "wall_time_ms": invocation.wall_ms,
                "cloudflare.invocation.sequence.number": number,
                "cloudflare.jsrpc.method": _rpc_method(invocation),
                "workernb.cpu_time_inclusive_ms": invocation.inclusive_cpu_ms,
                "workernb.cpu_time_stores_ms": invocation.stores_cpu_ms or None,
                "workernb.request.number": self._trace.number,
                "workernb.cpu_budget_ms": self._trace.limits.cpu_ms if caller is None else None,
                "workernb.invocations_not_kept": self._trace.not_kept or None,
            },
            events=self._events(invocation),
            failure=invocation.exception,
            failed=invocation.outcome not in (None, "ok"),
        )

    def _call(self, invocation: Invocation, caller: Invocation, number: int) -> dict[str, Any]:
        """Return the caller's span of a call that an invocation handles."""
        rpc = invocation.event == "rpc"
        attributes = (
            {"cloudflare.jsrpc.method": _rpc_method(invocation)}
            if rpc
            else {
                "http.request.method": invocation.method,
                "url.full": invocation.url or None,
                "http.response.status_code": invocation.status,
            }
        )
        return self._span(
            _id(_CALLS, number),
            self._handler_id(caller),
            "jsRpcSession" if rpc else invocation.event,
            CLIENT,
            invocation,
            {**attributes, "workernb.binding": invocation.binding},
            failure=invocation.exception,
            failed=invocation.outcome not in (None, "ok"),
        )

    def _own(self, span: Span, number: int) -> dict[str, Any]:
        """Return a span that a Worker began itself."""
        redact = self._trace.redact
        parent = span.parent
        exceptions = [redact(text) for text in span.exceptions]
        return self._span(
            _id(OWN_SPANS, number),
            _id(OWN_SPANS, parent.number)
            if parent is not None and parent.recorded
            else self._handler_id(span.invocation),
            redact(span.name),
            INTERNAL,
            span,
            {
                redact(name): redact(value) if isinstance(value, str) else value
                for name, value in span.attributes.items()
            },
            events=[self._exception(span.ended_ns, text) for text in exceptions],
            failure=exceptions[-1] if exceptions else None,
            failed=span.status == "error",
        )

    def _operation(self, operation: Operation, number: int) -> dict[str, Any]:
        """Return the span of a call of a store."""
        return self._span(
            _id(_OPERATIONS, number),
            self._handler_id(operation.caller),
            f"{operation.noun} {operation.verb}",
            CLIENT,
            operation,
            {
                "db.operation.name": operation.verb,
                "db.namespace": operation.store,
                "db.query.text": operation.detail,
                "db.response.returned_rows": operation.rows,
                "workernb.binding": operation.binding,
                "cpu_time_ms": operation.cpu_ms,
            },
            failure=operation.failure,
            failed=operation.failure is not None,
        )

    def _fetch(self, fetch: Fetch, number: int) -> dict[str, Any]:
        """Return the span of a fetch from outside of the runtime."""
        return self._span(
            _id(_FETCHES, number),
            self._handler_id(fetch.invocation),
            "fetch",
            CLIENT,
            fetch,
            {
                "http.request.method": fetch.method,
                "url.full": fetch.url,
                "http.response.status_code": fetch.status,
            },
            failure=fetch.exception,
            failed=fetch.failure is not None,
        )

    def _span(
        self,
        span_id: str,
        parent_id: str | None,
        name: str,
        kind: int,
        period: Any,
        attributes: Mapping[str, Any],
        *,
        events: list[dict[str, Any]] | None = None,
        failure: str | None = None,
        failed: bool = False,
    ) -> dict[str, Any]:
        """Return a span. period: what has its begin and end, in ns of wall clock."""
        begin_ns = period.began_ns or self._last_ns
        status: dict[str, Any] = {"code": _STATUS_ERROR if failed else _STATUS_OK}
        if failed and failure:
            status["message"] = failure
        return {
            "traceId": self._trace.id,
            "spanId": span_id,
            **({} if parent_id is None else {"parentSpanId": parent_id}),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": self._epoch_ns(begin_ns),
            "endTimeUnixNano": self._epoch_ns(max(begin_ns, period.ended_ns or self._last_ns)),
            "attributes": _attributes(attributes),
            **({"events": events} if events else {}),
            "status": status,
        }

    def _events(self, invocation: Invocation) -> list[dict[str, Any]]:
        """Return an invocation's logs, and its exception, as events."""
        began_ns = self._trace.began_ns
        events = [
            {
                "timeUnixNano": self._epoch_ns(began_ns + round(log.at_ms * 1e6)),
                "name": "log",
                "attributes": _attributes({"level": log.level, "message": log.text}),
            }
            for log in invocation.logs
        ]
        if invocation.exception is not None:
            events.append(self._exception(invocation.ended_ns, invocation.exception))
        return events

    def _exception(self, at_ns: int, text: str) -> dict[str, Any]:
        name, _, message = text.partition(": ")
        return {
            "timeUnixNano": self._epoch_ns(at_ns or self._last_ns),
            "name": "exception",
            "attributes": _attributes({"exception.type": name, "exception.message": message}),
        }

    def _handler_id(self, invocation: Invocation) -> str | None:
        """Return the id of an invocation's root span; None if the trace has not kept it."""
        number = self._numbers.get(invocation)
        return None if number is None else _id(_HANDLERS, number)

    def _epoch_ns(self, ns: int) -> str:
        """Return a time of `perf_counter_ns` in ns since the epoch, as OTLP/JSON has it: a text."""
        return str(self._first_ns + ns)


def _id(kind: int, number: int) -> str:
    return f"{kind:04x}{number:012x}"


def _entrypoint(invocation: Invocation) -> str | None:
    """Return the name of the entrypoint that a binding leads to; None where there is no binding."""
    caller = invocation.caller
    if caller is None or caller.version is None or invocation.binding is None:
        return None
    target = caller.version.definition.services.get(invocation.binding)
    if target is None:
        return None
    return "default" if target.entrypoint == DEFAULT else target.entrypoint


def _rpc_method(invocation: Invocation) -> str | None:
    return invocation.method if invocation.event == "rpc" else None


def _version(invocation: Invocation) -> dict[str, Any]:
    version = invocation.version
    if version is None:
        return {}
    return {"faas.version": version.id, "cloudflare.script_version.id": version.id}


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return attributes as OTLP/JSON has them, without those that are None."""
    return [
        {"key": name, "value": _value(value)} for name, value in values.items() if value is not None
    ]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        # Beyond 64 bits it is no integer of OTLP.
        return {"intValue": str(value)} if abs(value) < 2**63 else {"doubleValue": float(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}
