"""The live graph as a widget: traffic on the arrows, CPU in the nodes, a node lit or chosen."""

from __future__ import annotations

from typing import Any

import traitlets

from workernb.assembly import get_runtime
from workernb.runtime.runtime import Runtime

from .graph import GraphPicture
from .system import System
from .widget import LivePicture, script, style


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

    def redraw(self) -> None:
        """Draw the graph anew."""
        shown = self.still()
        self._system: System = shown.system
        self.picture = shown.drawing.svg(inline=True)

    def refresh(self) -> bool:
        """Draw the graph anew if the system has changed."""
        if System.of(self.runtime) == self._system:
            return False
        self.redraw()
        return True
