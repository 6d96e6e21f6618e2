"""A request as a tree: who called whom over which binding, what it cost, and its logs in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.tracing.invocations import Invocation, Log
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Label, Line, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import ms, one_line, share, visible

from .cpu import figures, headline
from .picture import Picture

MOST = 200
"""How many invocations the tree shows."""
MOST_ROWS = 120
"""How many rows the picture has; the text has them all."""
ROW, LOG_ROW = 24.0, 16.0
INDENT = 22.0
MARGIN = 16.0
TOP = 82.0
SIZE, SMALL = 12.5, 11.0
WIDEST = 560.0
COLUMNS = (
    ("status", 118.0),
    ("share", 48.0),
    ("self", 76.0),
    ("with callees", 88.0),
    ("wall", 76.0),
)


@dataclass(frozen=True, slots=True)
class Branch:
    """A row of the tree: an invocation, or a line that it logged.

    lines: for each level above, whether it goes on below. last: whether it is its caller's last.
    """

    call: Invocation
    lines: tuple[bool, ...]
    last: bool
    log: str | None = None
    error: bool = False


class TracePicture(Picture):
    """What `%trace` shows: the tree of a request's invocations, as text and as a picture."""

    def __init__(self, trace: Trace) -> None:
        """Take the tree as it is now."""
        self.trace = trace
        self.branches = list(_branches(trace))
        self.more = len(trace.invocations) + trace.not_kept - MOST
        self.drawing = self._draw()

    def text(self) -> str:
        """Return the tree, a line for each invocation and each line that was logged."""
        trace = self.trace
        of = trace.limits.of_budget
        lines = [
            f"request {trace.number}: {trace.method} {one_line(trace.url, 200)}",
            f"{trace.outcome or 'running'} · CPU {ms(trace.cpu_ms)}{of} · "
            f"{ms(trace.wall_ms)} wall clock · thread {trace.thread_name}",
        ]
        for branch in self.branches:
            before = "".join("│ " if line else "  " for line in branch.lines)
            if branch.log is not None:
                lines.append(before + branch.log)
            elif branch.call.caller is None:
                lines.append(describe(branch.call))
            else:
                lines.append(before + ("└─" if branch.last else "├─") + describe(branch.call))
        if self.more > 0:
            lines.append(_and_more(self.more))
        return "\n".join(lines)

    def _draw(self) -> Drawing:
        trace, rows = self.trace, self.branches[:MOST_ROWS]
        left = min(max([230.0, *map(_width, rows)]), WIDEST) + MARGIN
        width = left + sum(room for _, room in COLUMNS) + MARGIN
        described = "; ".join(describe(row.call) for row in rows[:20] if row.log is None)
        title = f"Request {trace.number}: {headline(trace)}"
        drawing = Drawing(width, 0, title, one_line(described, 2000))
        room = width - 2 * MARGIN
        drawing.shapes += [
            Label(MARGIN, 26, fitted(title, 14, room, True), 14, bold=True),
            Label(MARGIN, 45, fitted(figures(trace), SMALL, room), SMALL, "muted"),
        ]
        x = left
        for name, space in COLUMNS:
            x += space
            drawing.shapes.append(Label(x, TOP - 12, name, SMALL, "muted", end=True))
        y = TOP
        open_at: dict[int, float] = {}
        for row in rows:
            if row.log is None:
                drawing.shapes += _call(row, y, left, trace.cpu_ms, open_at)
                y += ROW
                if row.call.exception:
                    drawing.shapes.append(_exception(row, y, width))
                    y += LOG_ROW
            else:
                drawing.shapes.append(_log(row, y, width))
                y += LOG_ROW
        hidden = len(self.branches) - len(rows)
        if self.more > 0 or hidden:
            words = _and_more(self.more) if not hidden else "… and more, in the text"
            drawing.shapes.append(Label(MARGIN, y + 14, words, SMALL, "muted"))
            y += 20
        drawing.height = y + MARGIN
        return drawing


def _and_more(more: int) -> str:
    return f"… and {more:,} more invocations"


def _width(row: Branch) -> float:
    if row.log is not None:
        return 0.0
    return _indent(row) + 14 + text_width(_name(row.call), SIZE) + 20


def _indent(row: Branch) -> float:
    return INDENT * min(len(row.lines) + (row.call.caller is not None and row.log is None), 10)


