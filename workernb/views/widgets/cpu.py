"""The widget of a request's CPU, with a replay of which Worker used the thread."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import traitlets

from workernb.assembly import checked_runtime
from workernb.errors import UsageError
from workernb.runtime.runtime import Runtime
from workernb.runtime.tracing.traces import Trace
from workernb.views.pictures.cpu import CpuPicture

from .assets import script, style
from .live import LivePicture

REFRESH_TICKS = 5
"""The number of ticks between two refreshes."""


class CpuView(LivePicture):
    """The CPU of a request: `CpuView(request=3)`, in a cell or in any box of widgets.

    request: a Trace or its number, as in `%cpu`; None is the last one, which is followed while the
    picture is live. trace: the request that
    is shown. recents: whether the last requests are below it. moment: the time of the replay, in ms
    since the request began; 0 is no replay. holder: the service that uses the thread at that
    moment, or an empty string; it can be linked to a graph:
    `traitlets.dlink((cpu, "holder"), (graph, "lit"))`.
    """

    _esm = script("zoom.js", "cpu.js")
    _css = style()

    request = traitlets.Any(None, allow_none=True)
    recents = traitlets.Bool(True)
    moment = traitlets.Float(0.0).tag(sync=True)
    holder = traitlets.Unicode("", read_only=True)
    replay = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)

    def __init__(self, runtime: Runtime | None = None, request: Any = None, **traits: Any) -> None:
        """Show a request of a runtime, by default of the notebook's."""
        self.runtime = checked_runtime(runtime)
        self.trace: Trace | None = None
        self._shown_stamps = -1
        self._ticks = 0
        super().__init__(request=request, **traits)
        self.redraw()

    @traitlets.validate("request")
    def _check(self, proposal: Any) -> Any:
        request = proposal["value"]
        if request is None or isinstance(request, Trace):
            return request
        if isinstance(request, bool) or not isinstance(request, int):
            raise UsageError(f"A request is a Trace or its number, not {request!r}.")
        return self.runtime.traces.find(request, "CpuView")

    @traitlets.observe("request")
    def _on_request(self, change: Any) -> None:
        self.redraw()

    @traitlets.observe("chosen")
    def _on_chosen(self, change: Any) -> None:
        traces = {trace.number: trace for trace in self.runtime.traces}
        if change["new"] in traces:
            self.request = traces[change["new"]]

    @traitlets.observe("moment", "replay")
    def _on_replay(self, change: Any) -> None:
        self.set_trait("holder", self._holder_at(self.moment))

    def _holder_at(self, moment: float) -> str:
        """Return the service that uses the thread at a moment, or an empty string."""
        replay = self.replay
        if not replay or moment <= 0:
            return ""
        last = bisect_right(replay["begins"], moment) - 1
        if last < 0 or moment >= replay["ends"][last]:
            return ""
        return str(replay["services"][replay["lanes"][last]])

    def draw(self) -> CpuPicture:
        """Return the request as it is now, beside the last ones of the picture's moment."""
        follows = self.live or self.trace is None
        if follows:
            self._recent = list(self.runtime.traces)
        trace = self.request or (self.runtime.traces.latest if follows else self.trace)
        return CpuPicture(trace, self._recent if self.recents else ())

    def show_picture(self, picture: Any) -> None:
        """Send the page the request, with what its replay needs."""
        previous, self.trace = self.trace, picture.trace
        self._shown_stamps = self._stamps()
        self.picture = picture.inline_svg()
        self.replay = picture.replay() if picture.trace is not None else {}
        if previous is not self.trace:
            self.moment = 0.0

    def refresh(self) -> bool:
        """Redraw if the request has gone on, or if there is a newer one to follow."""
        self._ticks += 1
        if self._ticks % REFRESH_TICKS:
            return False
        traces = self.runtime.traces
        newer = self.request is None and traces.latest is not self.trace
        if not newer and self._stamps() == self._shown_stamps:
            return False
        self.redraw()
        return True

    def _stamps(self) -> int:
        """Return a number that grows as long as the request goes on."""
        trace = self.trace
        return -1 if trace is None else len(trace.stamps) + bool(trace.ended_ns)
