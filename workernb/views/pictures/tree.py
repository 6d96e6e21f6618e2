"""The tree of a request: its invocations, their bindings and CPU, and what they logged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.tracing.fetches import Fetch
from workernb.runtime.tracing.invocations import Invocation, Log
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.runtime.tracing.operations import Operation
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Label, Line, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import one_line, share, visible
from workernb.workers.tracing import Span

from .cpu import cpu_summary, headline
from .fetches import by_invocation, describe_fetch, omitted_fetches
from .links import links
from .operations import list_operations
from .picture import MARGIN, SIZE, SMALL, Picture, heading
from .spans import depth_of, describe_span

MAX_INVOCATIONS = 200
MAX_ROWS = 120
"""The limit on the rows of the picture; the text has all rows."""
MAX_INDENTS = 10
ROW, LOG_ROW = 24.0, 16.0
INDENT = 22.0
TOP = 82.0
MIN_TREE, MAX_TREE = 230.0, 560.0
"""The limits on the width of the tree, to the left of the figures."""
COLUMNS = (
    ("status", 118.0),
    ("share", 48.0),
    ("self", 76.0),
    ("with callees", 88.0),
    ("wall", 76.0),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the tree: an invocation, or a line that it logged.

    lines: for each level above, whether a vertical line is drawn through this row. last: whether
    the invocation is the last of its caller's.
    """

    invocation: Invocation
    lines: tuple[bool, ...]
    last: bool
    log: str | None = None
    error: bool = False


class TracePicture(Picture):
    """The tree of a request's invocations, as it is when the picture is created."""

    def __init__(self, trace: Trace) -> None:
        """Draw the tree of a request."""
        self.trace = trace
        self.rows = list(_rows(trace))
        self.omitted = len(trace.invocations) + trace.not_kept - MAX_INVOCATIONS
        self.links = links(trace)
        self.drawing = self._draw()

    def text(self) -> str:
        """Return the tree, with a line for each invocation and each line that was logged."""
        trace = self.trace
        lines = [
            f"request {trace.number}: {one_line(trace.title, 210)}"
            f"{f' ({trace.why})' if trace.why else ''}",
            f"{trace.outcome or 'running'} · CPU {ms(trace.cpu_ms)}{trace.limits.of_budget} · "
            f"{ms(trace.wall_ms)} wall clock · thread {trace.thread_name}",
        ]
        for row in self.rows:
            prefix = "".join("│ " if line else "  " for line in row.lines)
            if row.log is not None:
                lines.append(prefix + row.log)
            elif row.invocation.caller is None:
                lines.append(describe(row.invocation))
            else:
                lines.append(prefix + ("└─" if row.last else "├─") + describe(row.invocation))
        lines += [f"✉ {link}" for link in self.links]
        if self.omitted > 0:
            lines.append(_omission(self.omitted))
        lines += omitted_fetches(trace)
        return "\n".join(lines)

    def _draw(self) -> Drawing:
        trace, rows = self.trace, self.rows[:MAX_ROWS]
        left = min(max([MIN_TREE, *map(_width, rows)]), MAX_TREE) + MARGIN
        width = left + sum(width for _, width in COLUMNS) + MARGIN
        description = "; ".join(describe(row.invocation) for row in rows[:20] if row.log is None)
        title = f"Request {trace.number}: {headline(trace)}"
        drawing = Drawing(width, 0, title, one_line(description, 2000))
        drawing.shapes += heading(title, cpu_summary(trace), width)
        x = left
        for name, column_width in COLUMNS:
            x += column_width
            drawing.shapes.append(Label(x, TOP - 12, name, SMALL, "muted", right_aligned=True))
        y = TOP
        line_ends: dict[int, float] = {}
        for row in rows:
            if row.log is None:
                drawing.shapes += _invocation(row, y, left, trace.cpu_ms, line_ends)
                y += ROW
                if row.invocation.exception:
                    drawing.shapes.append(_exception(row, y, width))
                    y += LOG_ROW
            else:
                drawing.shapes.append(_log(row, y, width))
                y += LOG_ROW
        for link in self.links:
            text = fitted(f"✉ {link}", SMALL, width - 2 * MARGIN)
            drawing.shapes.append(Label(MARGIN, y + 12, text, SMALL, "muted"))
            y += LOG_ROW
        rows_omitted = len(self.rows) > len(rows)
        if self.omitted > 0 or rows_omitted:
            text = "… and more, in the text" if rows_omitted else _omission(self.omitted)
            drawing.shapes.append(Label(MARGIN, y + 14, text, SMALL, "muted"))
            y += 20
        drawing.height = y + MARGIN
        return drawing


