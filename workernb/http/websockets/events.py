"""The events of a WebSocket: a message, the end of the connection, an error."""

from __future__ import annotations

from typing import Any

from workernb.http.lazy import load

NO_STATUS = 1005
"""The code of a connection that was closed without a code."""

ABNORMAL = 1006
"""The code of a connection that was lost."""

TOO_LARGE = 1009
"""The code of a connection that was closed because of a message that is too large."""


class ArrayBuffer(bytes):
    """A binary message as bytes, with the methods that Pyodide gives JavaScript's ArrayBuffer."""

    __slots__ = ()

    @property
    def byteLength(self) -> int:
        """The number of bytes."""
        return len(self)

    def to_bytes(self) -> bytes:
        """Return the bytes."""
        return bytes(self)

    def to_py(self) -> memoryview:
        """Return the bytes as a memoryview."""
        return memoryview(self)


class MessageEvent:
    """A message. body: its text, or its bytes. binary_type: what `data` is for bytes."""

    __slots__ = ("binary_type", "body")

    type = "message"

    def __init__(self, body: str | bytes) -> None:
        """Make the event of a message."""
        self.body = body
        self.binary_type = "blob"

    @property
    def size(self) -> int:
        """The memory that the message takes, about, in bytes."""
        return len(self.body)

    @property
    def data(self) -> Any:
        """The message: text, or for bytes a Blob, an ArrayBuffer if the socket's type says so."""
        if isinstance(self.body, str):
            return self.body
        if self.binary_type == "arraybuffer":
            return ArrayBuffer(self.body)
        return load("workernb.http.forms").Blob(self.body)

    def describe(self) -> str:
        """Return the event on one line, without what the message says."""
        unit = "characters" if isinstance(self.body, str) else "bytes"
        return f"message of {len(self.body):,} {unit}"

    def __repr__(self) -> str:
        return f"<MessageEvent: {self.describe()}>"


class CloseEvent:
    """The end of a connection. wasClean: whether an end has closed it, so that it was not lost."""

    __slots__ = ("code", "reason", "wasClean")

    type = "close"
    size = 0

    def __init__(self, code: int, reason: str = "", wasClean: bool = True) -> None:
        """Make the event of an end."""
        self.code = code
        self.reason = reason
        self.wasClean = wasClean

    def describe(self) -> str:
        """Return the event on one line."""
        return f"close {self.code}"

    def __repr__(self) -> str:
        return f"<CloseEvent: {self.code} {self.reason!r}>"


class ErrorEvent:
    """An error that ends the connection. message: its text."""

    __slots__ = ("error", "message")

    type = "error"
    size = 0

    def __init__(self, message: str, error: BaseException | None = None) -> None:
        """Make the event of an error."""
        self.message = message
        self.error = error

    def describe(self) -> str:
        """Return the event on one line."""
        return "error"

    def __repr__(self) -> str:
        return f"<ErrorEvent: {self.message}>"


Event = MessageEvent | CloseEvent | ErrorEvent
