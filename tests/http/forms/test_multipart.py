"""multipart/form-data and urlencoded bodies, written and read: RFC 7578, HTML, Fetch."""

from __future__ import annotations

import email
import email.policy
import gc
import weakref

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workernb.http.forms import Blob, File, FormData, URLSearchParams, parsing
from workernb.http.forms.parsing import form_parser, parse_disposition

TYPE = "multipart/form-data; boundary=b"


def parse(body: bytes, content_type: str | None = TYPE, size: int | None = None) -> FormData:
    """Parse a body that arrives in chunks of `size` bytes."""
    parser = form_parser(content_type)
    for start in range(0, len(body), size or len(body) or 1):
        parser.feed(body[start : start + (size or len(body))])
    return parser.end()


async def entries(form: FormData) -> list[tuple]:
    """Return the entries, with name, type and bytes of each file."""
    return [
        (name, value)
        if isinstance(value, str)
        else (name, value.name, value.content_type, await value.bytes())
        for name, value in form.items()
    ]


def part(*headers: str, data: bytes = b"x") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return b"--b\r\n" + lines.encode() + b"\r\n" + data + b"\r\n"


def disposition(rest: str) -> str:
    return f"Content-Disposition: form-data; {rest}"


END = b"--b--\r\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (END, []),
        (b"--b--", []),
        (part(disposition('name="a"')) + END, [("a", "x")]),
        (part(disposition('name="a"')) + b"--b--", [("a", "x")]),
        (b"\r\n" + part(disposition('name="a"')) + END, [("a", "x")]),
        (part(disposition('name="a"')) + END + b"epilogue\r\n--b", [("a", "x")]),
        (part(disposition('name="a"'), data=b"") + END, [("a", "")]),
        (part(disposition('name="a"')) * 2 + END, [("a", "x"), ("a", "x")]),
        (part('content-DISPOSITION:form-data;name="a"') + END, [("a", "x")]),
        (part("Content-Disposition: Form-Data ; Name=a ;") + END, [("a", "x")]),
        (part("X-Other: 1", disposition('name="a"'), "Y: 2") + END, [("a", "x")]),
        (part(disposition('name=""')) + END, [("", "x")]),
        (part(disposition('name="_charset_"'), data=b"x") + END, [("_charset_", "x")]),
        (part(disposition('name="ü"'), data="ß".encode()) + END, [("ü", "ß")]),
        # A text is decoded as UTF-8, lossily, and its BOM stays; its Content-Type is ignored.
        (part(disposition('name="a"'), data=b"\xff\xef\xbb\xbf") + END, [("a", "\ufffd\ufeff")]),
        (part(disposition('name="a"'), "Content-Type: a/b; charset=x") + END, [("a", "x")]),
        # Data may look like almost a boundary.
        (
            part(disposition('name="a"'), data=b"--b--\r\n--c\r\n-\r\n--\r\n\r\r\n--bx") + END,
            [("a", "--b--\r\n--c\r\n-\r\n--\r\n\r\r\n--bx")],
        ),
        (
            part(disposition('name="a"; filename="f"')) + END,
            [("a", "f", "text/plain", b"x")],
        ),
        (
            part(disposition('name="a"; filename=""'), "Content-Type: Image/PNG") + END,
            [("a", "", "image/png", b"x")],
        ),
        (
            part(disposition('filename="f g;h.txt"; name="a"'), "content-type: a/b") + END,
            [("a", "f g;h.txt", "a/b", b"x")],
        ),
        (
            part(disposition("name=a; filename=f; filename*=UTF-8''g")) + END,
            [("a", "f", "text/plain", b"x")],
        ),
        (
            part(disposition('name="a"; filename="C:\\x\\y"')) + END,
            [("a", "C:\\x\\y", "text/plain", b"x")],
        ),
    ],
)
async def test_bodies_are_read(body, expected):
    assert await entries(parse(body)) == expected
    for size in (1, 2, 3, 7):
        assert await entries(parse(body, size=size)) == expected


