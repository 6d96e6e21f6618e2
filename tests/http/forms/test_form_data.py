"""FormData: the SDK's mapping, with the XMLHttpRequest standard's rules."""

from __future__ import annotations

import pytest

from workernb.http.forms import Blob, File, FormData


def form_of(*pairs) -> FormData:
    form = FormData()
    for name, value in pairs:
        form.append(name, value)
    return form


def test_entries_keep_their_order_and_a_name_may_have_several():
    form = form_of(("a", "1"), ("b", "2"), ("a", "3"))
    assert form["a"] == "1"
    assert form.get("a") == "1"
    assert form.get_all("a") == ["1", "3"]
    assert form.get_all("c") == []
    assert list(form) == list(form.keys()) == ["a", "b", "a"]
    assert list(form.values()) == ["1", "2", "3"]
    assert list(form.items()) == [("a", "1"), ("b", "2"), ("a", "3")]
    assert len(form) == 3
    assert "a" in form
    assert "c" not in form
    assert 3 not in form
    assert form["c"] is None
    assert form.get("c", "else") == "else"
    assert repr(form) == "FormData([('a', '1'), ('b', '2'), ('a', '3')])"


def test_a_name_is_set_in_the_place_of_its_first_value():
    form = form_of(("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("a", "5"))
    form["a"] = "6"
    assert list(form.items()) == [("a", "6"), ("b", "2"), ("c", "4")]
    form["d"] = "7"
    assert list(form.items())[-1] == ("d", "7")
    form.update({"b": "8"})
    assert form["b"] == "8"


def test_a_name_is_deleted_with_all_its_values():
    form = form_of(("a", "1"), ("b", "2"), ("a", "3"))
    form.delete("a")
    assert list(form.items()) == [("b", "2")]
    form.delete("a")
    del form["b"]
    del form["b"]
    assert len(form) == 0
    assert not form


def test_the_other_methods_of_a_mapping():
    form = form_of(("a", "1"), ("b", "2"), ("a", "3"))
    assert form.pop("a") == "1"
    assert form.pop("a", None) is None
    with pytest.raises(KeyError):
        form.pop("a")
    assert form.setdefault("b", "9") == "2"
    assert form.setdefault("c", "4") == "4"
    assert form.popitem() == ("b", "2")
    form.clear()
    assert form == FormData()
    assert form_of(("a", "1"), ("b", "2")) != form_of(("b", "2"), ("a", "1"))
    assert FormData() != {}


def test_a_form_may_be_changed_while_it_is_iterated():
    form = form_of(("a", "1"), ("b", "2"))
    for name in form:
        form.delete(name)
    assert len(form) == 0


def test_a_form_of_a_dict_or_of_a_form():
    form = FormData({"a": "1", "b": Blob("x")})
    assert form["a"] == "1"
    copy = FormData(form)
    assert copy == form
    copy.append("a", "2")
    assert form.get_all("a") == ["1"]
    assert len(FormData({})) == len(FormData(None)) == len(FormData()) == 0
    for wrong in ([("a", "1")], "a=1", 3):
        with pytest.raises(TypeError, match="Expected form_data to be a dict or an instance of"):
            FormData(wrong)


# What JavaScript's String(value) gives.
NUMBERS = [
    (True, "true"),
    (False, "false"),
    (3, "3"),
    (-1, "-1"),
    (10**30, str(10**30)),
    (0.5, "0.5"),
    (1.0, "1"),
    (-0.0, "0"),
    (1e20, "100000000000000000000"),
    (1.2345678901234568e20, "123456789012345680000"),
    (1e21, "1e+21"),
    (1.5e300, "1.5e+300"),
    (1e-6, "0.000001"),
    (1.5e-7, "1.5e-7"),
    (1e-7, "1e-7"),
    (float("nan"), "NaN"),
    (float("inf"), "Infinity"),
    (float("-inf"), "-Infinity"),
]


@pytest.mark.parametrize(("value", "text"), [*NUMBERS, ("a\ud800", "a\ufffd"), ("😀", "😀")])
def test_a_value_that_is_no_text_is_what_it_is_in_javascript(value, text):
    form = form_of(("name", value))
    assert form["name"] == text
    form["name"] = value
    assert form.get_all("name") == [text]
    form.append(value, "x")
    assert form[value] == "x"
    assert form[text] == "x"


@pytest.mark.parametrize("value", [None, b"x", ["x"], {"a": 1}, ("x",), object()])
def test_values_of_other_types_are_refused(value):
    with pytest.raises(
        TypeError, match=f"is a str or a Blob, not {type(value).__name__}"
    ) as caught:
        form_of(("name", value))
    assert "Blob(value)" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match=r"is a str or a Blob|Expected single item"):
        FormData()["name"] = value


def test_a_list_is_no_value():
    with pytest.raises(TypeError) as caught:
        FormData()["name"] = ["1", "2"]
    assert str(caught.value) == "Expected single item in arguments to FormData.__setitem__"
    assert "append" in caught.value.__notes__[0]


async def test_a_blob_becomes_a_file():
    form = FormData()
    form.append("a", Blob("one", "text/x"))
    form.append("a", Blob("two"), "two.txt")
    original = File("three", "three.txt", "text/y", last_modified=5)
    form.append("a", original)
    form.append("a", original, "four.txt")
    form["b"] = Blob("five")
    one, two, three, four = form.get_all("a")
    assert [file.name for file in form.get_all("a")] == [
        "blob",
        "two.txt",
        "three.txt",
        "four.txt",
    ]
    assert (await one.text(), one.content_type) == ("one", "text/x")
    assert await two.text() == "two"
    assert three is original
    assert (await four.text(), four.content_type) == ("three", "text/y")
    assert form["b"].name == "blob"
    with pytest.raises(TypeError, match="Only a Blob has a file name, and the value is a str"):
        form.append("a", "text", "name.txt")
