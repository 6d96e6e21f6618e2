"""The picture of what a binding saves: a request over the binding, and the same over HTTP."""

from __future__ import annotations

from workernb.network.comparing import Comparison, Process, Way
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Label, Line, Rect, fitted, text_width
from workernb.views.drawing.text import ms, one_line

from .cpu import nice_step
from .picture import Picture

OTHERS = "runtime and HTTP"
MARGIN = 16.0
AXIS = 520.0
RIGHT = 120.0
TOP = 92.0
SECTION = 26.0
LANE = 36.0
GAP = 12.0
SIZE, SMALL = 12.5, 11.0
THINNEST = 0.6
CELLS = 60
"""How many characters the time axis has in words."""


class ComparisonPicture(Picture):
    """What `compare_network` gives: figures, drawn on one axis of time.

    binding, network: the two ways, each with wall_ms, cpu_ms, idle_ms, status and processes.
    """

    def __init__(self, comparison: Comparison) -> None:
        """Draw a comparison."""
        self.comparison = comparison
        self.binding = comparison.binding
        self.network = comparison.network
        self._ways = (("Over the binding", self.binding), ("Over HTTP", self.network))
        self.drawing = self._draw()

    @property
    def ratio(self) -> float:
        """How many times as long as over the binding the request takes over HTTP."""
        return self.network.wall_ms / self.binding.wall_ms

    @property
    def headline(self) -> str:
        """The request, and how the two ways compare."""
        times = f"{self.ratio:,.0f}" if self.ratio >= 10 else f"{self.ratio:.1f}"
        request = one_line(self.comparison.request, 70)
        return f"{request}: over HTTP it takes {times} times as long as over the binding"

    @property
    def figures(self) -> str:
        """What was measured."""
        runs = len(self.binding.walls_ms)
        which = f"The median of {runs} requests each way" if runs > 1 else "One request each way"
        return f"{which}; HTTP between two processes on loopback, its connection kept open"

    @property
    def notes(self) -> list[str]:
        """What a reader must know to trust the figures; mostly nothing."""
        notes = []
        if self.binding.status != self.network.status:
            notes.append(
                f"The answers differ: {self.binding.status} over the binding, "
                f"{self.network.status} over HTTP."
            )
        if self.comparison.failed is not None:
            failed = one_line(self.comparison.failed, 100)
            notes.append(f"In the other process a Worker failed: {failed}")
        return notes

    def text(self) -> str:
        """Return the lanes with bars made of characters."""
        whole = max(way.wall_ms for _, way in self._ways)
        lines = [self.headline, f"{self.figures}. █ Workers ▒ {OTHERS} · idle"]
        for name, way in self._ways:
            lines.append(f"{name}: {_words(way)}")
            for process in way.processes:
                used = ", ".join(f"{who} {ms(cpu)}" for who, cpu in _shares(process))
                lines.append(
                    f"  {process.name:17} {_bar(process, way, whole)} "
                    f"CPU {ms(process.cpu_ms)} ({used}), idle {ms(process.idle_ms)}"
                )
        return "\n".join([*lines, *self.notes])

    # The drawing

    def _draw(self) -> Drawing:
        names = [process.name for _, way in self._ways for process in way.processes]
        left = MARGIN + max(text_width(name, SIZE) for name in names) + 16
        width = left + AXIS + RIGHT + MARGIN
        lanes = sum(len(way.processes) for _, way in self._ways)
        bottom = TOP + len(self._ways) * (SECTION + GAP) + lanes * LANE
        height = bottom + 24 + 16 * len(self.notes)
        described = ". ".join(f"{name}: {_words(way)}" for name, way in self._ways)
        drawing = Drawing(width, height, self.headline, described)
        room = width - 2 * MARGIN
        drawing.shapes += [
            Label(MARGIN, 24, fitted(self.headline, 14, room, True), 14, bold=True),
            Label(MARGIN, 42, fitted(self.figures, SMALL, room), SMALL, "muted"),
        ]
        drawing.shapes += self._legend(room)
        whole = max(way.wall_ms for _, way in self._ways)
        drawing.shapes += _ticks(left, bottom, whole)
        y = TOP
        for name, way in self._ways:
            label = Label(MARGIN, y + 14, f"{name}: {_words(way)}", SIZE, bold=True)
            x, top, right, below = label.box
            drawing.shapes += [Rect(x - 2, top, right - x + 4, below - top, "card"), label]
            y += SECTION
            for process in way.processes:
                drawing.shapes += _lane(process, way, left, y, AXIS / whole)
                y += LANE
            y += GAP
        for number, note in enumerate(self.notes):
            drawing.shapes.append(
                Label(MARGIN, bottom + 32 + 16 * number, fitted(note, SMALL, room), SMALL, "alarm")
            )
        return drawing

    def _legend(self, room: float) -> list[Rect | Label]:
        """What the colours mean; Workers that find no room are left out, and said to be."""
        shapes: list[Rect | Label] = []
        entries = [(OTHERS, "line", False), ("idle", None, True)]
        entries += [
            (fitted(name, SMALL, 150), role_of(name), False) for name in self.comparison.services
        ]
        x = MARGIN
        for number, (name, fill, hatched) in enumerate(entries):
            more = f"and {len(entries) - number} more"
            taken = 18 + text_width(name, SMALL) + 16
            last = number == len(entries) - 1
            if x + taken + (0 if last else text_width(more, SMALL) + 18) > MARGIN + room:
                shapes.append(Label(x, 66, more, SMALL, "muted"))
                break
            stroke = "faint" if hatched else None
            shapes.append(Rect(x, 57, 12, 10, fill, stroke, hatched=hatched))
            shapes.append(Label(x + 18, 66, name, SMALL))
            x += taken
        return shapes


