"""The options of `%%worker`.

`worker_options` is the one list of them: grammar, help text, completion, the keywords for
`Runtime.define` and README's table are derived from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workernb.errors import OptionError
from workernb.runtime.services.kinds import kinds
from workernb.runtime.services.languages import JAVASCRIPT, PYTHON, language_of
from workernb.runtime.services.option import Form, Option

from .parser import (
    Parser,
    json_value,
    name_with_object,
    number,
    pair,
    pair_with_object,
    secret,
    unique,
)

_OPTIONS = (
    Option(("-e", "--env"), "the environment: the service is NAME-ENV", Form.TEXT, "environment",
        metavar="NAME"),
    Option(("-r", "--route"), "makes the Worker public, as example.com/api/*", Form.TEXTS, "routes",
        metavar="PATTERN"),
    Option(("--public",), "a route at NAME.localhost", Form.SWITCH, "public"),
    Option(("--js",), "the cell is a module of JavaScript's, unchanged", Form.SWITCH, "language"),
    Option(("--module",), "the cell is this module of the Worker: prices.py, lib.js", Form.PATH,
        "modules", metavar="PATH"),
    Option(("--file",), "of %worker: the source from disk, with the modules beside it", Form.PATH,
        "main", metavar="PATH"),
    Option(("--drop-module",), "of %worker: takes a module away", Form.PATH, "modules",
        metavar="PATH"),
    Option(("--cron",), "calls its scheduled handler: '*/5 * * * *'", Form.TEXTS, "crons",
        metavar="CRON"),
    Option(("--tail",), "the Worker whose tail handler gets its finished requests", Form.TEXTS,
        "tails", metavar="NAME"),
    Option(("--origin",), "answers where ctx.passThroughOnException() was called", Form.TEXT,
        "origin", metavar="TARGET"),
    Option(("--migration",), "what becomes of the stored Durable Objects of a class, once",
        Form.OBJECT, "migrations", metavar="TAG{JSON}",
        example='\'v2{"renamed_classes": [{"from": "A", "to": "B"}]}\''),
    Option(("--as",), "the handle's name in the notebook", metavar="VARIABLE"),
    Option(("--cpu-ms",), "the CPU budget of a request, in ms", Form.NUMBER, "limits", "cpu_ms",
        metavar="N"),
    Option(("--wall-ms",), "how long a request may take, in ms", Form.NUMBER, "limits", "wall_ms",
        metavar="N"),
    Option(("--subrequests",), "how many calls a request may make", Form.INTEGER, "limits",
        "subrequests", metavar="N"),
    Option(("--compatibility-date",), "as on the platform: 2026-11-23", Form.TEXT,
        "compatibility_date", metavar="DATE"),
    Option(("--tag",), "what this version is called", Form.TEXT, "tag", metavar="TAG"),
    Option(("-q", "--quiet"), "say nothing when it worked", Form.SWITCH),
)  # fmt: skip


def worker_options() -> tuple[Option, ...]:
    """Return all options of `%%worker`, in the order of the help text: the bindings' first."""
    return (*(option for kind in kinds() for option in kind.options), *_OPTIONS)


def worker_parser(options: Iterable[Option] | None = None) -> Parser:
    """Return the parser of `%%worker` and `%worker`.

    A parsed value stands under the option's long name.
    """
    parser = Parser("%%worker", "Define a Worker, or replace it, from the rest of the cell.")
    parser.add_argument(
        "name", metavar="NAME", help="the service's name: a to z, digits, dashes, underscores"
    )
    for option in worker_options() if options is None else options:
        _add_option(parser, option)
    parser.elsewhere = _NOT_SIMULATED
    return parser


_NOT_SIMULATED = {
    "--workflow": "Workflows are not simulated.",
    "--hyperdrive": "Hyperdrive is not simulated: use a Python driver in the Worker itself.",
    "--ai": "Workers AI is not simulated: a Worker with the same methods can stand in, --bind.",
    "--vectorize": "Vectorize is not simulated: a Worker with the same methods can stand in.",
    "--email": "Email Workers are not simulated.",
    "--send-email": "Email Workers are not simulated: a Worker with send(message) can stand in.",
    "--analytics-engine": "Analytics Engine is not simulated: a Worker can stand in, --bind.",
    "--browser": "Browser Rendering is not simulated: a Worker can stand in, --bind.",
    "--images": "Images is not simulated: a Worker can stand in, --bind.",
    "--assets": "Static assets are not simulated: keep the files in R2.",
}
"""Bindings of the platform that a lesson may ask for, and what can stand in."""


