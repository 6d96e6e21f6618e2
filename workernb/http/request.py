"""Request, as in the Fetch standard and the platform's Python SDK.

https://developers.cloudflare.com/workers/runtime-apis/request/
"""

from __future__ import annotations

import copy
from http import HTTPMethod
from typing import Any

from workernb.errors import PlatformText, with_notes

from .body import USED, BodyInit, Message, make_data
from .headers import NO_FIELDS, TEXT_FIELDS, HeadersInit, make_fields
from .urls import is_normal, normalize

_METHODS: dict[str, HTTPMethod] = {
    method.value: method for method in HTTPMethod if method != "CONNECT"
}
_GET = HTTPMethod.GET
_HEAD = HTTPMethod.HEAD
_new = object.__new__


class Properties(dict[str, Any]):
    """A dict whose items are attributes too, like the properties of a JavaScript object."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(name, name=name, obj=self) from None
        return Properties(value) if value.__class__ is dict else value


class Request(Message):
    """A request: a URL, a method, headers and a body that can be read once."""

    __slots__ = ("_cf", "_method", "_redirect", "_url")

    _used_text = PlatformText.BODY_USED_REQUEST
    _url: str
    _method: HTTPMethod
    _redirect: str
    _cf: dict[str, Any] | None

    def __init__(
        self,
        input: Request | str,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: str | None = None,
        cf: dict[str, Any] | None = None,
    ) -> None:
        """Make a request from a URL, or from another request, whose body moves into this one.

        Raises TypeError, with the platform's text, for a URL that is not absolute, an unknown
        method, a GET or HEAD request with a body, an invalid header, a body of an unsupported
        type, or a request whose body was used.
        """
        _fill(self, input, method, headers, body, redirect, cf)
        self._received = False

    @property
    def url(self) -> str:
        """The URL: absolute, normalized and without its fragment."""
        return self._url

    @property
    def method(self) -> HTTPMethod:
        """The method, which compares equal to its name as a str."""
        return self._method

    @property
    def redirect(self) -> str:
        """How redirects are handled: `follow`, or `manual`, as for every received request."""
        return "manual" if self._received else self._redirect

    @property
    def cf(self) -> Properties | None:
        """A copy of the platform's own properties, as `request.cf.colo`; None without any."""
        return None if self._cf is None else Properties(copy.deepcopy(self._cf))

    @property
    def integrity(self) -> str:
        """The expected hash of the body; always empty, as in a Worker."""
        return ""

    @property
    def keepalive(self) -> bool:
        """Whether the request may outlive its page; always False, as in a Worker."""
        return False

    def clone(self) -> Request:
        """Return a copy of the request and its body; BodyUsedError if the body was used."""
        self._peek()
        clone = _new(Request)
        clone._url = self._url
        clone._method = self._method
        clone._fields = self._current_fields()
        clone._redirect = self._redirect
        clone._cf = self._cf
        clone._data = self._data
        clone._headers = None
        clone._received = self._received
        return clone

    def _hand_over(self) -> str | bytes | None:
        """Return the body's data and mark it as used; TypeError when it is already."""
        data = self._data
        if data is None:
            return None
        if data is USED:
            raise with_notes(
                TypeError(PlatformText.CANNOT_RECONSTRUCT),
                f"The body of the request to {self._url} was read or sent on before. "
                "Send request.clone() the first time.",
            )
        self._data = USED
        return data  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Request(method={self._method.value!r}, url={self._url!r})"


def _fill(
    request: Request,
    source: Request | str,
    method: str | None,
    headers: HeadersInit,
    body: BodyInit,
    redirect: str | None,
    cf: dict[str, Any] | None,
) -> None:
    """Set every attribute of a new request but `_received` from the arguments of `Request(…)`."""
    request._headers = None
    if source.__class__ is not str and isinstance(source, Request):
        request._url = source._url
        request._method = source._method if method is None else _checked_method(method)
        request._fields = source._current_fields() if headers is None else make_fields(headers)
        request._redirect = source.redirect if redirect is None else _checked_redirect(redirect)
        request._cf = source._cf if cf is None else copy.deepcopy(cf)
        request._data = source._hand_over() if body is None else None
        if request._data is not None and method is not None and request._method in (_GET, _HEAD):
            # A GET request that was received with a body may only be passed on as it is.
            raise TypeError(PlatformText.GET_WITH_BODY)
    else:
        url = source if source.__class__ is str else str(source)
        request._url = url if is_normal(url) else normalize(url)
        request._method = _GET if method is None else _checked_method(method)
        request._fields = NO_FIELDS if headers is None else make_fields(headers)
        request._redirect = "follow" if redirect is None else _checked_redirect(redirect)
        request._cf = None if cf is None else copy.deepcopy(cf)
        request._data = None
    if body is not None:
        request._data = make_data(body, "Request")
        if request._data.__class__ is str and "content-type" not in request._fields:
            request._fields = {**request._fields, **TEXT_FIELDS}
        if request._method in (_GET, _HEAD):
            raise TypeError(PlatformText.GET_WITH_BODY)


def receive(
    resource: Request | str,
    method: str | None = None,
    headers: HeadersInit = None,
    body: BodyInit = None,
    redirect: str | None = None,
    cf: dict[str, Any] | None = None,
) -> Request:
    """Return the request that arrives at the other end of `fetch(resource, …)`.

    The body moves into it, and its headers are read-only. Raises TypeError as `Request` does.
    """
    received = _new(Request)
    if (
        resource.__class__ is Request
        and method is None
        and headers is None
        and body is None
        and redirect is None
        and cf is None
    ):
        # The same as `_fill`, but faster: most hops pass a request on as it is.
        received._url = resource._url
        received._method = resource._method
        received._fields = (
            resource._fields if resource._headers is None else resource._current_fields()
        )
        received._redirect = resource._redirect
        received._cf = resource._cf
        received._data = None if resource._data is None else resource._hand_over()
        received._headers = None
    else:
        _fill(received, resource, method, headers, body, redirect, cf)
    received._received = True
    return received


def _checked_method(method: str) -> HTTPMethod:
    try:
        # Case-insensitive, as by default on the platform since October 2024.
        return _METHODS.get(method) or _METHODS[method.upper()]
    except (AttributeError, KeyError, TypeError):
        raise TypeError(PlatformText.INVALID_METHOD.format(method=method)) from None


def _checked_redirect(redirect: str) -> str:
    if redirect not in ("follow", "manual"):
        raise TypeError(PlatformText.INVALID_REDIRECT)
    return redirect
