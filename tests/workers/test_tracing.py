"""`ctx.tracing`: spans of a Worker's own, in the trace and in its picture."""

from __future__ import annotations

import pytest

from workernb.views.pictures.tree import TracePicture

HEAD = """\
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def run(self):
        tracing = self.ctx.tracing
"""


def source(body):
    return HEAD + "".join(f"        {line}\n" for line in body.strip("\n").split("\n"))


async def spans_of(runtime, body, **settings):
    handle = runtime.define("worker", source(body), **settings)
    result = await handle.run()
    return result, runtime.traces[-1].spans


async def test_a_span_has_a_name_attributes_and_a_time(runtime):
    body = """
with tracing.enter_span("parse") as span:
    span.setAttribute("rows", 3).set_attributes({"ok": True, "gone": 1}).setAttribute("gone", None)
    assert tracing.getActiveSpan() is span
    assert span.isTraced
return span.spanContext()
"""
    context, (span,) = await spans_of(runtime, body)
    assert (span.name, span.attributes, span.status) == ("parse", {"rows": 3, "ok": True}, "unset")
    assert 0 < span.wall_ms <= runtime.traces[-1].wall_ms
    assert context == {"traceId": runtime.traces[-1].id, "spanId": "0005000000000001"}


async def test_spans_nest_through_functions_and_blocks(runtime):
    body = """
async def inner(span, value):
    await asyncio.sleep(0)
    assert tracing.getActiveSpan() is span
    return value + 1
def outer(span):
    return tracing.startActiveSpan("inner", inner, 1)
value = await tracing.enterSpan("outer", outer)
with tracing.enter_span("a"), tracing.enter_span("b"):
    started = tracing.startSpan("c")
started.updateName("d").end()
assert tracing.getActiveSpan() is None
return value
"""
    value, spans = await spans_of(runtime, body)
    assert value == 2
    parents = {span.name: span.parent and span.parent.name for span in spans}
    assert parents == {"outer": None, "inner": "outer", "a": None, "b": "a", "d": "b"}
    assert all(span.ended_ns for span in spans)


async def test_an_exception_is_recorded(runtime):
    body = """
try:
    with tracing.enter_span("parse"):
        raise ValueError("no number")
except ValueError:
    pass
"""
    _, (span,) = await spans_of(runtime, body)
    assert (span.status, span.exceptions) == ("error", ["ValueError: no number"])


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ("tracing.startSpan('x').setAttribute('a', [])", TypeError, "text, a number or a bool"),
        ("tracing.startSpan('x').setStatus('bad')", ValueError, "ok, error or unset"),
    ],
)
async def test_what_is_refused(runtime, line, error, text):
    with pytest.raises(error, match=text):
        await spans_of(runtime, line)


async def test_a_callee_has_spans_of_its_own(runtime):
    runtime.define(
        "callee",
        source("with tracing.enter_span('inside'):\n    return tracing.getActiveSpan().name"),
    )
    body = "with tracing.enter_span('around'):\n    return await self.env.C.run()"
    name, spans = await spans_of(runtime, body, services={"C": "callee"})
    assert name == "inside"
    inside = next(span for span in spans if span.name == "inside")
    assert inside.invocation.service == "callee"
    assert inside.parent is None


async def test_a_trace_keeps_a_thousand_spans(runtime):
    body = "for n in range(1200):\n    span = tracing.startSpan(str(n))\nreturn span.isTraced"
    traced, spans = await spans_of(runtime, body)
    assert (traced, len(spans)) == (False, 1000)


async def test_the_tree_shows_spans_with_secrets_redacted(runtime):
    body = """
with tracing.enter_span("outer"):
    with tracing.enter_span("look up " + self.env.KEY) as span:
        span.setAttribute("key", self.env.KEY)
tracing.startSpan("open")
"""
    await spans_of(runtime, body, secrets={"KEY": "s3cret-value"})
    text = TracePicture(runtime.traces[-1]).text()
    assert "◦ outer: " in text
    assert "  ◦ look up " in text
    assert "◦ open: not ended" in text
    assert "s3cret-value" not in text
