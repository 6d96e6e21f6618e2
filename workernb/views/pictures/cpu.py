"""The picture of a request's CPU: which invocation used the thread, when and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.objects import ObjectInvocation
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Group, Label, Line, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import one_line

from .axis import ticks
from .lanes import MAX_LANES, Lane, Lanes, SpanBar
from .links import links
from .picture import MARGIN, SIZE, SMALL, Picture, heading
from .spans import describe_span

MAX_ARROWHEADS = 120
"""With more handovers, their lines have no arrowheads."""
LANE = 28.0
AXIS = 500.0
TOP = 104.0
MIN_WIDTH = 1.2
MIN_PIXEL = 0.5
"""The gap (pixels) between two slices below which they are drawn as one."""
SHORT = 3.0
"""A lane that is narrower (pixels) has an arrow that points at it."""
MAX_NAMED = 4
"""How many spans are named below the lanes; each of them says its name when pointed at."""
MAX_RECENT = 8
"""How many of the last requests are shown below for comparison."""
RECENT_ROW = 22.0

COLUMNS = (("share", 44.0), ("self", 74.0), ("with callees", 84.0), ("wall", 74.0))
"""The columns of figures to the right of the lanes, and their widths."""


class CpuPicture(Picture):
    """The CPU of a request, as it is when the picture is created.

    recent: requests to compare it with, oldest first.
    """

    def __init__(self, trace: Trace | None, recent: Sequence[Trace] = ()) -> None:
        """Draw a request; None: a picture that says that there is none yet."""
        self.trace = trace
        self.recent = list(recent)[-MAX_RECENT:]
        self._lanes = Lanes() if trace is None else Lanes.of(trace)
        self.lanes = self._lanes.lanes
        self._total_ms = 0.0 if trace is None else trace.cpu_ms
        self.drawing = _empty_drawing() if trace is None else self._draw(trace)

    def text(self) -> str:
        """Return the lanes with bars made of characters, and a table of their figures."""
        trace = self.trace
        if trace is None:
            return _EMPTY
        names = ["  " * (lane.depth - 1) + lane.name for lane in self.lanes]
        width = max(map(len, names), default=0)
        headings = "  ".join(f"{name:>{_CHARACTERS}}" for name, _ in COLUMNS)
        lines = [headline(trace), cpu_summary(trace), f"{'':{width}} {'':20} {headings}"]
        for name, lane in zip(names, self.lanes, strict=True):
            filled = round(20 * lane.self_ms / self._total_ms) if self._total_ms else 0
            bar = "█" * filled + "░" * (20 - filled)
            cells = "  ".join(f"{cell:>{_CHARACTERS}}" for cell in lane.cells(self._total_ms))
            lines.append(f"{name:{width}} {bar} {cells}")
            indent = "  " * lane.depth
            lines += [f"{indent}{'  ' * span.depth}◦ {span.text}" for span in lane.spans]
        return "\n".join([*lines, *(text for text, _ in _notes(trace))])

    def replay(self) -> dict[str, Any]:
        """Return which lane uses the thread when, for a widget's script.

        begins, ends (ms), lanes (indices): of the slices. names, services, roles, spans (their
        begin and end): of the lanes. marks: begin, end, lane, y within it, height and colour of
        what else is drawn along the axis. length: of the request (ms). left, scale, top, bottom
        (pixels): the time t is at x = left + scale * t, from top to bottom.
        """
        timeline = self._lanes.timeline
        return {
            "begins": [round(begin, 5) for begin, _, _ in timeline],
            "ends": [round(end, 5) for _, end, _ in timeline],
            "lanes": [row for _, _, row in timeline],
            "names": [lane.name for lane in self.lanes],
            "services": [lane.service for lane in self.lanes],
            "length": self._length(),
            "roles": [role_of(lane.service) for lane in self.lanes],
            "spans": [(round(lane.began, 5), round(lane.ended, 5)) for lane in self.lanes],
            "marks": list(self._marks()),
            "laneHeight": LANE,
            "left": self._left(),
            "scale": self._scale(),
            "top": TOP - 6,
            "bottom": self._bottom() + 4,
        }

    def _marks(self) -> Iterator[tuple[float, float, int, float, float, str]]:
        """Yield the waits, the times in stores and the spans as bars, as `replay` has them."""
        for row, lane in enumerate(self.lanes):
            for began, ended in lane.waits:
                yield began, ended, row, 10, 8, "alarm"
            for began, ended in lane.in_stores:
                yield began, ended, row, 11, 6, "card"
            for span in lane.spans:
                y = 22.5 + 2.5 * min(span.depth, 1)
                yield span.began, span.ended, row, y, 2, "alarm" if span.failed else "ink"

    # The drawing

    def _draw(self, trace: Trace) -> Drawing:
        width = self._left() + AXIS + 14 + sum(width for _, width in COLUMNS) + MARGIN
        description = "; ".join(
            f"{lane.name} used {ms(lane.self_ms)} of CPU" for lane in self.lanes[:20]
        )
        drawing = Drawing(width, 0, f"Who held the thread: {headline(trace)}", description)
        drawing.shapes += heading(headline(trace), cpu_summary(trace), width)
        drawing.shapes += self._budget(trace, width)
        drawing.shapes += ticks(
            self._length(), self._left(), self._scale(), TOP - 6, self._bottom() + 4
        )
        drawing.shapes += self._column_headings()
        drawing.shapes += [self._lane(row, lane) for row, lane in enumerate(self.lanes)]
        for row, lane in enumerate(self.lanes):
            drawing.shapes += [self._span(row, span) for span in lane.spans]
        drawing.shapes += self._handover_lines()
        drawing.shapes += self._termination(trace)
        y = self._bottom() + 40
        for text, color in _notes(trace):
            fitting = fitted(text, SMALL, width - 2 * MARGIN)
            drawing.shapes.append(Label(MARGIN, y, fitting, SMALL, color))
            y += 16
        if len(self.recent) > 1:
            drawing.shapes += self._recent_requests(trace, y + 4, width)
            y += 26 + RECENT_ROW * len(self.recent)
        drawing.height = y
        return drawing

    def _left(self) -> float:
        """Return where the time axis begins."""
        widest = max(
            (_indent(lane) + text_width(lane.name, SIZE) for lane in self.lanes), default=0
        )
        return min(max(150.0, widest), 260.0) + MARGIN + 13

    def _length(self) -> float:
        """Return the length of the time axis, in ms."""
        return max((lane.ended for lane in self.lanes), default=0.0)

    def _scale(self) -> float:
        """Return the pixels per ms of the time axis."""
        return AXIS / max(self._length(), 1e-6)

    def _x(self, at: float) -> float:
        return self._left() + at * self._scale()

    def _bottom(self) -> float:
        """Return where the lanes end."""
        return TOP + LANE * len(self.lanes)

    def _budget(self, trace: Trace, width: float) -> list[Rect]:
        """Return the budget as a bar, filled with the CPU that each Worker used."""
        length = width - 2 * MARGIN
        whole = max(trace.limits.cpu_ms or 0.0, self._total_ms) or 1.0
        exceeded = trace.outcome == "exceededCpu"
        bar = [Rect(MARGIN, 56, length, 12, "box", "alarm" if exceeded else "faint", radius=3)]
        bar += _stacked_bar(trace, MARGIN, 57, length / whole, 10)
        if exceeded and trace.limits.cpu_ms:
            bar.append(Rect(MARGIN + length * trace.limits.cpu_ms / whole - 1, 53, 2, 18, "alarm"))
        return bar

    def _column_headings(self) -> list[Label]:
        x = self._left() + AXIS + 14
        labels = []
        for name, width in COLUMNS:
            x += width
            labels.append(Label(x, TOP - 10, name, SMALL, "muted", right_aligned=True))
        return labels

    def _lane(self, row: int, lane: Lane) -> Group:
        """Return a lane: hatched while the invocation waits, filled while it uses the thread."""
        y = TOP + LANE * row
        name_width = self._left() - 12.5 - MARGIN - _indent(lane)
        shapes: list[Shape] = [
            Label(MARGIN + _indent(lane), y + 18, fitted(lane.name, SIZE, name_width), SIZE),
            Rect(
                self._x(lane.began),
                y + 8,
                max((lane.ended - lane.began) * self._scale(), MIN_WIDTH),
                12,
                None,
                "faint",
                hatched=True,
                part=f"lane{row}",
            ),
        ]
        for began, ended in lane.waits:
            width = max((ended - began) * self._scale(), MIN_WIDTH)
            shapes.append(Rect(self._x(began), y + 10, width, 8, "card", "alarm", dashed=True))
        role = role_of(lane.service)
        for began, ended in self._merged(lane.slices):
            width = max((ended - began) * self._scale(), MIN_WIDTH)
            shapes.append(Rect(self._x(began), y + 6, width, 16, role))
        for began, ended in self._merged(lane.in_stores):
            width = max((ended - began) * self._scale(), MIN_WIDTH)
            shapes.append(Rect(self._x(began), y + 11, width, 6, "card"))
        shapes += self._short_mark(y, lane)
        cells = lane.cells(self._total_ms)
        x = self._left() + AXIS + 14
        for (_, width), cell in zip(COLUMNS, cells, strict=True):
            x += width
            shapes.append(Label(x, y + 18, cell, SMALL, right_aligned=True))
        return Group(shapes, {"lane": str(row)}, f"{lane.name}: {', '.join(cells)}")

    def _merged(self, pieces: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return pieces of a lane in order, those that share a pixel as one."""
        pixel = MIN_PIXEL / self._scale()
        merged: list[tuple[float, float]] = []
        for began, ended in pieces:
            if merged and began - merged[-1][1] < pixel and ended - merged[-1][0] < 2 * pixel:
                merged[-1] = merged[-1][0], ended
            else:
                merged.append((began, ended))
        return merged

    def _short_mark(self, y: float, lane: Lane) -> list[Shape]:
        """Return an arrow down to a lane that is too short to be seen otherwise."""
        if (lane.ended - lane.began) * self._scale() >= SHORT:
            return []
        x = self._x(lane.began) + MIN_WIDTH / 2
        return [Line([(x, y - 4), (x, y + 6)], role_of(lane.service), 1.4, arrow=True)]

    def _span(self, row: int, span: SpanBar) -> Group:
        """Return a span of a Worker's own: a line below the lane, and lower within another one."""
        y = TOP + LANE * row + 22.5 + 2.5 * min(span.depth, 1)
        width = max((span.ended - span.began) * self._scale(), MIN_WIDTH)
        bar = Rect(self._x(span.began), y, width, 2, "alarm" if span.failed else "ink")
        return Group([bar], {"span": str(row)}, span.text)

    def _handover_lines(self) -> list[Line]:
        lines = []
        handovers = self._lanes.handovers
        pixels = {(h.source, h.target, int(self._x(h.at))): h for h in handovers}
        for handover in pixels.values():
            down = handover.target > handover.source
            begin = _middle(handover.source) + (8 if down else -8)
            end = _middle(handover.target) - (8 if down else -8)
            x = self._x(handover.at)
            arrow = len(pixels) <= MAX_ARROWHEADS
            lines.append(Line([(x, begin), (x, end)], "line", 1, arrow=arrow))
        return lines

    def _termination(self, trace: Trace) -> list[Shape]:
        """Return the mark where the deepest of the terminated invocations ended."""
        mark, _ = _TERMINATIONS.get(trace.outcome or "", ("", ""))
        stopped = [row for row, lane in enumerate(self.lanes) if lane.outcome == trace.outcome]
        if not mark or not stopped:
            return []
        row = max(stopped, key=lambda row: (self.lanes[row].depth, row))
        x, y = self._x(self.lanes[row].ended), TOP + LANE * row
        return [
            Line([(x, TOP - 6), (x, self._bottom() + 4)], "alarm", 1.4, dashed=True),
            Rect(x - 2, y + 3, 4, 22, "alarm"),
            Label(x - 5, TOP - 10, mark, SMALL, "alarm", bold=True, right_aligned=True),
        ]

    def _recent_requests(self, trace: Trace, y: float, width: float) -> list[Shape | Group]:
        """Return the last requests, newest first, as bars of the CPU that each Worker used."""
        scale = AXIS / max([1e-6, *(recent.cpu_ms for recent in self.recent)])
        shapes: list[Shape | Group] = [
            Label(MARGIN, y + 12, "The last requests: CPU, on one scale", SMALL, "muted")
        ]
        y += 20
        for recent in reversed(self.recent):
            shapes.append(self._recent_request(recent, recent is trace, y, width, scale))
            y += RECENT_ROW
        return shapes

    def _recent_request(
        self, trace: Trace, selected: bool, y: float, width: float, scale: float
    ) -> Group:
        name = f"#{trace.number} {_without_scheme(trace)}"
        figures = (
            f"{ms(trace.cpu_ms)} · {trace.status or OUTCOMES.get(trace.outcome or '', 'running')}"
        )
        shapes: list[Shape] = [
            Rect(
                MARGIN - 6,
                y,
                width - 2 * MARGIN + 12,
                RECENT_ROW,
                "box" if selected else "card",
                radius=4,
                part=f"row{trace.number}",
            ),
            Label(MARGIN, y + 15, fitted(name, SMALL, self._left() - MARGIN - 13), SMALL),
            *_stacked_bar(trace, self._left(), y + 5, scale, 12),
            Label(self._left() + AXIS + 24, y + 15, figures, SMALL),
        ]
        title = f"Request {trace.number}: {headline(trace)}, CPU {ms(trace.cpu_ms)}"
        return Group(shapes, {"request": str(trace.number)}, title)


