"""Blob and File: bytes with a type, and with a name (https://w3c.github.io/FileAPI/)."""

from __future__ import annotations

import builtins
import re
import time
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeAlias, TypeGuard

from workernb.http.source import Source, is_buffer
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Whole
from workernb.http.text import scalar
from workernb.texts import PlatformText

BlobValue: TypeAlias = "str | bytes | bytearray | memoryview | Blob"

MAX_BLOB_BYTES = 128 * 1024 * 1024
"""How many bytes a Blob may have; the platform's own limit."""

_is_type = re.compile(r"[\x20-\x7e]*").fullmatch


class BlobEnding(StrEnum):
    """What becomes of line ends in the texts of a Blob."""

    TRANSPARENT = "transparent"
    NATIVE = "native"


class Blob:
    """Bytes that cannot be changed, and their content type."""

    __slots__ = ("_content_type", "_data")

    _content_type: str
    _data: builtins.bytes

    def __init__(
        self,
        blob_parts: Iterable[BlobValue] | BlobValue,
        content_type: str | None = None,
        endings: BlobEnding | str | None = None,
    ) -> None:
        """Make a Blob from one part or several: text, bytes-like objects, and other Blobs.

        content_type: of a single Blob it is taken over unless it is given. endings: with `native`,
        every line end in a text becomes a line feed. Raises TypeError for a part of another type,
        ValueError for other endings, or for more than 128 MiB.
        """
        if not content_type and isinstance(blob_parts, Blob):
            content_type = blob_parts._content_type
        native = BlobEnding(endings or BlobEnding.TRANSPARENT) is BlobEnding.NATIVE
        parts: Iterable[Any] = blob_parts if _has_parts(blob_parts) else [blob_parts]
        self._data = _join([_part_data(part, native) for part in parts])
        self._content_type = _normalize_type(content_type)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self._data)

    @property
    def content_type(self) -> str:
        """The content type in lower case; empty when there is none."""
        return self._content_type

    type = content_type

    @property
    def js_object(self) -> Blob:
        """The Blob as JavaScript has it, which is this object here."""
        return self

    async def text(self) -> str:
        """Return the bytes as text, decoded as UTF-8, with � for invalid ones."""
        return self._data.decode("utf-8-sig", "replace")

    async def bytes(self) -> builtins.bytes:
        """Return the bytes."""
        return self._data

    async def buffer(self) -> memoryview:
        """Return the bytes as a memoryview."""
        return memoryview(self._data)

    arrayBuffer = buffer

    def stream(self) -> ReadableStream:
        """Return a stream of the bytes."""
        return ReadableStream(Whole(self._data))

    def slice(
        self, start: int | None = None, end: int | None = None, content_type: str | None = None
    ) -> Blob:
        """Return a Blob of the bytes from `start` to `end`, which is not included.

        Negative positions count from the end. The type is the one that is given, or none.
        """
        part = Blob.__new__(Blob)
        part._data = self._data[start:end]
        part._content_type = _normalize_type(content_type)
        return part

    def _body_source(self) -> Source:
        return Source(self._data, self._content_type or None, len(self._data))

    def __repr__(self) -> str:
        return f"Blob(size={self.size}, content_type={self._content_type!r})"


class File(Blob):
    """A Blob with a name, and the time of its last change."""

    __slots__ = ("_last_modified", "_name")

    _last_modified: int
    _name: str

    def __init__(
        self,
        blob_parts: Iterable[BlobValue] | BlobValue,
        filename: str,
        content_type: str | None = None,
        endings: BlobEnding | str | None = None,
        last_modified: int | None = None,
    ) -> None:
        """Make a File from one part or several, as a Blob is made.

        last_modified: in ms since 1970; of a single File it is taken over unless it is given, else
        it is now. Raises TypeError and ValueError as Blob does.
        """
        super().__init__(blob_parts, content_type, endings)
        if last_modified is None and isinstance(blob_parts, File):
            last_modified = blob_parts._last_modified
        if not isinstance(filename, str):
            raise TypeError(
                f"Expected filename to be a str, not {builtins.type(filename).__name__}"
            )
        self._name = scalar(filename)
        self._last_modified = int(time.time() * 1000) if last_modified is None else last_modified

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._name

    @property
    def last_modified(self) -> int:
        """When the file was changed last, in ms since 1970."""
        return self._last_modified

    lastModified = last_modified

    def __repr__(self) -> str:
        return f"File({self._name!r}, size={self.size}, content_type={self._content_type!r})"


def _has_parts(value: object) -> TypeGuard[Iterable[Any]]:
    """Return whether a value is several parts of a Blob, not one."""
    return isinstance(value, Iterable) and not isinstance(value, str) and not is_buffer(value)


def _part_data(part: Any, native: bool) -> bytes | memoryview:
    if isinstance(part, Blob):
        return part._data
    if isinstance(part, str):
        text = part.replace("\r\n", "\n").replace("\r", "\n") if native else part
        return scalar(text).encode()
    if is_buffer(part):
        view = memoryview(part)
        return view if view.c_contiguous else view.tobytes()
    raise TypeError(PlatformText.BLOB_PART.format(type=type(part)))


def _join(parts: list[bytes | memoryview]) -> bytes:
    """Return the parts as one; ValueError when they are too large together."""
    size = sum(part.nbytes if isinstance(part, memoryview) else len(part) for part in parts)
    if size > MAX_BLOB_BYTES:
        raise ValueError(PlatformText.BLOB_SIZE.format(size=size, limit=MAX_BLOB_BYTES))
    return b"".join(parts)


def _normalize_type(content_type: str | None) -> str:
    if content_type is None or not _is_type(content_type):
        return ""
    return content_type.lower()
