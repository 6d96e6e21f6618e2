"""Request and Response: what they are made of, what they refuse, how their bodies are read."""

from __future__ import annotations

from http import HTTPMethod, HTTPStatus

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.errors import BodyUsedError
from workernb.http import Headers, Request, Response
from workernb.http.urls import is_normal, normalize

# URLs


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
def test_urls_take_their_normal_form(url, normal):
    assert Request(url).url == normal


@pytest.mark.parametrize(
    "url", ["/rel", "rel", "", "http://", "ftp://example.com/", "mailto:a@b", "http://1.2.3.4.5/"]
)
def test_what_is_no_url_of_a_request(url):
    with pytest.raises(TypeError) as caught:
        Request(url)
    assert str(caught.value) == f"Fetch API cannot load: {url}"


def test_a_relative_url_says_what_to_write():
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
def test_what_is_taken_as_normal_is_normal(rest, start):
    url = start + rest
    if is_normal(url):
        assert ada_url.URL(url).href == url
        assert normalize(url) == url


def test_anything_that_is_text_can_be_a_url():
    class Url:
        def __str__(self):
            return "http://x/"

    assert Request(Url()).url == "http://x/"


# Requests


@pytest.mark.parametrize(
    "method", ["get", "Post", "put", "delete", "head", "options", "patch", "TRACE"]
)
def test_methods_are_upper_case(method):
    request = Request("http://x/", method=method)
    assert request.method == method.upper()
    assert isinstance(request.method, HTTPMethod)


@pytest.mark.parametrize("method", ["connect", "CONNECT", "no", "", 1])
def test_methods_that_are_none(method):
    with pytest.raises(TypeError) as caught:
        Request("http://x/", method=method)
    assert str(caught.value) == f"Invalid HTTP method string: {method}"


@pytest.mark.parametrize("method", ["GET", "HEAD", None])
def test_get_and_head_have_no_body(method):
    with pytest.raises(TypeError) as caught:
        Request("http://x/", method=method, body="x")
    assert str(caught.value) == "Request with a GET or HEAD method cannot have a body."


def test_a_request_that_becomes_a_get_has_no_body():
    with pytest.raises(TypeError, match="GET or HEAD"):
        Request(Request("http://x/", method="POST", body="x"), method="GET")


def test_redirects_are_followed_or_left():
    assert Request("http://x/").redirect == "follow"
    assert Request("http://x/", redirect="manual").redirect == "manual"
    with pytest.raises(TypeError, match='must be one of "follow" or "manual"'):
        Request("http://x/", redirect="error")


def test_a_request_in_words():
    assert repr(Request("https://test.com/", method="POST")) == (
        "Request(method='POST', url='https://test.com/')"
    )


async def test_a_request_from_a_request_takes_its_body():
    first = Request("http://x/", method="POST", headers={"a": "b"}, body="x", cf={"colo": "AMS"})
    second = Request(first)
    assert (second.url, second.method, second.headers["a"], second.cf) == (
        "http://x/",
        "POST",
        "b",
        {"colo": "AMS"},
    )
    assert await second.text() == "x"
    assert first.body_used
    with pytest.raises(TypeError) as caught:
        Request(first)
    assert str(caught.value) == "Cannot reconstruct a Request with a used body."


async def test_options_replace_what_a_request_had():
    first = Request("http://x/", method="POST", headers={"a": "b"}, body="x")
    second = Request(first, method="PUT", headers={"c": "d"}, body="y", redirect="manual", cf={})
    assert second.method == "PUT"
    assert dict(second.headers) == {"c": "d", "content-type": "text/plain;charset=UTF-8"}
    assert await second.text() == "y"
    assert await first.text() == "x"
    assert (second.redirect, second.cf) == ("manual", {})


def test_headers_of_a_copy_are_its_own():
    first = Request("http://x/", headers={"a": "b"})
    first.headers.set("a", "changed")
    second = Request(first)
    second.headers.set("a", "c")
    third = first.clone()
    third.headers.set("a", "d")
    assert [r.headers["a"] for r in (first, second, third)] == ["changed", "c", "d"]


def test_the_content_type_of_a_text():
    assert Request("http://x/", method="POST", body="x").headers["content-type"] == (
        "text/plain;charset=UTF-8"
    )
    assert Request("http://x/", method="POST", body=b"x").headers["content-type"] is None
    own = Request("http://x/", method="POST", body="x", headers={"Content-Type": "text/x"})
    assert own.headers["content-type"] == "text/x"
    assert Response("x").headers["content-type"] == "text/plain;charset=UTF-8"
    assert Response("x", headers={"a": "b"}).headers["content-type"] == "text/plain;charset=UTF-8"
    assert Response("x", headers={"content-type": "a/b"}).headers["content-type"] == "a/b"
    assert Response(b"x").headers["content-type"] is None


