"""`-d` and its kin, and JSON that is typed without quotes."""

from __future__ import annotations

import pytest

from workernb.errors import OptionError
from workernb.options.call import CallOptions
from workernb.options.data import quote_json
from workernb.options.fetch import FetchOptions


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("a --data-raw @x", "@x"),
        ("a --data-raw @x -d y --data-raw z", "@x&y&z"),
        ("a --data-urlencode 'a b&c'", "a%20b%26c"),
        ("a --data-urlencode '=a=b'", "a%3Db"),
        ("a --data-urlencode 'q=a b/ü'", "q=a%20b%2F%C3%BC"),
        ("a --data-urlencode q@file", "q=one%0Atwo"),
        ("a --data-urlencode @file", "one%0Atwo"),
        ("a --data-binary @file", b"one\ntwo"),
        ("a -d @file", b"onetwo"),
        ('a -d {"a": [1, "b c"]}', '{"a": [1, "b c"]}'),
        ('a --json {"a": {"b": "it\'s"}}', '{"a": {"b": "it\'s"}}'),
        ("a --json [1, 2] -H x:y", "[1, 2]"),
        ("""a --json '{"a": 1}'""", '{"a": 1}'),
        ("a -d {name}", "{name}"),
    ],
)
def test_the_body(tmp_path, monkeypatch, line, body):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("one\ntwo")
    assert FetchOptions.parse(line).body == body


@pytest.mark.parametrize(
    "line",
    ["""a '{"a": 1}' x""", "a {not json} x", 'a x={"a": 1}', 'a {"a": 1}x', "a [", "{a} [b]"],
)
def test_what_is_no_json_of_its_own_is_left_alone(line):
    assert quote_json(line) == line


def test_arguments_of_a_call():
    options = CallOptions.parse('math.add {"a": "b c"} [1, 2] 3')
    assert options.args == [{"a": "b c"}, [1, 2], 3]


def test_the_data_goes_into_the_url():
    options = FetchOptions.parse("a/b?x=1 -G --data-urlencode 'q=a b' -d c=d")
    assert (options.url, options.body) == ("http://a.localhost/b?x=1&q=a%20b&c=d", None)
    assert FetchOptions.parse("http://x/ -G -d a").url == "http://x/?a"


def test_basic_authentication():
    options = FetchOptions.parse("a -u ada:love:lace -d x")
    assert ("authorization", "Basic YWRhOmxvdmU6bGFjZQ==") in options.headers
    given = FetchOptions.parse("a -u ada:x -H 'Authorization: Bearer y'").headers
    assert given == [("Authorization", "Bearer y")]
    with pytest.raises(OptionError, match="write -u USER:PASSWORD"):
        FetchOptions.parse("a -u ada")


@pytest.mark.parametrize(
    ("line", "silent"),
    [("a;", True), ("a -d x ;  # why", True), ("a -H x-empty;", False), ("a -H 'x;'", False)],
)
def test_a_semicolon_at_the_end_asks_for_no_output(line, silent):
    options = FetchOptions.parse(line)
    assert options.silent is silent
    assert options.target.service == "a"
