"""Headers: the Fetch standard's behaviour, and the platform's texts."""

from __future__ import annotations

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.http import Headers, Request

TOKENS = st.text("abcXYZ09!#$%&'*+-.^_`|~", min_size=1, max_size=8)
VALUES = st.text(st.characters(blacklist_characters="\0\r\n", blacklist_categories=["Cs"]))


@given(st.lists(st.tuples(TOKENS, VALUES)))
def test_appended_values_are_found_in_every_way(items):
    headers = Headers()
    expected: dict[str, list[str]] = {}
    for name, value in items:
        headers.append(name, value)
        expected.setdefault(name.lower(), []).append(value.strip(" \t\r\n"))
    assert list(headers) == sorted(expected)
    assert len(headers) == len(expected)
    for name, values in expected.items():
        assert headers.get(name.upper()) == ", ".join(values)
        assert headers.has(name)
        assert name.title() in headers
    assert headers == Headers(items)


@pytest.mark.parametrize(
    "init",
    [
        {"A": "1", "b": "2"},
        [("A", "1"), ("b", "2")],
        (("A", "1"), ["b", "2"]),
        Headers({"a": "1", "B": "2"}),
        iter([("a", "1"), ("b", "2")]),
    ],
)
def test_ways_to_give_headers(init):
    assert Headers(init).items() == [("a", "1"), ("b", "2")]


def test_headers_of_a_standard_library_message():
    message = Message()
    message["A"] = "1"
    message["B"] = "2"
    assert Headers(message.items()).items() == [("a", "1"), ("b", "2")]


@pytest.mark.parametrize("init", ["a: b", 3, [("a",)], [1], [("a", "b", "c")]])
def test_unsupported_types_are_refused(init):
    with pytest.raises(TypeError, match="Received unexpected type for headers argument"):
        Headers(init)


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "a\n", "(", 3, None])
def test_invalid_names_are_refused(name):
    for change in (
        lambda h: h.set(name, "x"),
        lambda h: h.append(name, "x"),
        lambda h: h.get(name),
        lambda h: h.delete(name),
        lambda h: h.has(name),
    ):
        with pytest.raises(TypeError, match=r"^Invalid header name\."):
            change(Headers())
    with pytest.raises(TypeError, match="Invalid header name"):
        Headers({name: "x"})


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b"])
def test_invalid_values_are_refused(value):
    for make in (lambda: Headers({"a": value}), lambda: Headers().set("a", value)):
        with pytest.raises(TypeError, match=r"^Invalid header value\."):
            make()


@pytest.mark.parametrize("at", [0, 5, 90, 200])
def test_an_invalid_value_is_not_quoted(at):
    key = "s3cret-" + "0123456789" * 20
    for change in (
        lambda h, value: h.set("a", value),
        lambda h, value: h.append("a", value),
        lambda h, value: Headers({"a": value}),
        lambda h, value: Headers([("a", value)]),
    ):
        with pytest.raises(TypeError, match="Invalid header value") as caught:
            change(Headers(), key[: at + 1] + "\n" + key)
        assert caught.value.__notes__ == [f"The header's value has '\\n' at position {at + 1}."]


