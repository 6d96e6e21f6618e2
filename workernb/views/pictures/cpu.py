"""The picture of a request's CPU: who held the one thread, when, at what cost to the budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Group, Label, Line, Rect, Shape, fitted, text_width
from workernb.views.drawing.text import ms, one_line, share

from .picture import Picture

MOST_LANES = 24
MOST_SLICES = 2_000
MOST_ARROWS = 120
LANE = 28.0
AXIS = 500.0
MARGIN = 16.0
TOP = 104.0
SIZE, SMALL = 12.5, 11.0
THINNEST = 1.2
RECENT = 8
"""How many of the last requests are shown below, to compare."""
RECENT_ROW = 22.0

COLUMNS = (("share", 44.0), ("self", 74.0), ("with callees", 84.0), ("wall", 74.0))
"""The figures beside each lane, and how wide their columns are."""


@dataclass(slots=True)
class Lane:
    """One invocation, or one Worker where there are many: its stretches, in ms since the begin."""

    service: str
    name: str
    depth: int
    began: float
    ended: float
    self_ms: float
    inclusive_ms: float
    outcome: str | None
    slices: list[tuple[float, float]] = field(default_factory=list)

    def figures(self, whole: float) -> tuple[str, ...]:
        """Return its share of the whole CPU, its own, that with its callees, and wall clock."""
        return (
            share(self.self_ms, whole),
            ms(self.self_ms),
            ms(self.inclusive_ms),
            ms(self.ended - self.began),
        )


@dataclass(frozen=True, slots=True)
class HandOver:
    """The thread goes from one lane to another, at a moment in ms since the begin."""

    at: float
    giver: int
    taker: int


class CpuPicture(Picture):
    """What `%cpu` shows: a request, as it is when the picture is made.

    recent: other requests to compare with; the last ones come last.
    """

    def __init__(self, trace: Trace | None, recent: Sequence[Trace] = ()) -> None:
        """Take the figures of a request, or of none, and draw them."""
        self.trace = trace
        self.recent = list(recent)[-RECENT:]
        self.lanes: list[Lane] = []
        self.handovers: list[HandOver] = []
        self._holds: list[tuple[float, float, int]] = []
        if trace is None:
            self.drawing = _nothing()
            return
        self.lanes, self._holds, self.handovers = lanes_of(trace)
        self._whole = trace.cpu_ms
        self.drawing = self._draw(trace)

    # In words

    def text(self) -> str:
        """Return the lanes with bars made of characters, and a table of their figures."""
        trace = self.trace
        if trace is None:
            return _NOTHING
        names = ["  " * (lane.depth - 1) + lane.name for lane in self.lanes]
        width = max(map(len, names), default=0)
        heads = "  ".join(f"{name:>{_CHARS}}" for name, _ in COLUMNS)
        lines = [headline(trace), figures(trace), f"{'':{width}} {'':20} {heads}"]
        for name, lane in zip(names, self.lanes, strict=True):
            filled = round(20 * lane.self_ms / self._whole) if self._whole else 0
            bar = "█" * filled + "░" * (20 - filled)
            cells = "  ".join(f"{cell:>{_CHARS}}" for cell in lane.figures(self._whole))
            lines.append(f"{name:{width}} {bar} {cells}")
        return "\n".join([*lines, *(text for text, _ in _notes(trace))])

    def replay(self) -> dict[str, Any]:
        """Return who holds the thread when, for a widget: in ms, and in pixels of the drawing.

        begins, ends, lanes: of the slices. names, services: of the lanes. left, scale: the
        moment `t` is at `left + scale * t`, from `top` to `bottom`.
        """
        return {
            "begins": [round(begin, 5) for begin, _, _ in self._holds],
            "ends": [round(end, 5) for _, end, _ in self._holds],
            "lanes": [row for _, _, row in self._holds],
            "names": [lane.name for lane in self.lanes],
            "services": [lane.service for lane in self.lanes],
            "length": self._length(),
            "left": self._left(),
            "scale": self._scale(),
            "top": TOP - 6,
            "bottom": TOP + LANE * len(self.lanes) + 4,
        }

    # The drawing

    def _draw(self, trace: Trace) -> Drawing:
        width = self._left() + AXIS + 14 + sum(room for _, room in COLUMNS) + MARGIN
        described = "; ".join(
            f"{lane.name} used {ms(lane.self_ms)} of CPU" for lane in self.lanes[:20]
        )
        drawing = Drawing(width, 0, f"Who held the thread: {headline(trace)}", described)
        drawing.shapes += self._heading(trace, width)
        drawing.shapes += self._budget(trace, width)
        drawing.shapes += self._ticks()
        drawing.shapes += [
            Group(
                self._lane(row, lane),
                {"lane": str(row)},
                f"{lane.name}: {', '.join(lane.figures(self._whole))}",
            )
            for row, lane in enumerate(self.lanes)
        ]
        drawing.shapes += self._hand_over_lines()
        drawing.shapes += self._cut(trace)
        y = TOP + LANE * len(self.lanes) + 40
        for text, color in _notes(trace):
            drawing.shapes.append(Label(MARGIN, y, text, SMALL, color))
            y += 16
        if len(self.recent) > 1:
            drawing.shapes += self._stack(trace, y + 4, width)
            y += 26 + RECENT_ROW * len(self.recent)
        drawing.height = y
        return drawing

    def _left(self) -> float:
        """Where the time axis begins."""
        widest = max(
            (_indent(lane) + text_width(lane.name, SIZE) for lane in self.lanes), default=0
        )
        return min(max(150.0, widest), 260.0) + MARGIN + 13

    def _length(self) -> float:
        """How long the time axis is, in ms."""
        return max((lane.ended for lane in self.lanes), default=0.0)

    def _scale(self) -> float:
        return AXIS / max(self._length(), 1e-6)

    def _x(self, at: float) -> float:
        return self._left() + at * self._scale()

    def _heading(self, trace: Trace, width: float) -> list[Label]:
        room = width - 2 * MARGIN
        return [
            Label(MARGIN, 26, fitted(headline(trace), 14, room, True), 14, bold=True),
            Label(MARGIN, 45, fitted(figures(trace), SMALL, room), SMALL, "muted"),
        ]

    def _budget(self, trace: Trace, width: float) -> list[Rect]:
        """The budget as a bar that fills in the Workers' colours."""
        room = width - 2 * MARGIN
        whole = max(trace.limits.cpu_ms or 0.0, self._whole) or 1.0
        over = trace.outcome == "exceededCpu"
        bar = [Rect(MARGIN, 56, room, 12, "box", "alarm" if over else "faint", radius=3)]
        bar += _stacked(trace, MARGIN, 57, room / whole, 10)
        if over and trace.limits.cpu_ms:
            bar.append(Rect(MARGIN + room * trace.limits.cpu_ms / whole - 1, 53, 2, 18, "alarm"))
        return bar

    def _ticks(self) -> list[Shape]:
        length = self._length()
        step = nice_step(length)
        bottom = TOP + LANE * len(self.lanes)
        shapes: list[Shape] = []
        for number in range(int(length / step) + 1):
            x = self._x(number * step)
            text = f"{number * step:.10g}" + (" ms" if number == 0 else "")
            shapes.append(Line([(x, TOP - 6), (x, bottom + 4)], "faint", 1))
            shapes.append(Label(x - 3, bottom + 18, text, SMALL, "muted"))
        x = self._left() + AXIS + 14
        for name, room in COLUMNS:
            x += room
            shapes.append(Label(x, TOP - 10, name, SMALL, "muted", end=True))
        return shapes

    def _lane(self, row: int, lane: Lane) -> list[Shape]:
        y = TOP + LANE * row
        room = self._left() - 12.5 - MARGIN - _indent(lane)
        whole = max((lane.ended - lane.began) * self._scale(), THINNEST)
        shapes: list[Shape] = [
            Label(MARGIN + _indent(lane), y + 18, fitted(lane.name, SIZE, room), SIZE),
            Rect(
                self._x(lane.began),
                y + 8,
                whole,
                12,
                None,
                "faint",
                hatched=True,
                part=f"lane{row}",
            ),
        ]
        role = role_of(lane.service)
        for began, ended in lane.slices:
            thick = max((ended - began) * self._scale(), THINNEST)
            shapes.append(Rect(self._x(began), y + 6, thick, 16, role))
        x = self._left() + AXIS + 14
        for (_, room), figure in zip(COLUMNS, lane.figures(self._whole), strict=True):
            x += room
            shapes.append(Label(x, y + 18, figure, SMALL, end=True))
        return shapes

    def _hand_over_lines(self) -> list[Line]:
        """From the lane that gives the thread to the one that takes it."""
        lines = []
        heads = len(self.handovers) <= MOST_ARROWS
        for over in self.handovers:
            down = over.taker > over.giver
            begin = _middle(over.giver) + (8 if down else -8)
            end = _middle(over.taker) - (8 if down else -8)
            x = self._x(over.at)
            lines.append(Line([(x, begin), (x, end)], "line", 1, arrow=heads))
        return lines

    def _cut(self, trace: Trace) -> list[Shape]:
        """Where the request was stopped: at the end of the deepest of those that were."""
        words = _STOPPED.get(trace.outcome or "")
        stopped = [row for row, lane in enumerate(self.lanes) if lane.outcome == trace.outcome]
        if words is None or not stopped:
            return []
        row = max(stopped, key=lambda row: (self.lanes[row].depth, row))
        x, y = self._x(self.lanes[row].ended), TOP + LANE * row
        bottom = TOP + LANE * len(self.lanes) + 4
        return [
            Line([(x, TOP - 6), (x, bottom)], "alarm", 1.4, dashed=True),
            Rect(x - 2, y + 3, 4, 22, "alarm"),
            Label(x - 5, TOP - 10, words[0], SMALL, "alarm", bold=True, end=True),
        ]

    def _stack(self, trace: Trace, y: float, width: float) -> list[Shape | Group]:
        """The last requests, each a bar of the CPU that its Workers used, on one scale."""
        most = max([1e-6, *(one.cpu_ms for one in self.recent)])
        name_room = self._left() - MARGIN - 13
        shapes: list[Shape | Group] = [
            Label(MARGIN, y + 12, "The last requests: CPU, on one scale", SMALL, "muted")
        ]
        y += 20
        for one in reversed(self.recent):
            name = fitted(f"#{one.number} {one.method} {_path(one)}", SMALL, name_room)
            cells = f"{ms(one.cpu_ms)} · {one.status or one.outcome or 'running'}"
            bars = _stacked(one, self._left(), y + 5, AXIS / most, 12)
            row = Rect(
                MARGIN - 6,
                y,
                width - 2 * MARGIN + 12,
                RECENT_ROW,
                "box" if one is trace else "card",
                radius=4,
                part=f"row{one.number}",
            )
            figure = Label(self._left() + AXIS + 24, y + 15, cells, SMALL)
            shapes.append(
                Group(
                    [row, Label(MARGIN, y + 15, name, SMALL), *bars, figure],
                    {"request": str(one.number)},
                    f"Request {one.number}: {headline(one)}, CPU {ms(one.cpu_ms)}",
                )
            )
            y += RECENT_ROW
        return shapes


