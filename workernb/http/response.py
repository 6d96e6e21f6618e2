"""Response, as in the Fetch standard and the platform's Python SDK.

https://developers.cloudflare.com/workers/runtime-apis/response/
"""

from __future__ import annotations

import json as jsonlib
import re
from http import HTTPStatus
from typing import Any

import ada_url

from workernb.errors import BodyUsedError, PlatformText, with_notes

from .body import USED, BodyInit, Message, make_data
from .headers import NO_FIELDS, TEXT_FIELDS, Headers, HeadersInit, make_fields

_NULL_BODY = frozenset({101, 204, 205, 304})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_is_reason = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*").fullmatch
_new = object.__new__


class Response(Message):
    """A response: a status, headers and a body that can be read once."""

    __slots__ = (
        "_redirected_to",
        "_status",
        "_status_text",
        "_trace",
        "_url",
    )

    _used_text = PlatformText.BODY_USED_RESPONSE
    _redirected_to: str  # Only of a response to which a redirect was followed.

    def __init__(
        self,
        body: Response | BodyInit = None,
        status: HTTPStatus | int | None = None,
        status_text: str = "",
        headers: HeadersInit = None,
    ) -> None:
        """Make a response, or move another response, with its body, into this one.

        Raises ValueError for a status outside 200 to 599, or for a response given with options;
        TypeError for a body with a status that allows none, an invalid header or status text, or
        a body of an unsupported type; BodyUsedError for a response whose body was used.
        """
        if body is not None and body.__class__ is not str:
            if isinstance(body, Response):
                if status is not None or status_text or headers is not None:
                    raise ValueError(PlatformText.RESPONSE_OPTIONS)
                self._move_from(body)
                return
            body = make_data(body, "Response")
        if status is None or status == 200:
            self._status = 200
        else:
            self._status = _checked_status(status, body)
            if self._status in _NULL_BODY:
                body = None  # An empty body is accepted, as on the platform.
        self._data = body
        self._status_text = _checked_reason(status_text) if status_text else ""
        if headers is None:
            self._fields = TEXT_FIELDS if body.__class__ is str else NO_FIELDS
        else:
            fields = make_fields(headers)
            if body.__class__ is str and "content-type" not in fields:
                fields.update(TEXT_FIELDS)
            self._fields = fields
        self._headers = None
        self._received = False
        self._url = ""

    def _move_from(self, other: Response) -> None:
        self._data = other._hand_over()
        self._status = other._status
        self._status_text = other._status_text
        self._fields = other._current_fields()
        self._headers = None
        self._received = False
        self._url = other._url

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
        # Not an attribute of every response, and no longer true of one that is passed on.
        return getattr(self, "_redirected_to", None) is self._url and bool(self._url)

    @property
    def type(self) -> str:
        """The response's type; always `default` here."""
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

    def replace_body(self, body: BodyInit) -> Response:
        """Return a copy of the response with another body."""
        return Response(body, self._status, self._status_text, self.headers)

    def clone(self) -> Response:
        """Return a copy of the response and its body; BodyUsedError if the body was used."""
        self._peek()
        copy = self._copy(self._data, self._received)
        if self.redirected:
            copy._redirected_to = self._url
        return copy

    def _copy(self, data: Any, received: bool) -> Response:
        copy = _new(Response)
        copy._data = data
        copy._status = self._status
        copy._status_text = self._status_text
        copy._fields = self._current_fields()
        copy._headers = None
        copy._received = received
        copy._url = self._url
        return copy

    def _hand_over(self) -> str | bytes | None:
        """Return the body's data and mark it as used; BodyUsedError when it is already."""
        data = self._data
        if data is None:
            return None
        if data is USED:
            raise with_notes(
                BodyUsedError(PlatformText.BODY_USED),
                "The response's body was read, or it was returned before. Make a Response for each "
                "request, or return response.clone().",
            )
        self._data = USED
        return data  # type: ignore[return-value]

    def _send(self, url: str) -> Response:
        """Return the response that the caller of `url` receives; the body moves into it."""
        received = _new(Response)
        received._data = None if self._data is None else self._hand_over()
        received._status = self._status
        received._status_text = self._status_text
        received._fields = self._fields if self._headers is None else self._current_fields()
        received._headers = None
        received._received = True
        received._url = url
        return received

    def __repr__(self) -> str:
        parts = [f"status={self._status}", f"status_text={self.status_text!r}"]
        content_type = self._current_fields().get("content-type")
        if content_type:
            parts.append(f"{content_type=}")
        if self._url:
            parts.append(f"url={self._url!r}")
        return f"Response({', '.join(parts)})"


def received_response(
    url: str, status: int, status_text: str, headers: HeadersInit, data: bytes | None
) -> Response:
    """Return a response that came from another server, with any status that has three digits.

    url: that of the request. Raises TypeError for an invalid header.
    """
    received = _new(Response)
    received._data = None if status in _NULL_BODY else data
    received._status = status
    received._status_text = status_text if _is_reason(status_text) else ""
    received._fields = make_fields(headers)
    received._headers = None
    received._received = True
    received._url = url
    return received


def _checked_status(status: HTTPStatus | int, data: str | bytes | None) -> int:
    code = int(status)
    if not 200 <= code <= 599:
        raise ValueError(PlatformText.STATUS_RANGE)
    if code in _NULL_BODY and data:
        raise TypeError(PlatformText.NULL_BODY_STATUS)
    return code


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