LINES = [
    "--b", disposition('name="a"'), "", "1", "2", "--b",
    disposition('name="f"; filename="f.txt"'), "Content-Type: a/b", "", "3\r", "--b--", "",
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "line_end"),
    [
        ("\n".join(LINES), "\n"),
        ("\r\n".join(LINES), "\r\n"),
        ("a preamble\r\n--bc\r\n" + "\r\n".join(LINES), "\r\n"),
        ("a preamble\n\n" + "\n".join(LINES), "\n"),
        ("\r\n".join(LINES).replace("--b\r", "--b \t\r"), "\r\n"),
        ("\n".join(LINES).replace("--b\n", "--b \n") + "an epilogue\n--b\n", "\n"),
    ],
)
async def test_bodies_of_other_clients(body, line_end):
    expected = [("a", f"1{line_end}2"), ("f", "f.txt", "a/b", b"3\r")]
    for size in (None, 1, 2, 3, 7):
        assert await entries(parse(body.encode(), size=size)) == expected


def test_a_preamble_is_bounded():
    with pytest.raises(TypeError, match="No initial boundary string"):
        parse(b"x" * 70_000 + b"\r\n" + part(NAMED) + END)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('--b\nContent-Disposition: form-data; name="a"\n', "No multipart message header termina"),
        ('--b\nContent-Disposition: form-data; name="a"\n\n1\n', "No subsequent boundary string"),
        ("--b\nno colon\n\n1\n--b--\n", "FormData part had invalid headers."),
    ],
)
def test_bodies_with_short_line_ends_that_are_no_multipart(body, message):
    with pytest.raises(TypeError, match=message):
        parse(body.encode())


@pytest.mark.parametrize(
    ("parameters", "name", "filename"),
    [
        ('name="a"', "a", None),
        ('name="a%22b%0D%0Ac%20d%zz"', 'a"b\r\nc%20d%zz', None),
        # A backslash is itself, as browsers write it ...
        (r'name="a\"; filename="b\\c"', "a\\", r"b\\c"),
        # ... unless the header is valid only if it escapes a quote, as other clients do.
        (r'name="a\"b\\c"; filename="d\""', r'a"b\c', 'd"'),
        ('name="a"; name="b"', "a", None),
    ],
)
def test_names_and_their_escapes(parameters, name, filename):
    assert parse_disposition(f"form-data; {parameters}") == (name, filename)


NO_START = "No initial boundary string (or you have a truncated message)."
NO_NEXT = "No subsequent boundary string after multipart message."
NO_HEADER_END = "No multipart message header termination found."
HEADERS = "FormData part had invalid headers."
AFTER = "Boundary string was not succeeded by CRLF, LF, or '--'."
WRONG = "Invalid Content-Disposition header found in FormData part."
NAMED = disposition('name="a"')


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", NO_START),
        (b"nonsense", NO_START),
        (b"--c\r\n", NO_START),
        (b"--bc\r\n", NO_START),
        (b"--", NO_START),
        (b"\r\n\r\n", NO_START),
        (b"--b", NO_START),
        (b"--b\r\n", NO_HEADER_END),
        (b"--b\r\nContent-Disp", NO_HEADER_END),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n', NO_HEADER_END),
        (part(NAMED), NO_NEXT),
        (part(NAMED)[:-2], NO_NEXT),
        (part(NAMED) + b"--b", NO_NEXT),
        (part(NAMED) + b"--b-", NO_NEXT),
        (part(NAMED) + b"--b \tx", AFTER),
        (part(NAMED) + b"--b\r\n", NO_HEADER_END),
        (part("no colon") + END, HEADERS),
        (part("a b: c") + END, HEADERS),
        (part(": c") + END, HEADERS),
        (part("a: b\rc") + END, HEADERS),
        (part("a: " + "b" * 9_000, NAMED) + END, HEADERS),
        (part("a" * 9_000 + ": b", NAMED) + END, HEADERS),
        (part(*["a: b"] * 17, NAMED) + END, HEADERS),
        (part() + END, "No valid Content-Disposition header found in FormData part."),
        (part("a: b") + END, "No valid Content-Disposition header found in FormData part."),
        (part("Content-Disposition: form-data") + END, "is missing a name."),
        (part(disposition('filename="f"')) + END, "is missing a name."),
        (part('Content-Disposition: attachment; name="a"') + END, 'Got: "attachment"'),
        (part("Content-Disposition:") + END, WRONG),
        (part("Content-Disposition: ; name=a") + END, WRONG),
        (part(disposition('name="a')) + END, WRONG),
        (part(disposition('name="a"b"')) + END, WRONG),
        (part(disposition('name="a" filename="b"')) + END, WRONG),
    ],
)
def test_bodies_that_are_no_multipart(body, message):
    for size in (None, 1, 5):
        with pytest.raises(TypeError) as caught:
            parse(body, size=size)
        assert message in str(caught.value)


