"""Redirects: the request that follows a response.

https://fetch.spec.whatwg.org/#http-redirect-fetch
"""

from __future__ import annotations

from http import HTTPMethod

import ada_url

from workernb.errors import with_notes
from workernb.texts import PlatformText

from .request import Request, receive
from .response import REDIRECTS, Response
from .streams import ReadableStream

MAX_REDIRECTS = 20
"""How many redirects one call follows, as in the standard."""

_OF_BODIES = ("content-encoding", "content-language", "content-location", "content-type")


def is_redirect(response: Response) -> bool:
    """Return whether a response is a redirect that leads somewhere."""
    return response._status in REDIRECTS and "location" in response._current_fields()


def leads_on(request: Request, response: Response) -> bool:
    """Return whether `response`, to a received request, is a redirect that the sender follows."""
    return request._redirect == "follow" and is_redirect(response)


def redirected(request: Request, response: Response) -> Request:
    """Return the request that is received after a redirect.

    Raises TypeError, with the platform's text, if the location is invalid, or if a body that is a
    stream would have to be sent again.
    """
    location = response._fields["location"]
    try:
        url = ada_url.URL(location, base=request._url)
    except ValueError:
        raise _invalid(location) from None
    if url.protocol not in ("http:", "https:"):
        raise _invalid(location)
    fields = dict(request._current_fields())
    if url.origin != ada_url.URL(request._url).origin:
        fields.pop("authorization", None)
    method, body = request._method, getattr(request, "_resent", None)
    if _becomes_get(response._status, method):
        method, body = HTTPMethod.GET, None
        for name in _OF_BODIES:
            fields.pop(name, None)
    if isinstance(body, ReadableStream):
        raise with_notes(
            TypeError(PlatformText.ONE_TIME_BODY),
            f"{request._method} {request._url} was redirected by {response._status} to {location}.",
        )
    following = receive(url.href, method, fields)
    following._data = following._resent = body
    following._options = request._options
    return following


def _becomes_get(status: int, method: HTTPMethod) -> bool:
    if status == 303:
        return method is not HTTPMethod.HEAD
    return status in (301, 302) and method is HTTPMethod.POST


def _invalid(location: str) -> TypeError:
    return with_notes(
        TypeError(PlatformText.INVALID_LOCATION), f"The location was {location[:200]!r}."
    )
