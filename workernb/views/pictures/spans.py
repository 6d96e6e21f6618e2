"""Spans of the Workers' own (`ctx.tracing`) as text."""

from __future__ import annotations

from workernb.runtime.tracing.metering import ms
from workernb.views.drawing.text import one_line
from workernb.workers.tracing import Span

MAX_DEPTH = 8
"""With more spans around one, its depth is counted as this."""


def depth_of(span: Span) -> int:
    """Return how many spans a span is in, at most MAX_DEPTH."""
    depth, outer = 0, span.parent
    while outer is not None and depth < MAX_DEPTH:
        depth, outer = depth + 1, outer.parent
    return depth


def describe_span(span: Span) -> str:
    """Return a span on one line, without secrets: `parse: 3.2 ms (rows=3)`."""
    redact = span.invocation.trace.redact
    texts = [f"{name}={value}" for name, value in span.attributes.items()] + span.exceptions
    detail = f" ({one_line(redact(', '.join(texts)), 200)})" if texts else ""
    wall = ms(span.wall_ms) if span.ended_ns else "not ended"
    return f"{one_line(redact(span.name), 80)}: {wall}{detail}"
