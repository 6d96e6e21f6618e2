"""multipart/form-data as it is written (RFC 7578, and the HTML standard's encoding of names)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from workernb.http.text import scalar


class Part(NamedTuple):
    """A part of a multipart body; without a filename it is a text."""

    name: str
    data: bytes
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
    pieces = []
    for part in parts:
        pieces += [delimiter, _header(part), part.data, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


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
