"""Requests as they come from the port: checked, and turned into what a Worker receives."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from workernb.errors import NetworkError, PlatformText, with_notes
from workernb.http import Request
from workernb.http.headers import OF_THE_CONNECTION
from workernb.http.request import receive
from workernb.http.streams import ReadableStream
from workernb.runtime.execution.bodies import send_from_notebook

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

MAX_URL = 16 * 1024
"""The longest URL (characters), as on the platform; 414 beyond."""

MAX_HEADER = 32 * 1024
"""The longest header (characters); 431 beyond, and beyond 128 KiB in all, as on the platform."""

MAX_HEADERS = 128 * 1024
MAX_UPLOAD = 100 * 1024 * 1024
"""The largest body of a request (bytes), as on the platform's free plan; 413 beyond."""

SLOW_S = 30.0
"""How long (s) a client may send nothing of a body that it has announced; 408 then."""

_LEFT_OUT = OF_THE_CONNECTION - {"host", "content-length"} | {"cf-connecting-ip"}
_is_host = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE).fullmatch
_has_scheme = re.compile(r"https?://", re.IGNORECASE).match


class RefusedError(Exception):
    """A request that no Worker receives. status: of the answer; str(): its text."""

    def __init__(self, status: int, text: str) -> None:
        """Refuse a request."""
        super().__init__(text)
        self.status = status


def receive_from_port(incoming: BaseRequest) -> tuple[Request, Upload | None]:
    """Return the request that a Worker receives, and its body if that is still on its way.

    Its URL is made of the Host header and the target, and normalized as the URL standard says, so
    that the route is found by the URL that the Worker sees. Raises RefusedError.
    """
    url = f"http://{_host(incoming)}{_path(incoming)}"
    size = incoming.content_length
    if size is not None and size > MAX_UPLOAD:
        raise RefusedError(413, f"The body has more than {MAX_UPLOAD:,} bytes.")
    try:
        request = receive(url, incoming.method, list(_headers(incoming)))
    except (TypeError, UnicodeError):
        if incoming.method == "CONNECT" or not incoming.method.isalpha():
            raise RefusedError(405, "There is no such method here.") from None
        raise RefusedError(400, "The URL or a header is invalid.") from None
    upload = _add_body(request, incoming)
    return request, upload


def _host(incoming: BaseRequest) -> str:
    """Return the host and the port that the request is for."""
    hosts = incoming.headers.getall("host", ())
    if len(hosts) != 1 or not _is_host(hosts[0]):
        raise RefusedError(400, "A request has one Host header, with a host and maybe a port.")
    return hosts[0]


def _path(incoming: BaseRequest) -> str:
    """Return the target's path and query."""
    target = incoming.raw_path
    if _has_scheme(target):  # As for a proxy. It must not be for another host.
        host, slash, rest = target.partition("://")[2].partition("/")
        if host.lower() != incoming.headers["host"].lower():
            raise RefusedError(400, "The request is for one host, and its Host header for another.")
        return slash + rest
    if not target.startswith("/"):
        raise RefusedError(400, "The request's target is no path.")
    return target


def _headers(incoming: BaseRequest) -> Iterator[tuple[str, str]]:
    size = 0
    for raw_name, raw_value in incoming.raw_headers:
        size += len(raw_name) + len(raw_value)
        name = raw_name.decode("latin-1").lower()
        if name not in _LEFT_OUT:
            yield name, raw_value.decode("utf-8", "replace")
    if size > MAX_HEADERS:
        raise RefusedError(431, f"The headers have more than {MAX_HEADERS:,} characters.")
    yield "cf-connecting-ip", incoming.remote or ""


def _add_body(request: Request, incoming: BaseRequest) -> Upload | None:
    """Give the request its body: whole if it has arrived, which GET may have too."""
    content = incoming.content
    if not incoming.body_exists:
        return None
    if content.is_eof() and content.exception() is None and "expect" not in incoming.headers:
        request._data = request._resent = content.read_nowait() or None
        return None
    upload = Upload(incoming)
    request._data = request._resent = ReadableStream(upload)
    send_from_notebook(request)
    return upload


class Upload:
    """A body that is still on its way. refused: why it could not be read to its end, or None."""

    def __init__(self, incoming: BaseRequest) -> None:
        """Read the body of `incoming`."""
        self.refused: RefusedError | None = None
        self._left = MAX_UPLOAD
        self._incoming = incoming
        self._to_continue = incoming.headers.get("expect", "").lower() == "100-continue"

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return itself."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk; the next one is only taken from the socket when this is read.

        Raises StopAsyncIteration at the end, NetworkError before it.
        """
        if self._to_continue and self._incoming.transport is not None:
            self._to_continue = False
            self._incoming.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            async with asyncio.timeout(SLOW_S):
                chunk = await self._incoming.content.readany()
        except TimeoutError:
            raise self._refuse(408, f"Nothing of the body has come for {SLOW_S:g} s.") from None
        except asyncio.CancelledError:
            raise
        except Exception:
            raise self._refuse(400, "The body is not what its headers say.") from None
        if not chunk:
            raise StopAsyncIteration
        self._left -= len(chunk)
        if self._left < 0:
            raise self._refuse(413, f"The body has more than {MAX_UPLOAD:,} bytes.")
        return chunk

    def _refuse(self, status: int, text: str) -> NetworkError:
        self.refused = RefusedError(status, text)
        return with_notes(NetworkError(PlatformText.CONNECTION_LOST), text)
