"""The HTTP client behind the Workers' `fetch`: aiohttp's, with what the platform does with it.

It adds no headers, follows no redirects, keeps no cookies, and decodes a body of Content-Encoding
gzip, whose header stays. Bodies are streamed both ways. aiohttp is imported at the first fetch.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import ada_url

from workernb.errors import NetworkError, with_notes
from workernb.http.headers import OF_THE_CONNECTION, pairs
from workernb.http.request import Request
from workernb.http.response import Response, received_response
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Chunks
from workernb.texts import PlatformText

from .failures import network_error
from .gunzip import Gunzipped
from .pool import Lease, Pool

if TYPE_CHECKING:
    from aiohttp import ClientResponse


class Internet:
    """The real network, as an outbound service. Called with a Request, it returns a Response."""

    def __init__(self) -> None:
        """Begin without connections."""
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()

    async def __call__(self, request: Request) -> Response:
        """Send a request, and return the response to it, whose body may still be on its way.

        Raises NetworkError when there is none, and what the producer of the request's body raises.
        """
        if "upgrade" in request._fields:
            raise with_notes(
                NetworkError(PlatformText.CONNECTION_LOST),
                "A WebSocket to another server is not supported yet.",
            )
        pool = self._pools.setdefault(asyncio.get_running_loop(), Pool())
        lease = await pool.lease()
        try:
            return await _exchange(lease, request)
        except BaseException:
            lease.end()
            raise

    def close(self) -> None:
        """Close all connections, at the next iteration of each loop."""
        for loop, pool in self._pools.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(pool.close)

    def __repr__(self) -> str:
        return "<the internet>"


async def _exchange(lease: Lease, request: Request) -> Response:
    from yarl import URL

    url, body = request._url, request._move()
    upload = Upload(body._take()) if isinstance(body, ReadableStream) else None
    try:
        answer = await lease.session.request(
            request.method.value,
            # As it is: yarl would write it otherwise than the URL standard does.
            URL(_without_credentials(url), encoded=True),
            headers=[(n, v) for n, v in pairs(request._fields) if n not in OF_THE_CONNECTION],
            data=(body or None) if upload is None else upload,
            allow_redirects=False,
        )
    except Exception as error:
        if upload is not None and upload.failure is not None:
            raise upload.failure from None
        raise network_error(url, error) from None
    headers = [(_text(name), _text(value)) for name, value in answer.raw_headers]
    try:
        received = received_response(url, answer.status, answer.reason or "", headers)
    except TypeError as error:
        answer.close()
        raise network_error(url, error) from None
    received._data = _body(answer, url, lease) if received._may_have_body else None
    if not isinstance(received._data, ReadableStream):
        answer.release()
        lease.end()
    return received


def _body(answer: ClientResponse, url: str, lease: Lease) -> bytes | ReadableStream | None:
    """Return the body of an answer: whole if it has arrived already."""
    encoding = answer.headers.get("content-encoding", "").strip().lower()
    content = answer.content
    if encoding in ("gzip", "x-gzip"):
        return ReadableStream(Download(Gunzipped(content.iter_any()), answer, url, lease))
    if content.is_eof() and content.exception() is None:
        return content.read_nowait() or None
    return ReadableStream(Download(content.iter_any(), answer, url, lease))


class Upload:
    """A body on its way to a server. failure: what its producer has raised, or None."""

    def __init__(self, chunks: Chunks) -> None:
        """Send `chunks`."""
        self._chunks = chunks
        self.failure: BaseException | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the chunks that are not empty; an empty one would end the body."""
        try:
            async for chunk in self._chunks:
                if chunk:
                    yield chunk
        except Exception as error:
            self.failure = error
            raise


class Download(Chunks):
    """The chunks of an answer's body, which may still be on its way."""

    __slots__ = ("_answer", "_lease", "_url")

    def __init__(
        self, iterator: AsyncIterator[bytes], answer: ClientResponse, url: str, lease: Lease
    ) -> None:
        """Read `iterator`; then let the connection be used again."""
        super().__init__(iterator)
        self._answer = answer
        self._url = url
        self._lease = lease

    async def __anext__(self) -> bytes:
        """Return the next chunk; raise StopAsyncIteration at the end, NetworkError before it."""
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self._answer.release()
            self._lease.end()
            raise
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._close()
            raise network_error(self._url, error) from None

    async def aclose(self) -> None:
        """Close the connection, if there is more to come."""
        self._close()

    def _close(self) -> None:
        self._answer.close()
        self._lease.end()


def _without_credentials(url: str) -> str:
    """Return a URL without user name and password, which the platform does not send either."""
    if "@" not in url:
        return url
    parsed: Any = ada_url.URL(url)
    parsed.username = parsed.password = ""
    return str(parsed.href)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
