"""The base class of the live pictures.

A picture shows the moment at which it was made. While it is switched to live, it is updated as long
as a page shows it.
"""

from __future__ import annotations

import time
from typing import Any

import traitlets
from anywidget import AnyWidget

from workernb.views.pictures.picture import Picture

from .still import StillOutput
from .ticker import Ticker, call_on_loop, running_loop

LEASE_TICKS = 12_000
"""The ticks (ten minutes) for which a page counts as showing the picture after it has said so.

A page says so every two minutes, and when it stops showing the picture.
"""

FIRST_LEASE_TICKS = 1_200
"""The ticks for which a picture counts as shown after it has been displayed."""

HEARTBEAT_TICKS = 20
"""The ticks without a change after which the page gets a heartbeat."""

MAX_PAGES = 100
"""With more pages than this, a new one does not cause a redraw."""

_DISPLAYED = " displayed"
"""The key of the lease that a displayed picture has until the first page reports."""


class LivePicture(AnyWidget):
    """A widget with a picture of a moment, which is updated while it is live and a page shows it.

    picture: the picture as SVG. live: whether it is updated, which a switch below it changes; else
    it stays as it was drawn. taken: when that was, in s of Unix time. watched: whether a page shows
    it live.
    """

    picture = traitlets.Unicode("").tag(sync=True)
    live = traitlets.Bool(False).tag(sync=True)
    taken = traitlets.Float(0.0).tag(sync=True)
    watched = traitlets.Bool(False, read_only=True)

    def __init__(self, **traits: Any) -> None:
        """Create the widget; updates begin when a page shows it.

        Raises TypeError for a keyword that is no attribute of it.
        """
        for name in traits.keys() - set(self.trait_names()):
            raise TypeError(f"{type(self).__name__} got an unexpected keyword argument {name!r}")
        self._loop = running_loop()
        self._leases: dict[str, int] = {}
        self._quiet_ticks = 0
        self._still_output: StillOutput | None = None
        self._created = False
        super().__init__(**traits)
        self._created = True
        self.on_msg(LivePicture._on_message)

    # For subclasses

    def draw(self) -> Picture:
        """Return a still picture of what is to be seen now."""
        raise NotImplementedError

    def show_picture(self, picture: Picture) -> None:
        """Send the page a picture that has just been drawn."""
        raise NotImplementedError

    def refresh(self) -> bool:
        """Send the page what has changed; returns whether anything has."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw the whole picture."""
        self._picture = self.draw()
        self.taken = time.time()
        self.show_picture(self._picture)

    def still(self) -> Picture:
        """Return the picture as a still one: of its moment or, while it is live, of now."""
        return self.draw() if self.live else self._picture

    def tidy(self) -> None:
        """Lay the picture out from scratch, where a subclass supports that."""

    # Saving and displaying

    def figure(self) -> Any:
        """Return the picture as a matplotlib Figure."""
        return self.still().figure()

    def savefig(self, file: Any, **options: Any) -> None:
        """Save the picture with matplotlib: `view.savefig("graph.svg")`."""
        self.still().savefig(file, **options)

    def __repr__(self) -> str:
        return self.still().text()

    def _ipython_display_(self) -> None:
        """Display the widget, and the still picture for pages without widgets."""
        self._loop = self._loop or running_loop()
        self.shown(StillOutput(self, self.still))

    def shown(self, still_output: StillOutput | None = None) -> None:
        """Start updating. To be called after displaying the widget within a box of widgets.

        still_output: the still picture to update as well.

        A page reports that it shows the picture only after the running cells have ended.
        """
        self._loop = self._loop or running_loop()
        self._still_output = still_output or self._still_output
        if self.live:
            self._extend_lease(_DISPLAYED, FIRST_LEASE_TICKS)

    @traitlets.observe("live")
    def _on_live(self, change: Any) -> None:
        """Begin to follow what happens, or stay at what is to be seen now."""
        if not self._created:
            return
        self.redraw()
        if self.live:
            self._extend_lease(_DISPLAYED, FIRST_LEASE_TICKS)
            return
        self._leases.clear()
        self._update_watched()
        if self._still_output is not None:
            self._still_output.update()

    # Messages from the page

    def _handle_msg(self, msg: Any) -> None:
        call_on_loop(self._loop, super()._handle_msg, msg)

    def _on_message(self, content: Any, buffers: Any) -> None:
        """Handle a page's message: whether it shows the picture, or a request to tidy up."""
        if not isinstance(content, dict):
            return
        if content.get("tidy") and self.live:
            self.tidy()
        page = content.get("page")
        if not isinstance(page, str) or not self.live:
            return
        self._leases.pop(_DISPLAYED, None)
        if not content.get("watching"):
            self._leases.pop(page, None)
            self._update_watched()
            return
        if page not in self._leases and len(self._leases) < MAX_PAGES:
            self.redraw()
            self.send({"beat": True})
        self._extend_lease(page, LEASE_TICKS)

    def _extend_lease(self, page: str, ticks: int) -> None:
        self._leases[page] = ticks
        self._update_watched()
        if self._loop is not None:
            Ticker.of(self._loop).add(self)

    # Ticks

    def tick(self) -> bool:
        """Update the picture; returns whether a page still shows it."""
        self._leases = {page: ticks - 1 for page, ticks in self._leases.items() if ticks > 1}
        self._update_watched()
        if not self.watched or self.comm is None:
            return False
        changed = self.refresh()
        self._quiet_ticks = 0 if changed else self._quiet_ticks + 1
        if self._still_output is not None:
            self._still_output.tick(changed)
        if self._quiet_ticks >= HEARTBEAT_TICKS:
            self._quiet_ticks = 0
            self.send({"beat": True})
        return True

    def _update_watched(self) -> None:
        watched = bool(self._leases)
        if watched != self.watched:
            self.set_trait("watched", watched)

    def close(self) -> None:
        """Close the widget and stop updating."""
        # Widget.__del__ calls this too, even if __init__ has raised an exception.
        loop = self.__dict__.get("_loop")
        if loop is not None:
            Ticker.of(loop).remove(self)
        still = self.__dict__.get("_still_output")
        if still is not None:
            still.close()
        super().close()
