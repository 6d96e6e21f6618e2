"""The notebook's front door: which one is open, what `%serve` shows of it, and where it leads."""

from __future__ import annotations

from workernb.frontdoor.server import FrontDoor
from workernb.runtime.services.service import Service
from workernb.views.drawing.text import Markup

_LINK = Markup('<li><a href="{}" target="_blank" rel="noopener">{}</a> {}</li>')

_open: FrontDoor | None = None


def open_door() -> FrontDoor | None:
    """Return the front door that `%serve` has opened, or None."""
    return _open


def set_open_door(door: FrontDoor | None) -> None:
    """Say which front door is open, None for none."""
    global _open
    _open = door


def public_places(service: Service) -> list[str]:
    """Return where a public Worker is, a text for each of its routes.

    That is a URL, which a front end makes a link, only if a port is open that it leads to: without
    one, or for a host that is elsewhere, it is the route without a scheme.
    """
    links = {} if _open is None else dict(_open.links())
    places = [route.url.partition("://")[2] for route in service.definition.routes]
    host = places[0].partition("/")[0] if places else ""
    link = links.get(service.name)
    if link is not None and (host.endswith(".localhost") or link.startswith("/")):
        places[0] = link
    return places


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
