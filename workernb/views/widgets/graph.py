"""The live graph as a widget: traffic on the arrows, CPU in the nodes, a node lit or chosen."""

from __future__ import annotations

from typing import Any

import traitlets

from workernb.assembly import get_runtime
from workernb.runtime.runtime import Runtime
from workernb.views.pictures.graph import GraphPicture
from workernb.views.pictures.traffic import Flow

from .live import LivePicture, script, style


class GraphView(LivePicture):
    """The bound services, live: `GraphView()` in a cell, or in any box of widgets.

    lit: the service whose node is lit, or an empty text. selected: the one that was clicked.
    """

    _esm = script("graph.js")
    _css = style()

    lit = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, runtime: Runtime | None = None, **traits: Any) -> None:
        """Show the system of a runtime; the notebook's, if none is given."""
        self.runtime = get_runtime() if runtime is None else runtime
        super().__init__(**traits)
        self.redraw()

    def still(self) -> GraphPicture:
        """Return the graph as it is now, as a still picture."""
        return GraphPicture(self.runtime)

    def tidy(self) -> None:
        """Lay the system out as a whole, as if it had been defined at once."""
        self._shown.layout.forget()
        self.redraw()

    def redraw(self) -> None:
        """Draw the graph anew."""
        self._versions = self._serving()
        self._shown = self.still()
        self._seen: dict[str, Any] = {}
        self._frame()
        self.picture = self._shown.inline_svg()

    def refresh(self) -> bool:
        """Draw the graph anew if the system has changed; else tell the page of the traffic."""
        if self._serving() != self._versions:
            self.redraw()
            return True
        self._shown.traffic.update(self.runtime)
        if self._shown.traffic.revision == self._revision:
            return False
        self.send(self._frame())
        return True

    def _serving(self) -> list[Any]:
        """Return what a change of the system can be told by."""
        return [
            (service.name, service.version, service.deployments[-1:])
            for service in list(self.runtime.services.values())
        ]

    def _frame(self) -> dict[str, Any]:
        """Return what is to be seen now and was not in the frame before.

        texts, widths: of parts of the drawing. passed: the arrows that requests went over.
        busy: the arrows and the services that are under way.
        """
        system, traffic = self._shown.system, self._shown.traffic
        self._revision = traffic.revision
        texts: dict[str, str] = {}
        widths: dict[str, float] = {}
        passed: list[str] = []
        seen = self._seen
        for index, arrow in enumerate(system.arrows):
            flow = traffic.arrows.get(arrow.key) or _NOTHING
            if seen.get(f"count{index}") != flow.requests:
                seen[f"count{index}"] = flow.requests
                texts[f"count{index}"], texts[f"failed{index}"] = flow.texts
                passed.append(str(index))
        loads = traffic.loads()
        for index, node in enumerate(system.nodes):
            load = loads.get(node.name)
            if load is not None and seen.get(node.name) != load:
                seen[node.name] = load
                texts[f"load{index}"] = load.text
                widths[f"fill{index}"] = round(self._shown.fill_width(node.name, load.share), 1)
        active = traffic.active
        busy = [str(i) for i, arrow in enumerate(system.arrows) if arrow.key in active]
        busy += [node.name for node in system.nodes if node.name in active]
        return {"texts": texts, "widths": widths, "passed": passed, "busy": busy}


_NOTHING = Flow()
