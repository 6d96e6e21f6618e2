"""URLs of requests: what they are normalized to, and which are refused."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.http import Request
from workernb.http.urls import is_normal, normalize


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://example.com/a?b=c", "https://example.com/a?b=c"),
        ("HTTP://EXAMPLE.com", "http://example.com/"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:8787/x", "http://example.com:8787/x"),
        ("http://example.com/a/../b/./c", "http://example.com/b/c"),
        ("http://example.com/ä b", "http://example.com/%C3%A4%20b"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://user:pass@example.com/", "http://user:pass@example.com/"),
    ],
)
def test_urls_are_normalized(url, normal):
    assert Request(url).url == normal


@pytest.mark.parametrize(
    "url", ["/rel", "rel", "", "http://", "ftp://example.com/", "mailto:a@b", "http://1.2.3.4.5/"]
)
def test_invalid_urls_are_refused(url):
    with pytest.raises(TypeError) as caught:
        Request(url)
    assert str(caught.value) == f"Fetch API cannot load: {url}"


def test_the_error_of_a_relative_url_says_what_to_write():
    with pytest.raises(TypeError) as caught:
        Request("/path")
    assert "http://worker/path" in caught.value.__notes__[0]
    with pytest.raises(TypeError) as caught:
        Request("example.com/path")
    assert caught.value.__notes__ == ["A URL starts with http:// or https://."]


PIECES = st.sampled_from(
    "http https :// / // . .. %2e %2E ~ ? # & = + @ : a b.c xn--a 1 0x1 1.2.3.4 A ä \\ | ^ { } ' "
    '" < > example.com localhost -a a- a..b .. a_b'.split()
)


@given(st.lists(PIECES, max_size=9).map("".join), st.sampled_from(["", "http://", "https://a.b/"]))
def test_the_fast_test_accepts_only_normalized_urls(rest, start):
    url = start + rest
    if is_normal(url):
        assert ada_url.URL(url).href == url
        assert normalize(url) == url


def test_an_object_that_is_not_a_str_is_converted_to_a_url():
    class Url:
        def __str__(self):
            return "http://x/"

    assert Request(Url()).url == "http://x/"


def test_the_scheme_of_a_websocket_is_http():
    with pytest.raises(TypeError, match=r"^Fetch API cannot load: wss://chat/") as caught:
        Request("wss://chat/room")
    assert "with https://chat/room and the header Upgrade" in caught.value.__notes__[0]