_CHARACTERS = 12
"""The width of a column of figures in the text."""

_EMPTY = "No request yet. Make one: %fetch NAME"

OUTCOMES = {
    "ok": "done",
    "exception": "threw an exception",
    "exceededCpu": "used up its CPU",
    "exceededMemory": "used up its memory",
    "exceededWallTime": "was out of time",
    "canceled": "was canceled",
}
"""The platform's outcomes in words. A status says by itself that there was an answer."""

_TERMINATIONS = {
    "exceededCpu": ("cut", "Cut: the CPU budget was used up."),
    "exceededWallTime": ("stopped", "Stopped: the request was out of time."),
    "canceled": ("canceled", "Canceled."),
}
"""The mark and the note of each outcome of a terminated request."""


def _empty_drawing() -> Drawing:
    return Drawing(340, 52, _EMPTY, "", [Label(MARGIN, 31, _EMPTY, SIZE)])


def headline(trace: Trace) -> str:
    """Return a request and its outcome on one line."""
    status = f" → {trace.status}" if trace.status else ""
    why = f" ({trace.why})" if trace.why else ""
    outcome = OUTCOMES.get(trace.outcome or "", trace.outcome or "is running")
    end = "" if status and trace.outcome == "ok" else f" · {outcome}"
    return f"{one_line(trace.title, 100)}{why}{status}{end}"


