"""What the two widgets have in common: a picture that lives, and the still one beside it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import traitlets
from anywidget import AnyWidget

from workernb.views.drawing.svg import inline_rules, variables
from workernb.views.pictures.picture import Picture

from .still import Beside
from .ticker import Clock, on_loop, running_loop

LEASE = 12_000
"""For how many ticks a page that said that it shows a picture is believed: for ten minutes.

It says so every two minutes, and at last when it shows it no more.
"""

AT_FIRST = 1_200
"""For how many ticks a picture is taken for watched once it has been shown in a cell."""

BEAT = 20
"""After how many ticks without news the page is told that the kernel is there."""


@cache
def script(name: str) -> str:
    """Return a widget's script, with what the widgets share before it."""
    folder = files("workernb.views.widgets") / "static"
    return (folder / "watching.js").read_text("utf-8") + (folder / name).read_text("utf-8")


@cache
def style() -> str:
    """Return the widgets' style, with the colours of both themes."""
    dark = variables(1)
    return (
        f".workernb{{{variables(0)}}}"
        # JupyterLab says which theme it has; elsewhere the browser does.
        f"@media(prefers-color-scheme:dark){{body:not([data-jp-theme-light]) .workernb{{{dark}}}}}"
        f"body[data-jp-theme-light=false] .workernb{{{dark}}}"
        + inline_rules()
        + (files("workernb.views.widgets") / "static" / "widget.css").read_text("utf-8")
    )


class LivePicture(AnyWidget):
    """A widget that shows a picture and keeps it up to date while somebody looks.

    picture: the SVG that the page shows. watched: whether a page has said that it shows it.
    """

    picture = traitlets.Unicode("").tag(sync=True)
    watched = traitlets.Bool(False, read_only=True)

    def __init__(self, **traits: Any) -> None:
        """Make the widget; it begins to live when a page shows it."""
        self._loop = running_loop()
        self._leases: dict[str, int] = {}
        self._quiet = 0
        self._beside: Beside | None = None
        super().__init__(**traits)
        self.on_msg(LivePicture._hear)

    # What a widget says of itself

    def still(self) -> Picture:
        """Return the picture as it is now, for where there are no widgets."""
        raise NotImplementedError

    def refresh(self) -> bool:
        """Bring the picture up to date; returns whether there was anything to tell the page."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw the picture anew, for a page that has just begun to show it."""
        raise NotImplementedError

    def tidy(self) -> None:
        """Lay the picture out anew; only the graph can be."""

    def figure(self) -> Any:
        """Return the picture as it is now as a matplotlib Figure."""
        return self.still().figure()

    def savefig(self, file: Any, **options: Any) -> None:
        """Save the picture as it is now: `view.savefig("graph.svg")`, or .png, or .pdf."""
        self.still().savefig(file, **options)

    def __repr__(self) -> str:
        return self.still().text()

    def _ipython_display_(self) -> None:
        """Show the widget, and the still picture for where it cannot be shown."""
        self._loop = self._loop or running_loop()
        self.shown(Beside(self, self.still))

    def shown(self, beside: Beside | None = None) -> None:
        """Take the picture for watched: whoever shows it within a box of widgets calls this.

        beside: the still picture that is shown with it and that follows it.

        A page says by itself that it shows the picture, but not before the cells that run are done.
        """
        self._loop = self._loop or running_loop()
        self._beside = beside or self._beside
        self._watch(" shown", AT_FIRST)

    # Events from the page

    def _handle_msg(self, msg: Any) -> None:
        on_loop(self._loop, super()._handle_msg, msg)

    def _hear(self, content: Any, buffers: Any) -> None:
        """Take note of a page that shows the picture, or shows it no more."""
        if not isinstance(content, dict):
            return
        if content.get("tidy"):
            self.tidy()
        page = content.get("page")
        if not isinstance(page, str):
            return
        self._leases.pop(" shown", None)
        if not content.get("watching"):
            self._leases.pop(page, None)
            self._look_who_watches()
            return
        if page not in self._leases and len(self._leases) < 100:
            self.redraw()
            self.send({"beat": True})
        self._watch(page, LEASE)

    def _watch(self, page: str, ticks: int) -> None:
        self._leases[page] = ticks
        self._look_who_watches()
        if self._loop is not None:
            Clock.of(self._loop).add(self)

    # The clock

    def tick(self) -> bool:
        """Bring the picture up to date; returns whether a page still shows it."""
        self._leases = {page: left - 1 for page, left in self._leases.items() if left > 1}
        self._look_who_watches()
        if not self.watched or self.comm is None:
            return False
        news = self.refresh()
        self._quiet = 0 if news else self._quiet + 1
        if self._beside is not None:
            self._beside.tick(news)
        if self._quiet >= BEAT:
            self._quiet = 0
            self.send({"beat": True})
        return True

    def _look_who_watches(self) -> None:
        watched = bool(self._leases)
        if watched != self.watched:
            self.set_trait("watched", watched)

    def close(self) -> None:
        """Show nothing any more, and let the clock go."""
        if self._loop is not None:
            Clock.of(self._loop).remove(self)
        super().close()
