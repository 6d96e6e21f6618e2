"""Links between requests: who has sent the messages that one handles, and where its own went."""

from __future__ import annotations

from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import one_line

MAX_LINKS = 5
"""How many requests are named on either side."""

QUEUE = "queue"
"""What an operation of a queue calls its store."""


def links(trace: Trace) -> list[str]:
    """Return a line for each request that a request is linked to by messages."""
    kept = {one.number: one for one in trace.host.traces if one is not trace}
    sent_by = [f"sent by {_named(number, kept.get(number))}" for number in trace.sent_by]
    return [*_first(sent_by), *_first([f"handled by {one}" for one in _handlers(trace)])]


def _handlers(trace: Trace) -> list[str]:
    """Return the requests that have handled messages of a request."""
    if not any(operation.noun == QUEUE for operation in trace.operations):
        return []
    others = sorted({*trace.host.traces, *trace.host.in_flight}, key=lambda other: other.number)
    return [_named(other.number, other) for other in others if trace.number in other.sent_by]


def _named(number: int, trace: Trace | None) -> str:
    gone = " (not kept)" if trace is None else f", {one_line(trace.title, 80)}"
    return f"request {number}{gone}"


def _first(lines: list[str]) -> list[str]:
    more = [f"… and {len(lines) - MAX_LINKS:,} more"] if len(lines) > MAX_LINKS else []
    return [*lines[:MAX_LINKS], *more]
