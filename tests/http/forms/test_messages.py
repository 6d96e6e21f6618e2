"""Forms, Blobs and URLSearchParams as bodies, and bodies read as forms and Blobs."""

from __future__ import annotations

import pytest

import workernb
from workernb.errors import BodyUsedError
from workernb.http import Request, Response
from workernb.http.forms import Blob, File, FormData, URLSearchParams

URLENCODED = "application/x-www-form-urlencoded"


def messages(body, **options):
    return [Request("http://x/", method="POST", body=body, **options), Response(body, **options)]


def form_of(*pairs) -> FormData:
    form = FormData()
    for name, value in pairs:
        form.append(name, value)
    return form


# https://fetch.spec.whatwg.org/#concept-bodyinit-extract
@pytest.mark.parametrize(
    ("body", "content_type", "data"),
    [
        (URLSearchParams("a=1&b=ü"), f"{URLENCODED};charset=UTF-8", b"a=1&b=%C3%BC"),
        (Blob("x"), None, b"x"),
        (Blob(b"\xff", "Image/PNG"), "image/png", b"\xff"),
        (File("x", "name", content_type="a/b"), "a/b", b"x"),
        (Blob([]), None, b""),
    ],
)
async def test_the_content_type_and_the_bytes_of_a_body(body, content_type, data):
    for message in messages(body):
        assert message.headers["content-type"] == content_type
        assert await message.bytes() == data
    for message in messages(body, headers={"Content-Type": "own/type"}):
        assert message.headers["content-type"] == "own/type"


async def test_a_form_is_sent_as_multipart_and_read_again():
    form = form_of(("a", "1"), ("f", File(b"\0\r\n--", "f.bin", "a/b")), ("a", "2"))
    for message in messages(form):
        content_type = message.headers["content-type"]
        assert content_type.startswith("multipart/form-data; boundary=")
        clone = message.clone()
        assert content_type.partition("=")[2].encode() in await clone.bytes()
        read = await message.form_data()
        assert message.body_used
        assert list(read) == ["a", "f", "a"]
        assert read.get_all("a") == ["1", "2"]
        file = read["f"]
        assert (file.name, file.content_type, await file.bytes()) == ("f.bin", "a/b", b"\0\r\n--")
        with pytest.raises(BodyUsedError):
            await message.form_data()
        with pytest.raises(BodyUsedError):
            await message.blob()


async def test_a_form_is_what_it_was_when_its_message_was_made():
    form = form_of(("a", "1"))
    for message in messages(form):
        form["a"] = "2"
        assert await message.formData() == form_of(("a", "1"))
        form["a"] = "1"


async def test_a_urlencoded_body_is_a_form():
    for message in messages(URLSearchParams([("a", "1"), ("a", "2 €")])):
        assert await message.form_data() == form_of(("a", "1"), ("a", "2 €"))
    kind = {"content-type": URLENCODED}
    for message in messages("a=1&b", headers=kind):
        assert await message.form_data() == form_of(("a", "1"), ("b", ""))
    for message in messages(None, headers=kind):
        assert await message.form_data() == FormData()


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("text/plain;charset=UTF-8", "text/plain;charset=utf-8"),
        ("Image/PNG ; a = b", "image/png"),
        ("nonsense", ""),
        ("text/html, image/png", "image/png"),
    ],
)
async def test_a_blob_has_the_type_of_its_message(header, kind):
    for message in messages(b"x", headers={"content-type": header}):
        blob = await message.blob()
        assert isinstance(blob, Blob)
        assert (blob.content_type, await blob.bytes()) == (kind, b"x")
        assert message.body_used
    for message in messages(b"x"):
        assert (await message.blob()).content_type == ""
    for message in messages(None):
        assert (await message.blob()).size == 0


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        (None, "Parsing a Body as FormData requires a Content-Type header."),
        ("text/plain", "Unrecognized Content-Type header value."),
        ("multipart/form-data", "No boundary string in Content-Type header."),
    ],
)
async def test_a_body_of_another_type_is_no_form_and_used(content_type, text):
    options = {} if content_type is None else {"headers": {"content-type": content_type}}
    for message in messages(b"a=1", **options):
        with pytest.raises(TypeError) as caught:
            await message.form_data()
        assert str(caught.value).startswith(text)
        assert message.body_used
        assert message.headers["content-type"] == content_type