def test_a_name_is_quoted_as_a_whole_or_not_at_all():
    for name, note in (("a b", "was 'a b'."), ("a b" * 50, "has 150 characters.")):
        with pytest.raises(TypeError, match="Invalid header name") as caught:
            Headers({name: "x"})
        assert caught.value.__notes__ == [f"The header's name {note}"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [(" a ", "a"), ("\ta\n", "a"), ("grün", "grün"), (3, "3"), ("", ""), ("a\tb", "a\tb")],
)
def test_values_are_normalized(value, kept):
    assert Headers({"a": value})["A"] == kept
    assert Headers([("a", value)])["A"] == kept


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # As a JavaScript engine answers for String(value).
        (True, "true"), (False, "false"), (None, "null"), (1, "1"), (-5, "-5"), (2.0, "2"),
        (1.5, "1.5"), (-0.0, "0"), (1e16, "10000000000000000"), (1e20, "100000000000000000000"),
        (1e21, "1e+21"), (1.5e300, "1.5e+300"), (1e-6, "0.000001"), (1.25e-5, "0.0000125"),
        (1e-7, "1e-7"), (1.5e-7, "1.5e-7"), (5e-324, "5e-324"),
        (float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity"),
        ([1, "a", None, [True]], "1,a,,true"), ((), ""), (b"ab", "97,98"),
        ({"a": 1}, "[object Object]"),
    ],
)  # fmt: skip
def test_values_that_are_no_text_become_what_javascript_makes_of_them(value, text):
    assert Headers({"a": value})["a"] == text
    assert Headers([("a", value)])["a"] == text
    headers = Headers()
    headers.set("a", value)
    headers.append("b", value)
    assert (headers["a"], headers["b"]) == (text, text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_same_as_text(number):
    text = Headers({"a": number})["a"]
    assert float(text) == number
    assert "e" not in text or abs(number) >= 1e21 or abs(number) < 1e-6
    assert not text.endswith(".0")


def test_values_of_one_name_are_joined():
    headers = Headers({"a": "1", "A": "2"})
    headers.append("a", "3")
    assert headers["a"] == "1, 2, 3"
    assert headers.get_all("a") == ["1, 2, 3"]
    headers.set("A", "4")
    assert headers["a"] == "4"
    headers.delete("A")
    headers.delete("A")
    assert headers["a"] is None


def test_cookies_stay_separate():
    headers = Headers([("Set-Cookie", "a=1, x"), ("set-cookie", "b=2"), ("z", "1")])
    assert headers.get_set_cookie() == headers.getSetCookie() == ["a=1, x", "b=2"]
    assert headers.getAll("Set-Cookie") == ["a=1, x", "b=2"]
    assert headers.get_all("set-cookie") == ["a=1, x", "b=2"]
    assert headers.get("set-cookie") == "a=1, x, b=2"
    assert headers.items() == [("set-cookie", "a=1, x"), ("set-cookie", "b=2"), ("z", "1")]
    assert list(headers) == ["set-cookie", "z"]
    assert Headers().get_set_cookie() == []
    with pytest.raises(TypeError, match='getAll\\(\\) can only be used with the header name "Set-'):
        headers.getAll("z")


def test_headers_are_a_mapping():
    headers = Headers({"B": "2", "a": "1"})
    assert dict(headers) == {"a": "1", "b": "2"}
    assert headers["missing"] is None
    assert headers.get("missing", "default") == "default"
    assert headers.get_all("missing") is None
    assert headers.get_all("missing", []) == []
    assert 3 not in headers
    headers["C"] = "3"
    del headers["a"]
    assert list(headers.keys()) == ["b", "c"]
    assert headers.entries() == headers.items()
    assert headers != {"b": "2"}
    assert repr(headers) == "Headers([('b', '2'), ('c', '3')])"


def test_keys_values_and_items_have_the_same_order():
    headers = Headers([("set-cookie", "a=1"), ("set-cookie", "b=2"), ("b", "x")])
    assert headers.keys() == ["b", "set-cookie", "set-cookie"]
    assert headers.values() == ["x", "a=1", "b=2"]
    assert list(zip(headers.keys(), headers.values(), strict=True)) == headers.items()
    assert dict(headers) == {"b": "x", "set-cookie": "a=1, b=2"}


def test_the_content_type_and_its_parameters():
    headers = Headers({"content-type": 'Multipart/Form-Data; boundary="a b"; charset=UTF-8'})
    assert headers.get_content_type() == "multipart/form-data"
    assert headers.get_content_charset() == "utf-8"
    assert headers.get_param("boundary") == "a b"
    assert headers.get_param("missing", "x") == "x"
    encoded = Headers({"content-type": "text/plain; name*=UTF-8''%C3%A9"})
    assert encoded.get_param("name") == "é"
    assert Headers().get_content_type() == "text/plain"
    assert Headers().get_content_charset() is None


async def test_received_headers_are_read_only(runtime_with):
    handle = runtime_with(
        """
        refused = []
        for change in (
            lambda h: h.set("a", "b"), lambda h: h.append("a", "b"), lambda h: h.delete("a"),
            lambda h: h.__setitem__("a", "b"), lambda h: h.__delitem__("a"), lambda h: h.clear(),
        ):
            try:
                change(request.headers)
            except TypeError as error:
                refused.append(str(error))
        return Response.from_json([refused, dict(request.headers)])
        """
    )
    request = Request("http://x/", headers={"a": "1"})
    refused, left = await (await handle.fetch(request)).json()
    assert refused == ["Can't modify immutable headers."] * 6
    assert left == {"a": "1"}
    request.headers.set("a", "2")  # The sender's are its own.


def test_the_memory_of_names_is_bounded():
    # The cache has no effect that is public.
    from workernb.http import headers as module

    for number in range(module._MAX_KNOWN_NAMES + 10):
        Headers({f"x-{number}": "1"})
    assert len(module._known_names) <= module._MAX_KNOWN_NAMES
