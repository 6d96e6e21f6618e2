"""Routes: what makes a Worker public."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb import RouteError
from workernb.runtime.services.routes import Route, most_specific_match, public_route
from workernb.runtime.services.targets import Target


@pytest.mark.parametrize(
    ("pattern", "url", "matches"),
    [
        ("example.com/*", "http://example.com/", True),
        ("example.com/*", "https://example.com/a?b", True),
        ("example.com", "https://example.com/a", True),
        ("EXAMPLE.com/*", "https://example.com/", True),
        ("example.com/*", "http://www.example.com/", False),
        ("*.example.com/*", "http://www.example.com/", True),
        ("*.example.com/*", "http://example.com/", False),
        ("*example.com/*", "http://myexample.com/", True),
        ("example.com/api/*", "http://example.com/api/x", True),
        ("example.com/api/*", "http://example.com/other", False),
        ("example.com/api", "http://example.com/api", True),
        ("example.com/api", "http://example.com/api/x", False),
        ("https://example.com/*", "http://example.com/", False),
        ("HTTPS://example.com/*", "https://example.com/", True),
        ("localhost:8787/*", "http://localhost:8787/", True),
        ("localhost:8787/*", "http://localhost:8080/", False),
    ],
)
def test_a_route_matches_urls(pattern, url, matches):
    assert Route.parse(pattern).matches(url) is matches


@pytest.mark.parametrize(
    "pattern",
    ["", "a b", "/path", "a*b.com/", "ex.com/*/x", None, "a.com/?q", "*.", "a..b/x", ".a/"],
)
def test_invalid_routes_are_refused(pattern):
    with pytest.raises(RouteError):
        Route.parse(pattern)


@given(
    st.from_regex(r"\*|\*?\.?[a-z]{1,5}\.[a-z]{2,3}", fullmatch=True).filter(lambda h: h[0] != "."),
    st.from_regex(r"(/[a-z]{0,4}){0,2}\*?", fullmatch=True).filter(lambda p: not p or p[0] == "/"),
)
def test_a_route_matches_the_url_it_gives(host, path):
    route = Route.parse(host + path)
    assert route.matches(route.url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("*/x", "http://www.example.com/x"),
        ("*.localhost/*", "http://www.localhost/"),
        ("*a.com/*", "http://www.a.com/"),
    ],
)
def test_a_route_gives_a_url_that_is_one(pattern, url):
    assert Route.parse(pattern).url == url


async def test_two_workers_cannot_have_the_same_route(define, runtime):
    define("old", routes=["example.com/api"])
    define("shop", routes=["example.com/*", "example.com/api/*"])
    text = "route 'Example.com' of Worker 'mall' is that of Worker 'shop' already"
    with pytest.raises(RouteError, match=text) as caught:
        define("mall", routes=["Example.com"])
    assert caught.value.__notes__ == [
        "Give one of them another route, or remove 'shop': %remove shop"
    ]
    assert list(runtime) == ["old", "shop"]
    # Its own it may have again, and another's once that has given it up.
    define("shop", routes=["example.com/*"])
    define("mall", routes=["example.com/api/*"])
    with pytest.raises(RouteError, match="of Worker 'shop' is that of Worker 'mall' already"):
        runtime.rollback("shop")
    assert runtime["shop"].version.number == 2
    runtime.remove("mall")
    assert runtime.rollback("shop").version.number == 1


def test_the_most_specific_route_wins():
    routes = [
        (Route.parse("*.com/*"), "any"),
        (Route.parse("example.com/*"), "host"),
        (Route.parse("example.com/api/*"), "path"),
        (Route.parse("example.com/api/users"), "exact"),
    ]
    urls = [
        "http://x.com/",
        "http://example.com/",
        "http://example.com/api/",
        "http://example.com/api/users",
    ]
    assert [most_specific_match(routes, url) for url in urls] == ["any", "host", "path", "exact"]
    assert most_specific_match(routes, "http://example.org/") is None


def test_a_public_worker_is_reached_by_its_url(runtime, define):
    define("gateway", public=True)
    define("auth")
    assert runtime.route("http://gateway.localhost/a") == Target("gateway")
    assert runtime.route("http://auth.localhost/") is None
    assert runtime.services["gateway"].public
    assert not runtime.services["auth"].public


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("example.com", "http://example.com/"),
        ("https://*.example.com/api/*", "https://www.example.com/api/"),
        ("localhost:8787/*", "http://localhost:8787/"),
    ],
)
def test_a_route_has_a_url_that_it_matches(pattern, url):
    assert Route.parse(pattern).url == url


def test_an_exact_host_wins_over_a_longer_pattern():
    routes = [
        (Route.parse("*.b.example.com/*"), "pattern"),
        (Route.parse("a.b.example.com"), "host"),
    ]
    assert most_specific_match(routes, "http://a.b.example.com/") == "host"
    assert most_specific_match([], "http://a.b.example.com/") is None


def test_a_public_route_is_under_localhost():
    assert public_route("auth-staging").pattern == "auth-staging.localhost/*"
