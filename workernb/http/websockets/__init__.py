"""WebSockets: the two ends of a connection over which messages go both ways.

https://websockets.spec.whatwg.org/
https://developers.cloudflare.com/workers/runtime-apis/websockets/
"""

from __future__ import annotations

from .events import CloseEvent, ErrorEvent, MessageEvent
from .pair import WebSocketPair, WebSocketRequestResponsePair, connected
from .socket import WebSocket

__all__ = [
    "CloseEvent",
    "ErrorEvent",
    "MessageEvent",
    "WebSocket",
    "WebSocketPair",
    "WebSocketRequestResponsePair",
    "connected",
]
