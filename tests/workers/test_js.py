"""`js`: JavaScript's globals, as code for Python Workers uses them."""

from __future__ import annotations

import time

import pytest

from workernb import workers
from workernb.workers import js
from workernb.workers.ffi import to_js


def options(**entries):
    return to_js(entries, dict_converter=js.Object.fromEntries)


PAIRS = {"x-a": "1"}
RESPONSES = {
    "by keyword": lambda: js.Response.new(
        "x", status=201, statusText="Fine", headers=[["x-a", "1"]]
    ),
    "an object": lambda: js.Response.new(
        "x", options(status=201, statusText="Fine", headers=PAIRS)
    ),
    "both": lambda: js.Response.new(
        "x",
        options(status=404, statusText="Fine"),
        status=201,
        headers=js.Headers.new(PAIRS.items()),
    ),
}


@pytest.mark.parametrize("form", RESPONSES)
async def test_a_response_is_that_of_workers(form):
    response = RESPONSES[form]()
    assert type(response) is workers.Response
    assert isinstance(response, js.Response)
    assert (response.status, response.status_text, response.headers["x-a"]) == (201, "Fine", "1")
    assert await response.text() == "x"


async def test_responses_of_json_and_redirects():
    response = js.Response.json(options(a=[1, "ä"]), status=400)
    assert (response.status, response.headers["content-type"]) == (400, "application/json")
    assert await response.text() == '{"a":[1,"ä"]}'
    own = js.Response.json([1], headers=[("Content-Type", "text/x")])
    assert own.headers["content-type"] == "text/x"
    assert js.Response.redirect("http://x/", 301).status == 301


async def test_a_request_is_that_of_workers():
    request = js.Request.new("http://x/", options(method="POST", body="b", headers=PAIRS))
    assert isinstance(request, workers.Request)
    assert isinstance(request, js.Request)
    assert (request.method, request.headers["x-a"], await request.text()) == ("POST", "1", "b")


@pytest.mark.parametrize(
    "make",
    [
        lambda: js.Response.new("x", {"status": 404}),
        lambda: js.Response.new("x", to_js({"status": 404})),
        lambda: js.Response.new("x", headers={"a": "b"}),
        lambda: js.Headers.new({"a": "b"}),
        lambda: js.Object.keys({"a": 1}),
    ],
)
def test_a_python_dict_is_no_object(make):
    with pytest.raises(TypeError, match=r"Expected an object of JavaScript's, not a Python") as e:
        make()
    assert e.value.__notes__[0].startswith("Write to_js(…, dict_converter=Object.fromEntries)")


@pytest.mark.parametrize("name", ["Response", "Request", "Headers", "URL"])
def test_a_class_is_called_with_new(name):
    with pytest.raises(TypeError, match=f"{name} cannot be invoked without 'new'"):
        getattr(js, name)("http://x/")
    assert not isinstance(3, getattr(js, name))


def test_a_url_has_its_parts():
    url = js.URL.new("../b?a=1&a=2#h", "http://x:8080/c/d")
    assert (url.pathname, url.port, url.hash) == ("/b", "8080", "#h")
    assert url.toString() == url.href == "http://x:8080/b?a=1&a=2#h"
    assert url.searchParams.get("a") == "1"
    assert url.searchParams.getAll("a") == ["1", "2"]
    assert isinstance(url, js.URL)
    with pytest.raises(TypeError, match="Invalid URL string"):
        js.URL.new("nowhere")


def test_functions_on_objects():
    made = js.Object.fromEntries(to_js({"a": 1}))
    assert js.Object.assign(js.Object.new(), made, options(b=2)) == {"a": 1, "b": 2}
    assert js.Object.keys(made) == ["a"]
    assert js.Object.values(made) == [1]
    assert js.Object.entries(made) == [["a", 1]]


def test_json():
    assert js.JSON.parse('{"a": {"b": 1}}').a.b == 1
    assert js.JSON.stringify({"a": [1, None]}) == '{"a":[1,null]}'
    assert js.JSON.stringify({"a": 1}, None, 2) == '{\n  "a": 1\n}'
    with pytest.raises(ValueError, match="Expecting"):
        js.JSON.parse("{")
    with pytest.raises(TypeError, match="no replacer"):
        js.JSON.stringify({}, replacer=["a"])


def test_the_clock():
    before = time.time() * 1000
    assert before - 1 <= js.Date.now() <= time.time() * 1000
