"""`python_to_rpc` and `python_from_rpc`."""

from __future__ import annotations

import array
import datetime
import math

import pytest

from workernb.workers import Request, Response, python_from_rpc, python_to_rpc
from workernb.workers.conversion import JsDict


class Mine(dict):
    pass


CONVERTED = [
    (None, None),
    (True, True),
    (3, 3),
    (2**70, 2**70),
    (1.5, 1.5),
    (2.0, 2),
    (float(2**60), float(2**60)),
    (math.inf, math.inf),
    ("text", "text"),
    ([1, [2.0]], [1, [2]]),
    ({"a": {"b": [None]}}, {"a": {"b": [None]}}),
    ({2: "a", True: "b", None: "c"}, {"2": "a", "true": "b", "null": "c"}),
    (Mine(a=1), {"a": 1}),
    ({1, 2}, {1, 2}),
    (frozenset("a"), {"a"}),
    (b"bytes", b"bytes"),
    (memoryview(b"abc")[1:], b"bc"),
    (array.array("H", [1]), array.array("H", [1]).tobytes()),
]


@pytest.mark.parametrize(("value", "converted"), CONVERTED)
def test_values_are_converted(value, converted):
    result = python_to_rpc(value)
    assert result == converted
    assert type(result) is not Mine
    assert python_from_rpc(result) is result


@pytest.mark.parametrize("number", [2.0, -0.0, 1.5])
def test_a_number_without_a_fraction_is_an_integer(number):
    assert isinstance(python_to_rpc(number), int) == number.is_integer()


def test_containers_are_copied():
    inner, data = [1], bytearray(b"x")
    value = {"list": inner, "view": memoryview(data)}
    result = python_to_rpc(value)
    inner.append(2)
    data[0] = 0
    assert (result.list, bytes(result.view)) == ([1], b"x")


def test_an_object_has_its_keys_as_attributes():
    result = python_to_rpc({"a": {"b": 1}, "keys": 2})
    assert result.a.b == 1
    assert result["keys"] == 2
    result.c = 3
    del result.a
    assert result == JsDict({"keys": 2, "c": 3})
    for action in (lambda: result.a, lambda: delattr(result, "a")):
        with pytest.raises(AttributeError, match="a"):
            action()


def test_circles_stay_circles():
    value: list = [1]
    value.append({"me": value})
    result = python_to_rpc(value)
    assert result[1].me is result
    assert result is not value


def test_a_datetime_is_local_and_has_milliseconds():
    moment = datetime.datetime(2026, 11, 23, 12, 0, 0, 123_987, tzinfo=datetime.UTC)
    result = python_to_rpc(moment)
    assert result.tzinfo is None
    assert result.microsecond == 123_000
    assert result.astimezone(datetime.UTC).replace(microsecond=0) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("error", "text"), [(ValueError("no"), "Error: no"), (KeyError(), "Error")]
)
def test_an_exception_keeps_its_text_only(error, text):
    result = python_to_rpc(error)
    assert type(result) is Exception
    assert str(result) == text


@pytest.mark.parametrize("value", [len, Request("http://x/"), Response("x"), object(), print])
def test_what_stays_what_it_is(value):
    assert python_to_rpc([value])[0] is value


async def later():
    return 1


@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": [v]}])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 2), "<class 'tuple'> cannot be sent over RPC."),
        (bytearray(b"x"), "<class 'bytearray'> cannot be sent over RPC."),
    ],
)
def test_what_is_refused(value, text, wrap):
    with pytest.raises(TypeError) as caught:
        python_to_rpc(wrap(value))
    assert str(caught.value) == text


def test_what_can_be_awaited_is_refused():
    coroutine = later()
    with pytest.raises(TypeError, match=r"^Awaitable <class 'coroutine'> cannot be sent over RPC"):
        python_to_rpc({"a": coroutine})
    coroutine.close()
