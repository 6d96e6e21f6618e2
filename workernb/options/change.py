"""The options of the magics that change a running system, or show its changes.

`%bind`, `%unbind`, `%var`, `%secret`, `%deploy`, `%rollback`, `%diff`, `%remove`, `%workers`,
`%bindings`, `%import-workers`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from workernb.errors import OptionError
from workernb.runtime.services.targets import DEFAULT, Target

from .parser import Parser, json_value, pair, secret, unique


def service_of(text: str) -> str:
    """Return the service of a Worker that is written as `auth` or `auth@staging`.

    Raises OptionError for anything else that a target may have, such as an entrypoint.
    """
    if "=" in text:
        raise OptionError(
            "The Worker comes first: write NAME or NAME@ENVIRONMENT before KEY=VALUE."
        )
    target = Target.parse(text)
    if target.path != "/" or target.entrypoint != DEFAULT:
        raise OptionError(f"{text!r} is no Worker's name: write NAME or NAME@ENVIRONMENT.")
    return target.service


def _parser(prog: str, description: str) -> Parser:
    parser = Parser(prog, description)
    parser.add_argument("name", metavar="NAME", help="the Worker: auth, or auth@staging")
    return parser


def bind_parser() -> Parser:
    """Return the parser of `%bind`."""
    parser = _parser("%bind", "Bind a Worker that runs to others, without touching its code.")
    parser.add_argument("bindings", metavar="BINDING=TARGET", nargs="+",
        type=pair("%bind gateway AUTH=auth", empty=False),
        help="env.BINDING calls TARGET")  # fmt: skip
    return parser


def unbind_parser() -> Parser:
    """Return the parser of `%unbind`."""
    parser = _parser("%unbind", "Take bindings, vars or secrets away from a Worker that runs.")
    parser.add_argument("names", metavar="BINDING", nargs="+", help="what is taken away")
    return parser


def var_parser() -> Parser:
    """Return the parser of `%var`."""
    parser = _parser("%var", "Set vars of a Worker that runs, or show them.")
    parser.add_argument("vars", metavar="KEY=VALUE", nargs="+",
        type=pair("%var gateway GREETING=hello"),
        help="a text in the environment; without any, the values are shown")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="each VALUE is JSON")
    return parser


def secret_parser() -> Parser:
    """Return the parser of `%secret`."""
    parser = _parser("%secret", "Set secrets of a Worker that runs.")
    parser.add_argument("secrets", metavar="KEY[=VALUE]", nargs="+", type=secret,
        help="without a value from .dev.vars, the environment, or asked for")  # fmt: skip
    return parser


def deploy_parser() -> Parser:
    """Return the parser of `%deploy`."""
    parser = _parser("%deploy", "Let one version of a Worker serve, or two, each its share.")
    parser.add_argument("shares", metavar="VERSION[@SHARE]", nargs="+", type=_share,
        help="v3@90%% v4@10%%; without a share what the others leave")  # fmt: skip
    return parser


def rollback_parser() -> Parser:
    """Return the parser of `%rollback`."""
    parser = _parser(
        "%rollback",
        "Go back: of two versions to the older one, else to what served alone before, so that a "
        "second time undoes the first; or to a version.",
    )
    parser.add_argument("version", metavar="VERSION", nargs="?", type=version_number,
        help="the version that is to serve alone, as v1")  # fmt: skip
    return parser


def diff_parser() -> Parser:
    """Return the parser of `%diff`."""
    parser = _parser("%diff", "Show how two versions of a Worker differ, in code and settings.")
    parser.add_argument("versions", metavar="VERSION", nargs="*", type=version_number,
        help="two of them, v2 v3; one against what serves; none for the last two")  # fmt: skip
    return parser


def remove_parser() -> Parser:
    """Return the parser of `%remove`."""
    parser = _parser("%remove", "Define a Worker no more.")
    parser.add_argument("--force", action="store_true", help="though others depend on it")
    return parser


def bindings_parser() -> Parser:
    """Return the parser of `%bindings`."""
    return _parser("%bindings", "Show a Worker's bindings, with buttons to change them.")


def workers_parser() -> Parser:
    """Return the parser of `%workers`."""
    parser = Parser("%workers", "List the Workers, or show one.")
    parser.add_argument("name", metavar="NAME", nargs="?", help="auth, or auth@staging")
    parser.add_argument("--history", action="store_true", help="what was done, and by whom")
    parser.add_argument("--used-by", action="store_true", help="who depends on it")
    return parser


def import_parser() -> Parser:
    """Return the parser of `%import-workers`."""
    parser = Parser(
        "%import-workers", "Define the Workers of other notebooks, or of Wrangler projects, here."
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="+",
        help="a notebook, wrangler.jsonc or .toml, or a folder with projects",
    )  # fmt: skip
    parser.add_argument("--prefix", metavar="P", default="", help="put before their names")
    parser.add_argument(
        "-e", "--env", metavar="NAME",
        help="of projects: this environment alone; without it, all and the top level",
    )  # fmt: skip
    parser.add_argument(
        "--cells", metavar="FILE",
        help="write a notebook with their %%%%worker cells instead",
    )  # fmt: skip
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing when it worked")
    return parser


_version = re.compile(r"v?(\d+)").fullmatch
_version_share = re.compile(r"v?(\d+)(?:@(\d+(?:\.\d*)?)%?)?").fullmatch


def version_number(text: str) -> int:
    """Parse the number of a version, `v3` or `3`, for argparse."""
    match = _version(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"write a version as v3, not {text!r}")
    return int(match[1])


def _share(text: str) -> tuple[int, float | None]:
    """Parse `v3@90%` or `v3`: the version's number, and its share in per cent if given."""
    match = _version_share(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"write v3@90%, not {text!r}")
    return int(match[1]), None if match[2] is None else float(match[2])


