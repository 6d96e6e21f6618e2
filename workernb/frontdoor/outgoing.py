"""Responses as they go to the port. Imports aiohttp."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp.abc import AbstractStreamWriter
from aiohttp.web import BaseRequest
from multidict import CIMultiDict

from workernb.http import Response
from workernb.http.headers import OF_THE_CONNECTION, pairs
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Chunks

SLOW_S = 60.0
"""How long (s) a client may leave a part of the response untaken, until the connection is cut."""

_WITHOUT_BODY = frozenset({204, 304})
_SMALL = 64 * 1024
"""A body (bytes) that never waits for the client."""


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
    writer = incoming.writer
    headers = _headers(incoming, response, keep_alive)
    empty = response.status in _WITHOUT_BODY
    if empty:
        data = b""
    elif incoming.method != "HEAD":
        headers["Content-Length"] = str(len(data))
    else:
        headers["Content-Length"] = response._fields.get("content-length") or str(len(data))
        data = b""
    writer.length = len(data)
    await writer.write_headers(_status_line(response), headers)
    if len(data) <= _SMALL:
        await writer.write_eof(data)
        return
    async with asyncio.timeout(SLOW_S):
        await writer.write(data)
        await writer.write_eof()


async def _send_stream(
    incoming: BaseRequest, response: Response, chunks: Chunks, keep_alive: bool
) -> None:
    writer = incoming.writer
    headers = _headers(incoming, response, keep_alive)
    try:
        if incoming.method == "HEAD" or response.status in _WITHOUT_BODY:
            await writer.write_headers(_status_line(response), headers)
            await writer.write_eof()
            return
        if incoming.version >= (1, 1):
            headers["Transfer-Encoding"] = "chunked"
            writer.enable_chunking()
        await writer.write_headers(_status_line(response), headers)
        writer.send_headers()
        await _write_chunks(writer, chunks)
    finally:
        await chunks.aclose()


async def _write_chunks(writer: AbstractStreamWriter, chunks: Chunks) -> None:
    async for chunk in chunks:
        if chunk:  # An empty one would end the body.
            async with asyncio.timeout(SLOW_S):
                await writer.write(chunk)
    async with asyncio.timeout(SLOW_S):
        await writer.write_eof()


def _headers(incoming: BaseRequest, response: Response, keep_alive: bool) -> CIMultiDict[str]:
    headers = CIMultiDict(
        [(n, v) for n, v in pairs(response._fields) if n not in OF_THE_CONNECTION]
    )
    if "date" not in response._fields:
        headers["Date"] = _date(int(time.time()))
    if not keep_alive:
        headers["Connection"] = "close"
    elif incoming.version < (1, 1):
        headers["Connection"] = "keep-alive"
    return headers


@lru_cache(1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _status_line(response: Response) -> str:
    return f"HTTP/1.1 {response.status} {response.status_text}"


def _is_canceled() -> bool:
    """Return whether the running task is being canceled, as when the client has gone away."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _abort(incoming: BaseRequest) -> None:
    if incoming.transport is not None:
        incoming.transport.abort()
