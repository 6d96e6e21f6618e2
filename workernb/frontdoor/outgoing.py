"""Responses as they go to the port. Imports aiohttp."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp.web import BaseRequest

from workernb.http import Response
from workernb.http.headers import OF_THE_CONNECTION, pairs
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Chunks

SLOW_S = 60.0
"""How long (s) a client may leave a part of the response untaken, until the connection is cut."""

_WITHOUT_BODY = frozenset({204, 304})
PART = 64 * 1024
"""How much of a body (bytes) is written at once; a smaller one does not wait for the client."""


class Sent:
    """What aiohttp gets for a response that is sent already. keep_alive: for the connection."""

    __slots__ = ("keep_alive",)

    def __init__(self, keep_alive: bool) -> None:
        """Let the connection be used again, or be closed."""
        self.keep_alive = keep_alive

    async def prepare(self, request: BaseRequest) -> None:
        """Do nothing: the headers are sent."""

    async def write_eof(self) -> None:
        """Do nothing: the body is sent."""


KEPT, CLOSED = Sent(True), Sent(False)


async def send(incoming: BaseRequest, response: Response, keep_alive: bool = True) -> Sent:
    """Send a response, whose body is moved; a stream chunk by chunk, as the client takes them.

    A client that is gone, or takes nothing for a minute, ends the stream's producer. keep_alive:
    whether the connection may be used again. A body that its producer fails to finish ends with
    the connection, so that the client does not take it for whole.
    """
    keep_alive = keep_alive and incoming.keep_alive
    try:
        if isinstance(response._data, ReadableStream):
            keep_alive = keep_alive and incoming.version >= (1, 1)
            await _send_stream(incoming, response, response._data._take(), keep_alive)
        else:
            await _send_whole(incoming, response, keep_alive)
    except BaseException as error:
        _abort(incoming)
        if isinstance(error, asyncio.CancelledError | GeneratorExit) and _is_canceled():
            raise
        # The client's, or the producer's, of any class, which the trace's log has.
        return CLOSED
    return KEPT if keep_alive else CLOSED


async def _send_whole(incoming: BaseRequest, response: Response, keep_alive: bool) -> None:
    data: bytes = await response.bytes()
    if response.status in _WITHOUT_BODY:
        _write(incoming, _head(incoming, response, keep_alive, ""))
        return
    size = str(len(data))
    if incoming.method == "HEAD":
        given = response._fields.get("content-length", "")
        size, data = given if given.isdecimal() else size, b""
    head = _head(incoming, response, keep_alive, f"Content-Length: {size}\r\n")
    if len(data) <= PART:
        _write(incoming, head + data)
        return
    _write(incoming, head)
    parts = memoryview(data)
    for begin in range(0, len(data), PART):
        async with asyncio.timeout(SLOW_S):
            await incoming.writer.write(parts[begin : begin + PART])


async def _send_stream(
    incoming: BaseRequest, response: Response, chunks: Chunks, keep_alive: bool
) -> None:
    writer = incoming.writer
    try:
        if incoming.method == "HEAD" or response.status in _WITHOUT_BODY:
            _write(incoming, _head(incoming, response, keep_alive, ""))
            return
        coding = ""
        if incoming.version >= (1, 1):
            coding = "Transfer-Encoding: chunked\r\n"
            writer.enable_chunking()
        _write(incoming, _head(incoming, response, keep_alive, coding))
        async for chunk in chunks:
            if chunk:  # An empty one would end the body.
                async with asyncio.timeout(SLOW_S):
                    await writer.write(chunk)
        async with asyncio.timeout(SLOW_S):
            await writer.write_eof()
    finally:
        await chunks.aclose()


def _head(incoming: BaseRequest, response: Response, keep_alive: bool, more: str) -> bytes:
    """Return status line and headers. Names and values were checked when they were set.

    more: the header that says how long the body is, with its line end.
    """
    lines = [f"HTTP/1.1 {response.status} {response.status_text}\r\n"]
    lines += [f"{n}: {v}\r\n" for n, v in pairs(response._fields) if n not in OF_THE_CONNECTION]
    if "date" not in response._fields:
        lines.append(_date(int(time.time())))
    if not keep_alive:
        lines.append("Connection: close\r\n")
    elif incoming.version < (1, 1):
        lines.append("Connection: keep-alive\r\n")
    return "".join([*lines, more, "\r\n"]).encode("utf-8", "replace")


def _write(incoming: BaseRequest, data: bytes) -> None:
    if incoming.transport is None:
        raise ConnectionResetError("The client is gone.")
    incoming.transport.write(data)


@lru_cache(1)
def _date(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}\r\n"


def _is_canceled() -> bool:
    """Return whether the running task is being canceled, as when the client has gone away."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _abort(incoming: BaseRequest) -> None:
    if incoming.transport is not None:
        incoming.transport.abort()
