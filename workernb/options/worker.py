"""The options of `%%worker`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .parser import Parser, json_value, number, pair, secret, unique


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
    add("--cpu-ms", type=number, metavar="N", help="the CPU budget of a request, in ms")
    add("--wall-ms", type=number, metavar="N", help="how long a request may take, in ms")
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
