"""The events of WebSockets that a Durable Object has accepted to hibernate with. Nothing comes out.

https://developers.cloudflare.com/durable-objects/best-practices/websockets/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workernb.http.websockets import CloseEvent, MessageEvent, WebSocket
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.objects import ObjectInvocation

from .event import Event


@dataclass(frozen=True, slots=True)
class SocketEvent:
    """What has arrived at an end. arguments: those of the handler, of which it may take fewer."""

    socket: WebSocket
    event: Any

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The socket, and what its event tells: a message; a code, a reason, whether clean."""
        event = self.event
        if isinstance(event, MessageEvent):
            return self.socket, event.body
        if isinstance(event, CloseEvent):
            return self.socket, event.code, event.reason, event.wasClean
        return self.socket, event.error or RuntimeError(event.message)


def _result(returned: Any, event: SocketEvent, invocation: Invocation) -> None:
    """Return None: what such a handler returns is ignored."""


def _event(name: str) -> Event:
    def begin(trace: Any, entrypoint: Entrypoint, event: SocketEvent) -> Invocation:
        detail = event.event.describe().partition(" ")[2]
        shown = f"{name} {detail}" if detail else name
        return ObjectInvocation(trace, None, None, entrypoint, name, shown, 1)

    return Event(name, _result, begin=begin)


SOCKET_EVENTS = {
    "message": _event("webSocketMessage"),
    "close": _event("webSocketClose"),
    "error": _event("webSocketError"),
}
"""The kinds of events, by the type of what has arrived."""

HANDLERS = frozenset(event.name for event in SOCKET_EVENTS.values())
"""The names of their handlers."""
