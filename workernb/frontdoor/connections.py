"""Connections: aiohttp's server, with answers of our own to what is no request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp.http_exceptions import LineTooLong
from aiohttp.web import BaseRequest, RequestHandler, Response, Server, StreamResponse

from .incoming import MAX_HEADER, MAX_URL
from .outgoing import Sent

IDLE_S = 60.0
"""How long (s) a connection may be idle, and how long headers may take to arrive."""

LINGER_S = 2.0
"""How long (s) what is left of a body is read and dropped, so that the answer arrives."""

MAX_FIELDS = 256


class Connection(RequestHandler):
    """A connection to a client."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Return the answer to what cannot be parsed; the connection is closed after it."""
        text = "This is no HTTP request."
        if isinstance(exc, LineTooLong):
            in_url = MAX_URL in exc.args  # Of its arguments, one is the limit.
            status = 414 if in_url else 431
            text = "The URL is too long." if in_url else "A header is too long."
        elif "too many headers" in str(message).lower():
            status, text = 431, "There are too many headers."
        response = Response(status=status, text=f"{text}\n", headers={"Server": "workernb"})
        response.force_close()
        return response


class _Server(Server):
    def __call__(self) -> RequestHandler:
        """Return the protocol of a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)


def make_server(handle: Callable[[BaseRequest], Awaitable[Sent]]) -> Any:
    """Return a server: a factory of the protocols of connections.

    A client that goes away cancels the task that handles its request.
    """
    return _Server(
        handle,  # type: ignore[arg-type]
        handler_cancellation=True,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=IDLE_S,
        lingering_time=LINGER_S,
        max_line_size=MAX_URL,
        max_field_size=MAX_HEADER,
        max_headers=MAX_FIELDS,
    )
