"""The grammar of the magics that change a running system: `%bind`, `%unbind`, `%var`, `%secret`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import OptionError
from .options import Parser, json_value, pair, secret, unique
from .runtime.targets import DEFAULT, Target


def worker(text: str) -> str:
    """Read the name of a Worker, `auth` or `auth@staging`, and return that of its service."""
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
        type=pair("binding", "%bind gateway"), help="env.BINDING calls TARGET")  # fmt: skip
    return parser


def unbind_parser() -> Parser:
    """Return the parser of `%unbind`."""
    parser = _parser("%unbind", "Take bindings, vars or secrets away from a Worker that runs.")
    parser.add_argument("names", metavar="BINDING", nargs="+", help="what is taken away")
    return parser


def var_parser() -> Parser:
    """Return the parser of `%var`."""
    parser = _parser("%var", "Set vars of a Worker that runs.")
    parser.add_argument("vars", metavar="KEY=VALUE", nargs="+",
        type=pair("var", "%var gateway"), help="a text in the environment")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="each VALUE is JSON")
    return parser


def secret_parser() -> Parser:
    """Return the parser of `%secret`."""
    parser = _parser("%secret", "Set secrets of a Worker that runs.")
    parser.add_argument("secrets", metavar="KEY[=VALUE]", nargs="+",
        help="without a value from .dev.vars, the environment, or asked for")  # fmt: skip
    return parser


PARSERS: dict[str, Callable[[], Parser]] = {
    "bind": bind_parser,
    "unbind": unbind_parser,
    "var": var_parser,
    "secret": secret_parser,
}


@dataclass(frozen=True, slots=True)
class Edit:
    """What was typed after one of these magics.

    service: whose settings change. secrets: None for a value that is to be looked up. words: the
    line as history has it, without values of secrets.
    """

    service: str
    words: str
    services: dict[str, str] = field(default_factory=dict)
    vars: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str | None] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    @classmethod
    def parse(cls, magic: str, line: str, expand: Callable[[str], str] = str) -> Edit:
        """Read the line of a magic; OptionError for what is refused."""
        typed = PARSERS[magic]().parse(line, expand)
        service = worker(typed.name)
        words = f"%{magic} {typed.name} "
        if magic == "bind":
            services = unique("%bind", typed.bindings)
            told = " ".join(f"{name}={to}" for name, to in services.items())
            return cls(service, words + told, services=services)
        if magic == "unbind":
            return cls(service, words + " ".join(typed.names), remove=tuple(typed.names))
        if magic == "var":
            vars = unique("%var", _values(typed))
            return cls(service, words + " ".join(f"{name}=…" for name in vars), vars=vars)
        secrets = unique("%secret", [secret(text) for text in typed.secrets])
        return cls(service, words + " ".join(secrets), secrets=secrets)


def _values(typed: argparse.Namespace) -> list[tuple[str, Any]]:
    if not typed.json:
        return list(typed.vars)
    return [(key, json_value("%var --json", key, text)) for key, text in typed.vars]
