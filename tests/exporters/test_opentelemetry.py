"""OTLP/JSON: every span of a trace, in the shape that the official definitions parse."""

from __future__ import annotations

import base64
import json

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import workernb

GATEWAY = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        with self.ctx.tracing.enter_span("price") as span:
            span.set_attribute("currency", "EUR").set_attribute("count", 3)
            total = await self.env.MATH.add(1, 2)
        print("total", total, self.env.KEY)
        await self.env.CACHE.put("total", "3")
        answer = await self.env.AUTH.fetch(request)
        return Response(str(total), status=answer.status)
"""

AUTH = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "fail" in request.url:
            raise ValueError("no such token")
        return Response("no", status=403)
"""

MATH = """
from workers import WorkerEntrypoint

class Calculator(WorkerEntrypoint):
    async def add(self, a, b):
        return a + b
"""


@pytest.fixture
def gateway(runtime):
    runtime.define("auth", AUTH)
    runtime.define("math", MATH)
    return runtime.define(
        "gateway", GATEWAY, services={"AUTH": "auth", "MATH": "math#Calculator"},
        kv_namespaces={"CACHE": "cache"}, secrets={"KEY": "s3cret-value"},
    )  # fmt: skip


def parse(exported):
    """Return the export as the official definitions read it; a field they lack is an error."""
    exported = json.loads(json.dumps(exported))
    for resource in exported["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                # Ids are hexadecimal in OTLP/JSON, and base64 in other JSON of protobuf.
                for key, size in (("traceId", 16), ("spanId", 8), ("parentSpanId", 8)):
                    if key in span:
                        assert len(bytes.fromhex(span[key])) == size
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return ParseDict(exported, ExportTraceServiceRequest())


def spans_by_service(trace):
    return {
        resource.resource.attributes[0].value.string_value: list(resource.scope_spans[0].spans)
        for resource in parse(trace.to_otlp()).resource_spans
    }


def attributes(span):
    return {each.key: getattr(each.value, each.value.WhichOneof("value"))
            for each in span.attributes}  # fmt: skip


def named(spans, name):
    return next(span for span in spans if span.name == name)


async def test_spans_of_callers_and_callees(gateway):
    trace = (await gateway.fetch("http://gateway/?key=s3cret-value")).trace
    spans = spans_by_service(trace)
    root = spans["gateway"][0]
    assert root.name == "fetch"
    assert not root.parent_span_id
    found = attributes(root)
    assert found["cloudflare.outcome"] == "ok"
    assert found["cloudflare.cpu_time"] == found["cpu_time_ms"] == trace.invocations[0].cpu_ms > 0
    assert found["faas.trigger"] == "http"
    assert found["cloudflare.script_version.id"] == gateway.version.id
    call = next(
        span for span in spans["gateway"]
        if attributes(span).get("workernb.binding") == "AUTH"
    )  # fmt: skip
    assert call.parent_span_id == root.span_id
    assert attributes(call)["http.response.status_code"] == 403
    (auth,) = spans["auth"]
    assert auth.parent_span_id == call.span_id
    assert auth.trace_id == root.trace_id == bytes.fromhex(trace.id)
    assert call.start_time_unix_nano <= auth.start_time_unix_nano
    assert auth.end_time_unix_nano <= root.end_time_unix_nano


async def test_rpc_spans_name_method_and_entrypoint(gateway):
    spans = spans_by_service((await gateway.fetch("http://gateway/")).trace)
    (math,) = spans["math"]
    assert math.name == "jsRpcSession"
    assert attributes(math)["cloudflare.jsrpc.method"] == "add"
    assert attributes(math)["cloudflare.entrypoint"] == "Calculator"


async def test_own_spans_stores_and_logs(gateway):
    trace = (await gateway.fetch("http://gateway/")).trace
    spans = spans_by_service(trace)["gateway"]
    price = named(spans, "price")
    assert attributes(price) == {"currency": "EUR", "count": 3}
    assert price.parent_span_id == spans[0].span_id
    assert price.span_id.hex() == trace.spans[0].spanContext()["spanId"]
    assert trace.spans[0].spanContext()["traceId"] == trace.id
    put = next(span for span in spans if attributes(span).get("db.operation.name") == "put")
    assert attributes(put)["workernb.binding"] == "CACHE"
    (log,) = spans[0].events
    assert "total 3" in log.attributes[1].value.string_value


async def test_secrets_are_redacted(gateway):
    trace = (await gateway.fetch("http://gateway/?key=s3cret-value")).trace
    assert "s3cret-value" not in json.dumps(trace.to_otlp())
    assert "s3cret-value" not in json.dumps(trace.to_perfetto())


async def test_a_failure_is_a_status_and_an_event(runtime, gateway):
    with pytest.raises(ValueError, match="no such token"):
        await gateway.fetch("http://gateway/fail")
    spans = spans_by_service(runtime.traces.latest)
    for span in (spans["auth"][0], spans["gateway"][0]):
        assert span.status.code == 2
        assert "no such token" in span.status.message
        assert any(event.name == "exception" for event in span.events)


async def test_ids_differ_between_runtimes(gateway):
    trace = (await gateway.fetch("http://gateway/")).trace
    other = workernb.Runtime()
    try:
        alone = (await other.define("auth", AUTH).fetch("http://auth/")).trace
    finally:
        other.close()
    assert trace.number == alone.number
    assert trace.id != alone.id
