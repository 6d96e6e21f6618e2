"""Clients: the notebook's ends of connections to Workers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from workernb.errors import HandshakeError, NetworkError, with_notes
from workernb.http.headers import Headers, HeadersInit
from workernb.http.response import Response
from workernb.http.websockets import WebSocket
from workernb.runtime.tracing.traces import Trace

from .connections import hold

_SCHEMES = {"ws": "http", "wss": "https"}


class ClientSocket(WebSocket):
    """The notebook's end of a WebSocket: `socket = await gateway.connect("/chat")`.

    `send` sends text or bytes, `await socket.receive()` waits for a message, `async for message in
    socket` iterates to the end. `async with` closes it. trace: that of the request that opened it;
    it has all that the Workers do for the connection, and ends with it.
    """

    __slots__ = ("trace",)

    trace: Trace | None

    @classmethod
    def of(cls, response: Response) -> ClientSocket | None:
        """Accept the end that came with a response; None if there is none."""
        end = response.web_socket
        if end is None:
            return None
        client = end._move_to(cls)
        client.trace = getattr(response, "_trace", None)
        client.protocol = response._fields.get("sec-websocket-protocol", "")
        client.accept()
        return client

    async def receive(self) -> str | bytes:
        """Return the next message, text or bytes; NetworkError when the connection has ended."""
        event = await self._next()
        if event is None:
            assert self._end is not None
            reason = f" {self._end.reason!r}" if self._end.reason else ""
            raise NetworkError(f"The WebSocket is closed: {self._end.code}{reason}.")
        return event.body

    @property
    def close_code(self) -> int | None:
        """The code with which the connection has ended, 1006 if it was lost; None while it has not.

        1005 means that it was closed without a code.
        """
        return None if self._end is None else self._end.code

    @property
    def close_reason(self) -> str | None:
        """The reason with which the connection has ended; None while it has not."""
        return None if self._end is None else self._end.reason

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection, and let the Worker handle that."""
        if self._end is None:
            self.close(1000)
        for _ in range(4):
            await asyncio.sleep(0)


def handshake(
    base: str, resource: str, protocols: list[str] | None, headers: HeadersInit
) -> tuple[str, Headers]:
    """Return the URL and the headers of the request that opens a WebSocket.

    resource: a path of the Worker whose URL is `base`, or a URL, of ws too.
    """
    parts = urlsplit(urljoin(base, resource))
    url = parts._replace(scheme=_SCHEMES.get(parts.scheme, parts.scheme)).geturl()
    fields = Headers(headers)
    fields.set("upgrade", "websocket")
    if protocols:
        fields.set("sec-websocket-protocol", ", ".join(protocols))
    return url, fields


async def connected(name: str, call: Coroutine[Any, Any, Response]) -> ClientSocket:
    """Return the client of the WebSocket that a call answers with; HandshakeError for another."""
    response = await call
    socket = ClientSocket.of(response)
    if socket is None:
        status = f"{response.status} {response.status_text}".rstrip()
        raise with_notes(
            HandshakeError(f"Worker {name!r} answered {status}, and no WebSocket."),
            "A Worker answers with Response(None, status=101, web_socket=client), where "
            "client, server = WebSocketPair.new().object_values().",
        )
    return socket


WebSocket.make_holder = staticmethod(hold)
