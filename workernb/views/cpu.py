"""The picture of a request's CPU: who held the one thread, when, at what cost to the budget."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from workernb.runtime.traces import Trace

from .drawing import Drawing, Label, Line, Picture, Rect, fitted, text_width
from .palette import role_of
from .text import ms, one_line, share

MOST_LANES = 24
LANE = 28.0
AXIS = 520.0
MARGIN = 16.0
TOP = 86.0
SIZE, SMALL = 12.5, 11.0
THINNEST = 1.2
MOST_SLICES = 2_000


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
    slices: list[tuple[float, float]] = field(default_factory=list)


class CpuPicture(Picture):
    """What `%cpu` shows: a request, as it is when the picture is made."""

    def __init__(self, trace: Trace) -> None:
        """Take the figures of a request, and draw them."""
        self.trace = trace
        self.lanes, self._handovers = lanes_of(trace)
        self.drawing = self._draw()

    @property
    def headline(self) -> str:
        """The request and its outcome."""
        trace = self.trace
        status = f" → {trace.status}" if trace.status else ""
        return f"{trace.method} {one_line(trace.url, 90)}{status} · {trace.outcome or 'running'}"

    @property
    def figures(self) -> str:
        """CPU, budget, wall clock and thread."""
        trace = self.trace
        budget = trace.limits.cpu_ms
        of = f" of {budget:,.0f} ms" if budget is not None else ""
        wall = f"{ms(trace.wall_ms)} wall clock"
        sampled = f" · {ms(trace.sampled_ns / 1e6)} sampled" if trace.sampled_ns else ""
        return f"CPU {ms(trace.cpu_ms)}{of} · {wall} · thread {trace.thread_name}{sampled}"

    def text(self) -> str:
        """Return the lanes with bars made of characters."""
        whole = self.trace.cpu_ms
        width = max((len(lane.name) + 2 * lane.depth for lane in self.lanes), default=0)
        lines = [self.headline, self.figures]
        for lane in self.lanes:
            name = "  " * (lane.depth - 1) + lane.name
            filled = round(20 * lane.self_ms / whole) if whole else 0
            bar = "█" * filled + "░" * (20 - filled)
            lines.append(
                f"{name:{width}} {bar} {share(lane.self_ms, whole):>5}  self {ms(lane.self_ms)}, "
                f"with callees {ms(lane.inclusive_ms)}, wall {ms(lane.ended - lane.began)}"
            )
        lines += self._notes()
        return "\n".join(lines)

    def _notes(self) -> list[str]:
        notes = []
        folded = len(self.trace.invocations) + self.trace.not_kept
        if folded > MOST_LANES:
            notes.append(f"A lane for each Worker: there were {folded:,} invocations.")
        if self.trace.outcome == "exceededCpu":
            notes.append("Cut: the CPU budget was used up.")
        return notes

    def _draw(self) -> Drawing:
        left = max([90.0, *(_indent(lane) + text_width(lane.name, SIZE) for lane in self.lanes)])
        left = min(left, 260.0) + MARGIN + 13
        right = 190.0
        width = left + AXIS + right + MARGIN
        height = TOP + LANE * len(self.lanes) + 46 + 16 * len(self._notes())
        described = "; ".join(
            f"{lane.name} used {ms(lane.self_ms)} of CPU" for lane in self.lanes[:20]
        )
        drawing = Drawing(width, height, f"Who held the thread: {self.headline}", described)
        drawing.shapes += self._heading(width)
        drawing.shapes += self._budget(width)
        scale = AXIS / max(self._length(), 1e-6)
        drawing.shapes += self._ticks(left, scale)
        drawing.shapes += self._hand_over_lines(left, scale)
        for row, lane in enumerate(self.lanes):
            drawing.shapes += self._lane(row, lane, left, scale)
        y = TOP + LANE * len(self.lanes) + 40
        for note in self._notes():
            drawing.shapes.append(
                Label(MARGIN, y, note, SMALL, "alarm" if "Cut" in note else "muted")
            )
            y += 16
        return drawing

    def _length(self) -> float:
        """How long the time axis is, in ms."""
        return max((lane.ended for lane in self.lanes), default=0.0)

    def _heading(self, width: float) -> list[Label]:
        room = width - 2 * MARGIN
        return [
            Label(MARGIN, 24, fitted(self.headline, 14, room, True), 14, bold=True),
            Label(MARGIN, 42, fitted(self.figures, SMALL, room), SMALL, "muted"),
        ]

    def _budget(self, width: float) -> list[Rect]:
        """The budget as a bar that fills in the Workers' colours."""
        budget = self.trace.limits.cpu_ms or self.trace.cpu_ms or 1.0
        whole = max(budget, self.trace.cpu_ms)
        room = width - 2 * MARGIN
        bar = [Rect(MARGIN, 50, room, 10, "box", "faint", radius=3)]
        x = MARGIN
        for name, used in self.trace.cpu_by_service().items():
            part = room * used / whole
            if part > 0:
                bar.append(Rect(x, 50, max(part, THINNEST), 10, role_of(name)))
                x += part
        return bar

    def _ticks(self, left: float, scale: float) -> list[Line | Label]:
        length = self._length()
        step = nice_step(length)
        bottom = TOP + LANE * len(self.lanes)
        shapes: list[Line | Label] = []
        for number in range(int(length / step) + 1 if step else 1):
            x = left + number * step * scale
            text = f"{number * step:.10g}" + (" ms" if number == 0 else "")
            shapes.append(Line([(x, TOP - 6), (x, bottom + 4)], "faint", 1))
            shapes.append(Label(x - 3, bottom + 18, text, SMALL, "muted"))
        return shapes

    def _hand_over_lines(self, left: float, scale: float) -> list[Line]:
        return [
            Line([(left + at * scale, _middle(a)), (left + at * scale, _middle(b))], "line", 1)
            for at, a, b in self._handovers
        ]

    def _lane(self, row: int, lane: Lane, left: float, scale: float) -> list[Rect | Label | Line]:
        y = TOP + LANE * row
        room = left - 12.5 - MARGIN - _indent(lane)
        shapes: list[Rect | Label | Line] = [
            Label(MARGIN + _indent(lane), y + 18, fitted(lane.name, SIZE, room), SIZE),
            Rect(
                left + lane.began * scale,
                y + 8,
                max((lane.ended - lane.began) * scale, THINNEST),
                12,
                stroke="faint",
                hatched=True,
            ),
        ]
        for began, ended in lane.slices:
            shapes.append(
                Rect(
                    left + began * scale,
                    y + 6,
                    max((ended - began) * scale, THINNEST),
                    16,
                    role_of(lane.service),
                )
            )
        figures = f"{share(lane.self_ms, self.trace.cpu_ms)} · {ms(lane.self_ms)}"
        shapes.append(Label(left + AXIS + 14, y + 14, figures, SMALL))
        wall = f"with callees {ms(lane.inclusive_ms)}"
        shapes.append(Label(left + AXIS + 14, y + 26, wall, 9.5, "muted"))
        return shapes