def _call(
    row: Branch, y: float, left: float, whole: float, open_at: dict[int, float]
) -> list[Shape]:
    """Return an invocation's row; open_at: where the line down from each level has got to."""
    call = row.call
    x = MARGIN + _indent(row)
    middle = y + ROW / 2
    level = len(row.lines)
    shapes: list[Shape] = []
    if call.caller is not None:
        stem = x - INDENT + 5
        begin = open_at.get(level, y)
        shapes.append(Line([(stem, begin), (stem, middle), (x - 3, middle)], "line", 1))
        open_at[level] = middle
    open_at[level + (call.caller is not None)] = middle + 6
    failed = call.exception is not None
    name = fitted(_name(call), SIZE, left - x - 20)
    shapes += [
        Rect(x, middle - 5, 10, 10, role_of(call.service), radius=2.5),
        Label(x + 16, middle + 4.5, name, SIZE),
    ]
    for (_, space), words in zip(COLUMNS, _cells(call, whole), strict=True):
        left += space
        color = "alarm" if failed and words == _result(call) else "ink"
        words = fitted(words, SMALL, space - 8)
        shapes.append(Label(left, middle + 4, words, SMALL, color, end=True))
    return shapes


def _log(row: Branch, y: float, width: float) -> Label:
    x = MARGIN + INDENT * min(len(row.lines), 10) + 6
    words = fitted((row.log or "").replace("\t", "    "), 10.5, width - x - MARGIN)
    return Label(x, y + 11, words, 10.5, "alarm" if row.error else "muted")


def _exception(row: Branch, y: float, width: float) -> Label:
    x = MARGIN + _indent(row) + 16
    words = fitted(one_line(row.call.exception or "", 300), 10.5, width - x - MARGIN)
    return Label(x, y + 9, words, 10.5, "alarm")


def _cells(call: Invocation, whole: float) -> tuple[str, ...]:
    return (
        _result(call),
        share(call.cpu_ms, whole),
        ms(call.cpu_ms),
        ms(call.inclusive_cpu_ms),
        ms(call.wall_ms),
    )


def _branches(trace: Trace) -> Iterator[Branch]:
    children: dict[Invocation | None, list[Invocation]] = {}
    for call in trace.invocations[:MOST]:
        children.setdefault(call.caller, []).append(call)
    logs: dict[Invocation | None, list[Log]] = {}
    for log in trace.logs:
        logs.setdefault(log.invocation, []).append(log)

    def below(call: Invocation, lines: tuple[bool, ...], last: bool) -> Iterator[Branch]:
        yield Branch(call, lines, last)
        called = children.get(call, [])
        deeper = lines if call.caller is None else (*lines, not last)
        within = (*deeper, bool(called))
        if call.override_ignored is not None:
            yield Branch(call, within, last, f"· {one_line(call.override_ignored, 400)}")
        for log in logs.get(call, []):
            head, *rest = visible(log.text).split("\n")
            level = "" if log.level == "log" else f"{log.level}: "
            error = log.level == "error"
            yield Branch(call, within, last, f"· {level}{head}", error)
            for line in rest:
                yield Branch(call, within, last, f"  {line}", error)
        for number, child in enumerate(called):
            yield from below(child, deeper, number == len(called) - 1)

    for root in children.get(None, []):
        yield from below(root, (), True)


def _name(call: Invocation) -> str:
    """Return who was called, over which binding."""
    over = f"{one_line(call.binding, 60)} → " if call.binding else ""
    version = f" v{call.version.number}" if call.version is not None else ""
    entrypoint = entrypoint_of(call)
    named = "" if entrypoint == DEFAULT else f"#{entrypoint}"
    return f"{over}{one_line(call.service, 80)}{named}{version}"


def _result(call: Invocation) -> str:
    return str(call.status) if call.status else (call.outcome or "running")


def entrypoint_of(call: Invocation) -> str:
    """Return the entrypoint that a binding leads to, as its caller's settings had it."""
    if call.caller is None or call.caller.version is None or call.binding is None:
        return DEFAULT
    target = call.caller.version.definition.services.get(call.binding)
    return DEFAULT if target is None else target.entrypoint


def describe(call: Invocation) -> str:
    """Return an invocation on one line."""
    failed = f" ({one_line(call.exception, 200)})" if call.exception else ""
    cpu = f"self {ms(call.cpu_ms)}, with callees {ms(call.inclusive_cpu_ms)}"
    return f"{_name(call)}: {_result(call)}{failed} · {cpu}, wall {ms(call.wall_ms)}"
