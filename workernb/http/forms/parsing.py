"""Parsers of a form's body, which take it in chunks: multipart/form-data and urlencoded.

python-multipart finds the parts of a multipart body. Both are bounded: a form has 1,000 entries and
128 MiB at most, and a header of a part 8 KiB. Importing this module takes 15 ms, for
python-multipart: `lazy.load` does it, when a form is read.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Protocol

import python_multipart
from python_multipart.exceptions import FormParserError

from workernb.errors import with_notes
from workernb.texts import PlatformText

from .blob import MAX_BLOB_BYTES, File
from .form_data import FormData
from .line_ends import Rewriter
from .mime import extract_mime_type
from .multipart import unescape
from .search_params import parse_urlencoded

MAX_ENTRIES = 1_000
MAX_FORM_BYTES = MAX_BLOB_BYTES
MAX_HEADER_BYTES = 8 * 1024
MAX_PART_HEADERS = 16

_UTF_8 = frozenset({"utf-8", "utf8", "unicode-1-1-utf-8"})


class FormParser(Protocol):
    """A parser that is fed a form's body in chunks, and then asked for the form."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; TypeError when they are no such form or too large."""

    def end(self) -> FormData:
        """Return the form; TypeError when its body is not complete."""


def form_parser(content_type: str | None) -> FormParser:
    """Return a parser for a body of this Content-Type.

    Raises TypeError with the platform's text when there is none, when it is no form's, or when a
    multipart one has no boundary.
    """
    if not content_type:
        raise TypeError(PlatformText.FORM_NO_TYPE)
    mime = extract_mime_type(content_type)
    if mime is not None and mime.essence == "multipart/form-data":
        boundary = mime.parameters.get("boundary")
        if not boundary:
            raise TypeError(PlatformText.FORM_NO_BOUNDARY)
        return MultipartParser(boundary)
    if mime is not None and mime.essence == "application/x-www-form-urlencoded":
        if mime.parameters.get("charset", "utf-8").lower() not in _UTF_8:
            raise TypeError(PlatformText.FORM_CHARSET)
        return UrlencodedParser()
    raise with_notes(
        TypeError(PlatformText.FORM_TYPE),
        f"The body's Content-Type is {content_type!r}: read it with text(), bytes() or json() "
        "instead of form_data().",
    )


class UrlencodedParser:
    """The parser of application/x-www-form-urlencoded; nothing but its size is an error."""

    def __init__(self) -> None:
        """Create a parser that has read nothing."""
        self._data = bytearray()
        self._separators = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._data += _checked(chunk, len(self._data))
        self._separators += chunk.count(b"&")
        if self._separators > MAX_ENTRIES:
            raise _too_many_entries()

    def end(self) -> FormData:
        """Return the form."""
        form = FormData()
        form._entries = list(parse_urlencoded(bytes(self._data)))
        if len(form) > MAX_ENTRIES:
            raise _too_many_entries()
        return form


class MultipartParser:
    """The parser of multipart/form-data (RFC 7578)."""

    def __init__(self, boundary: str) -> None:
        """Create a parser; TypeError for a boundary that is too long."""
        self._size = 0
        self._stage = _BEFORE
        self._entries: list[tuple[str, Any]] = []
        self._name = ""
        self._filename: str | None = None
        self._headers: dict[str, bytes] = {}
        self._field = b""
        self._value = b""
        self._data: list[bytes] = []
        self._tokenizer = self._make_tokenizer(boundary)
        self._rewriter = Rewriter(boundary.encode())

    def _make_tokenizer(self, boundary: str) -> python_multipart.MultipartParser:
        callbacks: Any = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_field,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }
        try:
            tokenizer = python_multipart.MultipartParser(
                boundary.encode("utf-8"),
                callbacks,
                max_header_count=MAX_PART_HEADERS,
                max_header_size=MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            # The one thing that it refuses is a boundary of more than 256 bytes.
            raise TypeError(f"The multipart body's boundary is too long: {error}.") from None
        # What it logs of a wrong body is in the errors raised here, not for a Worker's log.
        tokenizer.logger = _silent_logger()
        return tokenizer

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; TypeError when they are no multipart body, or too large."""
        self._write(self._rewriter.feed(_checked(chunk, self._size, self._name)))
        self._size += len(chunk)

    def _write(self, data: bytes) -> None:
        try:
            self._tokenizer.write(data)
        except FormParserError as error:
            raise self._format_error(error) from None

    def end(self) -> FormData:
        """Return the form; TypeError when the body's last boundary is missing."""
        self._write(self._rewriter.end())
        if self._stage is not _END:
            raise with_notes(TypeError(_CUT_OFF[self._stage]), self._position())
        # They refer to this object, whose data would stay until the garbage collector comes.
        self._tokenizer.callbacks = {}
        form = FormData()
        form._entries = self._entries
        return form

    def _format_error(self, error: FormParserError) -> TypeError:
        at = self._size + getattr(error, "offset", 0)
        note = f"At byte {at:,} of the body: {_position_in_chunk('', str(error))}."
        return with_notes(TypeError(_MALFORMED[self._stage]), note, self._position())

    def _position(self) -> str | None:
        """Return the note that says in which part the parser is."""
        if self._stage is _BEFORE:
            return None
        number = len(self._entries) + 1
        return f"It is part {number:,}" + (f", named {self._name[:100]!r}." if self._name else ".")

    # Called by python-multipart, in the order of the body

    def _begin_part(self) -> None:
        if len(self._entries) >= MAX_ENTRIES:
            raise _too_many_entries()
        self._stage = _HEADERS
        self._name = ""
        self._filename = None
        self._headers = {}
        self._data = []

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._field.decode("latin-1").lower()] = self._value
        self._field = self._value = b""

    def _end_headers(self) -> None:
        disposition = self._headers.get("content-disposition")
        if disposition is None:
            raise with_notes(TypeError(PlatformText.FORM_NO_DISPOSITION), self._position())
        try:
            self._name, self._filename = parse_disposition(disposition.decode("utf-8", "replace"))
        except TypeError as error:
            raise with_notes(error, self._position()) from None
        self._stage = _DATA

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end_part(self) -> None:
        data = b"".join(self._data)
        self._data = []
        value: str | File
        if self._filename is None:
            value = data.decode("utf-8", "replace")
        else:
            content_type = self._headers.get("content-type", b"text/plain").decode("latin-1")
            value = File(data, self._filename, content_type)
        self._entries.append((self._name, value))

    def _end(self) -> None:
        self._stage = _END


