"""The options of `%fetch` and `%%fetch`, which are named and work as curl's."""

from __future__ import annotations

import argparse
import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workernb.errors import OptionError
from workernb.runtime.services.targets import Target

from .data import AddPiece, Piece, file_or_text, joined, quote_json
from .form import encode_form
from .parser import Parser, number, strip_comment


def fetch_parser(prog: str = "%fetch") -> Parser:
    """Return the parser of `%fetch` and `%%fetch`."""
    parser = Parser(prog, "Make a request, with curl's options, and show the answer.")
    add = parser.add_argument
    add("target", metavar="TARGET", help="SERVICE[@ENV][#Entrypoint][/path][?query], or a URL")
    add("-X", "--request", metavar="METHOD", help="the method")
    add("-H", "--header", metavar="NAME: VALUE", action="append", default=[], help="a header")
    add("-d", "--data", metavar="DATA", action=AddPiece, dest="data",
        help="a form's data as the body, and POST; @file reads it from a file")  # fmt: skip
    add("--data-raw", metavar="DATA", action=AddPiece, dest="data", help="the same, without @")
    add("--data-binary", metavar="DATA", action=AddPiece, dest="data",
        help="the same; a file's line ends are kept")  # fmt: skip
    add("--data-urlencode", metavar="DATA", action=AddPiece, dest="data",
        help="the same, encoded: content, name=content, @file or name@file")  # fmt: skip
    add("-G", "--get", action="store_true", help="puts the data into the URL, and GET")
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
    add("-u", "--user", metavar="USER:PASSWORD", help="basic authentication")
    add("-o", "--output", metavar="FILE", help="writes the body to a file")
    add("-v", "--verbose", action="store_true", help="prints the lines sent and received")
    add("-s", "--silent", "--quiet", action="store_true", help="show no card")
    parser.elsewhere = _NOT_HERE
    return parser


_NOT_HERE = {
    "-k": "No call within the notebook is encrypted.",
    "--insecure": "No call within the notebook is encrypted.",
    "-I": "Write -X HEAD.",
    "--head": "Write -X HEAD.",
    "-A": "Write -H 'user-agent: NAME'.",
    "--user-agent": "Write -H 'user-agent: NAME'.",
    "-b": "Write -H 'cookie: NAME=VALUE'.",
    "--cookie": "Write -H 'cookie: NAME=VALUE'.",
    "-O": "Write -o FILE.",
    "--oauth2-bearer": "Write -H 'authorization: Bearer TOKEN'.",
}
"""Options of curl's that are written otherwise."""


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
    include: whether headers are printed too (-i): on the command line. verbose: whether the lines
    sent and received are printed (-v). output: the file that the body is written to (-o), or None.
    user: the user and password of basic authentication (-u), or None; they are in headers already.
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
    verbose: bool = False
    output: str | None = None
    user: str | None = None

    @classmethod
    def parse(
        cls, line: str, cell: str | None = None, expand: Callable[[str], str] = str
    ) -> FetchOptions:
        """Parse a magic's line; OptionError, or UsageError for a wrong target.

        cell: the rest of the cell, the request's body, for `%%fetch`. expand: applied to each word.
        """
        line, quieted = _without_semicolon(line)
        parser = fetch_parser("%fetch" if cell is None else "%%fetch")
        typed = parser.parse(quote_json(line), expand)
        written, data = typed.target, typed.data or []
        if typed.get:
            query = joined([piece.content for piece in data], "&")
            written, data = _with_query(written, query), []
        body, default_headers = _body(data, typed.json, typed.form, cell)
        if typed.user is not None:
            default_headers = {"authorization": _basic(typed.user), **default_headers}
        target = None if _has_scheme(written) else Target.parse(written)
        return cls(
            target=target,
            url=written if target is None else target.url,
            method=typed.request,
            headers=_headers(typed.header, default_headers),
            body=body,
            follow=typed.location,
            fail=typed.fail,
            max_time=typed.max_time,
            silent=typed.silent or quieted,
            include=typed.include,
            verbose=typed.verbose,
            output=typed.output,
            user=typed.user,
        )


_has_scheme = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://").match


def _without_semicolon(line: str) -> tuple[str, bool]:
    """Return a line without the `;` at its end, by which a notebook asks for no output.

    That of `-H name;` is curl's own.
    """
    stripped = strip_comment(line).rstrip()
    if not stripped.endswith(";") or _is_empty_header(stripped):
        return line, False
    return stripped[:-1], True


_is_empty_header = re.compile(r".*(?:-H|--header)[\s=]*[\w-]+;", re.DOTALL).fullmatch


def _with_query(target: str, query: str | bytes) -> str:
    """Return a target or a URL with a form's data as its query, after what it has (-G)."""
    text = query.decode() if isinstance(query, bytes) else query
    return f"{target}{'&' if '?' in target else '?'}{text}" if text else target


def _basic(user: str) -> str:
    """Return the value of the Authorization header; OptionError without a password."""
    if ":" not in user:
        raise OptionError("-u needs a user and a password: write -u USER:PASSWORD.")
    return f"Basic {base64.b64encode(user.encode()).decode()}"


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
    data: Sequence[Piece],
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
        return joined([file_or_text(text) for text in json_texts], ""), headers
    if data:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return joined([piece.content for piece in data], "&"), headers
    return (None if cell is None else cell.removesuffix("\n")), {}
