"""MIME types, as https://mimesniff.spec.whatwg.org/ parses and writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.http.forms.mime import MimeType, extract_mime_type, parse_mime_type


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("text/html", "text/html"),
        (" TEXT/Html\t", "text/html"),
        ("text/html;charset=UTF-8", "text/html;charset=UTF-8"),
        ("text/html; Charset = x", "text/html"),
        ("text/html ; a=b ; c=d", "text/html;a=b;c=d"),
        ("text/html;a=1;a=2", "text/html;a=1"),
        ("text/html;;;a=1", "text/html;a=1"),
        ("text/html;a", "text/html"),
        ("text/html;a=", "text/html"),
        ("text/html;=1", "text/html"),
        ('text/html;a=""', 'text/html;a=""'),
        ('text/html;a="b c"', 'text/html;a="b c"'),
        ('text/html;a="b;c"', 'text/html;a="b;c"'),
        (r'text/html;a="b\"c\\d\e"', r'text/html;a="b\"c\\de"'),
        ('text/html;a="b" junk;c=d', "text/html;a=b;c=d"),
        ('text/html;a="unclosed', "text/html;a=unclosed"),
        ("text/html;a=b c", 'text/html;a="b c"'),
        ("text/html;a=ü", 'text/html;a="ü"'),
        ("text/html;a=€", "text/html"),
        ("text/html;a b=c", "text/html"),
        ("x!/y+z;a=b", "x!/y+z;a=b"),
    ],
)
def test_parsing_and_writing(text, written):
    assert str(parse_mime_type(text)) == written


@pytest.mark.parametrize("text", ["", "/", "text", "text/", "/html", "te xt/html", "a/b/c", "a/ü"])
def test_what_is_no_mime_type(text):
    assert parse_mime_type(text) is None


@pytest.mark.parametrize(
    ("header", "extracted"),
    [
        ("text/plain", "text/plain"),
        ("text/plain, text/html", "text/html"),
        ("text/plain;charset=x, text/plain", "text/plain;charset=x"),
        ("text/plain;charset=x, text/plain;charset=y", "text/plain;charset=y"),
        ("text/plain;charset=x, text/html", "text/html"),
        ("text/html, nonsense", "text/html"),
        ("text/html, */*", "text/html"),
        ('text/html;a="b,c"', 'text/html;a="b,c"'),
    ],
)
def test_the_last_of_several_values_counts(header, extracted):
    assert str(extract_mime_type(header)) == extracted


@pytest.mark.parametrize("header", ["", ",", "nonsense", "*/*"])
def test_a_header_without_a_mime_type(header):
    assert extract_mime_type(header) is None


TOKENS = st.text(alphabet="abcXYZ019!#$-.^_`|~+", min_size=1, max_size=10)
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)


@given(TOKENS, TOKENS, st.dictionaries(TOKENS.map(str.lower), VALUES, max_size=4))
def test_what_is_written_is_read(kind, subtype, parameters):
    mime = MimeType(f"{kind}/{subtype}".lower(), parameters)
    assert parse_mime_type(str(mime)) == mime
    assert extract_mime_type(str(mime)) == mime


@given(st.text(alphabet='a/;=", \\\t', max_size=200))
def test_any_text_is_parsed(text):
    parsed = extract_mime_type(text)
    assert parsed is None or parse_mime_type(str(parsed)) == parsed
