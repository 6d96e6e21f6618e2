"""The widget of the graph, with the traffic on the arrows and the CPU in the nodes."""

from __future__ import annotations

from typing import Any

import traitlets

from workernb.assembly import checked_runtime
from workernb.errors import UsageError
from workernb.resources.contents import KINDS
from workernb.runtime.runtime import Runtime
from workernb.views.drawing.text import Markup
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.layout import Layout
from workernb.views.pictures.system import OUTSIDE
from workernb.views.pictures.traffic import Flow, Traffic
from workernb.views.tables.stores import StoreTable
from workernb.views.tables.workers import WorkerPage

from .assets import script, style
from .live import LivePicture


class GraphView(LivePicture):
    """The services and their bindings: `GraphView()`, in a cell or in any box of widgets.

    around: the service around which it is drawn, with its callers and what it is bound to; None for
    all. lit: the service whose node is highlighted, or an empty string. selected: the service or
    the store whose node was clicked, or an empty string; its page, as HTML, is shown beside the
    graph unless `pages` is False.
    """

    _esm = script("graph.js")
    _css = style()

    lit = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    page = traitlets.Unicode("").tag(sync=True)
    pages = traitlets.Bool(True)

    def __init__(
        self, runtime: Runtime | None = None, around: str | None = None, **traits: Any
    ) -> None:
        """Show the services of a runtime, by default of the notebook's.

        Raises UsageError if there is no service called `around`.
        """
        self.runtime = checked_runtime(runtime)
        self.around = None if around is None else self.runtime[around].name
        self._layout = None if around is None else Layout()
        super().__init__(**traits)
        self.redraw()

    def draw(self) -> GraphPicture:
        """Return the graph as it is now."""
        return GraphPicture(self.runtime, self.around, self._layout)

    @traitlets.observe("selected", "pages")
    def _on_selected(self, change: Any) -> None:
        self.page = self._page_of(self.selected) if self.pages else ""

    def _page_of(self, name: str) -> str:
        """Return what there is to know of a node now, as HTML; nothing if it is not defined."""
        if name in self.runtime:
            return WorkerPage(self.runtime, name)._repr_html_()
        store = next((n.store for n in self._still.system.nodes if n.name == name), None)
        kind = next((k for k, noun in KINDS.items() if store and noun == store.noun), None)
        if store is None or kind is None:
            return ""
        try:
            return StoreTable(self.runtime, kind, store.name)._repr_html_()
        except UsageError:
            return str(Markup("<p><b>{}</b>: it holds nothing.</p>").format(str(store)))

    def tidy(self) -> None:
        """Lay the system out as a whole, instead of keeping the positions."""
        self._still.layout.forget()
        self.redraw()

    def show_picture(self, picture: Any) -> None:
        """Send the page the graph."""
        self._shown_versions = self._versions()
        self._still: GraphPicture = picture
        self._sent: dict[str, Any] = {}
        self._frame()
        self.picture = picture.inline_svg()

    def refresh(self) -> bool:
        """Redraw if a service or an arrow is new; otherwise send the page the new traffic."""
        if self._versions() != self._shown_versions:
            self.redraw()
            return True
        if self._still.traffic.revision == self._sent_revision:
            return False
        self.send(self._frame())
        return True

    def _versions(self) -> list[Any]:
        """Update the traffic, and return a value that is different after each change."""
        services = [
            (service.name, service.version, service.deployments[-1:])
            for service in list(self.runtime.services.values())
        ]
        return [*services, Traffic.of(self.runtime).callbacks()]

    def _frame(self) -> dict[str, Any]:
        """Return the message with all that has changed since the last frame.

        texts, widths: of the changed parts of the drawing. passed: the arrows (by index) that
        requests went over. busy: the arrows and the services with requests in flight.
        """
        system, traffic = self._still.system, self._still.traffic
        self._sent_revision = traffic.revision
        texts: dict[str, str] = {}
        widths: dict[str, float] = {}
        passed: list[str] = []
        sent = self._sent
        for index, arrow in enumerate(system.arrows):
            flow = traffic.arrows.get(arrow.key) or _NO_FLOW
            if sent.get(f"count{index}") != flow.requests:
                sent[f"count{index}"] = flow.requests
                texts[f"count{index}"], texts[f"failed{index}"] = flow.texts
                passed.append(str(index))
            if arrow.source == OUTSIDE and sent.get(f"rate{index}", 0) != flow.rate:
                sent[f"rate{index}"] = flow.rate
                texts[f"rate{index}"] = flow.rate_text
        loads = traffic.loads()
        for index, node in enumerate(system.nodes):
            load = loads.get(node.name)
            if load is not None and sent.get(node.name) != load:
                sent[node.name] = load
                texts[f"load{index}"] = load.text
                widths[f"fill{index}"] = round(self._still.fill_width(node.name, load.share), 1)
        active = traffic.active
        busy = [str(i) for i, arrow in enumerate(system.arrows) if arrow.key in active]
        busy += [node.name for node in system.nodes if node.name in active]
        return {"texts": texts, "widths": widths, "passed": passed, "busy": busy}


_NO_FLOW = Flow()