# Bodies


def messages(body):
    return [Request("http://x/", method="POST", body=body), Response(body)]


@pytest.mark.parametrize(
    ("body", "text", "data"),
    [
        ("hello", "hello", b"hello"),
        ("grüße ✓", "grüße ✓", "grüße ✓".encode()),
        (b"bytes", "bytes", b"bytes"),
        (memoryview(b"view"), "view", b"view"),
        (b"\xef\xbb\xbfbom", "bom", b"\xef\xbb\xbfbom"),
        (b"\xff", "\ufffd", b"\xff"),
        ("a\ud800b", "a\ufffdb", "a\ufffdb".encode()),
        ("", "", b""),
        (None, "", b""),
    ],
)
async def test_bodies_as_text_and_as_bytes(body, text, data):
    for message in messages(body):
        twin = message.clone()
        third = message.clone()
        assert await message.text() == text
        assert await twin.bytes() == data
        assert bytes(await third.buffer()) == data


async def test_a_str_of_a_class_of_its_own_is_text():
    class Text(str):
        __slots__ = ()

    for message in messages(Text("x")):
        assert await message.text() == "x"


@pytest.mark.parametrize("body", [3, object(), ["x"], {"a": 1}, bytearray(b"x")])
def test_bodies_of_other_types_are_refused(body):
    name = type(body).__name__
    with pytest.raises(TypeError, match=f"Unsupported type in Response: {name}"):
        Response(body)
    with pytest.raises(TypeError, match=f"Unsupported type in Request: {name}"):
        Request("http://x/", method="POST", body=body)


async def test_json():
    for message in messages('{"a": [1, 2.5, null]}'):
        assert await message.json() == {"a": [1, 2.5, None]}
    assert await Response('{"a": 1.0}').json(parse_float=str) == {"a": "1.0"}


READERS = ["text", "bytes", "json", "buffer", "arrayBuffer"]


@pytest.mark.parametrize("again", READERS)
@pytest.mark.parametrize("first", ["text", "bytes", "json", "buffer"])
async def test_a_body_is_read_once(first, again):
    texts = ["Body already used", "Response body is already used"]
    for message, text in zip(messages("1"), texts, strict=True):
        assert not message.body_used
        await getattr(message, first)()
        assert message.body_used
        assert message.bodyUsed
        with pytest.raises(OSError, match="already used") as caught:
            await getattr(message, again)()
        assert isinstance(caught.value, BodyUsedError)
        assert str(caught.value) == text
        assert ".clone()" in caught.value.__notes__[0]
        with pytest.raises(BodyUsedError):
            message.clone()


async def test_a_message_without_a_body_reads_as_empty_again_and_again():
    for message in messages(None):
        assert [await message.text(), await message.text()] == ["", ""]
        assert not message.body_used


async def test_a_clone_has_a_body_of_its_own():
    for message in messages("x"):
        twin = message.clone()
        assert await message.text() == "x"
        assert not twin.body_used
        assert await twin.text() == "x"


# Responses


@pytest.mark.parametrize("status", [199, 600, 0, 99, -1, 101])
def test_statuses_that_are_none(status):
    with pytest.raises(ValueError, match=r"in the range 200 to 599, inclusive\."):
        Response("x", status)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_statuses_without_a_body(status):
    assert Response(None, status).status == status
    assert Response("", status).status == status
    with pytest.raises(TypeError) as caught:
        Response("x", status)
    assert str(caught.value) == (
        "Response with null body status (101, 204, 205, or 304) cannot have a body."
    )


def test_a_response_and_its_parts():
    response = Response("x", HTTPStatus.NOT_FOUND, "Nope", {"a": "b"})
    assert (response.status, response.status_text, response.statusText, response.ok) == (
        404,
        "Nope",
        "Nope",
        False,
    )
    assert (response.url, response.redirected, response.type) == ("", False, "default")
    assert Response().ok
    assert Response().status == 200


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "nul\0"])
def test_status_texts_that_are_none(text):
    with pytest.raises(TypeError, match="Invalid statusText"):
        Response("x", 200, text)


async def test_a_response_of_a_response():
    first = Response("x", 201, "Made", {"a": "b"})
    second = Response(first)
    assert (second.status, second.status_text, second.headers["a"]) == (201, "Made", "b")
    assert await second.text() == "x"
    assert first.body_used
    with pytest.raises(ValueError, match="Expected no options"):
        Response(Response("x"), status=200)
    with pytest.raises(BodyUsedError):
        Response(first)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(status):
    response = Response.redirect("http://x/a", status)
    assert (response.status, response.headers["location"]) == (status, "http://x/a")
    with pytest.raises(TypeError, match="Can't modify immutable headers"):
        response.headers.set("a", "b")


