"""Response, as in the Fetch standard and the platform's Python SDK.

https://developers.cloudflare.com/workers/runtime-apis/response/
"""

from __future__ import annotations

import json as jsonlib
import re
from http import HTTPStatus
from os import PathLike
from typing import TYPE_CHECKING, Any

import ada_url

from workernb.errors import BodyUsedError, with_notes
from workernb.texts import PlatformText

from .abort import AbortController
from .body import BodyInit, Message, Unread, make_data
from .headers import NO_FIELDS, TEXT_FIELDS, Fields, Headers, HeadersInit, make_fields
from .lazy import load
from .streams import ReadableStream
from .streams.abortable import AbortableChunks
from .streams.chunks import EMPTY

if TYPE_CHECKING:
    from .websockets import WebSocket

_NULL_BODY = frozenset({101, 204, 205, 304})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_is_reason = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*").fullmatch
_new = object.__new__


class Response(Message):
    """A response: a status, headers and a body that can be read once."""

    __slots__ = ("_socket", "_status", "_status_text", "_trace", "_url")

    _socket: WebSocket  # Of a response with the status 101 only, which has one.

    _used_text = PlatformText.BODY_USED_RESPONSE

    def __init__(
        self,
        body: Response | BodyInit = None,
        status: HTTPStatus | int | None = None,
        status_text: str = "",
        headers: HeadersInit = None,
        web_socket: WebSocket | None = None,
    ) -> None:
        """Make a response, or move another response, with its body, into this one.

        web_socket: the end of a WebSocketPair that the caller gets, with the status 101. Raises
        ValueError for a status outside 200 to 599, or for a response given with options;
        TypeError for a body with a status that allows none, an invalid header or status text, or
        a body of an unsupported type; BodyUsedError for a response whose body was used.
        """
        content_type: Fields | None = TEXT_FIELDS
        if body is None:
            content_type = None
        elif body.__class__ is not str:
            if isinstance(body, Response):
                if status is not None or status_text or headers is not None or web_socket:
                    raise ValueError(PlatformText.RESPONSE_OPTIONS)
                self._move_from(body)
                return
            body, content_type = make_data(body, "Response")
        if web_socket is not None:
            self._socket = _checked_socket(web_socket, status)
            if body:
                raise TypeError(PlatformText.NULL_BODY_STATUS)
            self._status, body, content_type = 101, None, None
        elif status is None or status == 200:
            self._status = 200
        else:
            self._status = _checked_status(status, body)
            if self._status in _NULL_BODY:
                body = content_type = None  # An empty body is accepted, as on the platform.
        self._data = body
        self._status_text = _checked_reason(status_text) if status_text else ""
        if headers is None:
            self._fields = NO_FIELDS if content_type is None else content_type
        else:
            fields = make_fields(headers)
            if content_type is not None and "content-type" not in fields:
                fields.update(content_type)
            self._fields = fields
        self._headers = None
        self._received = False
        self._url = ""

    def _move_from(self, other: Response) -> None:
        self._data = other._move()
        self._status = other._status
        self._status_text = other._status_text
        self._fields = other._current_fields()
        self._headers = None
        self._received = False
        self._url = other._url
        if other._status == 101:
            self._socket = other._socket

    @staticmethod
    def redirect(url: str, status: HTTPStatus | int = HTTPStatus.FOUND) -> Response:
        """Return a redirect to `url`, with immutable headers.

        Raises ValueError for a status that is not a redirect, TypeError for an invalid URL.
        """
        code = int(status)
        if code not in REDIRECTS:
            raise ValueError(PlatformText.NOT_A_REDIRECT.format(status=code))
        try:
            location = ada_url.URL(url).href
        except ValueError:
            raise TypeError(PlatformText.UNABLE_TO_PARSE.format(url=url)) from None
        response = Response(None, code, headers={"location": location})
        response._received = True
        return response

    @staticmethod
    def error() -> Response:
        """Return a response of the type `error`, with the status 0, which no handler may return."""
        response = object.__new__(ErrorResponse)
        Response.__init__(response)
        response._status = 0
        response._received = True
        return response

    @staticmethod
    def from_json(
        data: Any,
        status: HTTPStatus | int = HTTPStatus.OK,
        status_text: str = "",
        headers: HeadersInit = None,
    ) -> Response:
        """Return a response with `data` as JSON; its content-type can be set by `headers`."""
        fields = Headers(headers)
        if not fields.has("content-type"):
            fields.set("content-type", "application/json")
        return Response(jsonlib.dumps(data), status, status_text, fields)

    def json(self, *args: Any, **kwargs: Any) -> Any:
        """Return the body parsed as JSON; on the class, `Response.json(data)` is `from_json`."""
        if isinstance(self, Response):
            return Message.json(self, *args, **kwargs)
        return Response.from_json(self, *args, **kwargs)

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def status_text(self) -> str:
        """The status text that was given, or else the usual one for the status."""
        return self._status_text or phrase(self._status)

    statusText = status_text

    @property
    def _may_have_body(self) -> bool:
        """Whether a response of this status may have a body."""
        return self._status not in _NULL_BODY

    @property
    def ok(self) -> bool:
        """Whether the status is in the range 200 to 299."""
        return 200 <= self._status <= 299

    @property
    def url(self) -> str:
        """The URL of the request, for a received response; empty for one that was made."""
        return self._url

    @property
    def redirected(self) -> bool:
        """Whether a redirect was followed to this response."""
        return isinstance(self._url, RedirectedUrl)

    @property
    def web_socket(self) -> WebSocket | None:
        """The end of a connection that comes with the response, to be accepted; or None."""
        return self._socket if self._status == 101 else None

    webSocket = web_socket

    @property
    def type(self) -> str:
        """The response's type: `default`, or `error` for that of `Response.error()`."""
        return "default"

    async def string(self) -> str:
        """Return the body as text; an old name for `text`."""
        return await self.text()

    async def memoryview(self) -> memoryview:
        """Return the body as a memoryview; the SDK's name for `buffer`."""
        return await self.buffer()

    def raise_for_status(self) -> None:
        """Raise OSError when the status is 400 or more."""
        if 400 <= self._status < 600:
            side = "Client" if self._status < 500 else "Server"
            raise OSError(f"{self._status} {side} Error: {self.status_text} for url: {self._url}")

    def abort(self, reason: object = None) -> None:
        """End the response: reading its body raises `reason`, by default an AbortError.

        A body that is text or bytes has arrived, and is ended too.
        """
        controller = AbortController()
        controller.abort(reason)
        chunks = self._data._take() if isinstance(self._data, ReadableStream) else EMPTY
        chunks.discard()
        self._data = ReadableStream(AbortableChunks(EMPTY, controller.signal))

    async def unpack_archive(
        self, *, extract_dir: str | PathLike[str] | None = None, format: str | None = None
    ) -> None:
        """Unpack the body, an archive, into a folder; the kernel's own one by default.

        format: such as `zip` or `gztar`, as in `shutil.unpack_archive`; by default that of the
        Content-Type, or of the URL. An archive's members stay within the folder. Raises
        shutil.ReadError for a body that is no such archive, ValueError for an unknown format.
        """
        unpack = load("workernb.http.archives").unpack
        name = self._url.partition("?")[0]
        kind = format or self._current_fields().get("content-type", "")
        unpack(await self.bytes(), extract_dir or ".", kind, name)

    def replace_body(self, body: BodyInit) -> Response:
        """Return a copy of the response with another body."""
        return Response(body, self._status, self._status_text, self.headers)

    def _copy(self) -> Response:
        if self._status == 101:
            raise TypeError(PlatformText.SOCKET_CLONE)
        copy = _new(ErrorResponse if self.type == "error" else Response)
        copy._status = self._status
        copy._status_text = self._status_text
        copy._fields = self._current_fields()
        copy._headers = None
        copy._received = self._received
        copy._url = self._url
        return copy

    def _moved_error(self) -> Exception:
        return with_notes(
            BodyUsedError(PlatformText.BODY_USED),
            "The response's body was read, or it was returned before. Make a Response for each "
            "request, or return response.clone().",
        )

    def _send(self, url: str) -> Response:
        """Return the response that the caller of `url` receives; the body moves into it."""
        received = _new(Response)
        received._data = None if self._data is None else self._move()
        received._status = self._status
        received._status_text = self._status_text
        received._fields = self._fields if self._headers is None else self._current_fields()
        received._headers = None
        received._received = True
        received._url = url
        if self._status == 101:
            received._socket = self._socket
        return received

    def __repr__(self) -> str:
        parts = [f"status={self._status}", f"status_text={self.status_text!r}"]
        content_type = self._current_fields().get("content-type")
        if content_type:
            parts.append(f"{content_type=}")
        if self._url:
            parts.append(f"url={self._url!r}")
        return f"Response({', '.join(parts)})"


