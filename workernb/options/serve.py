"""The options of `%serve`, and of `workernb serve`."""

from __future__ import annotations

from dataclasses import dataclass

from workernb.errors import OptionError

from .parser import Parser


def serve_parser() -> Parser:
    """Return the parser of `%serve`."""
    parser = Parser("%serve", "Open a port for the Workers that have a route, or close it.")
    add_port_options(parser)
    parser.add_argument("--stop", action="store_true", help="close the port")
    return parser


def add_port_options(parser: Parser) -> None:
    """Add the options that say where a port is, and what it shows."""
    add = parser.add_argument
    add("--port", type=int, metavar="N", help="the port; without it, 8787 or the next free one")
    add("--host", metavar="IP", default="127.0.0.1",
        help="an IP address of this machine, 127.0.0.1 unless given; 0.0.0.0: all")  # fmt: skip
    add("--public-errors", action="store_true",
        help="show the platform's pages for failures to everyone, also to you")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `%serve`. port: None for 8787 or the next free one."""

    port: int | None
    host: str
    public_errors: bool
    stop: bool

    @classmethod
    def parse(cls, line: str) -> ServeOptions:
        """Parse the line; OptionError for what is refused."""
        typed = serve_parser().parse(line)
        options = cls(typed.port, typed.host, typed.public_errors, typed.stop)
        if options.stop and options != cls(None, "127.0.0.1", False, True):
            raise OptionError("%serve --stop takes no other option: it closes the open port.")
        return options
