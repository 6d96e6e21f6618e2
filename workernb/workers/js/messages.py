"""Requests, responses, headers and `fetch`, as JavaScript makes them."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from workernb.http.headers import Headers as FetchHeaders
from workernb.http.request import Request as FetchRequest
from workernb.http.response import Response as FetchResponse
from workernb.workers.fetch import fetch as fetch_with_options

from .objects import JSON, Constructor, as_object, options_of

_OPTIONS = "method headers body redirect cf signal cache"


class Headers(metaclass=Constructor):
    """`Headers.new(pairs)`: headers that can be changed."""

    instances = FetchHeaders

    @staticmethod
    def new(init: Any = None, /) -> FetchHeaders:
        """Make headers of pairs, of other headers, or of an object of JavaScript's."""
        if isinstance(init, dict):
            init = as_object(init)
        return FetchHeaders(init)


class Response(metaclass=Constructor):
    """`Response.new(body, options)`."""

    instances = FetchResponse

    @staticmethod
    def new(body: Any = None, *init: Any, **options: Any) -> FetchResponse:
        """Make a response. options: status, statusText, headers, webSocket.

        They are given in an object or by keyword.
        """
        given = options_of(init, options, "status statusText headers webSocket")
        return FetchResponse(body, **_with_headers(given))

    @staticmethod
    def json(data: Any, *init: Any, **options: Any) -> FetchResponse:
        """Make a response of data, as JSON without spaces."""
        given = _with_headers(options_of(init, options, "status statusText headers"))
        headers = FetchHeaders(given.pop("headers", None))
        if "content-type" not in headers:
            headers["content-type"] = "application/json"
        return FetchResponse(JSON.stringify(data), headers=headers, **given)

    @staticmethod
    def redirect(url: str, status: int = 302) -> FetchResponse:
        """Make a redirect."""
        return FetchResponse.redirect(url, status)


class Request(metaclass=Constructor):
    """`Request.new(url, options)`."""

    instances = FetchRequest

    @staticmethod
    def new(input: Any, *init: Any, **options: Any) -> FetchRequest:
        """Make a request. options: method, headers, body, redirect, cf, signal, cache."""
        given = options_of(init, options, _OPTIONS)
        if not isinstance(input, FetchRequest):
            input = str(input)
        return FetchRequest(input, **_with_headers(given))


def _with_headers(options: dict[str, Any]) -> dict[str, Any]:
    if options.get("headers") is not None:
        options["headers"] = Headers.new(options["headers"])
    return options


def fetch(resource: Any, *init: Any, **options: Any) -> Coroutine[Any, Any, FetchResponse]:
    """Fetch a URL or a Request, as `workers.fetch` does.

    Options: method, headers, body, redirect, cf, signal and cache; in an object or by keyword.
    """
    given = options_of(init, options, _OPTIONS)
    if not isinstance(resource, FetchRequest):
        resource = str(resource)
    return fetch_with_options(resource, **_with_headers(given))
