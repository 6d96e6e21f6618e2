"""Where R2's objects are kept: rows about them, and their bodies in chunks.

A body is a list of blobs, one for each part of a multipart upload; a blob is a row of chunks. The
row about an object is written when its body is there, so a put is all or nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workernb.errors import StoreError
from workernb.http.source import BodySource
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Chunks, Whole
from workernb.http.text import scalar
from workernb.resources.sqlite import Database, one_at_a_time
from workernb.texts import PlatformText

from .errors import r2_error

CHUNK = 256 * 1024
"""The size of a chunk, in bytes."""

MAX_PUT = 5 * 1024**3
"""The largest body of one put, or of one part, in bytes."""

ALGORITHMS = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384",
    "sha512": "SHA-512"}  # fmt: skip

_UNUSED = """
DELETE FROM r2_chunks WHERE blob NOT IN (
    SELECT json_extract(value, '$[0]') FROM r2_objects, json_each(blobs)
    UNION SELECT blob FROM r2_parts
)
"""
Blobs = list[tuple[int, int]]
"""The blobs of a body, each with its size in bytes."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body that was written. digests: by algorithm, in hexadecimal."""

    blob: int
    size: int
    digests: dict[str, str]

    @property
    def blobs(self) -> str:
        """Its blobs, as they are kept with an object."""
        return json.dumps([[self.blob, self.size]] if self.size else [])


