"""Bodies and headers, which are the same in Request and Response."""

from __future__ import annotations

import inspect

import pytest

from workernb.errors import BodyUsedError
from workernb.http import Headers, Request, Response
from workernb.http.source import BodySource, Source


def test_the_content_type_of_a_text_body():
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
        clone = message.clone()
        third = message.clone()
        assert await message.text() == text
        assert await clone.bytes() == data
        assert bytes(await third.buffer()) == data


async def test_a_subclass_of_str_is_text():
    class Text(str):
        __slots__ = ()

    for message in messages(Text("x")):
        assert await message.text() == "x"


@pytest.mark.parametrize("body", [3, object(), ["x"], {"a": 1}])
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
        clone = message.clone()
        assert await message.text() == "x"
        assert not clone.body_used
        assert await clone.text() == "x"


class Form:
    """An object that can be a body. streamed: whether it gives its bytes in chunks."""

    def __init__(self, kind: str | None, streamed: bool) -> None:
        self.kind = kind
        self.streamed = streamed
        self.asked = 0

    def _body_source(self) -> Source:
        self.asked += 1

        async def chunks():
            yield b"a="
            yield b"1"

        return Source(chunks() if self.streamed else b"a=1", self.kind, 3)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", None])
async def test_an_object_can_be_a_body(streamed, kind):
    form = Form(kind, streamed)
    assert isinstance(form, BodySource)
    for message in messages(form):
        assert message.headers["content-type"] == kind
        assert await message.clone().text() == "a=1"
        assert await message.bytes() == b"a=1"
    assert form.asked == 2
    own = Response(form, headers={"Content-Type": "text/x"})
    assert own.headers["content-type"] == "text/x"


def test_headers_given_as_headers_are_copied():
    headers = Headers({"a": "b"})
    for message in (Request("http://x/", headers=headers), Response("", headers=headers)):
        message.headers.set("a", "c")
    assert headers["a"] == "b"


async def test_a_coroutine_as_body_is_a_forgotten_await():
    async def text():
        return "x"

    coroutine = text()
    with pytest.raises(TypeError, match="Unsupported type in Response: coroutine") as caught:
        Response(coroutine)
    assert "did you forget await?" in caught.value.__notes__[0]
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED  # Python warns of no await.


@pytest.mark.parametrize("body", [{"a": 1}, [1]])
def test_data_as_body_has_a_remedy(body):
    with pytest.raises(TypeError, match="Unsupported type in Response") as caught:
        Response(body)
    assert "Response.json(…)" in caught.value.__notes__[0]
