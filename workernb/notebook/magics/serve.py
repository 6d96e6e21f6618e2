"""`%serve`: opens the front door, a port for the Workers that have a route, or closes it."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class

from workernb.assembly import get_runtime
from workernb.errors import UsageError, with_notes
from workernb.frontdoor.server import FrontDoor
from workernb.notebook.display import print_lines, show
from workernb.notebook.door import DoorCard, open_door, set_open_door
from workernb.options.serve import ServeOptions, serve_parser


@magics_class
class ServeMagics(Magics):
    """The magic of the front door."""

    @line_magic
    def serve(self, line: str) -> FrontDoor | None:
        """Open a port for the Workers that have a route, or close it."""
        options = ServeOptions.parse(line)
        if options.stop:
            print_lines([_stop()])
            return None
        return _start(options)

    serve.__doc__ = serve_parser().help_text()


def _start(options: ServeOptions) -> FrontDoor:
    """Open the front door and show it; show it if it is open, and nothing else is asked for."""
    heading, door = "Open at", open_door()
    if door is None:
        door = FrontDoor(
            get_runtime(), options.host, options.port, public_errors=options.public_errors
        )
        set_open_door(door)
    elif options == ServeOptions.parse(""):
        heading = "Open already, at"
    else:
        raise with_notes(
            UsageError(f"The front door is open already, at {door.url}"),
            "Close it first: %serve --stop",
        )
    show(DoorCard(door, heading), door)
    return door


def _stop() -> str:
    door = open_door()
    if door is None:
        raise UsageError("No port is open: %serve opens one.")
    close_front_door()
    return f"Closed {door.url}"


def close_front_door() -> None:
    """Close the notebook's front door, if it is open."""
    door = open_door()
    set_open_door(None)
    if door is not None:
        door.close()
