"""Request, as in the Fetch standard and the platform's Python SDK.

https://developers.cloudflare.com/workers/runtime-apis/request/
"""

from __future__ import annotations

import copy
from http import HTTPMethod
from typing import Any

from workernb.errors import PlatformText, with_notes

from .body import USED, BodyInit, Message, make_data
from .headers import NO_FIELDS, HeadersInit, make_fields
from .urls import is_normal, normalize

_METHODS: dict[str, HTTPMethod] = {
    method.value: method for method in HTTPMethod if method != "CONNECT"
}
_GET = HTTPMethod.GET
_HEAD = HTTPMethod.HEAD
_new = object.__new__


class Properties(dict[str, Any]):
    """A dict whose values are attributes as well, as the properties of a JavaScript object."""

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

        Raises TypeError with the platform's text for a URL that is not absolute, an unknown
        method, a GET or HEAD with a body, a header that is not allowed, a body of another type,
        or a request whose body was used.
        """
        self._set(input, method, headers, body, redirect, cf, False)

    def _set(
        self,
        input: Request | str,
        method: str | None,
        headers: HeadersInit,
        body: BodyInit,
        redirect: str | None,
        cf: dict[str, Any] | None,
        received: bool,
    ) -> None:
        if input.__class__ is str:
            self._set_by_url(input, method, headers, body, redirect, cf, received)
        elif isinstance(input, Request):
            self._url = input._url
            self._method = input._method if method is None else _checked_method(method)
            self._fields = input._current_fields() if headers is None else make_fields(headers)
            self._redirect = input.redirect if redirect is None else _checked_redirect(redirect)
            self._cf = input._cf if cf is None else copy.deepcopy(cf)
            self._data = input._hand_over() if body is None else None
            self._headers = None
            self._received = received
            if body is not None:
                self._set_body(body)
            elif self._data is not None and method is not None and self._method in (_GET, _HEAD):
                # One that came with a body may be passed on as it is.
                raise TypeError(PlatformText.GET_WITH_BODY)
        else:
            self._set_by_url(str(input), method, headers, body, redirect, cf, received)

    def _set_by_url(
        self,
        url: str,
        method: str | None,
        headers: HeadersInit,
        body: BodyInit,
        redirect: str | None,
        cf: dict[str, Any] | None,
        received: bool,
    ) -> None:
        self._url = url if is_normal(url) else normalize(url)
        self._method = _GET if method is None else _checked_method(method)
        self._fields = NO_FIELDS if headers is None else make_fields(headers)
        self._redirect = "follow" if redirect is None else _checked_redirect(redirect)
        self._cf = None if cf is None else copy.deepcopy(cf)
        self._data = None
        self._headers = None
        self._received = received
        if body is not None:
            self._set_body(body)

    def _set_body(self, body: BodyInit) -> None:
        self._data = make_data(body, "Request")
        if self._data.__class__ is str and "content-type" not in self._fields:
            self._fields = {**self._fields, "content-type": "text/plain;charset=UTF-8"}
        if self._method in (_GET, _HEAD):
            raise TypeError(PlatformText.GET_WITH_BODY)

    @property
    def url(self) -> str:
        """The URL, absolute and in its normal form."""
        return self._url

    @property
    def method(self) -> HTTPMethod:
        """The method; equal to its name as a str."""
        return self._method

    @property
    def redirect(self) -> str:
        """What is done with a redirect: `follow` or `manual`; a received request has `manual`."""
        return "manual" if self._received else self._redirect

    @property
    def cf(self) -> Properties | None:
        """The platform's own properties, a copy of them: `request.cf.colo`; None without any."""
        return None if self._cf is None else Properties(copy.deepcopy(self._cf))

    @property
    def integrity(self) -> str:
        """A hash that the body would have to have; always empty, as in a Worker."""
        return ""

    @property
    def keepalive(self) -> bool:
        """Whether the request outlives its page; always False, as in a Worker."""
        return False

    def clone(self) -> Request:
        """Return a request like this one, with a body of its own; BodyUsedError if it was used."""
        self._peek()
        twin = _new(Request)
        twin._url = self._url
        twin._method = self._method
        twin._fields = self._current_fields()
        twin._redirect = self._redirect
        twin._cf = self._cf
        twin._data = self._data
        twin._headers = None
        twin._received = self._received
        return twin

    def _hand_over(self) -> str | bytes | None:
        """Take the body away, to send it on."""
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

    def _send(self) -> Request:
        """Return what the other end of a binding receives; the body moves there."""
        received = _new(Request)
        received._url = self._url
        received._method = self._method
        received._fields = self._fields if self._headers is None else self._current_fields()
        received._redirect = self._redirect
        received._cf = self._cf
        received._data = None if self._data is None else self._hand_over()
        received._headers = None
        received._received = True
        return received

    def __repr__(self) -> str:
        return f"Request(method={self._method.value!r}, url={self._url!r})"


def _checked_method(method: str) -> HTTPMethod:
    try:
        # In any case, as the platform has it by default since October 2024.
        return _METHODS.get(method) or _METHODS[method.upper()]
    except (AttributeError, KeyError, TypeError):
        raise TypeError(PlatformText.INVALID_METHOD.format(method=method)) from None


def _checked_redirect(redirect: str) -> str:
    if redirect not in ("follow", "manual"):
        raise TypeError(PlatformText.INVALID_REDIRECT)
    return redirect


def receive(
    resource: Request | str,
    method: str | None,
    headers: HeadersInit,
    body: BodyInit,
    redirect: str | None,
    cf: dict[str, Any] | None,
) -> Request:
    """Return what the other end receives of `fetch(resource, …)`; the body moves there."""
    if (
        resource.__class__ is Request
        and method is None
        and headers is None
        and body is None
        and redirect is None
        and cf is None
    ):
        return resource._send()
    received = _new(Request)
    received._set(resource, method, headers, body, redirect, cf, True)
    return received
