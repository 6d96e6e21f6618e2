"""The dashboard: the graph, the last requests, a request's CPU, and a Worker's bindings."""

from __future__ import annotations

from functools import partial
from typing import Any

import traitlets
from ipywidgets import HBox, Tab, VBox

from workernb.assembly import checked_runtime
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.metering import ms
from workernb.runtime.tracing.traces import Trace
from workernb.views.drawing.text import one_line
from workernb.views.pictures.cpu import headline
from workernb.views.pictures.stack import StackedPicture

from .cpu import CpuView
from .dropdown import StickyDropdown, StickySelect
from .editor import BindingEditor
from .graph import GraphView
from .sender import RequestBar
from .split import SplitForm
from .still import StillOutput
from .ticker import Ticker, call_on_loop, running_loop

REFRESH_TICKS = 5
"""The number of ticks between two refreshes of the lists."""

MAX_REQUESTS = 50
"""The number of recent requests in the list."""

_MAIN = {"flex": "3 1 560px", "min_width": "0"}
_SIDE = {"flex": "2 1 400px", "min_width": "0"}

LATEST = 0
"""The value of the option that follows the last request; None would be no selection."""


class Dashboard(VBox):  # type: ignore[misc]
    """All views of a system in one widget: `Dashboard()`, in a cell or in any box of widgets.

    graph, cpu, editor, split, sender: its views. workers: selects the Worker in the editor, as does
    a click on a node of the graph. requests: selects the request whose CPU is shown. The graph
    highlights the service that uses the thread at the moment of the replay.
    """

    def __init__(self, runtime: Runtime | None = None, **traits: Any) -> None:
        """Show the services of a runtime, by default of the notebook's."""
        self.runtime = checked_runtime(runtime)
        self._loop = running_loop()
        self._ticks = 0
        self._shown_state: Any = None
        self.graph = GraphView(self.runtime, live=True, pages=False)
        self.cpu = CpuView(self.runtime, live=True, recents=False)
        self.editor = BindingEditor("", self.runtime)
        self.split = SplitForm(self.runtime)
        self.sender = RequestBar(self.runtime, self._loop)
        self.requests = StickySelect(rows=10, layout={"width": "auto"})
        self.workers = StickyDropdown(description="Worker", layout={"width": "auto"})
        super().__init__(children=self._rows(), **traits)
        self.add_class("workernb-board")
        self.refresh()
        traitlets.dlink((self.cpu, "holder"), (self.graph, "lit"))
        self.cpu.observe(self._on_request_shown, "request")
        self.graph.observe(self._on_node_selected, "selected")
        self.graph.observe(self._on_watched, "watched")
        self.requests.on_choice(partial(call_on_loop, self._loop, self._show_request))
        self.workers.on_choice(partial(call_on_loop, self._loop, self._show_worker))

    def _rows(self) -> list[Any]:
        """Return the bar, and below it two columns: the pictures; the settings and requests."""
        settings = Tab([self.editor, self.split], titles=("Bindings", "Split"))
        settings.add_class("workernb-side")
        main = VBox([self.graph, self.cpu], layout=_MAIN)
        side = VBox([self.workers, settings, self.requests], layout=_SIDE)
        columns = HBox([main, side])
        columns.layout.flex_flow = "row wrap"
        return [self.sender, columns]

    # Events of the parts

    def _on_node_selected(self, change: Any) -> None:
        if change["new"] in self.runtime:
            self.refresh()
            self.workers.value = change["new"]

    def _on_request_shown(self, change: Any) -> None:
        self.refresh()

    def _show_worker(self) -> None:
        # The selected Worker may have been removed since the last refresh.
        self.editor.service = self.workers.value if self.workers.value in self.runtime else ""
        self.split.show_service(self.editor.service)

    def _show_request(self) -> None:
        self.cpu.request = None if self.requests.value == LATEST else self.requests.value

    # Updates

    def refresh(self) -> None:
        """Update the lists of Workers and of requests."""
        latest = self.runtime.traces[-1] if self.runtime.traces else None
        deployments = [service.deployment for service in self.runtime.defined()]
        state = (tuple(self.runtime), deployments, latest, self.cpu.request)
        if state == self._shown_state:
            return
        self._shown_state = state
        self.workers.set_options([(name, name) for name in self.runtime])
        self._show_worker()
        traces = list(self.runtime.traces)[-MAX_REQUESTS:]
        selected = self.cpu.request
        if selected is not None and selected not in traces:
            traces.insert(0, selected)
        options = [(self._option_label(trace), trace) for trace in reversed(traces)]
        self.requests.set_options([("always the last one", LATEST), *options])
        self.requests.value = LATEST if selected is None else selected

    def _option_label(self, trace: Trace) -> str:
        label = f"#{trace.number} · {ms(trace.cpu_ms)} · {headline(trace)}"
        return one_line(self.runtime.redactor.redact(label), 140)

    def _on_watched(self, change: Any) -> None:
        if change["new"] and self._loop is not None:
            Ticker.of(self._loop).add(self)

    def tick(self) -> bool:
        """Update the lists; returns whether a page still shows the graph."""
        self._ticks += 1
        if self._ticks % REFRESH_TICKS == 0:
            self.refresh()
        return bool(self.graph.watched)

    # Displaying

    def still(self) -> StackedPicture:
        """Return all that is shown now, as one still picture."""
        rows = [[self.graph.still(), self.editor.still()], [self.cpu.still()]]
        return StackedPicture("The dashboard", rows)

    def __repr__(self) -> str:
        return self.still().text()

    def _ipython_display_(self) -> None:
        """Display all as a still picture; while the kernel lives, the widget takes its place."""
        self._loop = self.sender.loop = self._loop or running_loop()
        self.graph.shown(StillOutput(self, self.still))
        self.cpu.shown()

    def close(self) -> None:
        """Close the widget and its parts, and stop updating."""
        # Widget.__del__ calls this too, even if __init__ has raised an exception.
        loop = self.__dict__.get("_loop")
        if loop is not None:
            Ticker.of(loop).remove(self)
        for name in ("graph", "cpu", "editor"):
            if name in self.__dict__:
                getattr(self, name).close()
        super().close()
