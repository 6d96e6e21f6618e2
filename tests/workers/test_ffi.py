"""`pyodide.ffi`: to_js, proxies, and the names of types."""

from __future__ import annotations

import pytest

from workernb.workers.conversion import JsDict
from workernb.workers.ffi import (
    JsException,
    JsProxy,
    create_once_callable,
    create_proxy,
    destroy_proxies,
    jsnull,
    to_js,
)
from workernb.workers.js import Object


@pytest.mark.parametrize(
    ("value", "converted"),
    [
        (None, None),
        (1.5, 1.5),
        ("a", "a"),
        ((1, [2, (3,)]), [1, [2, [3]]]),
        ({"a": (1,)}, {"a": [1]}),
        ({1, 2}, {1, 2}),
        (b"ab", b"ab"),
        (bytearray(b"ab"), b"ab"),
    ],
)
def test_values_are_converted(value, converted):
    result = to_js(value)
    assert result == converted
    assert type(result) not in (tuple, bytearray)


def test_a_dict_is_a_map_unless_a_converter_makes_an_object_of_it():
    plain = to_js({"a": {"b": 1}})
    made = to_js({"a": {"b": 1}}, dict_converter=Object.fromEntries)
    assert not isinstance(plain, JsDict)
    assert isinstance(plain, JsProxy)
    assert made.a.b == 1
    assert isinstance(made.a, JsProxy)


def test_depth_and_circles():
    inner = (1,)
    assert to_js([inner], depth=1)[0] is inner
    value: list = []
    value.append(value)
    assert to_js(value)[0] is not value


class Point:
    x = 3


def test_other_objects_stay_or_go_through_the_converter():
    point = Point()
    assert to_js([point])[0] is point
    result = to_js([point, point], default_converter=lambda obj, convert, note: convert([obj.x]))
    assert result == [[3], [3]]
    assert result[0] is result[1]


def test_a_proxy_stands_for_its_object_until_it_is_destroyed():
    proxy = create_proxy("text".upper)
    assert (proxy(), proxy.__name__, isinstance(proxy, JsProxy)) == ("TEXT", "upper", True)
    assert proxy.unwrap()() == "TEXT"
    destroy_proxies([proxy])
    for use in (proxy, proxy.destroy, proxy.unwrap, lambda: proxy.anything):
        with pytest.raises(RuntimeError, match="already been destroyed"):
            use()


def test_a_function_that_is_called_once():
    once = create_once_callable(lambda a, b: a + b)
    assert once(1, b=2) == 3
    with pytest.raises(RuntimeError, match="already been destroyed"):
        once(1, 2)


def test_names_for_annotations_and_handlers():
    assert jsnull is None
    error = JsException("no")
    assert (error.name, error.message) == ("Error", "no")
    assert not isinstance({}, JsProxy)
