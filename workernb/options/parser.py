"""The parser of magics and command line: argparse, without IPython.

What cannot be parsed raises OptionError, whose one line says what to write instead. It does not
repeat a word that may be the value of a secret.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from workernb.errors import OptionError, did_you_mean, with_notes

_is_flag = re.compile(r"--[a-z]+(?:-[a-z]+)*|-[A-Za-z]").fullmatch
_is_constant = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]+[0-9]{0,2}").fullmatch
_refused_value = re.compile(r"ignored explicit argument .*", re.DOTALL)
_comment = re.compile(r"""((?:[^'"\s\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*"|\s(?!\#))*)(?:\s+\#.*)?""")


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises OptionError instead of exiting the process."""

    def __init__(self, prog: str, description: str) -> None:
        """Create a parser without options."""
        super().__init__(prog, description=description, add_help=False, allow_abbrev=False)
        self.elsewhere: dict[str, str] = {}
        """What is said of flags that other tools have, by flag."""

    def error(self, message: str) -> NoReturn:
        """Raise OptionError with argparse's message."""
        raise OptionError(f"{self.prog}: {_refused_value.sub('it takes no value', message)}.")

    def parse(self, line: str, expand: Callable[[str], str] = str) -> argparse.Namespace:
        """Parse a line as typed, with or without a trailing comment.

        expand: applied to each word after the line is split, so that a value with spaces or quotes
        in it stays one word.
        """
        try:
            words = shlex.split(strip_comment(line))
        except ValueError:
            # The line is not repeated: it may hold a secret.
            self.error("a quote is opened and not closed")
        known, unknown = self.parse_known_args([expand(word) for word in words])
        if unknown:
            self._refuse(unknown[0])
        return known

    def _refuse(self, word: str) -> NoReturn:
        """Raise OptionError for a word that no option or argument takes."""
        if not word.startswith("-"):
            # The word is not repeated: it may be a part of a secret.
            raise OptionError(
                f"{self.prog} takes one {self._first_argument()}, and there is a word too many: "
                "a name has no spaces, and a value that has some is put in quotes."
            )
        flag = word.split("=", maxsplit=1)[0]
        flag = flag if flag.startswith("--") else flag[:2]
        if flag in self.elsewhere:
            raise OptionError(f"{self.prog} has no option {flag}. {self.elsewhere[flag]}")
        flags = [flag for action in self._actions for flag in action.option_strings]
        long = [flag for flag in flags if flag.startswith("--")]
        raise with_notes(
            OptionError(
                f"{self.prog} has no {f'option {flag}' if _is_flag(flag) else 'such option'}."
            ),
            did_you_mean(flag, flags) or (f"It has {', '.join(long)}." if long else "It has none."),
        )

    def _first_argument(self) -> str:
        return str(next(a.metavar for a in self._actions if not a.option_strings))

    def options(self) -> list[str]:
        """Return every option in its long spelling, where it has one."""
        return [action.option_strings[-1] for action in self._actions if action.option_strings]

    def help_text(self) -> str:
        """Return the usage and the explanation of each option."""
        return self.format_help()


def strip_comment(line: str) -> str:
    """Return a line without a trailing ` # comment`; a quoted `#` begins none."""
    match = _comment.match(f" {line}")
    if match is None or match.end() < len(line.rstrip()) + 1:
        return line
    return match[1].strip()


def pair(correct: str, *, empty: bool = True) -> Callable[[str], tuple[str, str]]:
    """Return a function that splits NAME=VALUE, for argparse.

    correct: what its error says to write. empty: whether the value may be empty, as that of a var
    may; its error then repeats no more than a name.
    """

    def split(text: str) -> tuple[str, str]:
        name, equals, value = text.partition("=")
        if not equals or not name or not (value or empty):
            given = "" if empty and not text.isidentifier() else f", not {text!r}"
            raise argparse.ArgumentTypeError(f"write {correct}{given}")
        return name, value

    return split


def pair_with_object(correct: str) -> Callable[[str], tuple[str, str]]:
    """Return a function that splits NAME{JSON}, for argparse. correct: what its error says."""

    def split(text: str) -> tuple[str, str]:
        name, brace, rest = text.partition("{")
        name = name.removesuffix("=")
        if not brace or not name.isidentifier():
            raise argparse.ArgumentTypeError(f"write {correct}, not {text!r}")
        return name, brace + rest

    return split


def name_with_object(correct: str) -> Callable[[str], tuple[str, str]]:
    """Return a function that splits NAME[{JSON}], for argparse. correct: what its error says."""

    def split(text: str) -> tuple[str, str]:
        name, brace, rest = text.partition("{")
        name = name.removesuffix("=")
        if not name or not name.replace("-", "_").isidentifier():
            raise argparse.ArgumentTypeError(f"write {correct}, not {text!r}")
        return name, brace + rest if brace else "{}"

    return split


def secret(text: str) -> tuple[str, str | None]:
    """Split KEY[=VALUE], for argparse; the value is None where there is none.

    A value in the place of a name is refused, as far as it can be told from one.
    """
    name, equals, value = text.partition("=")
    in_base64 = equals and not value.strip("=") and (value or len(name) >= MIN_KEY)
    if not name.isidentifier() or (in_base64 and not is_constant(name)):
        raise argparse.ArgumentTypeError(
            "write KEY=VALUE, or the KEY of a value that is set elsewhere"
        )
    return name, value if equals else None


MIN_KEY = 16
"""How many characters a key that ends with `=` has, at least, to be taken for base64."""


def is_constant(name: str) -> bool:
    """Return whether a name is spelled as those of secrets are, `API_KEY`, unlike a value."""
    return _is_constant(name) is not None


def number(text: str) -> float:
    """Parse a number, for argparse."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def json_value(option: str, key: str, text: str, correct: str | None = None) -> Any:
    """Return the parsed value of KEY=JSON; OptionError when it is not JSON.

    correct: what the error says to write, in quotes, which keep those of JSON.
    """
    correct = correct or f"'{key}={{\"a\": 1}}'"
    try:
        return json.loads(text)
    except ValueError as error:
        raise OptionError(
            f"{option} {key} is no JSON ({error}): write, in quotes, {option} {correct}."
        ) from None


def unique(option: str, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as a dict; OptionError for a repeated name."""
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise OptionError(f"{option} names {name} twice: keep one of them.")
        values[name] = value
    return values