_CHARS = 12
_NOTHING = "No request yet. Make one: %fetch NAME"
_STOPPED = {
    "exceededCpu": ("cut", "Cut: the CPU budget was used up."),
    "exceededWallTime": ("stopped", "Stopped: the request was out of time."),
    "canceled": ("canceled", "Canceled."),
}


def _nothing() -> Drawing:
    return Drawing(340, 52, _NOTHING, "", [Label(MARGIN, 31, _NOTHING, SIZE)])


def headline(trace: Trace) -> str:
    """Return a request and its outcome on one line."""
    status = f" → {trace.status}" if trace.status else ""
    return f"{trace.method} {one_line(trace.url, 90)}{status} · {trace.outcome or 'running'}"


def figures(trace: Trace) -> str:
    """Return a request's CPU, budget, wall clock and thread."""
    of = trace.limits.of_budget
    wall = f"{ms(trace.wall_ms)} wall clock"
    sampled = f" · {ms(trace.sampled_ns / 1e6)} sampled" if trace.sampled_ns else ""
    imports = f" · imports {ms(trace.imports_ms)}, apart" if trace.imports_ns else ""
    elsewhere = f" · {ms(trace.off_thread_ms)} in other threads" if trace.off_thread_ns else ""
    where = f"{wall} · thread {trace.thread_name}"
    own = f" (the runtime's own: about {ms(trace.runtime_ms)})" if trace.done else ""
    return f"CPU {ms(trace.cpu_ms)}{of}{own} · {where}{sampled}{imports}{elsewhere}"


