"""The options of `%export`, which the command `workernb export` shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workernb.errors import OptionError

from .parser import Parser


def add_options(parser: Parser) -> None:
    """Add the options of an export to a parser."""
    add = parser.add_argument
    add("--dev-vars", action="store_true",
        help="write the values of secrets too, into .dev.vars, which git ignores")  # fmt: skip
    add("--force", action="store_true",
        help="overwrite files that were changed since they were exported")  # fmt: skip
    add("--check", action="store_true",
        help="write nothing: say what would fail or differ on the platform")  # fmt: skip


def export_parser() -> Parser:
    """Return the parser of `%export`."""
    parser = Parser("%export", "Write the Workers as Wrangler projects, one in each folder.")
    parser.add_argument("directory", metavar="DIRECTORY", nargs="?", help="the folder for them")
    add_options(parser)
    return parser


EXPORT_PARSERS: dict[str, Callable[[], Parser]] = {"export": export_parser}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Where to, and how. directory: None with `check` alone."""

    directory: Path | None
    dev_vars: bool = False
    force: bool = False
    check: bool = False

    @classmethod
    def parse(cls, line: str) -> ExportOptions:
        """Parse the line; OptionError for what is refused."""
        typed = export_parser().parse(line)
        if typed.directory is None and not typed.check:
            raise OptionError("%export takes a folder: %export my-system. Or %export --check.")
        directory = None if typed.directory is None else Path(typed.directory).expanduser()
        return cls(directory, typed.dev_vars, typed.force, typed.check)