def received_response(url: str, status: int, status_text: str, headers: HeadersInit) -> Response:
    """Return a response from another server, without its body, and with any status.

    url: that of the request. Raises TypeError for an invalid header.
    """
    received = _new(Response)
    received._data = None
    received._status = status
    received._status_text = status_text if _is_reason(status_text) else ""
    received._fields = make_fields(headers)
    received._headers = None
    received._received = True
    received._url = url
    return received


class ErrorResponse(Response):
    """The response that `Response.error()` makes."""

    __slots__ = ()

    @property
    def type(self) -> str:
        """The response's type."""
        return "error"


class RedirectedUrl(str):
    """The URL of a response to which a redirect has led."""

    __slots__ = ()


def _checked_status(status: HTTPStatus | int, data: Unread) -> int:
    code = int(status)
    if not 200 <= code <= 599:
        raise ValueError(PlatformText.STATUS_RANGE)
    if code in _NULL_BODY and data:
        raise TypeError(PlatformText.NULL_BODY_STATUS)
    return code


def _checked_socket(socket: Any, status: HTTPStatus | int | None) -> WebSocket:
    if not isinstance(socket, load("workernb.http.websockets").WebSocket):
        raise TypeError(PlatformText.SOCKET_TYPE)
    if status is None or int(status) != 101:
        raise ValueError(PlatformText.SOCKET_STATUS)
    return socket  # type: ignore[no-any-return]


def _checked_reason(status_text: str) -> str:
    if not isinstance(status_text, str) or not _is_reason(status_text):
        raise TypeError(PlatformText.INVALID_STATUS_TEXT)
    return status_text


def phrase(status: int) -> str:
    """Return the platform's status text for a status; empty when it has none."""
    if status in _PHRASES:
        return _PHRASES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return _CLASSES.get(status // 100, "")


# Those that differ between the platform and some version of Python.
_PHRASES = {
    413: "Payload Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
    425: "Client Error",
}
_CLASSES = {2: "Successful", 3: "Redirection", 4: "Client Error", 5: "Server Error"}
