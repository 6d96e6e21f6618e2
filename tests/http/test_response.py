"""Response: how it is made, and what it refuses."""

from __future__ import annotations

import io
import shutil
import tarfile
from http import HTTPStatus

import pytest

from workernb.errors import AbortError, BodyUsedError
from workernb.http import Response


@pytest.mark.parametrize("status", [199, 600, 0, 99, -1, 101])
def test_statuses_outside_the_range_are_refused(status):
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


def test_the_attributes_of_a_response():
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
def test_invalid_status_texts_are_refused(text):
    with pytest.raises(TypeError, match="Invalid statusText"):
        Response("x", 200, text)


async def test_a_response_from_a_response_takes_its_body():
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


def test_invalid_redirects_are_refused():
    assert Response.redirect("http://x").status == 302
    with pytest.raises(ValueError, match="200 is not a redirect status code"):
        Response.redirect("http://x/", 200)
    with pytest.raises(TypeError, match="Unable to parse URL: /rel"):
        Response.redirect("/rel")


def test_an_error_response():
    response = Response.error()
    assert (response.type, response.status, response.ok, response.body) == ("error", 0, False, None)
    assert response.clone().type == "error"
    with pytest.raises(TypeError, match="immutable"):
        response.headers.set("a", "b")


async def test_from_json():
    for make in (Response.from_json, Response.json):
        response = make({"obj": {"field": 123}}, 201, headers={"x": "y"})
        assert response.status == 201
        assert response.headers["content-type"] == "application/json"
        assert await response.text() == '{"obj": {"field": 123}}'
    own = Response.from_json([], headers={"content-type": "application/problem+json"})
    assert own.headers["content-type"] == "application/problem+json"
    assert await own.json() == []


async def test_old_names_and_replace_body():
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


def test_the_repr_of_a_response():
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
def test_the_status_text_is_the_platforms(status, text):
    assert Response(None, status).status_text == text
    assert Response(None, status, "").status_text == text
    assert Response(None, status, "My own").status_text == "My own"


@pytest.mark.parametrize("body", ["", b"", None])
async def test_an_empty_body_is_dropped_where_the_status_allows_none(body):
    response = Response(body, 204)
    assert list(response.headers) == []
    for _ in range(2):
        assert await response.text() == ""


@pytest.mark.parametrize("url", ["https://x/a?b#c", "mailto:a@b", "ftp://x/"])
def test_a_redirect_keeps_fragments_and_other_schemes(url):
    assert Response.redirect(url).headers["location"] == url


def _archive(path, kind):
    (path / "in").mkdir()
    (path / "in" / "a.txt").write_text("x")
    with open(shutil.make_archive(str(path / "made"), kind, path / "in"), "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    ("kind", "options", "headers"),
    [
        ("zip", {"format": "zip"}, None),
        ("zip", {"format": "whl"}, None),
        ("zip", {}, {"content-type": "application/zip; q=1"}),
        ("gztar", {"format": "gztar"}, None),
        ("gztar", {"format": "tgz"}, None),
        ("tar", {}, {"content-type": "application/x-tar"}),
    ],
)
async def test_an_archive_is_unpacked(tmp_path, kind, options, headers):
    response = Response(_archive(tmp_path, kind), headers=headers)
    await response.unpack_archive(extract_dir=tmp_path / "out", **options)
    assert (tmp_path / "out" / "a.txt").read_text() == "x"
    assert response.body_used


async def test_archives_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="Unknown archive format 'text/plain'"):
        await Response("x").unpack_archive(extract_dir=tmp_path, format="text/plain")
    with pytest.raises(shutil.ReadError):
        await Response("x").unpack_archive(extract_dir=tmp_path, format="zip")


@pytest.mark.filterwarnings("ignore:.*filter:DeprecationWarning")
async def test_an_archive_stays_in_its_folder(tmp_path):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside.txt"))
    with pytest.raises((tarfile.TarError, shutil.ReadError)):
        await Response(data.getvalue()).unpack_archive(extract_dir=tmp_path / "in", format="tar")
    assert not (tmp_path / "outside.txt").exists()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_response_that_is_aborted(streamed):
    ended = []

    async def produce():
        try:
            yield b"x"
        finally:
            ended.append(True)

    response = Response(produce() if streamed else "x")
    response.abort()
    with pytest.raises(AbortError, match="The operation was aborted"):
        await response.text()
    other = Response("x")
    other.abort(ValueError("why"))
    with pytest.raises(ValueError, match="why"):
        await other.bytes()