_BEFORE, _HEADERS, _DATA, _END = "before", "headers", "data", "end"
_CUT_OFF = {
    _BEFORE: PlatformText.FORM_NO_START,
    _HEADERS: PlatformText.FORM_NO_HEADER_END,
    _DATA: PlatformText.FORM_NO_NEXT,
}
_MALFORMED = {
    _BEFORE: PlatformText.FORM_NO_START,
    _HEADERS: PlatformText.FORM_PART_HEADERS,
    _DATA: PlatformText.FORM_AFTER_BOUNDARY,
}

_s = r"[ \t]*"
_position_in_chunk = re.compile(r" (?:at )?(?:index )?\(?\d+\)?$").sub

_token = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# A quoted value as browsers write it, in which a backslash is itself; or else, where that gives
# no valid header, as other clients and the platform do, in which it escapes what follows it.
_QUOTED = (r'"([^"]*)"', r'"((?:[^"\\]|\\.)*)"')
_dispositions = [
    (
        re.compile(rf"{_s}({_token})((?:{_s};{_s}{_token}{_s}={_s}(?:{quoted}|{_token}))*)[ \t;]*"),
        re.compile(rf";{_s}({_token}){_s}={_s}(?:{quoted}|({_token}))"),
    )
    for quoted in _QUOTED
]


def parse_disposition(header: str) -> tuple[str, str | None]:
    """Return the name and the file name of a part, from its Content-Disposition.

    Raises TypeError with the platform's text when it is malformed, or has no name.
    """
    for index, (disposition, parameter) in enumerate(_dispositions):
        match = disposition.fullmatch(header)
        if match is None:
            continue
        if match[1].lower() != "form-data":
            raise TypeError(PlatformText.FORM_DISPOSITION.format(type=match[1]))
        values: dict[str, str] = {}
        for name, quoted, plain in parameter.findall(match[2]):
            text = re.sub(r"\\(.)", r"\1", quoted) if index else quoted
            values.setdefault(name.lower(), unescape(text or plain))
        if "name" not in values:
            raise TypeError(PlatformText.FORM_NO_NAME)
        return values["name"], values.get("filename")
    raise TypeError(PlatformText.FORM_DISPOSITION_INVALID)


def _checked(chunk: bytes, size: int, name: str = "") -> bytes:
    """Return a chunk; TypeError when the form is too large with it."""
    if size + len(chunk) <= MAX_FORM_BYTES:
        return chunk
    raise with_notes(
        TypeError(PlatformText.MEMORY_BEFORE_EOF),
        f"A form has {MAX_FORM_BYTES:,} bytes at most, and this one has more"
        + (f"; its part {name[:100]!r} was read last." if name else "."),
        "Stream a larger body instead of reading it as a form.",
    )


def _too_many_entries() -> TypeError:
    return TypeError(f"A form has {MAX_ENTRIES:,} entries at most, and this one has more.")


def _silent_logger() -> logging.Logger:
    logger = logging.getLogger("workernb.forms")
    logger.propagate = False
    logger.disabled = True
    return logger
