"""Hibernation: the functions behind the WebSockets of a Durable Object in JavaScript.

An end has one object of JavaScript's for as long as it is connected, so that code can compare them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb.http.websockets import WebSocketRequestResponsePair
from workernb.runtime.events.web_socket import SocketEvent

from .boundary import Host
from .sockets import parts_of
from .stores import moment
from .values import Reader, written


def hibernation_functions(host: Host, wrap: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name."""

    def accept(number: int, socket: Any, *tags: str) -> int:
        host.object(number).acceptWebSocket(socket, tags)
        return number_of(host, socket)

    def sockets(number: int, tag: str | None) -> list[Any]:
        return [
            part
            for socket in host.object(number).getWebSockets(tag)
            for part in (number_of(host, socket), wrap(socket))
        ]

    def set_answer(number: int, request: str | None, response: str | None) -> None:
        pair = None if request is None else WebSocketRequestResponsePair(request, response or "")
        host.object(number).setWebSocketAutoResponse(pair)

    def answer(number: int) -> list[str] | None:
        pair = host.object(number).getWebSocketAutoResponse()
        return None if pair is None else [pair.request, pair.response]

    def answered(number: int, socket: Any) -> list[Any]:
        run = host.running("getWebSocketAutoResponseTimestamp()")
        return written([moment(host.object(number).getWebSocketAutoResponseTimestamp(socket))], run)

    def attach(socket: Any, *parts: Any) -> None:
        run = host.running("serializeAttachment()")
        socket.serializeAttachment(Reader(iter(parts), run).values()[0])

    def attachment(socket: Any) -> list[Any]:
        run = host.running("deserializeAttachment()")
        return written([socket.deserializeAttachment()], run)

    exposed: dict[str, Callable[..., Any]] = {
        "acceptHibernating": accept,
        "hibernatingSockets": sockets,
        "socketTags": lambda number, socket: host.object(number).getTags(socket),
        "setSocketAnswer": set_answer,
        "socketAnswer": answer,
        "socketAnswered": answered,
        "setSocketTimeout": lambda number, ms: host.object(
            number
        ).setHibernatableWebSocketEventTimeout(None if ms is None else int(ms)),
        "socketTimeout": lambda number: host.object(number).getHibernatableWebSocketEventTimeout(),
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
    socket = event.socket
    return [number_of(host, socket), host.wrap(socket), *parts_of(event.event)]