async def test_a_stream_of_another_type_ends():
    ended = []

    async def endless():
        try:
            yield b"a=1"
            yield b"never"
        finally:
            ended.append(True)

    response = Response(endless())
    reader = response.body.get_reader()
    assert (await reader.read()).value == b"a=1"
    reader.release_lock()
    with pytest.raises(BodyUsedError):
        await response.form_data()
    stream = Response(endless())
    with pytest.raises(TypeError, match="requires a Content-Type header"):
        await stream.form_data()
    assert stream.body_used
    await response.body.cancel()
    assert ended == [True]


async def test_a_stream_is_parsed_chunk_by_chunk():
    boundary = "B"
    body = (
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="g"\r\n\r\n\r\n--\r\n--B--'
    )
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}

    async def chunks(size):
        for start in range(0, len(body), size):
            yield body[start : start + size]

    for size in (1, 7, 64, 1_000):
        response = Response(chunks(size), headers=kind)
        form = await response.form_data()
        assert form["a"] == "x"
        assert await form["f"].bytes() == b"\r\n--"


async def test_a_producer_ends_when_its_body_is_no_form():
    ended = []

    async def endless():
        try:
            while True:
                yield b"nonsense"
        finally:
            ended.append(True)

    kind = {"content-type": "multipart/form-data; boundary=B"}
    with pytest.raises(TypeError, match="No initial boundary string"):
        await Response(endless(), headers=kind).form_data()
    assert ended == [True]


async def test_a_part_of_a_gigabyte_is_refused_before_it_is_there():
    sent = []

    async def gigabyte():
        yield b'--B\r\nContent-Disposition: form-data; name="film"; filename="f"\r\n\r\n'
        chunk = bytes(1024 * 1024)
        for number in range(1024):
            sent.append(number)
            yield chunk

    kind = {"content-type": "multipart/form-data; boundary=B"}
    with pytest.raises(TypeError, match=r"Memory limit would be exceeded before EOF\.") as caught:
        await Response(gigabyte(), headers=kind).form_data()
    assert "'film'" in caught.value.__notes__[0]
    assert len(sent) == 128


async def test_a_blob_is_a_stream_too():
    blob = Blob("some bytes")
    assert [chunk async for chunk in blob.stream()] == [b"some bytes"]
    assert [chunk async for chunk in Response(blob).body] == [b"some bytes"]
    assert await Response(blob.stream()).text() == "some bytes"


SOURCE = """
from workers import Blob, File, FormData, Request, Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        form = await request.form_data()
        answer = FormData({"names": ",".join(form)})
        for value in form.values():
            if isinstance(value, File):
                answer.append("file", value, "copy of " + value.name)
        return Response(answer)
"""


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


async def test_forms_travel_over_a_binding_and_back(runtime):
    handle = runtime.define("forms", SOURCE)
    form = form_of(("a", "1"), ("f", File(b"\xff", "ü.png", "image/png")), ("a", "2"))
    answer = await (await handle.fetch("http://x/", method="POST", body=form)).form_data()
    assert answer["names"] == "a,f,a"
    file = answer["file"]
    assert (file.name, file.content_type) == ("copy of ü.png", "image/png")
    assert await file.bytes() == b"\xff"


async def test_a_worker_that_reads_no_form_raises_the_platforms_error(runtime):
    handle = runtime.define("forms", SOURCE)
    with pytest.raises(TypeError, match="Unrecognized Content-Type header value"):
        await handle.fetch("http://x/", method="POST", body="a=1")
    with pytest.raises(TypeError, match="No subsequent boundary string"):
        await handle.fetch(
            "http://x/",
            method="POST",
            headers={"content-type": "multipart/form-data; boundary=b"},
            body='--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut',
        )
    assert (await handle.fetch("http://x/", method="POST", body=FormData())).ok


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (URLENCODED, b"a=" + b"%ffa" * 4_000_000),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"\r\n--bX" * 4_000_000,
        ),
    ],
    ids=["urlencoded", "multipart"],
)
async def test_a_form_that_takes_long_is_cut_by_the_budget(runtime, content_type, body):
    handle = runtime.define("forms", SOURCE, limits={"cpu_ms": 50})
    with pytest.raises(workernb.CpuLimitError):
        await handle.fetch(
            "http://x/", method="POST", headers={"content-type": content_type}, body=body
        )
    assert (await handle.fetch("http://x/", method="POST", body=FormData({"a": "1"}))).ok
