"""A request's CPU as a widget: a slider replays who held the thread, and tells others."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import traitlets

from workernb.assembly import get_runtime
from workernb.errors import UsageError
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.traces import Trace
from workernb.views.pictures.cpu import CpuPicture
from workernb.views.requests import find_trace

from .live import LivePicture, script, style

EVERY = 5
"""How many ticks pass from one look for a newer request to the next."""


class CpuView(LivePicture):
    """Who held the thread during a request: `CpuView(request=3)`, in a cell or any box of widgets.

    request: a Trace, or its number as `%cpu` takes it; None for always the last one. moment: the
    replay's, in ms since the request began. holder: the service that holds the thread then, empty
    when nobody does: `traitlets.dlink((cpu, "holder"), (graph, "lit"))`. trace: what is shown.
    """

    _esm = script("cpu.js")
    _css = style()

    request = traitlets.Any(None, allow_none=True)
    moment = traitlets.Float(0.0).tag(sync=True)
    holder = traitlets.Unicode("", read_only=True)
    replay = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)

    def __init__(self, runtime: Runtime | None = None, request: Any = None, **traits: Any) -> None:
        """Show a request of a runtime; the notebook's, if none is given."""
        self.runtime = get_runtime() if runtime is None else runtime
        self.trace: Trace | None = None
        self._still: CpuPicture | None = None
        self._stamps = -1
        self._ticks = 0
        super().__init__(request=request, **traits)
        self.redraw()

    @traitlets.validate("request")
    def _check(self, proposal: Any) -> Any:
        wanted = proposal["value"]
        if wanted is None or isinstance(wanted, Trace):
            return wanted
        if isinstance(wanted, bool) or not isinstance(wanted, int):
            raise UsageError(f"A request is a Trace or its number, not {wanted!r}.")
        return find_trace(self.runtime, wanted, "CpuView")

    @traitlets.observe("request")
    def _changed(self, change: Any) -> None:
        self.redraw()

    @traitlets.observe("chosen")
    def _choose(self, change: Any) -> None:
        kept = {trace.number: trace for trace in self.runtime.traces}
        if change["new"] in kept:
            self.request = kept[change["new"]]

    @traitlets.observe("moment", "replay")
    def _moved(self, change: Any) -> None:
        self.set_trait("holder", self._holds(self.moment))

    def _holds(self, moment: float) -> str:
        """Return the service that holds the thread at a moment, or an empty text."""
        replay = self.replay
        if not replay:
            return ""
        last = bisect_right(replay["begins"], moment) - 1
        if last < 0 or moment >= replay["ends"][last]:
            return ""
        return str(replay["services"][replay["lanes"][last]])

    def still(self) -> CpuPicture:
        """Return the request as it is now, as a still picture."""
        traces = self.runtime.traces
        trace = self.request or (traces[-1] if traces else None)
        return CpuPicture(trace, traces)

    def redraw(self) -> None:
        """Draw the request anew."""
        shown = self.still()
        before, self.trace = self.trace, shown.trace
        self._stamps = self._size()
        self.picture = shown.inline_svg()
        self.replay = shown.replay() if shown.trace is not None else {}
        if before is not self.trace:
            self.moment = 0.0

    def refresh(self) -> bool:
        """Draw the request anew if there is more of it, or a newer one when none is chosen."""
        self._ticks += 1
        if self._ticks % EVERY:
            return False
        traces = self.runtime.traces
        newer = self.request is None and traces and traces[-1] is not self.trace
        if not newer and self._size() == self._stamps:
            return False
        self.redraw()
        return True

    def _size(self) -> int:
        trace = self.trace
        return -1 if trace is None else len(trace.stamps) + bool(trace.ended_ns)