def test_an_error_says_where_it_is():
    body = part(NAMED) + part(disposition('name="second"'), data=b"cut off")
    with pytest.raises(TypeError) as caught:
        parse(body)
    assert caught.value.__notes__ == ["It is part 2, named 'second'."]
    with pytest.raises(TypeError) as caught:
        parse(part(NAMED) + part("no colon") + END, size=3)
    assert caught.value.__notes__ == [
        f"At byte {len(part(NAMED)) + len('--b' + 'xx' + 'no')} of the body: "
        "Found invalid character 32 in header.",
        "It is part 2.",
    ]


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        (None, "Parsing a Body as FormData requires a Content-Type header."),
        ("", "Parsing a Body as FormData requires a Content-Type header."),
        ("text/plain", "Unrecognized Content-Type header value. FormData can only parse"),
        ("nonsense", "Unrecognized Content-Type header value. FormData can only parse"),
        ("multipart/mixed; boundary=b", "Unrecognized Content-Type header value."),
        ("multipart/form-data", "No boundary string in Content-Type header."),
        ("multipart/form-data; boundary=", "No boundary string in Content-Type header."),
        ('multipart/form-data; boundary=""', "No boundary string in Content-Type header."),
        (
            f"multipart/form-data; boundary={'b' * 300}",
            "The multipart body's boundary is too long: Boundary length 300",
        ),
        (
            "application/x-www-form-urlencoded; charset=latin-1",
            "Non-utf-8 application/x-www-form-urlencoded body.",
        ),
    ],
)
def test_content_types_of_no_form(content_type, message):
    with pytest.raises(TypeError) as caught:
        form_parser(content_type)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "content_type",
    [
        "Multipart/Form-Data; Boundary=b",
        'multipart/form-data; boundary="b"',
        "multipart/form-data;charset=x;boundary=b",
        "text/plain, multipart/form-data; boundary=b",
    ],
)
def test_ways_to_write_the_content_type(content_type):
    assert parse(part(NAMED) + END, content_type) == FormData({"a": "x"})


URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"a=1&a=2&b", [("a", "1"), ("a", "2"), ("b", "")]),
        (b"?a=1", [("?a", "1")]),
        ("ü=ß".encode(), [("ü", "ß")]),
        (b"\xff=\xc3\x28", [("\ufffd", "\ufffd(")]),
        # A sequence may be half escaped.
        (b"a=\xc3%A9&b=%C3\xa9", [("a", "é"), ("b", "é")]),
        (b"a=\xef\xbb\xbf", [("a", "\ufeff")]),
        (b"a=+%2B%", [("a", " +%")]),
    ],
)
def test_urlencoded_bodies(body, expected):
    for content_type in (URLENCODED, f"{URLENCODED};charset=UTF-8"):
        for size in (None, 1, 3):
            assert list(parse(body, content_type, size).items()) == expected


def test_a_form_has_a_thousand_entries_at_most():
    text = b"&".join([b"a=1"] * 1_000)
    assert len(parse(text, URLENCODED)) == 1_000
    assert len(parse(part(NAMED) * 1_000 + END)) == 1_000
    for body, content_type in [
        (text + b"&a=1", URLENCODED),
        (b"&" * 5_000, URLENCODED),
        (part(NAMED) * 1_001 + END, TYPE),
        (part(NAMED) * 1_000 + b"--b\r\n", TYPE),
    ]:
        with pytest.raises(TypeError, match="A form has 1,000 entries at most"):
            parse(body, content_type)


def test_a_form_has_128_mib_at_most():
    parser = form_parser(TYPE)
    parser.feed(part(disposition('name="film"; filename="f"'), data=b""))
    chunk = bytes(16 * 1024 * 1024)
    for _ in range(7):
        parser.feed(chunk)
    with pytest.raises(TypeError, match="Memory limit would be exceeded") as caught:
        parser.feed(chunk)
    assert "134,217,728 bytes at most" in caught.value.__notes__[0]
    assert "'film'" in caught.value.__notes__[0]
    parser = form_parser(URLENCODED)
    for _ in range(8):
        parser.feed(chunk)
    with pytest.raises(TypeError, match="Memory limit would be exceeded before EOF"):
        parser.feed(b"x")


