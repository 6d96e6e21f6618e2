"""The protocol of an object that can be a body."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol, runtime_checkable


class Source(NamedTuple):
    """What a body is made of.

    data: all of its bytes, or an asynchronous iterator that yields them in chunks. content_type:
    the Content-Type that the message gets unless it is given one; None for none. length: the
    number of bytes, if it is known.
    """

    data: bytes | AsyncIterator[bytes]
    content_type: str | None = None
    length: int | None = None


@runtime_checkable
class BodySource(Protocol):
    """An object that can be a body, such as a Blob, FormData or URLSearchParams."""

    def _body_source(self) -> Source:
        """Return what the body is made of; called once for each message."""


def is_buffer(value: object) -> bool:
    """Return whether a value is bytes-like: whether it has the buffer protocol."""
    try:
        memoryview(value).release()  # type: ignore[arg-type]
    except TypeError:
        return False
    return True
