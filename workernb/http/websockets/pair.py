"""WebSocketPair: the two ends of one connection."""

from __future__ import annotations

from .lane import Lane
from .socket import WebSocket


def connected() -> tuple[WebSocket, WebSocket]:
    """Return the two ends of a new connection."""
    there, back = Lane(), Lane()
    first, second = object.__new__(WebSocket), object.__new__(WebSocket)
    first._begin(back, there)
    second._begin(there, back)
    return first, second


class WebSocketRequestResponsePair:
    """A message, and the one that a Durable Object's WebSockets answer it with by themselves."""

    __slots__ = ("request", "response")

    def __init__(self, request: str, response: str) -> None:
        """Keep both texts."""
        self.request = str(request)
        self.response = str(response)

    @classmethod
    def new(cls, request: str, response: str) -> WebSocketRequestResponsePair:
        """Make a pair, as JavaScript's `new` does."""
        return cls(request, response)

    def __repr__(self) -> str:
        return f"<WebSocketRequestResponsePair: {self.request!r}, {self.response!r}>"


class WebSocketPair:
    """Two ends that are connected: `client, server = WebSocketPair.new().object_values()`.

    One is accepted here, and the other sent in a Response with the status 101.
    """

    __slots__ = ("_ends",)

    def __init__(self) -> None:
        """Make a connection."""
        self._ends = connected()

    @classmethod
    def new(cls) -> WebSocketPair:
        """Make a connection, as JavaScript's `new` does."""
        return cls()

    def object_values(self) -> list[WebSocket]:
        """Return the ends, as Pyodide's method of JavaScript's objects does."""
        return list(self._ends)

    def object_keys(self) -> list[str]:
        """Return the names of the ends."""
        return ["0", "1"]

    def __repr__(self) -> str:
        return f"<WebSocketPair: {self._ends[0]!r}, {self._ends[1]!r}>"