def test_a_parser_that_has_ended_leaves_nothing_to_the_garbage_collector():
    parser = form_parser(TYPE)
    parser.feed(part(NAMED) + END)
    parser.end()
    gone = weakref.ref(parser)
    gc.disable()
    try:
        del parser
        assert gone() is None
    finally:
        gc.enable()


def test_a_parser_logs_nothing(caplog):
    with pytest.raises(TypeError):
        parse(b"--bx")
    assert caplog.records == []


def body_of(form: FormData | URLSearchParams) -> tuple[bytes, str]:
    source = form._body_source()
    assert source.length == len(source.data)
    return source.data, source.content_type


def written(form: FormData) -> str:
    data, content_type = body_of(form)
    return data.decode().replace(content_type.partition("boundary=")[2], "B")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a", "x", 'form-data; name="a"\r\n\r\nx\r\n'),
        ("ü", "ß", 'form-data; name="ü"\r\n\r\nß\r\n'),
        ('a"b', "x", 'form-data; name="a%22b"\r\n\r\nx\r\n'),
        ("a\\", "x", 'form-data; name="a\\"\r\n\r\nx\r\n'),
        # Line ends of names and texts become CR LF, in names escaped.
        ("a\nb\rc\r\nd", "x", 'form-data; name="a%0D%0Ab%0D%0Ac%0D%0Ad"\r\n\r\nx\r\n'),
        ("a", "1\n2\r3\r\n4\r\r\n", 'form-data; name="a"\r\n\r\n1\r\n2\r\n3\r\n4\r\n\r\n\r\n'),
        (
            "a",
            File("1\n2", 'f"\n\r.txt'),
            'form-data; name="a"; filename="f%22%0A%0D.txt"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n1\n2\r\n",
        ),
        (
            "a",
            Blob("x", "Text/HTML; charset=utf-8"),
            'form-data; name="a"; filename="blob"\r\n'
            "Content-Type: text/html; charset=utf-8\r\n\r\nx\r\n",
        ),
        ("a", File("x", ""), 'form-data; name="a"; filename=""\r\n'
         "Content-Type: application/octet-stream\r\n\r\nx\r\n"),
    ],
)  # fmt: skip
def test_an_entry_is_written_as_html_says(name, value, expected):
    form = FormData()
    form.append(name, value)
    assert written(form) == f"--B\r\nContent-Disposition: {expected}--B--\r\n"


def test_a_form_without_entries_is_its_last_boundary():
    assert written(FormData()) == "--B--\r\n"
    assert body_of(URLSearchParams()) == (b"", f"{URLENCODED};charset=UTF-8")


def test_each_body_has_a_boundary_of_its_own():
    _, one = body_of(FormData())
    _, two = body_of(FormData())
    assert one != two
    assert len(one.partition("boundary=")[2]) <= 70


TEXTS = st.text(max_size=20)
NAMES = st.one_of(TEXTS, st.text(alphabet='"\\;=%\r\n20AD ', max_size=12))
TYPES = st.sampled_from(["text/plain", "image/png", "a/b;c=d", "application/octet-stream"])
FILES = st.builds(File, st.binary(max_size=60), NAMES, TYPES)
DATA = st.one_of(TEXTS, FILES, st.text(alphabet="\r\n-b", max_size=30))
FORMS = st.lists(st.tuples(NAMES, DATA), max_size=5)


def form_of(pairs) -> FormData:
    form = FormData()
    for name, value in pairs:
        form.append(name, value)
    return form


