"""Hibernation: the functions behind the WebSockets of a Durable Object in JavaScript.

An end has one object of JavaScript's for as long as it is connected, so that code can compare them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.errors import RpcError
from workernb.http.websockets import MessageEvent, WebSocketRequestResponsePair
from workernb.runtime.events.web_socket import SocketEvent
from workernb.texts import PlatformText

from .boundary import Host
from .stores import moment
from .values import Reader, written


def hibernation_functions(host: Host, wrap: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""

    def state(number: int) -> Any:
        found = host.objects.get(int(number))
        if found is None:
            raise RpcError(PlatformText.CONTEXT_ENDED)
        return found

    def accept(number: int, socket: Any, *tags: str) -> int:
        state(number).acceptWebSocket(socket, tags)
        return number_of(host, socket)

    def sockets(number: int, tag: str | None) -> list[Any]:
        return [
            part
            for socket in state(number).getWebSockets(tag)
            for part in (number_of(host, socket), wrap(socket))
        ]

    def set_answer(number: int, request: str | None, response: str | None) -> None:
        pair = None if request is None else WebSocketRequestResponsePair(request, response or "")
        state(number).setWebSocketAutoResponse(pair)

    def answer(number: int) -> list[str] | None:
        pair = state(number).getWebSocketAutoResponse()
        return None if pair is None else [pair.request, pair.response]

    def answered(number: int, socket: Any) -> list[Any]:
        run = host.running("getWebSocketAutoResponseTimestamp()")
        return written([moment(state(number).getWebSocketAutoResponseTimestamp(socket))], run)

    def attach(socket: Any, *parts: Any) -> None:
        run = host.running("serializeAttachment()")
        socket.serializeAttachment(Reader(iter(parts), run).values()[0])

    def attachment(socket: Any) -> list[Any]:
        run = host.running("deserializeAttachment()")
        return written([socket.deserializeAttachment()], run)

    exposed: dict[str, Callable[..., Any]] = {
        "acceptHibernating": accept,
        "hibernatingSockets": sockets,
        "socketTags": lambda number, socket: state(number).getTags(socket),
        "setSocketAnswer": set_answer,
        "socketAnswer": answer,
        "socketAnswered": answered,
        "setSocketTimeout": lambda number, ms: state(number).setHibernatableWebSocketEventTimeout(
            None if ms is None else int(ms)
        ),
        "socketTimeout": lambda number: state(number).getHibernatableWebSocketEventTimeout(),
        "attach": attach,
        "attachment": attachment,
    }
    return {name: host.exposed(function) for name, function in exposed.items()}


def number_of(host: Host, socket: Any) -> int:
    """Return the number by which JavaScript finds its object for an end that hibernates."""
    end = socket._holder
    number = host.sockets.get(end)
    if number is None:
        number = host.sockets[end] = host.number()
        released = host.to_release  # Not the host, which may be gone by then.
        end.on_end.append(lambda: released.append(number))
    return number


def event_parts(host: Host, event: SocketEvent) -> list[Any]:
    """Return what JavaScript makes the arguments of an event's handler of."""
    socket, *rest = event.arguments
    if isinstance(event.event, MessageEvent):
        rest = [event.event.body]
    elif event.event.type == "error":
        rest = [event.event.message]
    return [number_of(host, socket), host.wrap(socket), *rest]
