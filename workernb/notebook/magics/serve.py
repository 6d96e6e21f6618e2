"""`%serve`: opens the front door, a port for the Workers that have a route, or closes it."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.errors import UsageError, with_notes
from workernb.frontdoor.server import FrontDoor
from workernb.notebook.display import print_lines
from workernb.options.serve import ServeOptions, serve_parser

_door: FrontDoor | None = None


@magics_class
class ServeMagics(Magics):
    """The magic of the front door."""

    @line_magic
    def serve(self, line: str) -> None:
        """Open a port for the Workers that have a route, or close it."""
        options = ServeOptions.parse(line)
        print_lines(_stop() if options.stop else _start(options, line))

    serve.__doc__ = serve_parser().help_text()


def _start(options: ServeOptions, line: str) -> list[str]:
    global _door
    if _door is not None:
        if options != ServeOptions.parse(""):
            raise with_notes(
                UsageError(f"The front door is open already, at {_door.url}"),
                "Close it first: %serve --stop",
            )
        return [f"Open already, at {_door.url}", *_door.lines()]
    _door = FrontDoor(
        get_runtime(), options.host, options.port, public_errors=options.public_errors
    )
    return [f"Open at {_door.url}", *_door.lines()]


def _stop() -> list[str]:
    if _door is None:
        raise UsageError("No port is open: %serve opens one.")
    url = _door.url
    close_front_door()
    return [f"Closed {url}"]


def close_front_door() -> None:
    """Close the notebook's front door, if it is open."""
    global _door
    door, _door = _door, None
    if door is not None:
        door.close()
