"""Streams: bodies in chunks, which are produced as they are read.

https://streams.spec.whatwg.org/
"""

from __future__ import annotations

from .readable import ReadableStream, Reader
from .writable import WritableStream, Writer

__all__ = ["ReadableStream", "Reader", "WritableStream", "Writer"]
