"""The dashboard: the graph, a request's CPU, the last requests, and a Worker's bindings."""

from __future__ import annotations

from functools import partial
from typing import Any

import traitlets
from ipywidgets import VBox

from workernb.assembly import get_runtime
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import ms, one_line
from workernb.views.pictures.cpu import headline

from .cpu import CpuView
from .dropdown import Choice
from .editor import BindingEditor
from .graph import GraphView
from .still import Beside
from .ticker import Clock, on_loop, running_loop

EVERY = 5
"""How many ticks pass from one look for newer requests to the next."""

MOST = 50
"""How many of the last requests can be chosen."""

LAST = 0
"""What is chosen instead of a request: always the last one. (None would be no choice.)"""


class Dashboard(VBox):  # type: ignore[misc]
    """All there is to see of a system: `Dashboard()` in a cell, or in any box of widgets.

    graph, cpu, editor: its parts. workers: whose bindings the editor shows; a click on a node of
    the graph chooses it too. requests: whose CPU is shown. The graph lights who holds the thread.
    """

    def __init__(self, runtime: Runtime | None = None, **traits: Any) -> None:
        """Show the system of a runtime; the notebook's, if none is given."""
        self.runtime = get_runtime() if runtime is None else runtime
        self._loop = running_loop()
        self._ticks = 0
        self._seen: Any = None
        self.graph = GraphView(self.runtime)
        self.cpu = CpuView(self.runtime)
        self.editor = BindingEditor("", self.runtime)
        self.requests = Choice(description="Request", layout={"width": "40em"})
        self.workers = Choice(description="Worker", layout={"width": "25em"})
        parts = [self.graph, self.requests, self.cpu, self.workers, self.editor]
        super().__init__(children=parts, **traits)
        self.refresh()
        traitlets.dlink((self.cpu, "holder"), (self.graph, "lit"))
        self.cpu.observe(self._shows, "request")
        self.graph.observe(self._selected, "selected")
        self.graph.observe(self._watched, "watched")
        for field, act in ((self.requests, self._choose_request), (self.workers, self._choose)):
            field.on_choice(partial(on_loop, self._loop, act))

    # What one part says to another

    def _selected(self, change: Any) -> None:
        if change["new"] in self.runtime:
            self.refresh()
            self.workers.value = change["new"]

    def _choose(self) -> None:
        # What was chosen may have been removed since it was offered.
        self.editor.service = self.workers.value if self.workers.value in self.runtime else ""

    def _choose_request(self) -> None:
        self.cpu.request = None if self.requests.value == LAST else self.requests.value

    def _shows(self, change: Any) -> None:
        """Say which request is shown, when it was chosen in its picture."""
        self.refresh()

    # The clock

    def refresh(self) -> None:
        """Offer the Workers and the requests that there are now."""
        latest = self.runtime.traces[-1] if self.runtime.traces else None
        seen = (tuple(self.runtime), latest, self.cpu.request)
        if seen == self._seen:
            return
        self._seen = seen
        self.workers.offer([(name, name) for name in self.runtime])
        self._choose()
        shown = list(self.runtime.traces)[-MOST:]
        pinned = self.cpu.request
        if pinned is not None and pinned not in shown:
            shown.insert(0, pinned)
        lines = [(self._line(trace), trace) for trace in reversed(shown)]
        self.requests.offer([("always the last one", LAST), *lines])
        self.requests.value = LAST if pinned is None else pinned

    def _line(self, trace: Trace) -> str:
        line = f"#{trace.number} {headline(trace)} · CPU {ms(trace.cpu_ms)}"
        return one_line(self.runtime.redactor.redact(line), 140)

    def _watched(self, change: Any) -> None:
        if change["new"] and self._loop is not None:
            Clock.of(self._loop).add(self)

    def tick(self) -> bool:
        """Bring the lists up to date; returns whether a page still shows the graph."""
        self._ticks += 1
        if self._ticks % EVERY == 0:
            self.refresh()
        return bool(self.graph.watched)

    # In a cell

    def __repr__(self) -> str:
        return f"{self.graph!r}\n\n{self.cpu!r}\n\n{self.editor!r}"

    def _ipython_display_(self) -> None:
        """Show the widget, and the still graph for where it cannot be shown."""
        self._loop = self._loop or running_loop()
        self.graph.shown(Beside(self, self.graph.still))
        self.cpu.shown()

    def close(self) -> None:
        """Show nothing any more, and let the clock go."""
        if self._loop is not None:
            Clock.of(self._loop).remove(self)
        for part in (self.graph, self.cpu, self.editor, self.requests, self.workers):
            part.close()
        super().close()
