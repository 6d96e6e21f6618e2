"""Redirects: the request that follows a response, as in the Fetch standard.

https://fetch.spec.whatwg.org/#http-redirect-fetch
"""

from __future__ import annotations

from http import HTTPMethod

import ada_url

from workernb.errors import NetworkError, PlatformText, with_notes

from .headers import Fields
from .request import Request
from .response import REDIRECTS, Response
from .urls import normalize

MAX_REDIRECTS = 20
"""How many redirects a fetch follows, as in the standard and on the platform."""

_OF_THE_BODY = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)
_OF_THE_ORIGIN = frozenset({"authorization"})


def redirects(response: Response) -> bool:
    """Return whether a response is a redirect that leads somewhere."""
    return response.status in REDIRECTS and "location" in response._fields


def redirected_request(request: Request, response: Response) -> Request:
    """Return the request that follows a redirect of `request`, with the same body.

    A POST that is answered with 301 or 302, and all but HEAD that is answered with 303, becomes a
    GET without a body and its headers. The header Authorization does not go to another origin.
    Raises NetworkError, with the platform's text, for a Location that is no http or https URL.
    """
    url = _location(request._url, response._fields["location"])
    following = request.clone()
    following._url = url
    dropped = frozenset[str]()
    if _becomes_get(request.method, response.status):
        following._method, following._data, dropped = HTTPMethod.GET, None, _OF_THE_BODY
    if _origin(url) != _origin(request._url):
        dropped |= _OF_THE_ORIGIN
    following._fields = _without(following._fields, dropped)
    return following


def _becomes_get(method: str, status: int) -> bool:
    if status == 303:
        return method not in ("GET", "HEAD")
    return status in (301, 302) and method == "POST"


def _location(base: str, location: str) -> str:
    """Return the URL that a redirect leads to, without a fragment."""
    try:
        return normalize(ada_url.URL(location, base=base).href)
    except ValueError:
        error = NetworkError(PlatformText.INVALID_LOCATION)
        raise with_notes(error, f"The answer of {base} has the location {location!r}.") from None
    except TypeError as error:
        raise with_notes(NetworkError(str(error)), f"The answer of {base} leads there.") from None


def _origin(url: str) -> str:
    return ada_url.URL(url).origin


def _without(fields: Fields, names: frozenset[str]) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}
