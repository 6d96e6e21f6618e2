"""A request as a tree: who called whom over which binding, what it cost, and its logs in place."""

from __future__ import annotations

from workernb.runtime.invocations import Invocation
from workernb.runtime.traces import Log, Trace

from .text import escaped, ms, one_line, visible

MOST = 200
"""How many invocations the tree shows."""


class TracePicture:
    """What `%trace` shows: the tree of a request's invocations, as text and as HTML."""

    def __init__(self, trace: Trace) -> None:
        """Take the tree as it is now."""
        self._lines = list(_lines(trace))

    def __repr__(self) -> str:
        return "\n".join(self._lines)

    def _repr_html_(self) -> str:
        text = escaped("\n".join(self._lines))
        return (
            '<pre style="white-space:pre;overflow-x:auto;line-height:1.45;'
            f'color:var(--jp-ui-font-color1,inherit)">{text}</pre>'
        )


def _lines(trace: Trace) -> list[str]:
    budget = trace.limits.cpu_ms
    of = f" of {budget:,.0f} ms" if budget is not None else ""
    lines = [
        f"request {trace.number}: {trace.method} {one_line(trace.url, 200)}",
        f"{trace.outcome or 'running'} · CPU {ms(trace.cpu_ms)}{of} · "
        f"{ms(trace.wall_ms)} wall clock · thread {trace.thread_name}",
    ]
    children: dict[Invocation | None, list[Invocation]] = {}
    for call in trace.invocations[:MOST]:
        children.setdefault(call.caller, []).append(call)
    logs: dict[Invocation | None, list[Log]] = {}
    for log in trace.logs:
        logs.setdefault(log.invocation, []).append(log)
    for root in children.get(None, []):
        lines += _branch(root, "", "", children, logs)
    more = len(trace.invocations) + trace.not_kept - MOST
    if more > 0:
        lines.append(f"… and {more:,} more invocations")
    return lines


def _branch(
    call: Invocation,
    first: str,
    rest: str,
    children: dict[Invocation | None, list[Invocation]],
    logs: dict[Invocation | None, list[Log]],
) -> list[str]:
    """Return the lines of an invocation, its logs, and what it called."""
    called = children.get(call, [])
    lines = [first + describe(call)]
    gap = rest + ("│ " if called else "  ")
    if call.override_ignored is not None:
        lines.append(f"{gap}· {one_line(call.override_ignored, 400)}")
    for log in logs.get(call, []):
        head, *more = visible(log.text).split("\n")
        level = "" if log.level == "log" else f"{log.level}: "
        lines.append(f"{gap}· {level}{head}")
        lines += [f"{gap}  {line}" for line in more]
    for number, child in enumerate(called):
        last = number == len(called) - 1
        branch, below = ("└─", "  ") if last else ("├─", "│ ")
        lines += _branch(child, rest + branch, rest + below, children, logs)
    return lines


def describe(call: Invocation) -> str:
    """Return an invocation on one line."""
    over = f"{one_line(call.binding, 60)} → " if call.binding else ""
    version = f" v{call.version.number}" if call.version is not None else ""
    result = str(call.status) if call.status else (call.outcome or "running")
    failed = f" ({one_line(call.exception, 200)})" if call.exception else ""
    cpu = f"self {ms(call.cpu_ms)}, with callees {ms(call.inclusive_cpu_ms)}"
    wall = f"wall {ms(call.wall_ms)}"
    return f"{over}{one_line(call.service, 80)}{version}: {result}{failed} · {cpu}, {wall}"
