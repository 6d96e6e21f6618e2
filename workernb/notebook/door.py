"""What `%serve` shows: where the port is, who is behind it, and what to know of it."""

from __future__ import annotations

from workernb.frontdoor.server import FrontDoor
from workernb.views.drawing.text import Markup

_LINK = Markup('<li><a href="{}" target="_blank" rel="noopener">{}</a> {}</li>')


class DoorCard:
    """A front door, as text and as HTML with links."""

    def __init__(self, door: FrontDoor, heading: str = "Open at") -> None:
        """Take the Workers as they are now. heading: the words before the URL."""
        self._heading = f"{heading} {door.url}"
        self._links = door.links()
        self._notes = door.notes()

    def __repr__(self) -> str:
        links = [f"  {name}  {url}" for name, url in self._links]
        return "\n".join([self._heading, *links, *(f"  {note}" for note in self._notes)])

    def _repr_html_(self) -> str:
        links = Markup("").join(_LINK.format(url, url, name) for name, url in self._links)
        notes = Markup("<br>").join(self._notes)
        return str(Markup("{}<ul>{}</ul>{}").format(self._heading, links, notes))
