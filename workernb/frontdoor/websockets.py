"""WebSockets at the port: between a client's connection and the end that a Worker answered with.

aiohttp speaks the protocol (RFC 6455). Imports aiohttp.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib

from aiohttp import WSMsgType
from aiohttp.web import BaseRequest, WebSocketResponse

from workernb.http import Response
from workernb.http.headers import OF_THE_CONNECTION, pairs
from workernb.http.websockets.events import ABNORMAL, NO_STATUS
from workernb.http.websockets.socket import MAX_MESSAGE
from workernb.runtime.execution.clients import ClientSocket

from .outgoing import CLOSED, SLOW_S, Sent

HEARTBEAT_S = 30.0
"""How often (s) a client is pinged; one that does not answer in half of it is gone."""

CLOSE_S = 5.0
"""How long (s) a client may take to answer a close."""

_OF_THE_HANDSHAKE = OF_THE_CONNECTION | {
    "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol",
}  # fmt: skip


def refusal_of(incoming: BaseRequest) -> str | None:
    """Return why a request for a WebSocket is no valid handshake; None if it is one."""
    headers = incoming.headers
    if incoming.method != "GET" or incoming.version < (1, 1):
        return "A WebSocket is asked for with GET, and HTTP/1.1."
    if "upgrade" not in headers.get("connection", "").lower():
        return "The request's Connection header must be Upgrade."
    if headers.get("sec-websocket-version") != "13":
        return "The version of a WebSocket is 13."
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    return None if len(key) == 16 else "The request has no valid Sec-WebSocket-Key."


async def serve_socket(incoming: BaseRequest, response: Response) -> Sent:
    """Pass messages on between a client and the Worker's end, until one of them closes.

    A client that is gone, or takes nothing for a minute, ends the connection for the Worker.
    """
    end = ClientSocket.of(response)
    assert end is not None
    web_socket = _handshake(response, end.protocol)
    sender: asyncio.Task[None] | None = None
    try:
        await web_socket.prepare(incoming)
        relay = _Relay(web_socket, end)
        sender = asyncio.create_task(relay.send_all())
        await relay.receive_all()
        await asyncio.wait([sender], timeout=CLOSE_S)  # What was sent before the end.
    except (ConnectionError, TimeoutError):
        pass  # The client's.
    finally:
        if sender is not None:
            sender.cancel()
        end._disconnect()
        if incoming.transport is not None and end.close_code == ABNORMAL:
            incoming.transport.abort()
    return CLOSED


def _handshake(response: Response, protocol: str) -> WebSocketResponse:
    """Return the answer to the handshake, with the Worker's own headers."""
    web_socket = WebSocketResponse(
        protocols=[protocol] if protocol else [],
        max_msg_size=MAX_MESSAGE,
        heartbeat=HEARTBEAT_S,
        timeout=CLOSE_S,
        compress=False,
        autoclose=False,  # The Worker's end answers, with the client's code.
    )
    for name, value in pairs(response._fields):
        if name not in _OF_THE_HANDSHAKE:
            web_socket.headers.add(name, value)
    return web_socket


class _Relay:
    """What goes from one to the other, in both directions."""

    def __init__(self, web_socket: WebSocketResponse, end: ClientSocket) -> None:
        self._web_socket = web_socket
        self._end = end
        self._client_closed = asyncio.Event()

    async def receive_all(self) -> None:
        """Pass on what the client sends, until it closes or is gone.

        A Worker that is behind is waited for, so its client is held up.
        """
        end, web_socket = self._end, self._web_socket
        while True:
            await end._out.drain()
            message = await web_socket.receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                if not end._closed_here:
                    end.send(message.data)
                continue
            self._client_closed.set()
            code = web_socket.close_code
            if message.type == WSMsgType.CLOSE:
                end._close(message.data or NO_STATUS, message.extra or "")
            elif code is not None and code != ABNORMAL:
                end._close(code, "")
            return

    async def send_all(self) -> None:
        """Pass on what the Worker sends, and its close, or its answer to the client's."""
        end, web_socket = self._end, self._web_socket
        with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
            while (event := await end._next()) is not None:
                body = event.body
                async with asyncio.timeout(SLOW_S):
                    if isinstance(body, str):
                        await web_socket.send_str(body)
                    else:
                        await web_socket.send_bytes(body)
            if await self._send_close():
                return
        end._disconnect()
        if web_socket._req is not None and web_socket._req.transport is not None:
            web_socket._req.transport.abort()

    async def _send_close(self) -> bool:
        """Close the connection to the client as the Worker's end is closed; False if that is lost.

        A client that does not answer in time is gone.
        """
        closed = self._end._end
        if closed is None or closed.code == ABNORMAL:
            return False
        if closed.code != NO_STATUS:
            await self._web_socket.close(code=closed.code, message=closed.reason.encode())
            return True
        await self._web_socket.send_frame(b"", WSMsgType.CLOSE)
        async with asyncio.timeout(CLOSE_S):
            await self._client_closed.wait()
        return True
