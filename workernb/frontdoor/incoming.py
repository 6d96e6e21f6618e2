"""Requests as they come from the port: checked, and turned into what a Worker receives."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from workernb.errors import NetworkError, with_notes
from workernb.http import Request
from workernb.http.headers import OF_THE_CONNECTION, Fields
from workernb.http.request import receive
from workernb.http.streams import ReadableStream
from workernb.runtime.execution.bodies import send_from_notebook
from workernb.texts import PlatformText

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

MAX_URL = 16 * 1024
"""The longest URL (characters), as on the platform; 414 beyond."""

MAX_HEADER = 32 * 1024
"""The longest header (characters); 431 beyond, and beyond 128 KiB in all, as on the platform."""

MAX_HEADERS = 128 * 1024
MAX_UPLOAD = 100 * 1024 * 1024
"""The largest body of a request (bytes), as on the platform's free plan; 413 beyond."""

MAX_NAMES = 1_000
"""How many names of headers are remembered."""

SLOW_S = 30.0
"""How long (s) a client may send nothing of a body that it has announced; 408 then."""

_LEFT_OUT = OF_THE_CONNECTION - {"host", "content-length"} | {"cf-connecting-ip"}
_is_host = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE).fullmatch
_names: dict[bytes, str] = {}
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
    fields, hosts = _fields(incoming)
    if len(hosts) != 1 or not _is_host(hosts[0]):
        raise RefusedError(400, "A request has one Host header, with a host and maybe a port.")
    url = f"http://{hosts[0]}{_path(incoming, hosts[0])}"
    if "content-length" in fields and int(fields["content-length"]) > MAX_UPLOAD:
        raise RefusedError(413, f"The body has more than {MAX_UPLOAD:,} bytes.")
    try:
        request = receive(url, incoming.method)
    except (TypeError, UnicodeError):
        raise RefusedError(400, "The URL is invalid, or the method unknown.") from None
    request._fields = fields
    return request, _add_body(request, incoming)


def _fields(incoming: BaseRequest) -> tuple[Fields, list[str]]:
    """Return the headers that the Worker sees, and the values of Host.

    The parser has checked names and values already.
    """
    fields: Fields = {}
    hosts: list[str] = []
    size = 0
    for raw_name, raw_value in incoming.raw_headers:
        size += len(raw_name) + len(raw_value)
        name = _names.get(raw_name) or _lower_name(raw_name)
        if name in _LEFT_OUT:
            continue
        value = raw_value.decode("utf-8", "replace")
        if name == "host":
            hosts.append(value)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    if size > MAX_HEADERS:
        raise RefusedError(431, f"The headers have more than {MAX_HEADERS:,} characters.")
    fields["cf-connecting-ip"] = incoming.remote or ""
    if wants_socket(incoming):
        fields["upgrade"] = "websocket"
    return fields, hosts


def wants_socket(incoming: BaseRequest) -> bool:
    """Return whether a request asks for a WebSocket."""
    return bool(incoming._message.upgrade) and (
        incoming.headers.get("upgrade", "").lower() == "websocket"
    )


def _lower_name(raw: bytes) -> str:
    """Return a header's name in lower case, and remember it, as names recur."""
    if len(_names) >= MAX_NAMES:
        _names.clear()
    name = _names[raw] = raw.decode("latin-1").lower()
    return name


def _path(incoming: BaseRequest, host: str) -> str:
    """Return the target's path and query."""
    target = incoming.raw_path
    if _has_scheme(target):  # As for a proxy. It must not be for another host.
        other, slash, rest = target.partition("://")[2].partition("/")
        if other.lower() != host.lower():
            raise RefusedError(400, "The request is for one host, and its Host header for another.")
        return slash + rest
    if not target.startswith("/"):
        raise RefusedError(400, "The request's target is no path.")
    return target


def _add_body(request: Request, incoming: BaseRequest) -> Upload | None:
    """Give the request its body: whole if it has arrived, which GET may have too."""
    content = incoming.content
    if not incoming.body_exists:
        return None
    if content.is_eof() and content.exception() is None:
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
