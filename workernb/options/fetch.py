"""The options of `%fetch` and `%%fetch`, which are named and work as curl's."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workernb.errors import OptionError
from workernb.runtime.services.targets import Target

from .files import read_file
from .form import encode_form
from .parser import Parser, number


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
    add("-F", "--form", metavar="NAME=CONTENT", action=_AddField, dest="form", default=[],
        help="a part of a multipart form, and POST; @path is a file, <path a file's text; "
        "then ;type=… and ;filename=…")  # fmt: skip
    add("--form-string", metavar="NAME=VALUE", action=_AddField, dest="form",
        help="a part of a multipart form, whose value is taken as it is")  # fmt: skip
    add("-L", "--location", action="store_true", help="follow redirects, up to 50")
    add("-i", "--include", action="store_true", help="headers too, as the card does anyway")
    add("-f", "--fail", action="store_true", help="fail the cell on a status of 400 or more")
    add("-m", "--max-time", type=_seconds, metavar="SECONDS", help="how long to wait at most")
    add("-s", "--silent", "--quiet", action="store_true", help="show no card")
    return parser


class _AddField(argparse.Action):
    """Adds a field of a form, in the order typed, and whether it is literal."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, value: Any, option: str | None = None
    ) -> None:
        namespace.form = [*namespace.form, (value, option == "--form-string")]


def _seconds(text: str) -> float:
    """Parse a time in seconds, for argparse."""
    seconds = number(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"write a number above 0, not {text}")
    return seconds


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """The options of one `%fetch`: the target, and the request.

    target: None when a URL was given. method: given by -X, or None. follow: whether redirects are
    followed (-L). fail: whether a status of 400 or more fails the cell (-f). max_time: in s (-m).
    silent: whether no card is shown (-s).
    include: whether headers are printed too (-i): on the command line.
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
    include: bool

    @classmethod
    def parse(
        cls, line: str, cell: str | None = None, expand: Callable[[str], str] = str
    ) -> FetchOptions:
        """Parse a magic's line; OptionError, or UsageError for a wrong target.

        cell: the rest of the cell, the request's body, for `%%fetch`. expand: applied to each word.
        """
        typed = fetch_parser("%fetch" if cell is None else "%%fetch").parse(line, expand)
        body, default_headers = _body(typed.data, typed.json, typed.form, cell)
        target = None if _has_scheme(typed.target) else Target.parse(typed.target)
        return cls(
            target=target,
            url=typed.target if target is None else target.url,
            method=typed.request,
            headers=_headers(typed.header, default_headers),
            body=body,
            follow=typed.location,
            fail=typed.fail,
            max_time=typed.max_time,
            silent=typed.silent,
            include=typed.include,
        )


_has_scheme = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://").match


def _headers(typed: Sequence[str], default: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the default headers that were not given, and the given ones.

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
    boundary = default.get("content-type", "").partition("; boundary=")[2]
    if boundary:
        given = [(name, _with_boundary(name, value, boundary)) for name, value in given]
    named = {name.lower() for name, _ in given}
    headers = [(name, value) for name, value in default.items() if name not in named]
    return headers + [(name, value) for name, value in given if value is not None]


def _with_boundary(name: str, value: str | None, boundary: str) -> str | None:
    """Return a header's value: of a form's Content-Type, with its boundary."""
    if name.lower() != "content-type" or not value or "boundary=" in value.lower():
        return value
    return f"{value}; boundary={boundary}"


def _body(
    data: Sequence[str],
    json_texts: Sequence[str],
    form: Sequence[tuple[str, bool]],
    cell: str | None,
) -> tuple[str | bytes | None, dict[str, str]]:
    """Return the body, given by -d, --json, -F or as the cell, and curl's headers for it."""
    if bool(data) + bool(json_texts) + bool(form) + (cell is not None) > 1:
        raise OptionError(
            "A request has one body: use -d, --json, -F or the cell, not two of them."
        )
    if form:
        encoded, content_type = encode_form(form)
        return encoded, {"content-type": content_type}
    if json_texts:
        headers = {"content-type": "application/json", "accept": "application/json"}
        return _joined([_file_or_text(text) for text in json_texts], b""), headers
    if data:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return _joined([_form_data(text) for text in data], b"&"), headers
    return (None if cell is None else cell.removesuffix("\n")), {}


def _joined(parts: Sequence[str | bytes], separator: bytes) -> str | bytes:
    """Join the parts: to bytes if one of them, read from a file, is bytes."""
    if all(isinstance(part, str) for part in parts):
        return separator.decode().join(str(part) for part in parts)
    return separator.join(part.encode() if isinstance(part, str) else part for part in parts)


def _form_data(text: str) -> str | bytes:
    """Return the value of -d; as with curl, a file loses its line ends and NULs."""
    data = _file_or_text(text)
    return data.translate(None, b"\r\n\0") if isinstance(data, bytes) else data


def _file_or_text(text: str) -> str | bytes:
    """Return the content of a file that is given as `@file`, or else the text."""
    return read_file(text[1:]) if text.startswith("@") else text
