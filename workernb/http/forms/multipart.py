"""multipart/form-data as it is written (RFC 7578, and the HTML standard's encoding of names)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from typing import NamedTuple

from workernb.http.text import scalar


class Part(NamedTuple):
    """A part of a multipart body; without a filename it is a text.

    data: its bytes, or chunks of them, such as those of a file that is read only then.
    """

    name: str
    data: bytes | Iterable[bytes]
    filename: str | None = None
    content_type: str | None = None


def new_boundary() -> str:
    """Return a boundary that no part contains: 128 random bits."""
    return f"----workernb{os.urandom(16).hex()}"


def encode(parts: Iterable[Part], boundary: str) -> bytes:
    """Return the parts as a multipart/form-data body.

    https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
    """
    delimiter = f"--{boundary}\r\n".encode()
    body = io.BytesIO()  # Whose value is no copy, so that large files are in memory once.
    for part in parts:
        body.write(delimiter + _header(part))
        body.writelines([part.data] if isinstance(part.data, bytes) else part.data)
        body.write(b"\r\n")
    body.write(f"--{boundary}--\r\n".encode())
    return body.getvalue()


def _header(part: Part) -> bytes:
    header = f'Content-Disposition: form-data; name="{_escape(part.name)}"'
    if part.filename is not None:
        header += f'; filename="{_escape(part.filename)}"'
    if part.content_type is not None:
        header += f"\r\nContent-Type: {part.content_type}"
    return f"{header}\r\n\r\n".encode()


_ESCAPES: dict[str, str] = {"\n": "%0A", "\r": "%0D", '"': "%22"}
_TO_ESCAPES = {ord(character): escape for character, escape in _ESCAPES.items()}


def _escape(name: str) -> str:
    """Return a name with the three characters escaped that would end it or its line."""
    return scalar(name).translate(_TO_ESCAPES)


def unescape(name: str) -> str:
    """Return a name whose three escapes are characters again."""
    for character, escape in _ESCAPES.items():
        name = name.replace(escape, character)
    return name