def _notes(trace: Trace) -> list[tuple[str, str]]:
    """Return what has to be said below, with its colour."""
    notes = []
    calls = len(trace.invocations) + trace.not_kept
    if calls > MOST_LANES:
        notes.append((f"A lane for each Worker: there were {calls:,} invocations.", "muted"))
    if trace.outcome in _STOPPED:
        notes.append((_STOPPED[trace.outcome][1], "alarm"))
    return notes


def _path(trace: Trace) -> str:
    """Return a request's URL without what all of them have."""
    _, _, rest = one_line(trace.url, 90).partition("://")
    return rest


def _stacked(trace: Trace, x: float, y: float, scale: float, height: float) -> list[Rect]:
    """Return the CPU of each Worker in a request as one bar."""
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


def lanes_of(
    trace: Trace,
) -> tuple[list[Lane], list[tuple[float, float, int]], list[HandOver]]:
    """Return the lanes of a request, who holds the thread from when to when, and the hand-overs."""
    calls = trace.invocations
    base = calls[0].began_ns or trace.began_ns
    grouped = len(calls) > MOST_LANES
    lanes: dict[object, Lane] = {}
    for call in calls:
        key: object = call.service if grouped else call
        began = max((call.began_ns or base) - base, 0) / 1e6
        ended = began + call.wall_ms
        known = lanes.get(key)
        if known is None:
            over = f"{call.binding} → " if call.binding and not grouped else ""
            version = f" v{call.version.number}" if call.version and not grouped else ""
            name = one_line(over + call.service, 60) + version
            depth = 1 if grouped else call.depth
            lanes[key] = Lane(
                call.service,
                name,
                depth,
                began,
                ended,
                call.cpu_ms,
                call.inclusive_cpu_ms,
                call.outcome,
            )
        else:
            known.self_ms += call.cpu_ms
            known.ended = max(known.ended, ended)
            known.outcome = call.outcome if call.outcome != "ok" else known.outcome
            known.inclusive_ms = max(known.inclusive_ms, known.self_ms)
    rows = {key: row for row, key in enumerate(lanes)}
    holds: list[tuple[float, float, int]] = []
    handovers: list[HandOver] = []
    for piece in list(trace.slices)[:MOST_SLICES]:
        key = piece.invocation.service if grouped else piece.invocation
        if key not in lanes:
            continue
        row = rows[key]
        began, ended = (piece.begin_ns - base) / 1e6, (piece.end_ns - base) / 1e6
        lanes[key].slices.append((began, ended))
        if holds and holds[-1][2] != row and began - holds[-1][1] < 1e-6:
            handovers.append(HandOver(began, holds[-1][2], row))
        holds.append((began, ended, row))
    return list(lanes.values()), holds, handovers


def nice_step(length: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten, for some five ticks along `length`."""
    if length <= 0:
        return 1.0
    rough = length / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