def crlf(text: str) -> str:
    return "\r\n".join(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def unescaped(name: str) -> str:
    return name.replace("%0A", "\n").replace("%0D", "\r").replace("%22", '"')


ANY = "application/octet-stream"


def as_received(form: FormData) -> list[tuple]:
    """Return the entries after a round trip: line ends of texts are CR LF.

    A name's own `%22` cannot be told from an escape; the standard escapes no percent sign.
    """
    return [
        (unescaped(crlf(name)), crlf(value))
        if isinstance(value, str)
        else (unescaped(crlf(name)), unescaped(value.name), value.content_type or ANY, value._data)
        for name, value in form.items()
    ]


@given(FORMS, st.integers(1, 70))
@example([("a\\", File(b"", "b\\"))], 1)
async def test_a_form_survives_a_round_trip_in_chunks(pairs, size):
    form = form_of(pairs)
    data, content_type = body_of(form)
    assert await entries(parse(data, content_type, size)) == as_received(form)


def test_a_body_is_the_same_wherever_its_chunks_are_split():
    form = form_of([("one", "a\r\n--b"), ("two", File(b"\r\n--\r\n\r\n", "f.bin"))])
    data, content_type = body_of(form)
    whole = parse(data, content_type)
    boundary = content_type.partition("boundary=")[2]
    tricky = data.replace(b"a\r\n--b", f"a\r\n--{boundary[:-1]}\r\n--{boundary}x".encode())
    for body in (data, tricky):
        whole = parse(body, content_type)
        for split in range(len(body) + 1):
            parser = form_parser(content_type)
            parser.feed(body[:split])
            parser.feed(body[split:])
            form = parser.end()
            assert form["one"] == whole["one"]
            assert form["two"]._data == whole["two"]._data


# The standard library's parser of e-mail knows MIME, not the escapes of HTML.
PLAIN = st.text(alphabet="abcXYZ019 _-.üß€", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(st.lists(st.tuples(PLAIN, st.one_of(TEXTS, st.binary(max_size=80))), min_size=1, max_size=4))
def test_the_parser_of_email_reads_what_is_written(pairs):
    form = form_of(
        (name, value if isinstance(value, str) else File(value, f"{name}.bin"))
        for name, value in pairs
    )
    data, content_type = body_of(form)
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + data, policy=email.policy.HTTP)
    parts = list(message.iter_parts())
    assert len(parts) == len(form)
    for got, (name, value) in zip(parts, form.items(), strict=True):
        header = got["content-disposition"]
        assert header.params["name"].encode("utf-8", "surrogateescape").decode() == name
        payload = got.get_payload(decode=True)
        if isinstance(value, str):
            assert payload == crlf(value).encode()
        else:
            assert payload == value._data
            assert got.get_content_type() == "application/octet-stream"


# It escapes control characters and backslashes too, which the standard does not.
QUOTED = st.text(alphabet='ab "ü€;=.%', min_size=1, max_size=12)
UPLOADS = st.tuples(QUOTED, st.binary(max_size=60), TYPES)


@given(st.lists(st.tuples(QUOTED, UPLOADS), max_size=4), st.integers(1, 70))
async def test_what_httpx_writes_is_read(files, size):
    request = httpx.Request("POST", "http://x/", files=[("first", b""), *files])
    form = parse(request.read(), request.headers["content-type"], size)
    assert (await entries(form))[1:] == [
        (name, filename, content_type, data) for name, (filename, data, content_type) in files
    ]


@given(st.dictionaries(PLAIN, st.lists(TEXTS, min_size=1, max_size=3), max_size=3))
def test_what_httpx_writes_of_texts_is_read(fields):
    request = httpx.Request("POST", "http://x/", data=fields)
    form = parse(request.read(), request.headers.get("content-type", URLENCODED))
    assert list(form.items()) == [(name, text) for name in fields for text in fields[name]]


@given(st.binary(max_size=200), st.sampled_from([TYPE, URLENCODED]))
def test_random_bytes_are_a_form_or_a_type_error(body, content_type):
    try:
        form = parse(body, content_type)
    except TypeError:
        assert content_type == TYPE
    else:
        assert all(isinstance(name, str) for name in form)


PIECES = [b"--b", b"\r\n", b"--", b":", NAMED.encode(), b"x", b";", b'"']


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join), st.integers(1, 40))
def test_shuffled_pieces_give_the_same_in_any_chunks(body, size):
    def outcome(size):
        try:
            return list(parse(body, size=size).items())
        except TypeError as error:
            return str(error)

    assert outcome(size) == outcome(None)


def test_the_limits_are_those_of_the_docs():
    assert parsing.MAX_ENTRIES == 1_000
    assert parsing.MAX_HEADER_BYTES == 8_192


WORDS = st.text("abc-\r ", max_size=5).map(lambda text: text.strip("\r"))


@given(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), WORDS), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", " ", "\t "]),
    st.sampled_from(["", "preamble", "--bb\n\n"]),
    st.integers(1, 40),
)
def test_any_body_of_another_client_is_read(values, line_end, blanks, preamble, size):
    lines = [preamble] if preamble else []
    for name, value in values:
        lines += [f"--b{blanks}", disposition(f'name="{name}"'), "", value]
    body = line_end.join([*lines, "--b--", ""]).encode()
    assert list(parse(body, size=size).items()) == values