def cpu_summary(trace: Trace) -> str:
    """Return a request's CPU, budget, wall clock and thread on one line."""
    overhead = f" (the runtime's own: about {ms(trace.runtime_ms)})" if trace.done else ""
    sampled = f" · {ms(trace.sampled_ns / 1e6)} sampled" if trace.sampled_ns else ""
    imports = f" · imports {ms(trace.imports_ms)}, apart" if trace.imports_ms else ""
    off_thread = f" · {ms(trace.off_thread_ms)} in other threads" if trace.off_thread_ms else ""
    return (
        f"CPU {ms(trace.cpu_ms)}{trace.limits.of_budget}{overhead} · {ms(trace.wall_ms)} wall clock"
        f" · thread {trace.thread_name}{sampled}{imports}{off_thread}"
    )


def _notes(trace: Trace) -> list[tuple[str, str]]:
    """Return the notes below the lanes, each with its colour role."""
    notes = []
    invocations = len(trace.invocations) + trace.not_kept
    if invocations > MAX_LANES:
        notes.append((f"A lane for each Worker: there were {invocations:,} invocations.", "muted"))
    notes += [(line, "muted") for line in (*_stores(trace), *_gates(trace), *_spans(trace))]
    notes += [(f"✉ {link}", "muted") for link in links(trace)]
    if trace.outcome in _TERMINATIONS:
        notes.append((_TERMINATIONS[trace.outcome][1], "alarm"))
    return notes


