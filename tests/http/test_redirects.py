"""The request that follows a redirect: what the Fetch standard says of method, headers, URL."""

from __future__ import annotations

import pytest

from workernb import NetworkError
from workernb.http import Request, Response
from workernb.http.redirects import redirected_request, redirects

HEADERS = {"authorization": "x", "content-type": "a/b", "content-language": "de", "x-own": "1"}


def follow(method: str, status: int, location: str = "/next", body: str | None = None) -> Request:
    request = Request("http://shop.test/a/b?q", method=method, headers=HEADERS, body=body)
    return redirected_request(request, Response(None, status, headers={"location": location}))


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 301, "PUT"),
        ("PUT", 302, "PUT"),
        ("PUT", 303, "GET"),
        ("DELETE", 303, "GET"),
        ("HEAD", 301, "HEAD"),
        ("HEAD", 303, "HEAD"),
        ("GET", 303, "GET"),
        ("GET", 307, "GET"),
    ],
)
async def test_the_method(method, status, expected):
    body = None if method in ("GET", "HEAD") else "text"
    following = follow(method, status, body=body)
    assert following.method == expected
    kept = method == expected and body is not None
    assert await following.text() == ("text" if kept else "")
    dropped = set() if method == expected else {"content-type", "content-language"}
    assert dict(following.headers.items()) == {
        name: value for name, value in HEADERS.items() if name not in dropped
    }


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/next", "http://shop.test/next"),
        ("next?x#y", "http://shop.test/a/next?x"),
        ("?x", "http://shop.test/a/b?x"),
        ("//other.test", "http://other.test/"),
        ("https://OTHER.test:443/%zz", "https://other.test/%zz"),
    ],
)
def test_the_url(location, url):
    assert follow("GET", 302, location).url == url


@pytest.mark.parametrize(
    ("location", "kept"),
    [
        ("http://shop.test:80/next", True),
        ("https://shop.test/next", False),
        ("http://shop.test:81/next", False),
        ("http://www.shop.test/next", False),
    ],
)
def test_authorization_stays_within_the_origin(location, kept):
    headers = follow("GET", 302, location).headers
    assert ("authorization" in headers) is kept
    assert headers["x-own"] == "1"


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("http://", "Invalid Location header; unable to follow redirect."),
        ("file:///etc/passwd", "Fetch API cannot load: file:///etc/passwd"),
        ("data:,x", "Fetch API cannot load: data:,x"),
    ],
)
def test_a_location_that_leads_nowhere(location, text):
    with pytest.raises(NetworkError) as caught:
        follow("GET", 302, location)
    assert str(caught.value) == text
    assert "The answer of http://shop.test/a/b?q" in caught.value.__notes__[0]


def test_what_is_a_redirect():
    to = {"location": "/x"}
    assert [s for s in range(300, 310) if redirects(Response(None, s, headers=to))] == [
        301,
        302,
        303,
        307,
        308,
    ]
    assert not redirects(Response(None, 302))
