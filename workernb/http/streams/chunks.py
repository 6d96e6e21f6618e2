"""Chunks: what a stream is read from. A stream's producer is behind it."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from workernb.errors import with_notes
from workernb.texts import PlatformText

MAX_READ = 128 * 1024 * 1024
"""How many bytes of a stream are read into one value: the memory that a Worker has."""


class Chunks:
    """The chunks of a stream, read from an asynchronous iterator one at a time.

    Dropping the object ends the producer.
    """

    __slots__ = ("_iterator", "_next")

    def __init__(self, iterator: AsyncIterator[Any]) -> None:
        """Read `iterator`, which nothing else may read."""
        self._iterator = iterator
        self._next = iterator.__anext__

    def __aiter__(self) -> Chunks:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises StopAsyncIteration at the end, what the producer raises, and TypeError for a chunk
        that is not bytes.
        """
        chunk = await self._next()
        return chunk if chunk.__class__ is bytes else await convert(chunk, self._iterator)

    async def aclose(self) -> None:
        """End the producer."""
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await close()

    def discard(self) -> None:
        """End the producer, which need not have ended when this returns."""

    async def read_all(self) -> bytes:
        """Return the rest of the stream; TypeError, with the platform's text, if it is too long."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self:
            size += len(chunk)
            if size > MAX_READ:
                await self.aclose()
                raise with_notes(
                    TypeError(PlatformText.MEMORY_BEFORE_EOF),
                    f"The body has more than {MAX_READ:,} bytes. Read it in chunks: "
                    "async for chunk in message.body",
                )
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def checked_chunk(chunk: Any) -> bytes:
    """Return a chunk that is bytes-like as bytes; TypeError for any other type."""
    if isinstance(chunk, bytes | bytearray | memoryview):
        return bytes(chunk)
    remedy = "yield text.encode()" if isinstance(chunk, str) else "yield bytes"
    raise with_notes(
        TypeError(PlatformText.NOT_BYTES),
        f"The stream's producer yielded an object of type {type(chunk).__name__}: {remedy}.",
    )


async def convert(chunk: Any, producer: Any) -> bytes:
    """Return a chunk that is bytes-like as bytes, and end the producer of any other one.

    The TypeError is raised at a generator's `yield`, so that its traceback has the line, and its
    clean-up runs before the reader is told.
    """
    try:
        return checked_chunk(chunk)
    except TypeError as error:
        throw, close = getattr(producer, "athrow", None), getattr(producer, "aclose", None)
        if throw is not None:
            with contextlib.suppress(StopAsyncIteration):
                await throw(error)
        if close is not None:
            await close()
        raise


class _Nothing:
    def __aiter__(self) -> _Nothing:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


EMPTY = Chunks(_Nothing())
"""The chunks of a stream that has none, or whose chunks are read elsewhere."""


class Whole(Chunks):
    """A body that is known as a whole, in one chunk."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        """Read `data`, which may be empty."""
        super().__init__(EMPTY)
        self.data = data

    async def __anext__(self) -> bytes:
        """Return the data; raise StopAsyncIteration the next time."""
        data, self.data = self.data, b""
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Drop the data."""
        self.data = b""


class Beginning(NamedTuple):
    """What was read ahead. whole: whether that is all. failure: what ended it, or None."""

    data: bytes
    whole: bool
    failure: BaseException | None


class Prefetched(Chunks):
    """Chunks of which some were read ahead, and are given out first."""

    __slots__ = ("_ahead", "_failure", "_source")

    def __init__(self, source: Chunks) -> None:
        """Read `source`."""
        super().__init__(source)
        self._source = source
        self._ahead: deque[bytes] = deque()
        self._failure: BaseException | None = None

    async def fetch(self, enough: int, until: float) -> Beginning:
        """Read ahead, and return what was read; see `ReadableStream._read_ahead`.

        A failure of the producer is kept for the reader that comes to it.
        """
        size, whole = 0, False
        try:
            while size < enough and (not size or time.monotonic() < until):
                self._ahead.append(await self._source.__anext__())
                size += len(self._ahead[-1])
        except StopAsyncIteration:
            whole = True
        except Exception as error:
            self._failure = error
        return Beginning(b"".join(self._ahead), whole, self._failure)

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        if self._ahead:
            return self._ahead.popleft()
        if self._failure is not None:
            raise self._failure
        return await self._source.__anext__()

    async def aclose(self) -> None:
        """End the producer."""
        self._ahead.clear()
        await self._source.aclose()

    def discard(self) -> None:
        """End the producer, soon."""
        self._ahead.clear()
        self._source.discard()
