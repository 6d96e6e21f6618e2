"""The grammar of the magics' options, with argparse and without IPython.

The command line will share it. What cannot be understood raises OptionError: one line that says
what to write instead.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from workernb.errors import OptionError, did_you_mean, with_notes

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


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


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
