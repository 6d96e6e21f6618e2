"""Targets, routes, redaction: small things that others are made of."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb import RouteError, UsageError
from workernb.runtime.redaction import REDACTED, Redactor
from workernb.runtime.services.routes import Route, best
from workernb.runtime.services.targets import Target


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth", ("auth", "Default", "/")),
        ("auth@staging", ("auth-staging", "Default", "/")),
        ("auth#Admin", ("auth", "Admin", "/")),
        ("auth@staging#Admin/a/b?c=d#e", ("auth-staging", "Admin", "/a/b?c=d#e")),
        ("auth?q=1", ("auth", "Default", "/?q=1")),
        ("auth/a@b", ("auth", "Default", "/a@b")),
    ],
)
def test_targets(text, expected):
    target = Target.parse(text)
    assert (target.service, target.entrypoint, target.path) == expected
    assert target.url == f"http://{expected[0]}.localhost{expected[2]}"


@pytest.mark.parametrize(
    "text", ["", "@staging", "#Admin", "/path", "Auth", "a b", None, "a#", "a@"]
)
def test_what_is_no_target(text):
    with pytest.raises(UsageError):
        Target.parse(text)


def test_a_target_in_words():
    assert str(Target("auth")) == "auth"
    assert str(Target("auth", "Admin")) == "auth#Admin"


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
        ("localhost:8787/*", "http://localhost:8787/", True),
        ("localhost:8787/*", "http://localhost:8080/", False),
    ],
)
def test_routes(pattern, url, matches):
    assert Route.parse(pattern).matches(url) is matches


@pytest.mark.parametrize(
    "pattern", ["", "a b", "/path", "a*b.com/", "ex.com/*/x", None, "a.com/?q"]
)
def test_what_is_no_route(pattern):
    with pytest.raises(RouteError):
        Route.parse(pattern)


@given(
    st.from_regex(r"(\*\.)?[a-z]{1,5}\.[a-z]{2,3}", fullmatch=True),
    st.from_regex(r"(/[a-z]{0,4}){0,2}\*?", fullmatch=True).filter(lambda p: not p or p[0] == "/"),
)
def test_a_route_matches_the_url_it_gives(host, path):
    route = Route.parse(host + path)
    assert route.matches(route.url)


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
    assert [best(routes, url) for url in urls] == ["any", "host", "path", "exact"]
    assert best(routes, "http://example.org/") is None


def test_a_public_worker_is_reached_by_its_url(runtime, define):
    define("gateway", "return Response('x')", public=True)
    define("auth", "return Response('x')")
    assert runtime.route("http://gateway.localhost/a") == Target("gateway")
    assert runtime.route("http://auth.localhost/") is None
    assert runtime.services["gateway"].public
    assert not runtime.services["auth"].public


@given(st.text(min_size=6, max_size=40), st.text(), st.text())
def test_no_spelling_of_a_secret_is_left(secret, before, after):
    redactor = Redactor()
    redactor.learn([secret])
    for spelling in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        shown = redactor.redact(before + spelling + after)
        assert REDACTED in shown
        assert secret not in shown.replace(REDACTED, "") or secret in before + after


def test_short_secrets_are_left():
    redactor = Redactor()
    redactor.learn(["short", "longer-one", "longer-one-still"])
    assert redactor.redact("short longer-one-still longer-one") == f"short {REDACTED} {REDACTED}"


async def test_a_planted_secret_is_in_no_part_of_the_trace(define, runtime):
    secret = "s3cret/värt 'quoted'"
    define(
        "auth",
        """
        import logging
        print("token", self.env.KEY)
        logging.getLogger("auth").warning("token %s", self.env.KEY)
        raise ValueError(f"bad token {self.env.KEY}")
        """,
        secrets={"KEY": secret},
    )
    handle = define("gateway", "return await self.env.AUTH.fetch(request)", AUTH="auth")
    with pytest.raises(ValueError, match="bad token REDACTED") as caught:
        await handle.fetch(f"http://x/{quote(secret)}?{quote(secret, safe='')}")
    trace = runtime.traces[-1]
    shown = [
        repr(trace),
        trace.url,
        trace.exception,
        repr(caught.value),
        *map(repr, trace.invocations),
        *(call.exception for call in trace.invocations),
        *(log.text for log in trace.logs),
    ]
    assert len(trace.logs) == 3
    for text in shown:
        assert secret not in text
        assert quote(secret) not in text
        assert quote(secret, safe="") not in text


async def test_causes_and_notes_are_redacted(define):
    handle = define(
        "auth",
        """
        try:
            raise KeyError(self.env.KEY)
        except KeyError as error:
            wrong = ValueError("wrong")
            wrong.add_note(self.env.KEY)
            raise wrong from error
        """,
        secrets={"KEY": "s3cret-value"},
    )
    with pytest.raises(ValueError, match="wrong") as caught:
        await handle.fetch()
    assert caught.value.__notes__ == [REDACTED]
    assert caught.value.__cause__.args == (REDACTED,)
