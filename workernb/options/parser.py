"""The grammar of the magics' options, with argparse and without IPython.

The command line will share it. What cannot be understood raises OptionError: one line that says
what to write instead.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from workernb.errors import OptionError, did_you_mean, with_notes
from workernb.runtime.services.limits import BUDGETS, PRESETS, Limits
from workernb.runtime.services.targets import Target

_comment = re.compile(r"""((?:[^'"\s\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*"|\s(?!\#))*)(?:\s+\#.*)?""")


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises OptionError where others exit."""

    def __init__(self, prog: str, description: str) -> None:
        """Make a parser without options."""
        super().__init__(prog, description=description, add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise OptionError with argparse's message."""
        raise OptionError(f"{self.prog}: {message}.")

    def parse(self, line: str, expand: Callable[[str], str] = str) -> argparse.Namespace:
        """Read a line as it was typed, a trailing comment included.

        expand: what each word becomes. It is done after the line is split, so that a value with
        spaces or quotes in it stays one word.
        """
        try:
            words = shlex.split(strip_comment(line))
        except ValueError:
            # The line is not repeated: a secret may stand in it.
            self.error("a quote is opened and not closed")
        known, unknown = self.parse_known_args([expand(word) for word in words])
        if unknown:
            self._refuse(unknown)
        return known

    def _refuse(self, unknown: Sequence[str]) -> NoReturn:
        first = unknown[0]
        if not first.startswith("-"):
            raise OptionError(
                f"{self.prog} takes one {self._first_name()}, and there is a word too many: put "
                "quotes around a value that has spaces in it."
            )
        options = [option for action in self._actions for option in action.option_strings]
        long = [option for option in options if option.startswith("--")]
        remedy = did_you_mean(first.split("=")[0], options)
        raise with_notes(
            OptionError(f"{self.prog} has no option {first.split('=')[0]}."),
            remedy or f"It has {', '.join(long)}.",
        )

    def _first_name(self) -> str:
        return str(next(a.metavar for a in self._actions if not a.option_strings))

    def options(self) -> list[str]:
        """Return every option in its long form, where it has one."""
        return [action.option_strings[-1] for action in self._actions if action.option_strings]

    def help_text(self) -> str:
        """Return the usage and what each option means."""
        return self.format_help()


def strip_comment(line: str) -> str:
    """Return a line without a trailing ` # comment`; one inside quotes stays."""
    match = _comment.match(f" {line}")
    if match is None or match.end() < len(line.rstrip()) + 1:
        return line
    return match[1].strip()


def pair(what: str, line: str) -> Callable[[str], tuple[str, str]]:
    """Return what reads NAME=VALUE; what: a key of _EXAMPLES. line: what stands before it."""

    def read(text: str) -> tuple[str, str]:
        name, equals, value = text.partition("=")
        if not equals or not name or (not value and what == "binding"):
            raise argparse.ArgumentTypeError(f"write {line} {_EXAMPLES[what]}, not {text!r}")
        return name, value

    return read


_EXAMPLES = {"binding": "AUTH=auth", "var": "GREETING=hello", "json": "PORTS=[80]"}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def worker_parser() -> Parser:
    """Return the parser of `%%worker`."""
    parser = Parser("%%worker", "Define a Worker, or replace it, from the rest of the cell.")
    add = parser.add_argument
    add("name", metavar="NAME", help="the service's name: lower case, digits, dashes")
    add("-b", "--bind", metavar="BINDING=TARGET", type=pair("binding", "--bind"), default=[],
        action="append", help="a Service binding: env.BINDING.fetch(…) calls TARGET")  # fmt: skip
    add("-v", "--var", metavar="KEY=VALUE", type=pair("var", "--var"), default=[],
        action="append", help="a text in the environment")  # fmt: skip
    add("--var-json", metavar="KEY=JSON", type=pair("json", "--var-json"), default=[],
        action="append", help="a JSON value in the environment")  # fmt: skip
    add("-s", "--secret", metavar="KEY[=VALUE]", action="append", default=[],
        help="a secret; without a value from .dev.vars, the environment, or asked for")  # fmt: skip
    add("-e", "--env", metavar="NAME", help="the environment: the service is NAME-ENV")
    add("-r", "--route", metavar="PATTERN", action="append", default=[],
        help="makes the Worker public, as example.com/api/*")  # fmt: skip
    add("--public", action="store_true", help="a route at NAME.localhost")
    add("--as", dest="variable", metavar="VARIABLE", help="the handle's name in the notebook")
    add("--cpu-ms", type=_number, metavar="N", help="the CPU budget of a request, in ms")
    add("--wall-ms", type=_number, metavar="N", help="how long a request may take, in ms")
    add("--subrequests", type=int, metavar="N", help="how many calls a request may make")
    add("--compatibility-date", metavar="DATE", help="as on the platform: 2026-11-23")
    add("--version-metadata", metavar="BINDING", help="env.BINDING has id, tag and timestamp")
    add("--tag", metavar="TAG", help="what this version is called")
    add("-q", "--quiet", action="store_true", help="say nothing when it worked")
    return parser


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What was typed after `%%worker`. secrets: values by name, None for one to be looked up."""

    name: str
    services: dict[str, str]
    vars: dict[str, Any]
    secrets: dict[str, str | None]
    routes: list[str]
    public: bool
    environment: str | None
    variable: str | None
    limits: dict[str, float]
    compatibility_date: str | None
    version_metadata: str | None
    tag: str | None
    quiet: bool

    @classmethod
    def parse(cls, line: str, expand: Callable[[str], str] = str) -> WorkerOptions:
        """Read the line; OptionError for what is refused."""
        typed = worker_parser().parse(line, expand)
        json_values = [(key, json_value("--var-json", key, text)) for key, text in typed.var_json]
        limits = {name: getattr(typed, name) for name in ("cpu_ms", "wall_ms", "subrequests")}
        return cls(
            name=typed.name,
            services=unique("--bind", typed.bind),
            vars=unique("--var", [*typed.var, *json_values]),
            secrets=unique("--secret", [secret(text) for text in typed.secret]),
            routes=typed.route,
            public=typed.public,
            environment=typed.env,
            variable=typed.variable,
            limits={name: value for name, value in limits.items() if value is not None},
            compatibility_date=typed.compatibility_date,
            version_metadata=typed.version_metadata,
            tag=typed.tag,
            quiet=typed.quiet,
        )


def unique(option: str, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict; OptionError for a name that is there twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise OptionError(f"{option} names {name} twice: keep one of them.")
        found[name] = value
    return found


def json_value(option: str, key: str, text: str) -> Any:
    """Return the value of KEY=JSON; OptionError when it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise OptionError(
            f"{option} {key} is no JSON ({error}): write {option} '{key}={{\"a\": 1}}'."
        ) from None


def secret(text: str) -> tuple[str, str | None]:
    """Read KEY[=VALUE]: the value is None where there is none."""
    name, equals, value = text.partition("=")
    return name, value if equals else None


def limits_parser() -> Parser:
    """Return the parser of `%limits`."""
    parser = Parser("%limits", "Show, or set, what a request may use.")
    add = parser.add_argument
    add("preset", metavar="PRESET", nargs="?", help=" or ".join(PRESETS))
    add("--cpu-ms", type=_number_or_none, metavar="N", help="thread CPU, in ms; or none")
    add("--wall-ms", type=_number_or_none, metavar="N", help="wall clock, in ms; or none")
    add("--budget", choices=BUDGETS,
        help="whose the CPU budget is: the request's, or each invocation's own")  # fmt: skip
    add("--subrequests", type=int, metavar="N", help="calls that a request may make")
    add("--invocations", type=int, metavar="N", help="invocations, the first included")
    add("--depth", type=int, metavar="N", help="invocations nested in one another")
    add("--memory-mb", type=_number, metavar="N", help="what a Worker's globals may take, in MB")
    add("--startup-ms", type=_number, metavar="N", help="CPU of a module that loads, in ms")
    return parser


def _number_or_none(text: str) -> float | str:
    return text if text == "none" else _number(text)


def read_limits(line: str, before: Limits) -> Limits:
    """Return the limits that were typed after `%limits`; OptionError for what is refused."""
    typed = vars(limits_parser().parse(line))
    preset = typed.pop("preset")
    if preset is not None and preset not in PRESETS:
        known = f"There are {', '.join(PRESETS)}."
        remedy = did_you_mean(preset, PRESETS) or known
        if "=" in preset:
            remedy = f"{known} A limit is an option: %limits --cpu-ms 50"
        raise with_notes(OptionError(f"%limits has no preset {preset!r}."), remedy)
    limits = before if preset is None else PRESETS[preset]
    changes = {name: value for name, value in typed.items() if value is not None}
    return limits.but(**{n: None if value == "none" else value for n, value in changes.items()})


def fetch_parser(prog: str = "%fetch") -> Parser:
    """Return the parser of `%fetch` and `%%fetch`."""
    parser = Parser(prog, "Make a request, with curl's options, and show the answer.")
    add = parser.add_argument
    add("target", metavar="TARGET", help="SERVICE[@ENV][#Entrypoint][/path][?query], or a URL")
    add("-X", "--request", metavar="METHOD", help="the method")
    add("-H", "--header", metavar="NAME: VALUE", action="append", default=[], help="a header")
    add("-d", "--data", metavar="DATA", action="append", default=[],
        help="a form's data as the body, and POST; @file reads it from a file")  # fmt: skip
    add("--json", metavar="JSON", action="append", default=[],
        help="a JSON body, and POST; @file reads it from a file")  # fmt: skip
    add("-L", "--location", action="store_true", help="follow redirects, up to 50")
    add("-i", "--include", action="store_true", help="headers too, as the card does anyway")
    add("-f", "--fail", action="store_true", help="fail the cell on a status of 400 or more")
    add("-m", "--max-time", type=_seconds, metavar="SECONDS", help="how long to wait at most")
    add("-s", "--silent", "--quiet", action="store_true", help="show no card")
    return parser


def _seconds(text: str) -> float:
    seconds = _number(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"write a number above 0, not {text}")
    return seconds


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What was typed after `%fetch`: what to call, and the request.

    target: None when it was given by URL. method: as given by -X, else None.
    """

    target: Target | None
    url: str
    method: str | None
    headers: list[tuple[str, str]]
    body: str | bytes | None
    follow: bool
    fail: bool
    max_time: float | None
    silent: bool

    @classmethod
    def parse(
        cls, line: str, cell: str | None = None, expand: Callable[[str], str] = str
    ) -> FetchOptions:
        """Read the line, and the cell's body where there is one; OptionError when refused."""
        typed = fetch_parser("%fetch" if cell is None else "%%fetch").parse(line, expand)
        body, usual = _body(typed.data, typed.json, cell)
        target = None if _has_scheme(typed.target) else Target.parse(typed.target)
        return cls(
            target=target,
            url=typed.target if target is None else target.url,
            method=typed.request,
            headers=_headers(typed.header, usual),
            body=body,
            follow=typed.location,
            fail=typed.fail,
            max_time=typed.max_time,
            silent=typed.silent,
        )


_has_scheme = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://").match


def _headers(typed: Sequence[str], usual: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers: curl's usual ones, unless they were given, and those that were.

    As with curl, `name:` leaves a header out, and `name;` sends it without a value.
    """
    given: list[tuple[str, str | None]] = []
    for text in typed:
        name, colon, value = text.partition(":")
        if not colon and name.endswith(";"):
            given.append((name[:-1].strip(), ""))
        elif not colon or not name.strip():
            raise OptionError("-H needs a name and a value: write -H 'name: value'.")
        else:
            given.append((name.strip(), value.strip() or None))
    named = {name.lower() for name, _ in given}
    headers = [(name, value) for name, value in usual.items() if name not in named]
    return headers + [(name, value) for name, value in given if value is not None]


def _body(
    data: Sequence[str], json_texts: Sequence[str], cell: str | None
) -> tuple[str | bytes | None, dict[str, str]]:
    """Return the request's body, from the three ways to give one, and its usual headers."""
    if bool(data) + bool(json_texts) + (cell is not None) > 1:
        raise OptionError("A request has one body: use -d, --json or the cell, not two of them.")
    if json_texts:
        both = {"content-type": "application/json", "accept": "application/json"}
        return _joined([_file_or_text(text) for text in json_texts], b""), both
    if data:
        form = {"content-type": "application/x-www-form-urlencoded"}
        return _joined([_form_data(text) for text in data], b"&"), form
    return (None if cell is None else cell.removesuffix("\n")), {}


def _joined(parts: Sequence[str | bytes], by: bytes) -> str | bytes:
    if all(isinstance(part, str) for part in parts):
        return by.decode().join(str(part) for part in parts)
    return by.join(part.encode() if isinstance(part, str) else part for part in parts)


def _form_data(text: str) -> str | bytes:
    """Return what `-d` sends; a file's line ends are left out, as curl does."""
    data = _file_or_text(text)
    return data.translate(None, b"\r\n\0") if isinstance(data, bytes) else data


def _file_or_text(text: str) -> str | bytes:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise OptionError(f"{text[1:]} cannot be read: {error.strerror}.") from None