def _middle(row: int) -> float:
    return TOP + LANE * row + 14


def _indent(lane: Lane) -> float:
    return 12.0 * min(lane.depth - 1, 8)


def lanes_of(trace: Trace) -> tuple[list[Lane], list[tuple[float, int, int]]]:
    """Return the lanes of a request, and its hand-overs: when, from which lane to which."""
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
                call.service, name, depth, began, ended, call.cpu_ms, call.inclusive_cpu_ms
            )
        else:
            known.self_ms += call.cpu_ms
            known.ended = max(known.ended, ended)
            known.inclusive_ms = max(known.inclusive_ms, known.self_ms)
    rows = {key: row for row, key in enumerate(lanes)}
    handovers: list[tuple[float, int, int]] = []
    last: tuple[float, int] | None = None
    for piece in list(trace.slices)[:MOST_SLICES]:
        key = piece.invocation.service if grouped else piece.invocation
        if key not in lanes:
            continue
        began = (piece.begin_ns - base) / 1e6
        ended = (piece.end_ns - base) / 1e6
        lanes[key].slices.append((began, ended))
        if last is not None and last[1] != rows[key] and began - last[0] < 1e-6:
            handovers.append((began, last[1], rows[key]))
        last = (ended, rows[key])
    return list(lanes.values()), handovers


def nice_step(length: float) -> float:
    """Return a step of 1, 2 or 5 times a power of ten, for some five ticks along `length`."""
    if length <= 0:
        return 1.0
    rough = length / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough)
