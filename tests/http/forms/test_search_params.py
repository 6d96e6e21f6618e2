"""URLSearchParams, as the URL standard has it (https://url.spec.whatwg.org/#urlsearchparams)."""

from __future__ import annotations

from urllib.parse import parse_qsl

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.http.forms import FormData, URLSearchParams
from workernb.http.forms.search_params import parse_urlencoded


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("", []),
        ("?", []),
        ("a=1", [("a", "1")]),
        ("?a=1", [("a", "1")]),
        ("??a=1", [("?a", "1")]),
        ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ("=a", [("", "a")]),
        ("=", [("", "")]),
        ("&&a=1&&", [("a", "1")]),
        ("a=b=c", [("a", "b=c")]),
        ("a;b=1", [("a;b", "1")]),
        ("a+b=c+d", [("a b", "c d")]),
        ("a%20b=c%2Bd", [("a b", "c+d")]),
        ("%61=%C3%BC", [("a", "ü")]),
        ("ü=€", [("ü", "€")]),
        ("a=%", [("a", "%")]),
        ("a=%2", [("a", "%2")]),
        ("a=%zz%4g", [("a", "%zz%4g")]),
        ("a=%26%3D%2523", [("a", "&=%23")]),
        ("a=%00", [("a", "\0")]),
        # Bytes that are no UTF-8: https://encoding.spec.whatwg.org/#utf-8-decode-without-bom
        ("a=%FF", [("a", "\ufffd")]),
        ("a=%C3&b=%A9", [("a", "\ufffd"), ("b", "\ufffd")]),
        ("a=%C3%28", [("a", "\ufffd(")]),
        ("a=%f0%9f%98x", [("a", "\ufffdx")]),
        ("a=%FF%26%3D%25", [("a", "\ufffd&=%")]),
        ("a=%FF%2541", [("a", "\ufffd%41")]),
        ("a=%EF%BB%BFx", [("a", "\ufeffx")]),
        ("a=\ud800", [("a", "\ufffd")]),
    ],
)
def test_parsing(text, pairs):
    assert list(URLSearchParams(text).items()) == pairs


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([], ""),
        ([("a", "1"), ("a", "2")], "a=1&a=2"),
        ([("a b", "c+d")], "a+b=c%2Bd"),
        ([("", "")], "="),
        ([("a", "*-._")], "a=*-._"),
        ([("~'", "()!")], "%7E%27=%28%29%21"),
        ([("ü", "😀")], "%C3%BC=%F0%9F%98%80"),
        ([("a\r\n", "\0\x7f")], "a%0D%0A=%00%7F"),
        ([("a&b", "c=d")], "a%26b=c%3Dd"),
        ([("\ud800", "x")], "%EF%BF%BD=x"),
    ],
)
def test_serializing(pairs, text):
    assert str(URLSearchParams(pairs)) == text
    assert repr(URLSearchParams(pairs)) == f"URLSearchParams({text!r})"


def test_what_pairs_can_be_made_of():
    assert str(URLSearchParams({"a": "1", "b": True})) == "a=1&b=true"
    assert str(URLSearchParams([("a", 1), ["b", "2"]])) == "a=1&b=2"
    assert str(URLSearchParams(URLSearchParams("a=1&a=2"))) == "a=1&a=2"
    form = FormData({"a": "1"})
    form.append("a", "2")
    assert str(URLSearchParams(form)) == "a=1&a=2"
    assert str(URLSearchParams()) == ""


@pytest.mark.parametrize(
    ("init", "message"),
    [
        (3, "Expected a str, a mapping or pairs, not int"),
        (["ab"], "Expected pairs of name and value, and got str"),
        ([3], "Expected pairs of name and value, and got int"),
        ([("a",)], "and got 1 values"),
        ([("a", "b", "c")], "and got 3 values"),
        ([("a", None)], "Expected a str, a number or a bool, not NoneType"),
        ({"a": b"x"}, "Expected a str, a number or a bool, not bytes"),
    ],
)
def test_what_pairs_can_not_be_made_of(init, message):
    with pytest.raises(TypeError, match=message):
        URLSearchParams(init)


def test_the_methods_of_the_standard():
    params = URLSearchParams("a=1&b=2&a=3")
    assert params.get("a") == "1"
    assert params.get("c") is None
    assert params["a"] == "1"
    assert params.getAll("a") == params.get_all("a") == ["1", "3"]
    assert params.has("a")
    assert params.has("a", "3")
    assert not params.has("a", "2")
    assert not params.has("c")
    assert params.size == len(params) == 3
    params.append("c", 4)
    params.set("a", "5")
    assert str(params) == "a=5&b=2&c=4"
    params.append("b", "6")
    params.delete("b", "2")
    assert str(params) == "a=5&c=4&b=6"
    params.delete("b")
    params.delete("nothing")
    assert str(params) == "a=5&c=4"


def test_pairs_are_sorted_by_utf_16_code_units_and_keep_their_order():
    params = URLSearchParams([("z", "1"), ("\ufb03", "2"), ("🌈", "3"), ("a", "4"), ("z", "5")])
    params.sort()
    assert list(params) == ["a", "z", "z", "🌈", "\ufb03"]
    assert params.get_all("z") == ["1", "5"]


PAIRS = st.lists(st.tuples(st.text(), st.text()), max_size=8)


@given(PAIRS)
def test_pairs_survive_a_round_trip(pairs):
    params = URLSearchParams(pairs)
    assert list(URLSearchParams(str(params)).items()) == list(params.items())
    assert list(URLSearchParams(f"?{params}").items()) == list(params.items())


@given(PAIRS)
def test_urllib_reads_what_is_written(pairs):
    params = URLSearchParams(pairs)
    assert parse_qsl(str(params), keep_blank_values=True) == list(params.items())


@given(st.text(alphabet="ab=&+%0123456789cCdDfF;?#é\ufeff😀", max_size=40))
def test_ada_reads_the_same_pairs_where_they_are_utf_8(text):
    try:
        pairs = list(ada_url.URLSearchParams(f"?{text}").items())
    except UnicodeDecodeError:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", separator="&")
    assert list(URLSearchParams(f"?{text}").items()) == pairs


@given(st.binary(max_size=60))
def test_any_bytes_are_pairs(data):
    pairs = parse_urlencoded(data)
    assert list(URLSearchParams(pairs).items()) == pairs
    assert parse_urlencoded(str(URLSearchParams(pairs)).encode()) == pairs