def _add_option(parser: Parser, option: Option) -> None:
    help = option.help.replace("%", "%%")
    if option.form is Form.SWITCH:
        parser.add_argument(
            *option.flags, dest=option.name, action="store_true", default=None, help=help
        )
        return
    parser.add_argument(
        *option.flags,
        dest=option.name,
        action="append" if option.form.repeatable else "store",
        type=_reader(option),
        metavar=option.metavar,
        help=help,
    )


def _reader(option: Option) -> Callable[[str], Any]:
    """Return the function that argparse reads one value with."""
    correct = f"{option.name} {option.example}"
    readers: dict[Form, Callable[[str], Any]] = {
        Form.NUMBER: number,
        Form.INTEGER: int,
        Form.BINDING: pair(correct, empty=False),
        Form.VALUE: pair(correct),
        Form.JSON: pair(correct),
        Form.OBJECT: pair_with_object(correct),
        Form.NAMED_OBJECT: name_with_object(correct),
        Form.SECRET: secret,
    }
    return readers.get(option.form, str)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The options of one `%%worker`.

    name: of the Worker. settings: keywords for `Runtime.define`, those that were given; a secret
    whose value has to be looked up is None. variable: what the handle is called in the notebook,
    if that was given. quiet: whether nothing is printed. module: the path of the module that the
    cell is, None for the main module. file: the source's file. drop_module: the path of the module
    that is taken away.
    """

    name: str
    settings: dict[str, Any]
    variable: str | None = None
    quiet: bool = False
    module: str | None = None
    file: str | None = None
    drop_module: str | None = None

    @property
    def environment(self) -> str | None:
        """The environment, None outside of any."""
        environment: str | None = self.settings.get("environment")
        return environment

    @property
    def language(self) -> str:
        """The language of the source."""
        language: str = self.settings.get("language", PYTHON)
        return language

    @property
    def services(self) -> dict[str, str]:
        """The targets of Service bindings, by the bindings' names."""
        services: dict[str, str] = self.settings.get("services", {})
        return services

    @property
    def secrets(self) -> dict[str, str | None]:
        """The secrets' values by name, None for a value that has to be looked up."""
        secrets: dict[str, str | None] = self.settings.get("secrets", {})
        return secrets

    @classmethod
    def parse(
        cls,
        line: str,
        expand: Callable[[str], str] = str,
        options: Sequence[Option] | None = None,
    ) -> WorkerOptions:
        """Parse a magic's line; OptionError for what is refused.

        expand: applied to each word. options: those of `worker_options` if not given.
        """
        options = worker_options() if options is None else options
        typed = vars(worker_parser(options).parse(line, expand))
        if "=" in typed["name"]:
            raise OptionError("%%worker takes a NAME first: an option is missing before KEY=VALUE.")
        settings = _settings(options, typed)
        parsed = cls(
            typed["name"],
            settings,
            typed["--as"],
            bool(typed["--quiet"]),
            typed.get("--module"),
            typed.get("--file"),
            typed.get("--drop-module"),
        )
        parsed._refuse_mixed_options()
        if parsed.file is not None and language_of(parsed.file) == JAVASCRIPT:
            settings["language"] = JAVASCRIPT
        return parsed

    def _refuse_mixed_options(self) -> None:
        """Raise OptionError for options that say more than one thing."""
        given = [
            name
            for name, value in (
                ("--module", self.module),
                ("--file", self.file),
                ("--drop-module", self.drop_module),
            )
            if value is not None
        ]
        if len(given) > 1:
            raise OptionError(f"{given[0]} and {given[1]} are two things to do: give one of them.")
        if not given or self.file is not None:
            return
        if self.variable is not None or set(self.settings) - {"environment", "language"}:
            raise OptionError(
                f"{given[0]} changes a module: settings belong to the Worker's own cell, "
                f"%%worker {self.name}. Only --env and --quiet may stand beside it."
            )


def _settings(options: Sequence[Option], typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords for `Runtime.define`."""
    settings: dict[str, Any] = {}
    first_with: dict[str, str] = {}
    for option in options:
        keyword, value = option.keyword, typed[option.name]
        if keyword is None or option.form is Form.PATH:
            continue
        first = first_with.setdefault(keyword, option.name)
        if value is None:
            continue
        if keyword == "language":
            settings[keyword] = JAVASCRIPT
        elif option.key is not None:
            settings.setdefault(keyword, {})[option.key] = value
        elif option.form.mapping:
            before = settings.get(keyword, {}).items()
            settings[keyword] = unique(first, [*before, *_pairs(option, value)])
        else:
            settings[keyword] = value
    return settings


def _pairs(option: Option, pairs: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, Any]]:
    if option.form not in (Form.JSON, Form.OBJECT, Form.NAMED_OBJECT):
        return pairs
    correct = None if option.form is Form.JSON else option.example
    return [(key, json_value(option.name, key, text, correct)) for key, text in pairs]