def _words(way: Way) -> str:
    return f"{ms(way.wall_ms)}, CPU {ms(way.cpu_ms)}, idle {ms(way.idle_ms)}"


def _shares(process: Process) -> list[tuple[str, float]]:
    return [
        (OTHERS if who is None else one_line(who, 40), used) for who, used in process.cpu_by.items()
    ]


def _bar(process: Process, way: Way, whole: float) -> str:
    """Return a process's lane as characters, each for its middle's time."""
    bar = ""
    for cell in range(CELLS):
        at = (cell + 0.5) * whole / CELLS
        mark = "·" if at <= way.wall_ms else " "
        for stretch in process.stretches:
            if stretch.begin_ms <= at < stretch.end_ms:
                mark = "▒" if stretch.by is None else "█"
        bar += mark
    return bar


def _ticks(left: float, bottom: float, whole: float) -> list[Line | Label]:
    step = nice_step(whole)
    shapes: list[Line | Label] = []
    for number in range(int(whole / step) + 1):
        x = left + number * step * AXIS / whole
        text = f"{number * step:.10g}" + (" ms" if number == 0 else "")
        shapes.append(Line([(x, TOP + SECTION - 4), (x, bottom)], "faint", 1))
        shapes.append(Label(x - 3, bottom + 14, text, SMALL, "muted"))
    return shapes


def _lane(process: Process, way: Way, left: float, y: float, scale: float) -> list[Rect | Label]:
    """Draw a process: hatched while it is idle, and over that what it did."""
    workers = ", ".join(who for who in process.cpu_by if who is not None)
    room = left - 12 - MARGIN
    shapes: list[Rect | Label] = [
        Label(MARGIN, y + 12, process.name, SIZE),
        Label(MARGIN, y + 25, fitted(one_line(workers, 80), 9.5, room), 9.5, "muted"),
        Rect(left, y + 6, max(way.wall_ms * scale, THINNEST), 14, stroke="faint", hatched=True),
        Label(left + AXIS + 14, y + 12, f"CPU {ms(process.cpu_ms)}", SMALL),
        Label(left + AXIS + 14, y + 25, f"idle {ms(process.idle_ms)}", SMALL, "muted"),
    ]
    for stretch in process.stretches:
        length = (stretch.end_ms - stretch.begin_ms) * scale
        if length <= 0:
            continue
        fill = "line" if stretch.by is None else role_of(stretch.by)
        x = left + stretch.begin_ms * scale
        shapes.append(Rect(x, y + 5, max(length, THINNEST), 16, fill))
    return shapes
