"""The line of `%call`: a method of a Worker, and its arguments."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workernb.errors import OptionError
from workernb.runtime.services.targets import Target

from .data import quote_json
from .parser import Parser

_is_keyword = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL).fullmatch


def call_parser() -> Parser:
    """Return the parser of `%call`."""
    parser = Parser("%call", "Call a method of a Worker over RPC, and show what it returns.")
    add = parser.add_argument
    add("method", metavar="TARGET.METHOD", help="math.add, math@staging.add, math#Admin.add")
    add("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER,
        help="JSON where it can be parsed, else text; name=value is a keyword")  # fmt: skip
    return parser


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The line of one `%call`. path: the names of the method, as `("counter", "increment")`."""

    target: Target
    path: tuple[str, ...]
    args: list[Any]
    kwargs: dict[str, Any]

    @classmethod
    def parse(cls, line: str, expand: Callable[[str], str] = str) -> CallOptions:
        """Parse a line; OptionError, or UsageError for a wrong target.

        expand: applied to each word.
        """
        typed = call_parser().parse(quote_json(line), expand)
        service, dot, names = typed.method.partition(".")
        path = tuple(names.split("."))
        if not dot or not all(name.isidentifier() for name in path):
            raise OptionError(
                f"%call takes a Worker and a method, not {typed.method!r}: write %call math.add 1 2"
            )
        target = Target.parse(service)
        if target.path != "/":
            raise OptionError(f"%call takes no path: {typed.method!r}. Write %call math.add 1 2")
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for word in typed.arguments:
            keyword = _is_keyword(word)
            if keyword is None:
                if kwargs:
                    raise OptionError("%call: keywords come after the other arguments.")
                args.append(_value(word))
            elif keyword[1] in kwargs:
                raise OptionError(f"%call gives {keyword[1]} twice: keep one of them.")
            else:
                kwargs[keyword[1]] = _value(keyword[2])
        return cls(target, path, args, kwargs)


def _value(word: str) -> Any:
    """Return a word as JSON; the word itself if it is not JSON."""
    try:
        return json.loads(word)
    except ValueError:
        return word
