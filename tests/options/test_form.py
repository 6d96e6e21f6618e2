"""The option -F of %fetch: parts of a multipart form, written as curl's."""

from __future__ import annotations

import tracemalloc

import pytest

from workernb.errors import OptionError
from workernb.http.forms.parsing import form_parser
from workernb.options.fetch import FetchOptions


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "note.TXT").write_bytes(b"a note\n")
    (tmp_path / "data").write_bytes(b"\0\xff\r\n")
    (tmp_path / "a,b;c.png").write_bytes(b"png")


def parts(options: FetchOptions) -> list[str]:
    """Return the parts of the body that is sent, head and data."""
    boundary = dict(options.headers)["content-type"].partition("boundary=")[2]
    assert isinstance(options.body, bytes)
    *pieces, end = options.body.split(f"--{boundary}".encode())
    assert end == b"--\r\n"
    return [
        piece.removesuffix(b"\r\n").removeprefix(b"\r\n").decode("latin-1") for piece in pieces[1:]
    ]


def head(name: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n'


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a=1", head("a") + "\r\n1"),
        ("a=", head("a") + "\r\n"),
        ("a=b=c", head("a") + "\r\nb=c"),
        ("'a= b c '", head("a") + "\r\nb c"),
        ("'a=\" b c \"'", head("a") + "\r\n b c "),
        ("'a=\"b\\nc\"'", head("a") + "\r\nb\\nc"),
        (
            "'a=@ data ; filename=x '",
            head("a", '; filename="x"')
            + "Content-Type: application/octet-stream\r\n\r\n\0\xff\r\n",
        ),
        ("a=1;type=text/x", head("a") + "Content-Type: text/x\r\n\r\n1"),
        ("'a=1; Type=text/x'", head("a") + "Content-Type: text/x\r\n\r\n1"),
        (
            "'a=1;type=text/x; charset=utf-8;b=\"c;d\" '",
            head("a") + 'Content-Type: text/x; charset=utf-8;b="c;d"\r\n\r\n1',
        ),
        ("""'a="1;2"'""", head("a") + "\r\n1;2"),
        ("""'a="1\\"2\\\\";type=text/x'""", head("a") + 'Content-Type: text/x\r\n\r\n1"2\\'),
        ("""'a=say "x" twice'""", head("a") + '\r\nsay "x" twice'),
        ("a=<sub/note.TXT", head("a") + "\r\na note\n"),
        ("'a=<data;type=x/y'", head("a") + "Content-Type: x/y\r\n\r\n\0\xff\r\n"),
        (
            "a=@sub/note.TXT",
            head("a", '; filename="note.TXT"') + "Content-Type: text/plain\r\n\r\na note\n",
        ),
        (
            "a=@data",
            head("a", '; filename="data"')
            + "Content-Type: application/octet-stream\r\n\r\n\0\xff\r\n",
        ),
        (
            "'a=@data;type=image/png;filename=pic.png'",
            head("a", '; filename="pic.png"') + "Content-Type: image/png\r\n\r\n\0\xff\r\n",
        ),
        (
            """'a=@data;filename="p\\"i;c.png";type=image/png'""",
            head("a", '; filename="p%22i;c.png"') + "Content-Type: image/png\r\n\r\n\0\xff\r\n",
        ),
        (
            """'a=@"a,b;c.png"'""",
            head("a", '; filename="a,b;c.png"') + "Content-Type: image/png\r\n\r\npng",
        ),
        ("""'a"b=1'""", head("a%22b") + "\r\n1"),
    ],
)
def test_a_part_is_written_as_curl_does(typed, expected):
    assert parts(FetchOptions.parse(f"echo -F {typed}")) == [expected]


def test_a_literal_part_is_taken_as_it_is():
    options = FetchOptions.parse("echo --form-string 'a=@x;type=y' -F b=1 --form-string 'c=\"2\"'")
    assert parts(options) == [
        head("a") + "\r\n@x;type=y",
        head("b") + "\r\n1",
        head("c") + '\r\n"2"',
    ]


def test_a_content_type_that_is_given_keeps_the_boundary():
    options = FetchOptions.parse("echo -F a=1 -H 'Content-Type: multipart/mixed' -H 'x: y'")
    kind, _, boundary = dict(options.headers)["Content-Type"].partition("; boundary=")
    assert kind == "multipart/mixed"
    assert options.body.startswith(f"--{boundary}\r\n".encode())
    own = FetchOptions.parse("echo -F a=1 -H 'content-type: x/y; boundary=own'")
    assert own.headers == [("content-type", "x/y; boundary=own")]
    none = FetchOptions.parse("echo -F a=1 -H content-type:")
    assert none.headers == []


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("-F novalue", "-F needs a name and a value: write -F name=value"),
        ("-F =value", "-F needs a name and a value"),
        ("--form-string novalue", "--form-string needs a name and a value"),
        ("-F a=@nowhere", "nowhere cannot be read: No such file or directory"),
        ("-F a=@sub", "sub cannot be read: Is a directory"),
        ("-F 'a=<nowhere'", "nowhere cannot be read"),
        ("-F a=@data,data", "-F: a file a time"),
        ("-F 'a=1;2'", "double quotes around it"),
        ("-F 'a=1;filename=x'", "-F: only a file has a filename"),
        ("-F 'a=@data;headers=x'", "there is no headers= here"),
        ("-F 'a=@data;encoder=base64'", "there is no encoder= here"),
        ("-F 'a=@data;type=png'", "-F: type= is a MIME type"),
        ("-F 'a=1;type=a/b\r\nx: y'", "-F: type= is a MIME type"),
        ("-F a=1 -d x", "A request has one body: use -d, --json, -F or the cell"),
        ("-F a=1 --json x", "A request has one body"),
    ],
)
def test_what_is_refused(typed, message):
    with pytest.raises(OptionError) as caught:
        FetchOptions.parse(f"echo {typed}")
    assert message in str(caught.value)
    with pytest.raises(OptionError, match="A request has one body"):
        FetchOptions.parse("echo -F a=1", "the cell")


def test_an_error_does_not_repeat_a_value():
    for typed in ("s3cret", "a=1;s3cret", "a=s3cret;type=s3cret", "a=s3cret;filename=x"):
        with pytest.raises(OptionError) as caught:
            FetchOptions.parse(f"echo -F '{typed}'")
        assert "s3cret" not in str(caught.value)


async def test_a_worker_reads_the_form():
    options = FetchOptions.parse("echo -F a=1 -F 'b=@data;type=x/y' -F a=2")
    parser = form_parser(dict(options.headers)["content-type"])
    parser.feed(options.body)
    form = parser.end()
    assert form.get_all("a") == ["1", "2"]
    file = form["b"]
    assert (file.name, file.content_type, await file.bytes()) == ("data", "x/y", b"\0\xff\r\n")


def test_files_are_in_memory_once(tmp_path):
    size = 20_000_000
    with open("large", "wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        body = FetchOptions.parse("echo -F a=@large").body
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(body) > size
    assert peak < 1.5 * size


@pytest.mark.parametrize("line", ["-F a=@large -F b=@large", "-F 'a=<huge'", "-d @huge"])
def test_files_that_are_too_large(line):
    for name, size in (("large", 60_000_000), ("huge", 120_000_000)):
        with open(name, "wb") as file:
            file.truncate(size)
    with pytest.raises(OptionError, match="is too large: a request's body has 100 MB at most"):
        FetchOptions.parse(f"echo {line}")
