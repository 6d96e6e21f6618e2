"""The grammar of the magics' options, which needs no IPython."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workernb.errors import OptionError, UsageError
from workernb.options.parser import (
    FetchOptions,
    WorkerOptions,
    fetch_parser,
    strip_comment,
    worker_parser,
)


def test_it_is_read_without_ipython():
    code = "import sys, workernb.options.parser; sys.exit('IPython' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("auth --public", "auth --public"),
        ("auth # a comment", "auth"),
        ("auth   # a 'comment", "auth"),
        ("# nothing else", ""),
        ("auth#Admin/path", "auth#Admin/path"),
        ("auth#Admin # comment", "auth#Admin"),
        ("auth -H 'a: b # c' # d", "auth -H 'a: b # c'"),
        ('auth -v "A=\\" # b"', 'auth -v "A=\\" # b"'),
        ("auth -v A=\\# # b", "auth -v A=\\#"),
        ("auth 'open # c", "auth 'open # c"),
    ],
)
def test_a_comment_ends_the_line_unless_it_is_quoted(line, rest):
    assert strip_comment(line) == rest


def test_all_that_a_worker_may_be_told():
    options = WorkerOptions.parse(
        "auth -b A=b@staging#Admin --bind B=b -v X= --var Y=a=b --var-json 'J={\"a\": [1]}' "
        "-s ONE -s TWO=a=b -e prod -r a.example/* --route b.example/* --public --as handle "
        "--cpu-ms 1.5 --wall-ms 20 --subrequests 3 --compatibility-date 2026-11-23 -q"
    )
    assert options == WorkerOptions(
        name="auth",
        services={"A": "b@staging#Admin", "B": "b"},
        vars={"X": "", "Y": "a=b", "J": {"a": [1]}},
        secrets={"ONE": None, "TWO": "a=b"},
        routes=["a.example/*", "b.example/*"],
        public=True,
        environment="prod",
        variable="handle",
        limits={"cpu_ms": 1.5, "wall_ms": 20.0, "subrequests": 3},
        compatibility_date="2026-11-23",
        quiet=True,
        version_metadata=None,
        tag=None,
    )


def test_what_is_not_said_is_left_open():
    options = WorkerOptions.parse("auth")
    assert options.limits == options.services == options.vars == options.secrets == {}
    assert (options.environment, options.variable, options.compatibility_date) == (None,) * 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("auth --publik", "%%worker has no option --publik. Did you mean --public?"),
        ("auth --zzz", "%%worker has no option --zzz. It has --bind, --var"),
        ("auth --pub", "no option --pub"),
        ("auth -b =auth", "write --bind AUTH=auth, not '=auth'"),
        ("auth -b AUTH=", "write --bind AUTH=auth, not 'AUTH='"),
        ("auth --var-json A", "write --var-json PORTS=[80], not 'A'"),
        ("auth --var-json A=x", "--var-json A is no JSON"),
        ("auth -v A=1 -v A=2", "--var names A twice"),
        ("auth -s A -s A=2", "--secret names A twice"),
        ("auth -v A=1 --var-json A=1", "names A twice"),
        ("auth --subrequests 1.5", "1.5"),
        ("auth --as", "expected one argument"),
        ('auth "', "a quote is opened and not closed"),
    ],
)
def test_a_refusal_says_what_to_write(line, said):
    with pytest.raises(OptionError) as caught:
        WorkerOptions.parse(line)
    notes = getattr(caught.value, "__notes__", [])
    assert said in " ".join([str(caught.value), *notes])


def test_words_are_expanded_after_they_are_split():
    options = WorkerOptions.parse("auth -v 'A=<x>'", lambda word: word.replace("<x>", "two 'words"))
    assert options.vars == {"A": "two 'words"}


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
        ("a -o file", None, "%fetch has no option -o"),
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


def test_every_option_is_explained():
    for parser in (worker_parser(), fetch_parser()):
        text = parser.help_text()
        assert all(option in text for option in parser.options())
        assert all(action.help for action in parser._actions)
