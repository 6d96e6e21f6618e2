"""Structured clone: what arrives, row by row, and what is refused."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

import workernb
from workernb.http import Headers, Request, Response
from workernb.http.forms import Blob, File, FormData, URLSearchParams
from workernb.runtime.bindings.clone import MAX_BYTES, clone, clone_arguments
from workernb.workers.rpc import JsDict


def no_references(value):
    return NotImplemented


class Color(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


@dataclasses.dataclass
class Point:
    x: int


class Plain:
    pass


LONG = "x" * 5000


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (10**40, 10**40),
        (1.5, 1.5),
        ("text", "text"),
        (LONG, LONG),
        ("\ud800", "\ud800"),
        ({}, {}),
        ({"a": {"b": [1, {"c": None}]}}, {"a": {"b": [1, {"c": None}]}}),
        ({1: "a", 2.0: "b", 2.5: "c", None: "e"}, {"1": "a", "2": "b", "2.5": "c", "null": "e"}),
        ({True: "a", False: "b"}, {"true": "a", "false": "b"}),
        ([1, "a", [2]], [1, "a", [2]]),
        ({1, 2}, {1, 2}),
        (frozenset({1}), {1}),
        (b"\x00\xff", memoryview(b"\x00\xff")),
        (memoryview(b"abc")[1:], memoryview(b"bc")),
        (datetime(2026, 1, 2, 3, 4, 5, 678901), datetime(2026, 1, 2, 3, 4, 5, 678000)),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2)),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 1, 22)),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aa"), {"a": 2}),
        (Color.RED, 1),
        (Text("a"), "a"),
    ],
)
def test_what_arrives(sent, received):
    arrived = clone(sent, no_references)
    assert arrived == received
    kinds = {dict: JsDict}
    assert type(arrived) is kinds.get(type(received), type(received))


@pytest.mark.parametrize(
    ("value", "error", "text", "remedy"),
    [
        ((1, 2), TypeError, "<class 'tuple'> cannot be sent over RPC.", "list(value)"),
        (bytearray(b"x"), TypeError, "<class 'bytearray'> cannot be sent over RPC.", "bytes"),
        (re.compile("a"), TypeError, "<class 're.Pattern'> cannot be sent over RPC.", "pattern"),
        (1j, workernb.DataCloneError, 'object of type "complex"', "RpcTarget"),
        (range(3), workernb.DataCloneError, 'object of type "range"', "RpcTarget"),
        (Plain(), workernb.DataCloneError, 'object of type "Plain"', "RpcTarget"),
        (Plain, workernb.DataCloneError, 'object of type "type"', "RpcTarget"),
        (Point(1), workernb.DataCloneError, 'object of type "Point"', "dataclasses.asdict"),
        (date(2026, 1, 2), workernb.DataCloneError, 'object of type "date"', "RpcTarget"),
        ((n for n in ()), workernb.DataCloneError, 'object of type "generator"', "RpcTarget"),
        (object(), workernb.DataCloneError, 'object of type "object"', "RpcTarget"),
        ({(1, 2): 3}, TypeError, "<class 'tuple'> cannot be sent", "key of a dict"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": {"b": v}}])
def test_what_is_refused(value, error, text, remedy, wrap):
    with pytest.raises(error) as caught:
        clone(wrap(value), no_references)
    assert text in str(caught.value)
    assert any(remedy in note for note in caught.value.__notes__)
    if error is workernb.DataCloneError:
        assert str(caught.value).startswith("DataCloneError: Could not serialize object of type ")


async def test_a_coroutine_is_refused_and_closed():
    async def answer():
        return 1

    with pytest.raises(TypeError, match="Awaitable <class 'coroutine'> cannot be sent over RPC"):
        clone([answer()], no_references)


def test_cycles_and_shared_references_are_kept():
    shared = [1]
    value = {"a": shared, "b": shared}
    value["self"] = value
    arrived = clone(value, no_references)
    assert arrived["a"] is arrived["b"] is not shared
    assert arrived["self"] is arrived is not value
    items = []
    items.append(items)
    again = clone(items, no_references)
    assert again[0] is again is not items
    (first, second), kwargs = clone_arguments([shared, shared], {"c": shared}, no_references)
    assert first is second is kwargs["c"] is not shared


def test_nothing_is_shared():
    value = {"list": [1], "set": {1}, "dict": {"a": 1}}
    arrived = clone(value, no_references)
    arrived["list"].append(2)
    arrived["set"].add(2)
    arrived["dict"]["b"] = 2
    assert value == {"list": [1], "set": {1}, "dict": {"a": 1}}
    flat = {"a": 1}
    assert clone(flat, no_references) is not flat


def test_a_dict_that_arrives_has_its_keys_as_attributes():
    arrived = clone({"sum": 3, "of": {"a": 1}}, no_references)
    assert (arrived.sum, arrived.of.a) == (3, 1)
    arrived.sum = 4
    assert arrived == {"sum": 4, "of": {"a": 1}}
    with pytest.raises(AttributeError):
        arrived.other  # noqa: B018


@pytest.mark.parametrize(
    "value",
    [
        "x" * (MAX_BYTES + 1),
        "é" * (MAX_BYTES // 2 + 1),
        bytes(33 * 1024 * 1024),
        ["y" * 1_000_000] * 40,
        [bytes(20 * 1024 * 1024), bytes(20 * 1024 * 1024)],
        Blob(bytes(33 * 1024 * 1024)),
    ],
    ids=["text", "wide text", "bytes", "list", "two", "blob"],
)
def test_a_message_has_32_mib_at_most(value):
    with pytest.raises(workernb.DataCloneError) as caught:
        clone(value, no_references)
    text = (
        r"Serialized RPC arguments or return values are limited to 32MiB, but .* was: \d+ bytes\."
    )
    assert re.fullmatch(text, str(caught.value))


def test_less_than_32_mib_is_sent():
    assert len(clone("x" * (MAX_BYTES - 100), no_references)) == MAX_BYTES - 100
    shared = bytes(20 * 1024 * 1024)
    first, second = clone([shared, shared], no_references)  # Counted once: it is sent once.
    assert first is second


@pytest.mark.parametrize(
    "error",
    [ValueError("a", 1), KeyError("k"), OSError(2, "gone"), RuntimeError(), Exception("x")],
)
def test_an_exception_is_a_value_too(error):
    error.code = [1]
    arrived = clone({"e": error}, no_references)["e"]
    assert (type(arrived), arrived.args, arrived.code) == (type(error), error.args, [1])
    assert arrived is not error
    assert arrived.code is not error.code


def test_a_partial_function_is_by_reference():
    def mark(value):
        return "stub" if isinstance(value, functools.partial) else NotImplemented

    assert clone([functools.partial(print)], mark) == ["stub"]


async def test_a_blob_arrives_with_its_type():
    blob = Blob(["a", b"bc"], content_type="Text/Plain")
    arrived = clone({"one": blob, "same": blob}, no_references)
    assert type(arrived.one) is Blob
    assert (await arrived.one.text(), arrived.one.type) == ("abc", "text/plain")
    assert arrived.one is arrived.same is not blob


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (File("a", "a.txt"), "Blob(value)"),
        (FormData({"a": "b"}), "response.form_data()"),
        (URLSearchParams("a=b"), "str(value)"),
    ],
)
def test_forms_are_refused_with_a_way_to_send_them(value, remedy):
    with pytest.raises(workernb.DataCloneError) as caught:
        clone([value], no_references)
    assert f'object of type "{type(value).__name__}"' in str(caught.value)
    assert remedy in caught.value.__notes__[0]


async def test_messages_of_http_arrive_with_their_bodies():
    request = Request("http://x/a", method="POST", headers={"A": "b"}, body="text")
    response = Response("page", 201, headers={"C": "d"})
    headers = Headers({"E": "f"})
    got_request, got_response, got_headers = clone([request, response, headers], no_references)
    assert (got_request.url, await got_request.text()) == ("http://x/a", "text")
    assert (got_response.status, await got_response.text()) == (201, "page")
    assert got_response.headers["c"] == "d"
    assert got_headers == headers
    assert got_headers is not headers
    assert response.body_used  # The body has moved.
    with pytest.raises(OSError, match="Body has already been used"):
        clone(response, no_references)
