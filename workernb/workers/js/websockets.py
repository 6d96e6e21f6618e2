"""WebSockets, as JavaScript makes them."""

from __future__ import annotations

from typing import Any

from workernb.http.websockets import WebSocket as Socket
from workernb.http.websockets import WebSocketPair as Pair
from workernb.http.websockets import WebSocketRequestResponsePair as Answer

from .objects import Constructor


class WebSocketPair(metaclass=Constructor):
    """`client, server = WebSocketPair.new().object_values()`: two ends that are connected."""

    instances = Pair

    @staticmethod
    def new() -> Pair:
        """Make a connection."""
        return Pair()


class WebSocketRequestResponsePair(metaclass=Constructor):
    """`WebSocketRequestResponsePair.new("ping", "pong")`: for `ctx.setWebSocketAutoResponse`."""

    instances = Answer

    @staticmethod
    def new(request: str, response: str, /) -> Answer:
        """Make a pair of two texts."""
        return Answer(request, response)


class WebSocket(metaclass=Constructor):
    """One end of a connection; with `new`, the client of another server's."""

    instances = Socket

    @staticmethod
    def new(url: str, protocols: Any = None, /) -> Socket:
        """Raise TypeError: `fetch` with `Upgrade: websocket` connects, here to Workers only."""
        return Socket(url, protocols)
