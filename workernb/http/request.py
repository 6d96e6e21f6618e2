"""Request, as in the Fetch standard and the platform's Python SDK.

https://developers.cloudflare.com/workers/runtime-apis/request/
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from http import HTTPMethod
from typing import Any

from workernb.errors import did_you_mean, with_notes
from workernb.texts import PlatformText

from .abort import AbortSignal
from .body import BodyInit, Message, Unread, make_data
from .headers import NO_FIELDS, TEXT_FIELDS, Fields, HeadersInit, make_fields
from .urls import is_normal, normalize

_METHODS: dict[str, HTTPMethod] = {
    method.value: method for method in HTTPMethod if method != "CONNECT"
}
_GET = HTTPMethod.GET
_HEAD = HTTPMethod.HEAD
_CACHE_MODES = ("no-store", "no-cache", "reload")
_new = object.__new__


class Properties(dict[str, Any]):
    """A dict whose items are attributes too, like the properties of a JavaScript object."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(name, name=name, obj=self) from None
        return Properties(value) if value.__class__ is dict else value


class Options:
    """The options of a request that few have. Requests share it, and never change it."""

    __slots__ = ("cache", "cf", "signal")

    def __init__(
        self, cf: dict[str, Any] | None, signal: AbortSignal | None, cache: str | None
    ) -> None:
        """Check the options; TypeError, with the platform's text, for an invalid one."""
        if signal is not None and not isinstance(signal, AbortSignal):
            raise TypeError(PlatformText.SIGNAL_TYPE)
        if cache is not None and cache not in _CACHE_MODES:
            raise with_notes(
                TypeError(PlatformText.CACHE_MODE.format(mode=cache)),
                f"It can be {', '.join(_CACHE_MODES)}.",
            )
        self.cf = cf
        self.signal = signal
        self.cache = cache


class Request(Message):
    """A request: a URL, a method, headers and a body that can be read once."""

    __slots__ = ("_method", "_options", "_redirect", "_resent", "_signal", "_url")

    _used_text = PlatformText.BODY_USED_REQUEST
    _url: str
    _method: HTTPMethod
    _redirect: str  # Of a received request: as the call that sent it had it.
    _options: Options | None
    _signal: AbortSignal  # Made at the first access.
    _resent: Unread  # Of a request with a body: what a redirect may send again.

    def __init__(
        self,
        input: Request | str,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: str | None = None,
        cf: dict[str, Any] | None = None,
        signal: AbortSignal | None = None,
        cache: str | None = None,
        integrity: str | None = None,
        **ignored: Any,
    ) -> None:
        """Make a request from a URL, or from another request, whose body moves into this one.

        signal: aborting it cancels the call that the request is sent by. ignored: `credentials`,
        `duplex`, `keepalive`, `mode`, `priority`, `referrer`, `referrer_policy` and `window`, which
        have no effect in a Worker. Raises TypeError, with the platform's text where it has one, for
        a URL that is not absolute, an unknown method, a GET or HEAD request with a body, an invalid
        header or option, a body of an unsupported type, or a request whose body was used.
        """
        if ignored:
            _refuse_unknown(ignored)
        if integrity:
            raise TypeError(PlatformText.INTEGRITY)
        _fill(self, input, method, headers, body, redirect, cf)
        self._received = False
        if signal is not None or cache is not None:
            before = self._options or _NO_OPTIONS
            self._options = Options(before.cf, signal or before.signal, cache or before.cache)

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
        options = self._options
        cf = None if options is None else options.cf
        return None if cf is None else Properties(copy.deepcopy(cf))

    @property
    def signal(self) -> AbortSignal:
        """The request's own signal, aborted with the one that the request was made with."""
        try:
            return self._signal
        except AttributeError:
            given = None if self._options is None else self._options.signal
            self._signal = AbortSignal.any([] if given is None else [given])
            return self._signal

    @property
    def cache(self) -> str | None:
        """The cache mode: `no-store`, `no-cache` or `reload`; None unless it was given."""
        return None if self._options is None else self._options.cache

    @property
    def integrity(self) -> str:
        """The expected hash of the body; always empty, as in a Worker."""
        return ""

    @property
    def keepalive(self) -> bool:
        """Whether the request may outlive its page; always False, as in a Worker."""
        return False

    @property
    def credentials(self) -> None:
        """None: a Worker's request has no such property."""

    # The same holds for these.
    destination = is_history_navigation = mode = referrer = referrer_policy = credentials

    def _copy(self) -> Request:
        copy = _new(Request)
        copy._url = self._url
        copy._method = self._method
        copy._fields = self._current_fields()
        copy._redirect = self._redirect
        copy._options = self._options
        copy._headers = None
        copy._received = self._received
        return copy

    def _moved_error(self) -> Exception:
        return with_notes(
            TypeError(PlatformText.CANNOT_RECONSTRUCT),
            f"The body of the request to {self._url} was read or sent on before. "
            "Send request.clone() the first time.",
        )

    def __repr__(self) -> str:
        return f"Request(method={self._method.value!r}, url={self._url!r})"


_OPTIONS = "method headers body redirect cf signal cache integrity".split()
_IGNORED = frozenset(
    "credentials duplex keepalive mode priority referrer referrer_policy referrerPolicy "
    "window".split()
)


def _refuse_unknown(options: dict[str, Any]) -> None:
    for name in options:
        if name not in _IGNORED:
            raise with_notes(
                TypeError(f"Request() got an unexpected keyword argument {name!r}"),
                did_you_mean(name, _OPTIONS),
            )


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
        request._options = source._options
        request._data = request._resent = source._move() if body is None else None
        if request._data is not None and method is not None and request._method in (_GET, _HEAD):
            # A GET request that was received with a body may only be passed on as it is.
            raise TypeError(PlatformText.GET_WITH_BODY)
    else:
        url = source if source.__class__ is str else str(source)
        request._url = url if is_normal(url) else normalize(url)
        request._method = _GET if method is None else _checked_method(method)
        request._fields = NO_FIELDS if headers is None else make_fields(headers)
        request._redirect = "follow" if redirect is None else _checked_redirect(redirect)
        request._options = None
        request._data = None
    if cf is not None:
        before = request._options or _NO_OPTIONS
        request._options = Options(copy.deepcopy(cf), before.signal, before.cache)
    if body is not None:
        content_type: Fields | None = TEXT_FIELDS
        if body.__class__ is str:
            request._data = body
        else:
            request._data, content_type = make_data(body, "Request")
        request._resent = request._data
        if content_type is not None and "content-type" not in request._fields:
            request._fields = {**request._fields, **content_type}
        if request._method in (_GET, _HEAD):
            raise TypeError(PlatformText.GET_WITH_BODY)


_NO_OPTIONS = Options(None, None, None)


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
        received._redirect = "manual" if resource._received else resource._redirect
        received._options = resource._options
        if resource._data is None:
            received._data = None
        else:
            received._data = received._resent = resource._move()
        received._headers = None
    else:
        _fill(received, resource, method, headers, body, redirect, cf)
    received._received = True
    return received


def receive_with_options(
    resource: Request | str,
    method: str | None,
    headers: HeadersInit,
    body: BodyInit,
    redirect: str | None,
    cf: dict[str, Any] | None,
    options: Mapping[str, Any],
) -> Request:
    """Return what `receive` does, for a call with other options of `Request`, such as `signal`."""
    return receive(
        Request(
            resource, method=method, headers=headers, body=body, redirect=redirect, cf=cf, **options
        )
    )


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
