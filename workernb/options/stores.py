"""The options of `%stores` and `%d1`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workernb.errors import OptionError
from workernb.resources.folder import DEFAULT_FOLDER
from workernb.resources.unsimulated import is_unsimulated_store

from .parser import Parser


def stores_parser() -> Parser:
    """Return the parser of `%stores`."""
    parser = Parser("%stores", "List what Workers have stored, or say where it is kept.")
    add = parser.add_argument
    add("kind", metavar="KIND", nargs="?", help="kv, d1, r2, cache, queue or do")
    add("name", metavar="NAME", nargs="?", help="the store: %%stores kv cache shows its keys")
    add(
        "object",
        metavar="OBJECT",
        nargs="?",
        help="of do, Durable Objects: %%stores do COUNTERS a shows what the object a stores",
    )
    add("--prefix", metavar="P", default="", help="only keys that begin with it")
    add("--clear", action="store_true", help="delete what is there")
    add("--persist", metavar="DIRECTORY", nargs="?", const=DEFAULT_FOLDER,
        help=f"keep the stores in a folder, by default {DEFAULT_FOLDER}")  # fmt: skip
    add("--import", dest="import_", metavar="DIRECTORY",
        help="copy KV, R2 and D1 from Wrangler's .wrangler/state")  # fmt: skip
    add("--export", metavar="DIRECTORY", help="copy KV, R2 and D1 to it, as Wrangler's state")
    return parser


@dataclass(frozen=True, slots=True)
class StoresOptions:
    """The options of one `%stores`."""

    kind: str | None = None
    name: str | None = None
    object: str | None = None
    prefix: str = ""
    clear: bool = False
    persist: str | None = None
    import_: str | None = None
    export: str | None = None

    @classmethod
    def parse(cls, line: str, expand: Callable[[str], str] = str) -> StoresOptions:
        """Parse a magic's line; OptionError for what is refused."""
        options = cls(**vars(stores_parser().parse(line, expand)))
        if options.kind is not None and (refusal := is_unsimulated_store(options.kind)):
            raise OptionError(f"%stores has no {options.kind}. {refusal}")
        if options.kind is not None and options.name is None:
            raise OptionError("%stores takes KIND and NAME: %stores kv cache.")
        if options.object is not None and options.kind != "do":
            raise OptionError(
                "%stores takes a third name for Durable Objects: %stores do NAME OBJECT."
            )
        if options.kind is None and (options.clear or options.prefix):
            raise OptionError("%stores --clear and --prefix are of one store: %stores kv cache …")
        return options


@dataclass(frozen=True, slots=True)
class D1Options:
    """The options of one `%d1`. sql: the statements; empty for `--migrate`."""

    name: str
    sql: str = ""
    migrate: str | None = None

    @classmethod
    def parse(
        cls, line: str, cell: str | None = None, expand: Callable[[str], str] = str
    ) -> D1Options:
        """Parse a magic's line and cell; OptionError for what is refused.

        SQL is taken as it is typed: quotes and braces in it are its own.
        """
        name, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if not name or name.startswith("-"):
            raise OptionError("%d1 takes a database first: %d1 DB SELECT 1.")
        if rest.startswith("--migrate"):
            typed = d1_parser().parse(line, expand)
            return cls(typed.name, migrate=typed.migrate)
        if cell is not None and rest:
            raise OptionError("%%d1 takes a database; the statements are the rest of the cell.")
        sql = (rest if cell is None else cell).strip()
        if not sql:
            raise OptionError("%d1 takes a statement: %d1 DB SELECT 1, or %d1 DB --migrate FOLDER.")
        return cls(expand(name), sql)


def d1_parser() -> Parser:
    """Return the parser of `%d1 DB --migrate FOLDER`, and of the help text."""
    parser = Parser("%d1", "Run SQL in a D1 database, from the line or from the rest of the cell.")
    parser.add_argument("name", metavar="DB", help="a D1 database, or a binding to one")
    parser.add_argument("--migrate", metavar="FOLDER", help="apply its files *.sql that are new")
    return parser