def test_redirects_that_are_none():
    assert Response.redirect("http://x").status == 302
    with pytest.raises(ValueError, match="200 is not a redirect status code"):
        Response.redirect("http://x/", 200)
    with pytest.raises(TypeError, match="Unable to parse URL: /rel"):
        Response.redirect("/rel")


async def test_json_makes_and_reads():
    for make in (Response.from_json, Response.json):
        response = make({"obj": {"field": 123}}, 201, headers={"x": "y"})
        assert response.status == 201
        assert response.headers["content-type"] == "application/json"
        assert await response.text() == '{"obj": {"field": 123}}'
    own = Response.from_json([], headers={"content-type": "application/problem+json"})
    assert own.headers["content-type"] == "application/problem+json"
    assert await own.json() == []


async def test_old_names_and_helpers():
    assert await Response("x").string() == "x"
    assert bytes(await Response(b"x").memoryview()) == b"x"
    replaced = Response("x", 201, headers={"a": "b"}).replace_body("y")
    assert (replaced.status, replaced.headers["a"], await replaced.text()) == (201, "b", "y")


@pytest.mark.parametrize(
    ("status", "text", "message"),
    [
        (404, "", "404 Client Error: Not Found for url: "),
        (599, "", "599 Server Error: Server Error for url: "),
        (500, "Broken", "500 Server Error: Broken for url: "),
    ],
)
def test_raise_for_status(status, text, message):
    with pytest.raises(OSError, match="Error") as caught:
        Response("x", status, text).raise_for_status()
    assert str(caught.value) == message
    assert Response("x", 399).raise_for_status() is None


def test_a_response_in_words():
    assert repr(Response.from_json({}, 200, "OK")) == (
        "Response(status=200, status_text='OK', content_type='application/json')"
    )
    assert repr(Response()) == "Response(status=200, status_text='OK')"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (200, "OK"),
        (299, "Successful"),
        (306, "Redirection"),
        (403, "Forbidden"),
        (413, "Payload Too Large"),
        (418, "I'm a teapot"),
        (422, "Unprocessable Entity"),
        (425, "Client Error"),
        (599, "Server Error"),
    ],
)
def test_a_status_has_the_platforms_text(status, text):
    assert Response(None, status).status_text == text
    assert Response(None, status, "").status_text == text
    assert Response(None, status, "My own").status_text == "My own"


@pytest.mark.parametrize("body", ["", b"", None])
async def test_an_empty_body_is_none_where_the_status_allows_none(body):
    response = Response(body, 204)
    assert list(response.headers) == []
    for _ in range(2):
        assert await response.text() == ""


@pytest.mark.parametrize("url", ["https://x/a?b#c", "mailto:a@b", "ftp://x/"])
def test_a_redirect_goes_to_the_whole_url(url):
    assert Response.redirect(url).headers["location"] == url


async def test_a_request_made_of_a_received_one_leaves_redirects_alone_too(runtime_with):
    handle = runtime_with(
        """
        derived = Request(request)
        return Response.from_json([request.redirect, derived.redirect, request.clone().redirect])
        """
    )
    assert await (await handle.fetch("http://x/")).json() == ["manual", "manual", "manual"]
    assert Request(Request("http://x/")).redirect == "follow"


async def test_cf_is_a_copy_with_attributes(runtime_with):
    handle = runtime_with(
        """
        request.cf["colo"] = request.cf.geo["list"][0] = request.cf.geo.country = "changed"
        missing = getattr(request.cf, "missing", None)
        return Response.from_json([request.cf.colo, request.cf.geo.country, missing, request.cf])
        """
    )
    cf = {"colo": "TXL", "geo": {"country": "DE", "list": [1]}}
    request = Request("http://x/", cf=cf)
    cf["colo"] = "changed"
    seen = await (await handle.fetch(request.clone())).json()
    assert seen == ["TXL", "DE", None, {"colo": "TXL", "geo": {"country": "DE", "list": [1]}}]
    assert Request(request).cf == request.cf
    assert Request(request, cf={"a": 1}).cf == {"a": 1}
    assert Request("http://x/").cf is None


def test_what_a_request_has_for_a_workers_sake():
    request = Request("http://x/")
    assert (request.integrity, request.keepalive) == ("", False)


def test_headers_may_be_given_as_headers():
    headers = Headers({"a": "b"})
    for message in (Request("http://x/", headers=headers), Response("", headers=headers)):
        message.headers.set("a", "c")
    assert headers["a"] == "b"