def _stores(trace: Trace) -> list[str]:
    """Return a line for each Worker with its calls to stores, and the CPU that it paid for them."""
    used: dict[str, list[float]] = {}
    for operation in trace.operations:
        used.setdefault(operation.caller.service, []).append(operation.cpu_ms)
    return [
        f"{one_line(service, 60)}: {ms(sum(each))} of its CPU in stores, "
        f"{len(each):,} call{'s' * (len(each) != 1)} (the light stripe)."
        for service, each in used.items()
    ]


def _gates(trace: Trace) -> Iterator[str]:
    """Yield a line for each Durable Object at whose input gate events have waited."""
    waited: dict[str, list[float]] = {}
    for each in trace.invocations:
        if isinstance(each, ObjectInvocation) and each.waits:
            name = f"{each.service}[{each.shown_id}]"
            waited.setdefault(name, []).append(each.waited_ms)
    for name, times in waited.items():
        number = f"{len(times):,} event{'s' * (len(times) != 1)}"
        yield f"{one_line(name, 60)}: {number} waited {ms(sum(times))} at its input gate (dashed)."


def _spans(trace: Trace) -> Iterator[str]:
    """Yield a line about the spans of the Workers' own, the first of them with their durations."""
    spans = trace.spans
    if spans:
        shown = [describe_span(span) for span in spans[:MAX_NAMED]]
        omitted = ["…"] if len(spans) > MAX_NAMED else []
        number = f"{len(spans):,} span{'s' * (len(spans) != 1)}"
        yield f"{number} (the lines below the lanes): {' · '.join(shown + omitted)}"


def _without_scheme(trace: Trace) -> str:
    return re.sub(r"^(\S+ )\w+://", r"\1", one_line(trace.title, 100))


def _stacked_bar(trace: Trace, x: float, y: float, scale: float, height: float) -> list[Rect]:
    """Return the CPU of each Worker in a request as a stacked bar. scale: pixels per ms."""
    bar = []
    for name, used in trace.cpu_by_service().items():
        if used > 0:
            bar.append(Rect(x, y, used * scale, height, role_of(name)))
            x += used * scale
    return bar


def _middle(row: int) -> float:
    return TOP + LANE * row + 14


def _indent(lane: Lane) -> float:
    return 12.0 * min(lane.depth - 1, 8)
