"""Bodies of forms, as Request and Response take and give them."""

from __future__ import annotations

import pytest

from tests.engines.javascript.bare import quickjs

MAKE = """
const form = new FormData();
form.append('text', 'line\\nend');
form.append('file', new File([new Uint8Array([0, 255])], 'a"b.bin', { type: 'x/y' }));
form.append('text', 'é');
"""


@pytest.fixture
def web(bare):
    """The object that the files of JavaScript share, under a name."""
    bare.context.set("web", bare.web.value)
    return bare


def test_a_form_goes_out_and_comes_back(web):
    assert web.run(
        MAKE
        + """
        const { bytes, type } = web.writeForm(form);
        const back = web.readForm(bytes, type);
        const file = back.get('file');
        return [back.getAll('text'), file.name, file.type, [...await file.bytes()],
          file instanceof File, type.startsWith('multipart/form-data; boundary=')];
        """
    ) == [["line\r\nend", "é"], 'a"b.bin', "x/y", [0, 255], True, True]


def test_an_urlencoded_body(web):
    assert web.run(
        "return [...web.readForm(new TextEncoder().encode('a=1+2&b=%C3%A9'),"
        " 'application/x-www-form-urlencoded')]"
    ) == [["a", "1 2"], ["b", "é"]]


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("'text/plain'", "Unrecognized Content-Type header value"),
        ("null", "Parsing a Body as FormData requires a Content-Type header"),
        ("'multipart/form-data'", "No boundary string in Content-Type header"),
        ("'multipart/form-data; boundary=x'", "No initial boundary string"),
    ],
)
def test_a_body_that_is_no_form(web, content_type, text):
    with pytest.raises(quickjs.JSError, match=f"TypeError: {text}"):
        web.run(f"return web.readForm(new Uint8Array([1]), {content_type})")


def test_what_bodies_are_made_of(web):
    assert web.run(
        """
        const out = [];
        for (const value of ['é', new URLSearchParams('a=b c'), new Blob(['x'], { type: 'a/b' }),
            new Uint8Array([1, 2]).subarray(1), new ArrayBuffer(3), 5, null]) {
          const { bytes, stream, type } = web.extractBody(value);
          out.push([[...bytes], stream, type]);
        }
        const { bytes, stream } = web.extractBody(new ReadableStream());
        return [...out, [bytes, stream.locked]];
        """
    ) == [
        [[0xC3, 0xA9], None, "text/plain;charset=UTF-8"],
        [[*b"a=b+c"], None, "application/x-www-form-urlencoded;charset=UTF-8"],
        [[120], None, "a/b"],
        [[2], None, None],
        [[0, 0, 0], None, None],
        [[53], None, "text/plain;charset=UTF-8"],
        [[*b"null"], None, "text/plain;charset=UTF-8"],
        [None, False],
    ]


def test_a_stream_is_read_to_its_end(web):
    assert web.run(
        "const chunks = [new Uint8Array([1]), new Uint8Array([2])];"
        "return [...await web.readBytes(ReadableStream.from(chunks))]"
    ) == [1, 2]
    with pytest.raises(quickjs.JSError, match="received a value that is not a BufferSource"):
        web.run("return web.readBytes(ReadableStream.from(['text']))")