def _omission(invocations: int) -> str:
    return f"… and {invocations:,} more invocations"


def _width(row: Row) -> float:
    if row.log is not None:
        return 0.0
    return _indent(row) + 14 + text_width(_name(row.invocation), SIZE) + 20


def _indent(row: Row) -> float:
    nested = row.invocation.caller is not None and row.log is None
    return INDENT * min(len(row.lines) + nested, MAX_INDENTS)


def _invocation(
    row: Row, y: float, left: float, total_ms: float, line_ends: dict[int, float]
) -> list[Shape]:
    """Return an invocation's row. line_ends: where the vertical line of each level ends so far."""
    invocation = row.invocation
    x = MARGIN + _indent(row)
    middle = y + ROW / 2
    level = len(row.lines)
    shapes: list[Shape] = []
    if invocation.caller is not None:
        line_x = x - INDENT + 5
        begin = line_ends.get(level, y)
        shapes.append(Line([(line_x, begin), (line_x, middle), (x - 3, middle)], "line", 1))
        line_ends[level] = middle
    line_ends[level + (invocation.caller is not None)] = middle + 6
    name = fitted(_name(invocation), SIZE, left - x - 20)
    shapes += [
        Rect(x, middle - 5, 10, 10, role_of(invocation.service), radius=2.5),
        Label(x + 16, middle + 4.5, name, SIZE),
    ]
    failed = invocation.exception is not None
    for (_, width), cell in zip(COLUMNS, _cells(invocation, total_ms), strict=True):
        left += width
        color = "alarm" if failed and cell == _result(invocation) else "ink"
        text = fitted(cell, SMALL, width - 8)
        shapes.append(Label(left, middle + 4, text, SMALL, color, right_aligned=True))
    return shapes


def _log(row: Row, y: float, width: float) -> Label:
    x = MARGIN + INDENT * min(len(row.lines), MAX_INDENTS) + 6
    text = fitted((row.log or "").replace("\t", "    "), 10.5, width - x - MARGIN)
    return Label(x, y + 11, text, 10.5, "alarm" if row.error else "muted")


def _exception(row: Row, y: float, width: float) -> Label:
    x = MARGIN + _indent(row) + 16
    text = fitted(one_line(row.invocation.exception or "", 300), 10.5, width - x - MARGIN)
    return Label(x, y + 9, text, 10.5, "alarm")


def _cells(invocation: Invocation, total_ms: float) -> tuple[str, ...]:
    return (
        _result(invocation),
        share(invocation.cpu_ms, total_ms),
        ms(invocation.cpu_ms),
        ms(invocation.inclusive_cpu_ms),
        ms(invocation.wall_ms),
    )


