"""Decompression of gzip, chunk by chunk, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Any

from workernb.errors import NetworkError, with_notes
from workernb.texts import PlatformText

MAX_CHUNK = 64 * 1024
"""The largest chunk (bytes) that is decompressed at once."""


class Gunzipped:
    """What gzip members contain, as an asynchronous iterator of at most MAX_CHUNK bytes each."""

    def __init__(self, compressed: AsyncIterator[bytes]) -> None:
        """Read `compressed`."""
        self._compressed = compressed
        self._decoder: Any = None
        self._rest = b""
        self._more = False  # Whether the decoder has more to give without more input.

    def __aiter__(self) -> Gunzipped:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk; NetworkError, with the platform's text, for broken data."""
        try:
            while True:
                if not (self._rest or self._more):
                    self._rest = await self._next_compressed()
                chunk = self._decode()
                if chunk:
                    return chunk
        except zlib.error as error:
            raise _failed(f"{error}.") from None

    async def _next_compressed(self) -> bytes:
        try:
            return await self._compressed.__anext__()
        except StopAsyncIteration:
            if self._decoder is not None and not self._decoder.eof:
                raise _failed("The body ends in its middle.") from None
            raise

    def _decode(self) -> bytes:
        if self._decoder is None or self._decoder.eof:
            self._decoder = zlib.decompressobj(wbits=31)
        decoder = self._decoder
        chunk: bytes = decoder.decompress(self._rest, MAX_CHUNK)
        self._rest = decoder.unconsumed_tail or decoder.unused_data
        self._more = len(chunk) == MAX_CHUNK and not decoder.eof
        return chunk


def _failed(note: str) -> NetworkError:
    return with_notes(NetworkError(PlatformText.GZIP_FAILED), note)
