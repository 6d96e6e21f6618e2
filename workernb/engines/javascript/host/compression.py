"""Compression: zlib, for CompressionStream and DecompressionStream."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

_WINDOW_BITS = {"gzip": 31, "deflate": 15, "deflate-raw": -15}
MAX_PIECE_BYTES = 1 << 16
"""How much of a decompressed chunk is made at a time, so that a small one cannot fill memory."""


def compressor(form: str) -> Callable[..., bytes]:
    """Return a function that compresses a chunk; without one it ends the stream."""
    state = zlib.compressobj(wbits=_WINDOW_BITS[form])
    return lambda chunk=None: state.flush() if chunk is None else state.compress(chunk.to_bytes())


def decompressor(form: str) -> Callable[..., bytes | str | None]:
    """Return a function that decompresses a chunk, piece by piece.

    It returns bytes, and is called with `null` for the next piece until it returns None. A text
    says why the data is invalid: `corrupt`, `trailing` after the end. Called without an argument,
    when the input has ended, it returns `truncated` if the end is missing.
    """
    state = zlib.decompressobj(wbits=_WINDOW_BITS[form])
    rest = b""

    def feed(*arguments: Any) -> bytes | str | None:
        nonlocal rest
        if not arguments:
            return None if state.eof else "truncated"
        if arguments[0] is not None:
            rest = arguments[0].to_bytes()
            if state.eof and rest:
                return "trailing"
        try:
            piece = state.decompress(rest, MAX_PIECE_BYTES)
        except zlib.error:
            return "corrupt"
        rest = state.unconsumed_tail
        if state.unused_data and not piece:
            return "trailing"
        return piece or None

    return feed


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "compressor": compressor,
    "decompressor": decompressor,
}