def _rows(trace: Trace) -> Iterator[Row]:
    callees: dict[Invocation | None, list[Invocation]] = {}
    for invocation in trace.invocations[:MAX_INVOCATIONS]:
        callees.setdefault(invocation.caller, []).append(invocation)
    logs = by_invocation(trace)

    spans: dict[Invocation | None, list[Span]] = {}
    for span in trace.spans:
        spans.setdefault(span.invocation, []).append(span)

    def subtree(invocation: Invocation, lines: tuple[bool, ...], last: bool) -> Iterator[Row]:
        yield Row(invocation, lines, last)
        lines_below = lines if invocation.caller is None else (*lines, not last)
        below = callees.get(invocation, [])
        left = len(below)
        if invocation.override_ignored is not None:
            text = f"· {one_line(invocation.override_ignored, 400)}"
            yield Row(invocation, (*lines_below, bool(left)), last, text)
        if invocation.buffered_bytes:
            text = f"· clones of streams buffered {invocation.buffered_bytes:,} bytes"
            yield Row(invocation, (*lines_below, bool(left)), last, text)
        events = [*spans.get(invocation, []), *logs.get(invocation, []), *below]
        operations = list_operations(invocation.operations)
        for event in sorted([*events, *operations], key=_began_ns):
            if isinstance(event, Invocation):
                left -= 1
                yield from subtree(event, lines_below, left == 0)
            else:
                yield from _rows_of(event, invocation, (*lines_below, bool(left)), last)

    for root in callees.get(None, []):
        yield from subtree(root, (), True)


Event = Span | Log | Fetch | tuple[Operation, str]
"""What is shown below an invocation, besides those that it called."""


def _began_ns(event: Event | Invocation) -> float:
    """Return when something began: what has not begun comes last."""
    if isinstance(event, Log):
        trace: Trace | None = None if event.invocation is None else event.invocation.trace
        return event.at_ms * 1e6 + (0 if trace is None else trace.began_ns)
    began = event[0].began_ns if isinstance(event, tuple) else event.began_ns
    return began or math.inf


def _rows_of(
    event: Event, invocation: Invocation, lines: tuple[bool, ...], last: bool
) -> Iterator[Row]:
    """Yield the rows of what is shown below an invocation."""
    if isinstance(event, Span):
        yield Row(invocation, lines, last, _span(event), event.status == "error")
    elif isinstance(event, Fetch):
        yield Row(invocation, lines, last, f"· {describe_fetch(event)}", event.failure is not None)
    elif isinstance(event, Log):
        first, *rest = visible(event.text).split("\n")
        level = "" if event.level == "log" else f"{event.level}: "
        error = event.level == "error"
        yield Row(invocation, lines, last, f"· {level}{first}", error)
        for line in rest:
            yield Row(invocation, lines, last, f"  {line}", error)
    else:
        operation, text = event
        yield Row(invocation, lines, last, f"▸ {text}", operation.failure is not None)


def _span(span: Span) -> str:
    """Return a span of a Worker's own on one line, below those that it is in."""
    return f"{'  ' * depth_of(span)}◦ {describe_span(span)}"


def _name(invocation: Invocation) -> str:
    """Return how an invocation was called, and its service, entrypoint and version."""
    binding = f"{one_line(invocation.via, 60)} → " if invocation.via else ""
    version = f" v{invocation.version.number}" if invocation.version is not None else ""
    entrypoint = entrypoint_of(invocation)
    suffix = "" if entrypoint == DEFAULT else f"#{entrypoint}"
    if isinstance(invocation, ObjectInvocation) and not binding:
        suffix = f"[{one_line(invocation.shown_id, 40)}]"
    return f"{binding}{one_line(invocation.service, 80)}{suffix}{version}"


def _result(invocation: Invocation) -> str:
    return str(invocation.status) if invocation.status else (invocation.outcome or "running")


def entrypoint_of(invocation: Invocation) -> str:
    """Return the entrypoint that the binding led to, according to the version of the caller."""
    caller, binding = invocation.caller, invocation.binding
    if caller is None or caller.version is None or binding is None:
        return DEFAULT
    target = dict(caller.version.definition.targets()).get(binding)
    return DEFAULT if target is None else target.entrypoint


def describe(invocation: Invocation) -> str:
    """Return an invocation on one line."""
    exception = f" ({one_line(invocation.exception, 200)})" if invocation.exception else ""
    cpu = f"self {ms(invocation.cpu_ms)}, with callees {ms(invocation.inclusive_cpu_ms)}"
    result = f"{_name(invocation)}: {_result(invocation)}{exception}"
    return f"{result} · {cpu}, wall {ms(invocation.wall_ms)}"
