"""The picture of a comparison: a request over bindings, and the same request over HTTP."""

from __future__ import annotations

from workernb.network.comparing import Comparison, Process, Way
from workernb.runtime.tracing.metering import ms
from workernb.views.drawing.drawing import Drawing
from workernb.views.drawing.palette import role_of
from workernb.views.drawing.shapes import Label, Rect, fitted, text_width
from workernb.views.drawing.text import one_line

from .axis import ticks
from .picture import MARGIN, SIZE, SMALL, Picture

OVERHEAD = "runtime and HTTP"
"""The name of the CPU that is used by no Worker."""
AXIS = 520.0
RIGHT = 120.0
TOP = 92.0
SECTION = 26.0
LANE = 36.0
GAP = 12.0
MIN_WIDTH = 0.6
TEXT_AXIS = 60
"""The length of the time axis in the text, in characters."""


class ComparisonPicture(Picture):
    """The result of `compare_network`: both measurements, drawn on one time axis.

    binding, network: the measurements, each with wall_ms, cpu_ms, idle_ms, status and processes.
    """

    def __init__(self, comparison: Comparison) -> None:
        """Draw a comparison."""
        self.comparison = comparison
        self.binding = comparison.binding
        self.network = comparison.network
        self._ways = (("Over the binding", self.binding), ("Over HTTP", self.network))
        self._length_ms = max(self.binding.wall_ms, self.network.wall_ms)
        self.drawing = self._draw()

    @property
    def ratio(self) -> float:
        """The wall clock over HTTP, as a multiple of the wall clock over the binding."""
        return self.network.wall_ms / self.binding.wall_ms

    @property
    def headline(self) -> str:
        """The request and the ratio, in one sentence."""
        times = f"{self.ratio:,.0f}" if self.ratio >= 10 else f"{self.ratio:.1f}"
        request = one_line(self.comparison.request, 70)
        return f"{request}: over HTTP it takes {times} times as long as over the binding"

    @property
    def figures(self) -> str:
        """How the figures were measured."""
        runs = len(self.binding.walls_ms)
        sample = f"The median of {runs} requests each way" if runs > 1 else "One request each way"
        return f"{sample}; HTTP between two processes on loopback, its connection kept open"

    @property
    def notes(self) -> list[str]:
        """Warnings about the figures; usually none."""
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
        """Return a line for each process, with a bar made of characters."""
        lines = [self.headline, f"{self.figures}. █ Workers ▒ {OVERHEAD} · idle"]
        for name, way in self._ways:
            lines.append(f"{name}: {_describe(way)}")
            for process in way.processes:
                used = ", ".join(f"{name} {ms(cpu_ms)}" for name, cpu_ms in _cpu_by(process))
                lines.append(
                    f"  {process.name:17} {_text_bar(process, way, self._length_ms)} "
                    f"CPU {ms(process.cpu_ms)} ({used}), idle {ms(process.idle_ms)}"
                )
        return "\n".join([*lines, *self.notes])

    def _draw(self) -> Drawing:
        names = [process.name for _, way in self._ways for process in way.processes]
        left = MARGIN + max(text_width(name, SIZE) for name in names) + 16
        width = left + AXIS + RIGHT + MARGIN
        lanes = sum(len(way.processes) for _, way in self._ways)
        bottom = TOP + len(self._ways) * (SECTION + GAP) + lanes * LANE
        height = bottom + 24 + 16 * len(self.notes)
        description = ". ".join(f"{name}: {_describe(way)}" for name, way in self._ways)
        drawing = Drawing(width, height, self.headline, description)
        text_length = width - 2 * MARGIN
        drawing.shapes += [
            Label(MARGIN, 24, fitted(self.headline, 14, text_length, True), 14, bold=True),
            Label(MARGIN, 42, fitted(self.figures, SMALL, text_length), SMALL, "muted"),
        ]
        drawing.shapes += self._legend(text_length)
        scale = AXIS / self._length_ms
        drawing.shapes += ticks(self._length_ms, left, scale, TOP + SECTION - 4, bottom)
        y = TOP
        for name, way in self._ways:
            label = Label(MARGIN, y + 14, f"{name}: {_describe(way)}", SIZE, bold=True)
            x, top, right, below = label.box
            drawing.shapes += [Rect(x - 2, top, right - x + 4, below - top, "card"), label]
            y += SECTION
            for process in way.processes:
                drawing.shapes += _lane(process, way, left, y, scale)
                y += LANE
            y += GAP
        for number, note in enumerate(self.notes):
            text = fitted(note, SMALL, text_length)
            drawing.shapes.append(Label(MARGIN, bottom + 32 + 16 * number, text, SMALL, "alarm"))
        return drawing

    def _legend(self, width: float) -> list[Rect | Label]:
        """Return the legend of the colours; the Workers that do not fit are counted."""
        shapes: list[Rect | Label] = []
        entries = [(OVERHEAD, "line", False), ("idle", None, True)]
        entries += [
            (fitted(name, SMALL, 150), role_of(name), False) for name in self.comparison.services
        ]
        x = MARGIN
        for number, (name, fill, hatched) in enumerate(entries):
            omission = f"and {len(entries) - number} more"
            entry_width = 18 + text_width(name, SMALL) + 16
            last = number == len(entries) - 1
            reserved = 0 if last else text_width(omission, SMALL) + 18
            if x + entry_width + reserved > MARGIN + width:
                shapes.append(Label(x, 66, omission, SMALL, "muted"))
                break
            stroke = "faint" if hatched else None
            shapes.append(Rect(x, 57, 12, 10, fill, stroke, hatched=hatched))
            shapes.append(Label(x + 18, 66, name, SMALL))
            x += entry_width
        return shapes


