"""The options of `%fetch` that give a body: `-d` and its kin, which work as curl's.

https://curl.se/docs/manpage.html#-d
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from .files import read_file

_begins_json = re.compile(r"(?<=\s)[{\[]").finditer
_decode = json.JSONDecoder().raw_decode


class Piece(NamedTuple):
    """One piece of a form's data. option: `--data`, or which of its kin it was given by."""

    option: str
    text: str

    @property
    def content(self) -> str | bytes:
        """The content as it is sent: of a file, or the text itself."""
        if self.option == "--data-raw":
            return self.text
        if self.option == "--data-urlencode":
            return _encoded(self.text)
        content = file_or_text(self.text)
        if isinstance(content, bytes) and self.option == "--data":
            return content.translate(None, b"\r\n\0")  # As curl does with the lines of a file.
        return content


class AddPiece(argparse.Action):
    """Adds a piece of the data, in the order typed."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, value: Any, option: str | None = None
    ) -> None:
        """Add the piece after those before."""
        pieces = getattr(namespace, self.dest) or []
        setattr(namespace, self.dest, [*pieces, Piece(self.option_strings[-1], value)])


def joined(pieces: Sequence[str | bytes], separator: str) -> str | bytes:
    """Join pieces: to bytes if one of them, read from a file, is bytes."""
    if all(isinstance(piece, str) for piece in pieces):
        return separator.join(str(piece) for piece in pieces)
    encoded = (piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    return separator.encode().join(encoded)


def file_or_text(text: str) -> str | bytes:
    """Return the content of a file that is given as `@file`, or else the text."""
    return read_file(text[1:]) if text.startswith("@") else text


def _encoded(text: str) -> str:
    """Return the value of --data-urlencode: `content`, `name=content`, `@file` or `name@file`."""
    found = re.match(r"[^=@]*(?=[=@])", text)
    if found is None:
        return quote(text, safe="")
    name, sign, rest = found[0], text[found.end()], text[found.end() + 1 :]
    content: str | bytes = read_file(rest) if sign == "@" else rest
    return f"{name}={quote(content, safe='')}" if name else quote(content, safe="")


def quote_json(line: str) -> str:
    """Return a line with quotes around JSON that is typed without them.

    A shell would take its own quotes away; in a notebook, `--json {"a": 1}` means what it says.
    What is within quotes already is left alone.
    """
    done, at = [], 0
    for match in _begins_json(line):
        begin = match.start()
        if begin < at or _in_quotes(line[at:begin]):
            continue
        try:
            _, end = _decode(line, begin)
        except ValueError:
            continue
        if end == len(line) or line[end].isspace():
            done += [line[at:begin], shlex.quote(line[begin:end])]
            at = end
    return "".join([*done, line[at:]])


def _in_quotes(text: str) -> bool:
    """Return whether a quote is open at the end of a text."""
    try:
        shlex.split(text)
    except ValueError:
        return True
    return False
