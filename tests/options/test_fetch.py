"""The options of `%fetch`, which are curl's."""

from __future__ import annotations

import pytest

from workernb.errors import OptionError, UsageError
from workernb.options.fetch import FetchOptions


@pytest.mark.parametrize(
    ("line", "url", "service"),
    [
        ("auth", "http://auth.localhost/", "auth"),
        ("auth@staging#Admin/a?b=c", "http://auth-staging.localhost/a?b=c", "auth-staging"),
        ("auth?next=http://x/", "http://auth.localhost/?next=http://x/", "auth"),
        ("https://example.com/a", "https://example.com/a", None),
        ("HTTP://example.com", "HTTP://example.com", None),
    ],
)
def test_a_target_is_a_name_or_a_url(line, url, service):
    options = FetchOptions.parse(line)
    assert options.url == url
    assert (options.target and options.target.service) == service


FORM = ("content-type", "application/x-www-form-urlencoded")
JSON = [("content-type", "application/json"), ("accept", "application/json")]


@pytest.mark.parametrize(
    ("line", "body", "headers"),
    [
        ("a -d x=1 -d y", "x=1&y", [FORM]),
        ("a -d ''", "", [FORM]),
        ("a --json '{}'", "{}", JSON),
        ("a --json '{' --json '}'", "{}", JSON),
        ("a -d x -H 'content-TYPE: text/x'", "x", [("content-TYPE", "text/x")]),
        ("a -d x -H content-type:", "x", []),
        ("a -H 'x-empty;' -H 'x: a: b'", None, [("x-empty", ""), ("x", "a: b")]),
        ("a -d @lines", b"onetwo", [FORM]),
        ("a -d x -d @lines", b"x&onetwo", [FORM]),
        ("a --json @lines", b"one\r\ntwo\n\0", JSON),
    ],
)
def test_bodies_and_headers_are_curls(tmp_path, monkeypatch, line, body, headers):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines").write_bytes(b"one\r\ntwo\n\0")
    options = FetchOptions.parse(line)
    assert options.body == body
    assert options.headers == headers


def test_a_cell_is_the_body():
    assert FetchOptions.parse("a", "one\ntwo\n").body == "one\ntwo"


def test_switches():
    options = FetchOptions.parse("a -sLf -i -m 1.5 -XPUT")
    assert (options.silent, options.follow, options.fail, options.max_time, options.method) == (
        True,
        True,
        True,
        1.5,
        "PUT",
    )


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("a -b x=1", None, "%fetch has no option -b. Write -H 'cookie: NAME=VALUE'."),
        ("a --post", "x", "%%fetch has no option --post"),
        ("a -H nocolon", None, "write -H 'name: value'"),
        ("a -H ': x'", None, "write -H 'name: value'"),
        ("a -m soon", None, "'soon' is no number"),
        ("a -m -1", None, "write a number above 0"),
        ("a -d x --json y", None, "one body"),
        ("a -d x", "y", "one body"),
        ("a -d @nowhere", None, "nowhere cannot be read: No such file"),
    ],
)
def test_refused_requests(line, cell, said):
    with pytest.raises(OptionError, match=said.replace("(", r"\(")):
        FetchOptions.parse(line, cell)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(UsageError, match="alphanumeric and lowercase"):
        FetchOptions.parse("Auth")