def _describe(way: Way) -> str:
    return f"{ms(way.wall_ms)}, CPU {ms(way.cpu_ms)}, idle {ms(way.idle_ms)}"


def _cpu_by(process: Process) -> list[tuple[str, float]]:
    return [
        (OVERHEAD if worker is None else one_line(worker, 40), cpu_ms)
        for worker, cpu_ms in process.cpu_by.items()
    ]


def _text_bar(process: Process, way: Way, length_ms: float) -> str:
    """Return the lane of a process as characters; each shows the time at its middle."""
    bar = ""
    for position in range(TEXT_AXIS):
        at = (position + 0.5) * length_ms / TEXT_AXIS
        character = "·" if at <= way.wall_ms else " "
        for stretch in process.stretches:
            if stretch.begin_ms <= at < stretch.end_ms:
                character = "▒" if stretch.by is None else "█"
        bar += character
    return bar


def _lane(process: Process, way: Way, left: float, y: float, scale: float) -> list[Rect | Label]:
    """Return the lane of a process: hatched while it is idle, filled while it uses the CPU."""
    workers = ", ".join(worker for worker in process.cpu_by if worker is not None)
    names = fitted(one_line(workers, 80), 9.5, left - 12 - MARGIN)
    shapes: list[Rect | Label] = [
        Label(MARGIN, y + 12, process.name, SIZE),
        Label(MARGIN, y + 25, names, 9.5, "muted"),
        Rect(left, y + 6, max(way.wall_ms * scale, MIN_WIDTH), 14, stroke="faint", hatched=True),
        Label(left + AXIS + 14, y + 12, f"CPU {ms(process.cpu_ms)}", SMALL),
        Label(left + AXIS + 14, y + 25, f"idle {ms(process.idle_ms)}", SMALL, "muted"),
    ]
    for stretch in process.stretches:
        width = (stretch.end_ms - stretch.begin_ms) * scale
        if width <= 0:
            continue
        fill = "line" if stretch.by is None else role_of(stretch.by)
        x = left + stretch.begin_ms * scale
        shapes.append(Rect(x, y + 5, max(width, MIN_WIDTH), 16, fill))
    return shapes