def shares(typed: Sequence[tuple[int, float | None]]) -> dict[int, float]:
    """Return the share of each version in per cent.

    Versions without one divide the rest equally. Raises OptionError for a repeated version.
    """
    given = unique("%deploy", [(f"v{number}", share) for number, share in typed])
    rest = 100 - sum(share for share in given.values() if share is not None)
    without = sum(share is None for share in given.values())
    return {
        int(version[1:]): max(rest, 0) / without if share is None else share
        for version, share in given.items()
    }


PARSERS: dict[str, Callable[[], Parser]] = {
    "bind": bind_parser,
    "unbind": unbind_parser,
    "var": var_parser,
    "secret": secret_parser,
    "deploy": deploy_parser,
    "rollback": rollback_parser,
    "diff": diff_parser,
    "remove": remove_parser,
    "workers": workers_parser,
    "bindings": bindings_parser,
    "import-workers": import_parser,
}


@dataclass(frozen=True, slots=True)
class ChangeOptions:
    """The options of `%bind`, `%unbind`, `%var` or `%secret`, as `Runtime.change` takes them.

    service: the service that is changed. reason: the line for the history, without the values of
    vars and secrets. secrets: None for a value that has to be looked up.
    """

    service: str
    reason: str
    services: dict[str, str] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str | None] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    @classmethod
    def parse(cls, magic: str, line: str, expand: Callable[[str], str] = str) -> ChangeOptions:
        """Parse the line of a magic; OptionError for what is refused.

        magic: its name, without the %. expand: applied to each word.
        """
        typed = PARSERS[magic]().parse(line, expand)
        service = service_of(typed.name)
        command = f"%{magic} {typed.name} "
        if magic == "bind":
            services = unique("%bind", typed.bindings)
            pairs = " ".join(f"{name}={target}" for name, target in services.items())
            return cls(service, command + pairs, services=services)
        if magic == "unbind":
            return cls(service, command + " ".join(typed.names), remove=tuple(typed.names))
        if magic == "var":
            vars = unique("%var", _values(typed))
            return cls(service, command + " ".join(f"{name}=…" for name in vars), vars=vars)
        secrets = unique("%secret", typed.secrets)
        return cls(service, command + " ".join(secrets), secrets=secrets)


def _values(typed: argparse.Namespace) -> list[tuple[str, Any]]:
    if not typed.json:
        return list(typed.vars)
    return [(key, json_value("%var --json", key, text)) for key, text in typed.vars]
