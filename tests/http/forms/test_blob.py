"""Blob and File, as the File API and the platform's Python SDK have them."""

from __future__ import annotations

import array
import time

import pytest

from workernb.http.forms import Blob, BlobEnding, File, blob


@pytest.mark.parametrize(
    ("parts", "data"),
    [
        ("text", b"text"),
        ("grüße", "grüße".encode()),
        ("a\ud800b", b"a\xef\xbf\xbdb"),
        ("\ud83d\ude00", "😀".encode()),
        (b"bytes", b"bytes"),
        (bytearray(b"array"), b"array"),
        (memoryview(b"view")[1:3], b"ie"),
        (memoryview(b"stride")[::2], b"srd"),
        (array.array("H", [1, 258]), b"\x01\x00\x02\x01"),
        (Blob("blob"), b"blob"),
        (File("file", "name"), b"file"),
        ([], b""),
        (["a", b"b", bytearray(b"c"), Blob("d"), File("e", "name"), ""], b"abcde"),
        (("a", "b"), b"ab"),
        (iter(["a", "b"]), b"ab"),
    ],
)
async def test_the_bytes_of_parts(parts, data):
    made = Blob(parts)
    assert await made.bytes() == data
    assert made.size == len(data)
    assert bytes(await made.buffer()) == data
    assert bytes(await made.arrayBuffer()) == data


@pytest.mark.parametrize("parts", [3, None, [3], ["a", None], [["a"]], {"a": 1}.values(), object()])
def test_parts_of_other_types_are_refused(parts):
    with pytest.raises(TypeError, match=r"^Don't know how to handle <class '.+'> for Blob\(\)$"):
        Blob(parts)
    with pytest.raises(TypeError, match="Don't know how to handle"):
        File(parts, "name")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, ""),
        ("", ""),
        ("text/plain", "text/plain"),
        ("Text/HTML;Charset=UTF-8", "text/html;charset=utf-8"),
        ("nonsense", "nonsense"),
        ("a\nb", ""),
        ("a\x7fb", ""),
        ("grün", ""),
        ("a b~", "a b~"),
    ],
)
def test_a_content_type_is_printable_ascii_in_lower_case(given, kept):
    assert Blob("x", content_type=given).content_type == kept
    assert File("x", "name", content_type=given).content_type == kept
    assert Blob("x").slice(0, 1, given).content_type == kept
    assert Blob("x", content_type=given).type == kept


def test_a_single_blob_hands_on_what_it_has_and_a_list_does_not():
    file = File("x", "one", content_type="a/b", last_modified=7)
    assert Blob(file).content_type == "a/b"
    assert Blob(file, content_type="c/d").content_type == "c/d"
    assert Blob([file]).content_type == ""
    assert not isinstance(Blob(file), File)
    again = File(file, "two")
    assert (again.name, again.content_type, again.last_modified) == ("two", "a/b", 7)
    assert File(file, "two", last_modified=0).last_modified == 0
    assert File([file], "two").content_type == ""
    assert File([file], "two").last_modified > 7


def test_a_file_was_modified_now_unless_told_otherwise():
    before = int(time.time() * 1000)
    file = File("x", "a\ud800")
    assert before <= file.last_modified <= time.time() * 1000
    assert file.lastModified == file.last_modified
    assert file.name == "a\ufffd"
    with pytest.raises(TypeError, match="Expected filename to be a str, not int"):
        File("x", 3)


@pytest.mark.parametrize("native", ["native", BlobEnding.NATIVE])
async def test_line_ends_of_texts_become_native(native):
    parts = ["a\r\nb\rc\nd", b"e\r\nf", "\n\r"]
    assert await Blob(parts, endings=native).bytes() == b"a\nb\nc\nde\r\nf\n\n"
    assert await Blob(parts).bytes() == b"a\r\nb\rc\nde\r\nf\n\r"
    assert await Blob(parts, endings="transparent").bytes() == b"a\r\nb\rc\nde\r\nf\n\r"
    with pytest.raises(ValueError, match="'mac' is not a valid BlobEnding"):
        Blob(parts, endings="mac")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("grüße".encode(), "grüße"),
        (b"\xef\xbb\xbfbom", "bom"),
        (b"a\xffb\xc3", "a\ufffdb\ufffd"),
        (b"\xf0\x9f\x98", "\ufffd"),
        (b"", ""),
    ],
)
async def test_the_text_of_bytes(data, text):
    assert await Blob(data).text() == text


# https://w3c.github.io/FileAPI/#slice-blob
@pytest.mark.parametrize(
    ("start", "end", "data"),
    [
        (None, None, b"0123456789"),
        (0, 0, b""),
        (2, 5, b"234"),
        (2, None, b"23456789"),
        (None, 3, b"012"),
        (-3, None, b"789"),
        (None, -3, b"0123456"),
        (-5, -2, b"567"),
        (5, 2, b""),
        (-2, -5, b""),
        (8, 100, b"89"),
        (100, 200, b""),
        (-100, 2, b"01"),
        (3, -100, b""),
    ],
)
async def test_a_slice(start, end, data):
    part = File("0123456789", "name", content_type="a/b").slice(start, end, "C/D")
    assert await part.bytes() == data
    assert part.content_type == "c/d"
    assert type(part) is Blob
    assert File("0123456789", "name", content_type="a/b").slice(start, end).content_type == ""


def test_a_blob_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(blob, "MAX_BLOB_BYTES", 10)
    assert Blob(["12345", "67890"]).size == 10
    with pytest.raises(ValueError, match="Blob size 11 exceeds limit 10"):
        Blob(["12345", "678901"])


def test_repr():
    assert repr(Blob("x", "text/plain")) == "Blob(size=1, content_type='text/plain')"
    assert repr(File("x", "a.txt")) == "File('a.txt', size=1, content_type='')"