class Bodies:
    """The bodies in one database. A body that is being read is deleted when that has ended."""

    def __init__(self, database: Database) -> None:
        """Delete what a process has left that ended in the middle of a put."""
        self._database = database
        self._readers: Counter[int] = Counter()
        self._unwanted: set[int] = set()
        database.execute(_UNUSED)
        last = database.execute("SELECT max(blob) FROM r2_chunks").fetchone()[0]
        self._next_blob = (last or 0) + 1

    def write(self, data: bytes, algorithms: list[str]) -> Body:
        """Write a body within the transaction that is open."""
        writer = _Writer(self, algorithms)
        writer.write(data)
        return writer.end()

    async def write_stream(self, chunks: Chunks, algorithms: list[str]) -> Body:
        """Write what a stream yields, and keep nothing of it if that fails."""
        writer = _Writer(self, algorithms)
        try:
            async for chunk in chunks:
                writer.write(chunk)
            return writer.end()
        except BaseException:
            self.delete([(writer.blob, writer.size)])
            raise

    def read(self, blobs: Blobs, offset: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes of a body, from `offset` on."""
        for blob, size in blobs:
            if offset < size and length > 0:
                taken = min(length, size - offset)
                yield from self._read_blob(blob, offset, taken)
                length -= taken
            offset = max(offset - size, 0)

    def _read_blob(self, blob: int, offset: int, length: int) -> Iterator[bytes]:
        end, at = offset + length, offset
        while at < end:
            # Chunk by chunk, since a cursor that stays open would keep the log from being emptied.
            first = at // CHUNK * CHUNK
            with one_at_a_time:
                row = self._database.execute(
                    "SELECT data FROM r2_chunks WHERE blob = ? AND start = ?", (blob, first)
                ).fetchone()
            if row is None:
                raise r2_error("get", 10001)
            part = row[0][at - first : end - first]
            yield part
            at += len(part)

    def pin(self, blobs: Blobs) -> None:
        """Keep blobs until `unpin`, although their object is deleted or replaced."""
        self._readers.update(blob for blob, _ in blobs)

    def unpin(self, blobs: Blobs) -> None:
        """End what `pin` has begun."""
        self._readers.subtract(blob for blob, _ in blobs)
        free = [(blob, size) for blob, size in blobs if not self._readers[blob]]
        self.delete([each for each in free if each[0] in self._unwanted])

    def delete(self, blobs: Blobs) -> None:
        """Delete blobs, or as soon as nobody reads them."""
        for blob, _ in blobs:
            if self._readers[blob] > 0:
                self._unwanted.add(blob)
            else:
                self._unwanted.discard(blob)
                del self._readers[blob]
                with one_at_a_time:
                    self._database.execute("DELETE FROM r2_chunks WHERE blob = ?", (blob,))


class _Writer:
    """Writes one blob, in chunks of one size."""

    def __init__(self, bodies: Bodies, algorithms: list[str]) -> None:
        with one_at_a_time:
            self.blob = bodies._next_blob
            bodies._next_blob += 1
        self.size = 0
        self._execute = bodies._database.execute
        self._hashes = {name: hashlib.new(name) for name in ("md5", *algorithms)}
        self._rest = b""

    def write(self, data: bytes) -> None:
        if self.size + len(self._rest) + len(data) > MAX_PUT:
            raise r2_error("put", 100100)
        for each in self._hashes.values():
            each.update(data)
        data = self._rest + data if self._rest else data
        whole = len(data) // CHUNK * CHUNK
        for start in range(0, whole, CHUNK):
            self._insert(data[start : start + CHUNK])
        self._rest = data[whole:]

    def end(self) -> Body:
        if self._rest:
            self._insert(self._rest)
        digests = {name: each.hexdigest() for name, each in self._hashes.items()}
        return Body(self.blob, self.size, digests)

    def _insert(self, data: bytes) -> None:
        with one_at_a_time:
            self._execute("INSERT INTO r2_chunks VALUES (?, ?, ?)", (self.blob, self.size, data))
        self.size += len(data)


class StoredChunks(Chunks):
    """The chunks of a stored body. length: the number of bytes that it has in all."""

    __slots__ = ("_blobs", "_bodies", "_parts", "length")

    def __init__(self, bodies: Bodies, blobs: Blobs, offset: int, length: int) -> None:
        """Read `length` bytes of a body from `offset` on."""
        self._bodies, self._blobs, self.length = bodies, blobs, length
        self._parts: Iterator[bytes] | None = bodies.read(blobs, offset, length)
        bodies.pin(blobs)

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        try:
            return next(self._parts or iter(()))
        except StopIteration:
            await self.aclose()
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        """Stop reading."""
        self._end()

    def discard(self) -> None:
        """Stop reading."""
        self._end()

    def _end(self) -> None:
        if self._parts is not None:
            self._parts = None
            self._bodies.unpin(self._blobs)

    def __del__(self) -> None:
        self._end()


def data_of(value: Any) -> bytes | Chunks:
    """Return the data of a body that is put; TypeError for what R2 does not take.

    A stream has to have a known length, as a body that was received whole, or one from R2.
    """
    if value is None:
        return b""
    if isinstance(value, str):
        return scalar(value).encode()
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    if isinstance(value, BodySource):
        source = value._body_source()
        if isinstance(source.data, bytes):
            return source.data
        if source.length is None:
            raise TypeError(PlatformText.R2_STREAM)
        return Chunks(source.data)
    if not isinstance(value, ReadableStream):
        kind = type(value).__name__
        raise TypeError(f"R2 takes text, bytes, a Blob, a stream or None, not {kind}.")
    value._check_usable()
    if not isinstance(value._chunks, Whole | StoredChunks):
        raise TypeError(PlatformText.R2_STREAM)
    chunks = value._take()
    return chunks.data if isinstance(chunks, Whole) else chunks


def checksum_of(options: dict[str, Any]) -> tuple[str, str] | None:
    """Return algorithm and value (hexadecimal) of the checksum in the options of a put."""
    given = [name for name in ALGORITHMS if options.get(name) is not None]
    if len(given) > 1:
        raise TypeError(PlatformText.R2_ALGORITHMS)
    if not given:
        return None
    (name,) = given
    value, size = options[name], hashlib.new(name).digest_size
    if isinstance(value, str):
        if len(value) != 2 * size:
            text = PlatformText.R2_HEX.format(
                algorithm=ALGORITHMS[name], digits=2 * size, given=len(value)
            )
            raise TypeError(text)
        return name, value.lower()
    value = bytes(value)
    if len(value) != size:
        raise TypeError(
            PlatformText.R2_BYTES.format(algorithm=ALGORITHMS[name], length=size, given=len(value))
        )
    return name, value.hex()


def check_digest(body: Body, checksum: tuple[str, str] | None) -> StoreError | None:
    """Return the error if a body has not the checksum that was given."""
    if checksum is None or body.digests[checksum[0]] == checksum[1]:
        return None
    name, given = checksum
    return r2_error(
        "put", 10037, algorithm=ALGORITHMS[name], given=given, actual=body.digests[name]
    )
