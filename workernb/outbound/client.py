"""The HTTP client behind the Workers' `fetch`: aiohttp's, with what the platform does with it.

It adds no headers, follows no redirects, keeps no cookies, and decodes a body of Content-Encoding
gzip, whose header stays. aiohttp is imported at the first fetch.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import ada_url

from workernb.errors import NetworkError, PlatformText, with_notes
from workernb.http.headers import OF_THE_CONNECTION, pairs
from workernb.http.request import Request
from workernb.http.response import Response, received_response

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

CONNECT_TIMEOUT_S = 30.0
"""How long (s) connecting to a host may take."""

KEPT_S = 15.0
"""How long (s) connections are kept that nothing uses."""

MAX_BODY = 128 * 1024 * 1024
"""The largest body (bytes) that is read at once: what the platform gives an isolate."""

MAX_CHUNK = 64 * 1024
"""The largest chunk (bytes) that is decompressed at once."""

MAX_HEADERS = 128 * 1024
"""The largest header (bytes) of a response, as on the platform."""


class Internet:
    """The real network, as an outbound service. Called with a Request, it returns a Response."""

    def __init__(self) -> None:
        """Begin without connections."""
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()

    async def __call__(self, request: Request) -> Response:
        """Send a request, and return the response to it; NetworkError when there is none."""
        import aiohttp

        if "upgrade" in request._fields:
            raise with_notes(
                NetworkError(PlatformText.CONNECTION_LOST),
                "A WebSocket to another server is not supported yet.",
            )
        loop = asyncio.get_running_loop()
        pool = self._pools.setdefault(loop, Pool())
        try:
            async with pool.session() as session:
                return await _exchange(session, request)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError, TypeError) as error:
            if isinstance(error, NetworkError):
                raise
            raise _network_error(request, error) from None

    def close(self) -> None:
        """Close all connections, at the next iteration of each loop."""
        for loop, pool in self._pools.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(pool.close)

    def __repr__(self) -> str:
        return "<the internet>"


class Pool:
    """The connections of one event loop, which a task closes when nothing uses them."""

    def __init__(self) -> None:
        """Begin without a session."""
        self._ready: asyncio.Future[ClientSession] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._uses = 0
        self._used = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[ClientSession]:
        """Return the session for one exchange."""
        loop = asyncio.get_running_loop()
        if self._keeper is None or self._keeper.done():
            self._ready = loop.create_future()
            self._keeper = loop.create_task(self._keep(self._ready))
        assert self._ready is not None
        self._uses += 1
        try:
            yield await asyncio.shield(self._ready)
        finally:
            self._uses -= 1
            self._used = True

    def close(self) -> None:
        """Close the connections; the next exchange makes new ones."""
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None

    async def _keep(self, ready: asyncio.Future[ClientSession]) -> None:
        """Keep a session until it is unused, or until the loop ends and cancels its tasks."""
        import aiohttp

        async with aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Six connections at once are each request's limit, not this client's.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S),
            max_field_size=MAX_HEADERS,
            max_line_size=MAX_HEADERS,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        ) as session:
            ready.set_result(session)
            while self._uses or self._used:
                self._used = False
                await asyncio.sleep(KEPT_S)
            self._keeper = None


async def _exchange(session: ClientSession, request: Request) -> Response:
    from yarl import URL

    async with session.request(
        request.method.value,
        # As it is: yarl would write it otherwise than the URL standard does.
        URL(_without_credentials(request._url), encoded=True),
        headers=[
            (name, value) for name, value in pairs(request._fields) if name not in OF_THE_CONNECTION
        ],
        data=await request.bytes() or None,
        allow_redirects=False,
    ) as answer:
        headers = [(_text(name), _text(value)) for name, value in answer.raw_headers]
        body = b"".join([chunk async for chunk in _decoded(_limited(answer), answer)])
        return received_response(
            request._url, answer.status, answer.reason or "", headers, body or None
        )


async def _limited(answer: ClientResponse) -> AsyncIterator[bytes]:
    """Yield the chunks of an answer's body as it comes."""
    async for chunk in answer.content.iter_any():
        yield chunk


async def _decoded(chunks: AsyncIterator[bytes], answer: ClientResponse) -> AsyncIterator[bytes]:
    """Yield the chunks of a body, decompressed if its Content-Encoding is gzip."""
    size = 0
    gzip = answer.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip")
    async for chunk in _gunzipped(chunks) if gzip else chunks:
        size += len(chunk)
        if size > MAX_BODY:
            raise with_notes(
                NetworkError(PlatformText.MEMORY_BEFORE_EOF),
                f"The answer of {answer.host} has more than {MAX_BODY:,} bytes.",
            )
        yield chunk


async def _gunzipped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what gzip members contain, MAX_CHUNK bytes at most at once; NetworkError if broken."""
    decoder: Any = None
    try:
        async for chunk in chunks:
            data, more = chunk, False
            while data or more:
                if decoder is None or decoder.eof:
                    decoder = zlib.decompressobj(wbits=31)
                yield (part := decoder.decompress(data, MAX_CHUNK))
                data = decoder.unconsumed_tail or decoder.unused_data
                more = len(part) == MAX_CHUNK and not decoder.eof
    except zlib.error as error:
        raise with_notes(NetworkError(PlatformText.GZIP_FAILED), f"{error}.") from None
    if decoder is not None and not decoder.eof:
        raise with_notes(NetworkError(PlatformText.GZIP_FAILED), "The body ends in its middle.")


def _without_credentials(url: str) -> str:
    """Return a URL without user name and password, which the platform does not send either."""
    if "@" not in url:
        return url
    parsed = ada_url.URL(url)
    parsed.username = parsed.password = ""
    return parsed.href


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _network_error(request: Request, error: Exception) -> NetworkError:
    """Return the platform's error for one of aiohttp's, with a note that says what happened."""
    import aiohttp

    parts = urlsplit(request._url)
    host, server = parts.hostname or "", parts.netloc.rpartition("@")[2]
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _internal_error(
            f"There is no host {host!r}: its name cannot be resolved ({_reason(error)}). "
            "Without a network, %outbound --to WORKER lets a Worker answer."
        )
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return _internal_error(f"TLS with {server} failed: {_reason(error)}.")
    lost = NetworkError(PlatformText.CONNECTION_LOST)
    if isinstance(error, aiohttp.ClientConnectorError):
        return with_notes(lost, f"Nothing answers at {server}: {_reason(error)}.")
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return with_notes(lost, f"Connecting to {server} took longer than {CONNECT_TIMEOUT_S:g} s.")
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return with_notes(lost, f"{server} closed the connection before its answer was complete.")
    if isinstance(error, aiohttp.ClientResponseError):
        return with_notes(lost, f"The answer of {server} is not HTTP.")
    return with_notes(lost, f"{server}: {type(error).__name__}: {error}.")


def _internal_error(note: str) -> NetworkError:
    text = PlatformText.INTERNAL_REFERENCE.format(reference=secrets.token_hex(12))
    return with_notes(NetworkError(text), note)


def _reason(error: Any) -> str:
    """Return what the operating system, or the TLS library, says of a failed connection."""
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    number = getattr(cause, "errno", None) or 0
    if isinstance(cause, ConnectionError | TimeoutError) and number in errno.errorcode:
        return os.strerror(number)
    return getattr(cause, "strerror", None) or str(cause)
