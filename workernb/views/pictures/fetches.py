"""Fetches from outside of the runtime, as lines of text, beside what Workers logged."""

from __future__ import annotations

from collections.abc import Iterator

from workernb.runtime.tracing.fetches import Fetch
from workernb.runtime.tracing.invocations import Invocation, Log
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import one_line

MAX_FETCHES = 50
"""How many fetches of a request are shown."""


def describe_fetch(fetch: Fetch) -> str:
    """Return a fetch on one line: `fetch https://example.com/ 200, 12.3 ms wall`."""
    method = "" if fetch.method == "GET" else f"{fetch.method} "
    result = one_line(fetch.result, 200)
    return f"fetch {method}{one_line(fetch.url, 200)} {result}, {ms(fetch.wall_ms)} wall"


def logs_and_fetches(trace: Trace) -> list[Log | Fetch]:
    """Return a request's logs, and its first fetches, in the order in which they began."""
    return sorted([*trace.logs, *trace.fetches[:MAX_FETCHES]], key=_at_ms)


def by_invocation(trace: Trace) -> dict[Invocation | None, list[Log | Fetch]]:
    """Return each invocation's logs and fetches, in the order in which they began."""
    found: dict[Invocation | None, list[Log | Fetch]] = {}
    for one in logs_and_fetches(trace):
        found.setdefault(one.invocation, []).append(one)
    return found


def omitted_fetches(trace: Trace) -> Iterator[str]:
    """Yield a line about the fetches that are not shown, if there are any."""
    omitted = len(trace.fetches[MAX_FETCHES:]) + trace.fetches_not_kept
    if omitted:
        yield f"… and {omitted:,} more fetch{'es' * (omitted > 1)}"


def _at_ms(one: Log | Fetch) -> float:
    if isinstance(one, Log):
        return one.at_ms
    trace: Trace = one.invocation.trace
    return (one.began_ns - trace.began_ns) / 1e6
