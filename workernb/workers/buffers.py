"""JsBuffer: bytes as JavaScript holds them, in a Uint8Array or an ArrayBuffer.

https://pyodide.org/en/stable/usage/api/python-api/ffi.html#pyodide.ffi.JsBuffer
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class JsBuffer(bytearray):
    """A Uint8Array: bytes that can be changed, with the methods that Pyodide gives it."""

    @property
    def length(self) -> int:
        """The number of bytes."""
        return len(self)

    byteLength = length
    byteOffset = 0

    @property
    def buffer(self) -> JsBuffer:
        """The ArrayBuffer that the bytes are in: this object."""
        return self

    def to_bytes(self) -> bytes:
        """Return a copy as bytes."""
        return bytes(self)

    def to_py(self, **ignored: Any) -> memoryview:
        """Return a memoryview of a copy."""
        return memoryview(bytes(self))

    to_memoryview = to_py

    def to_string(self, encoding: str = "utf-8") -> str:
        """Return the bytes as text."""
        return self.decode(encoding)

    def assign(self, source: Any, /) -> None:
        """Copy a buffer of the same length into this one; ValueError for another length."""
        self._check_length(source)
        self[:] = memoryview(source).cast("B")

    def assign_to(self, target: Any, /) -> None:
        """Copy the bytes into a buffer of the same length; ValueError for another length."""
        self._check_length(target)
        memoryview(target).cast("B")[:] = self

    def _check_length(self, other: Any) -> None:
        if memoryview(other).nbytes != len(self):
            raise ValueError(
                f"cannot assign between buffers of {memoryview(other).nbytes} and {len(self)} bytes"
            )

    def slice(self, start: int = 0, end: int | None = None) -> JsBuffer:
        """Return a copy of the bytes from `start` to `end`, which is not included."""
        return JsBuffer(self[start:end])

    def set(self, source: Iterable[int], offset: int = 0) -> None:
        """Copy bytes into this array, from `offset` on; ValueError when they do not fit."""
        data = bytes(source)
        if offset < 0 or offset + len(data) > len(self):
            raise ValueError("offset is out of bounds")
        self[offset : offset + len(data)] = data
