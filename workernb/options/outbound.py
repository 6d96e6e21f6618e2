"""The options of `%outbound`."""

from __future__ import annotations

from dataclasses import dataclass

from workernb.errors import OptionError, did_you_mean, with_notes
from workernb.runtime.services.targets import Target

from .parser import Parser

CHOICES = ("internet", "off")


def outbound_parser() -> Parser:
    """Return the parser of `%outbound`."""
    parser = Parser("%outbound", "Show, or set, where the Workers' fetch leads without a route.")
    add = parser.add_argument
    add("where", metavar="WHERE", nargs="?",
        help="internet: the real network; off: nowhere, each such fetch fails")  # fmt: skip
    add("--to", metavar="WORKER", help="a Worker that answers in its place: world, or world#Mock")
    return parser


@dataclass(frozen=True, slots=True)
class OutboundOptions:
    """The options of `%outbound`. where: `internet`, `off` or None. target: the Worker, or None."""

    where: str | None
    target: Target | None

    @classmethod
    def parse(cls, line: str) -> OutboundOptions:
        """Parse the line; OptionError or UsageError for what is refused."""
        typed = outbound_parser().parse(line)
        if typed.where is not None and typed.to is not None:
            raise OptionError(f"%outbound leads to one place: {typed.where}, or --to {typed.to}.")
        if typed.where not in (None, *CHOICES):
            raise with_notes(
                OptionError(f"%outbound is internet or off, not {typed.where!r}."),
                did_you_mean(typed.where, CHOICES) or f"For a Worker: %outbound --to {typed.where}",
            )
        return cls(typed.where, None if typed.to is None else _target(typed.to))


def _target(text: str) -> Target:
    target = Target.parse(text)
    if target.path != "/":
        raise OptionError(f"%outbound --to takes a Worker without a path, not {text!r}.")
    return target
