"""Headers, Request and Response of JavaScript, over the messages that Python's Workers have."""

from __future__ import annotations

import pytest

CASES = {
    "headers are sorted and joined": (
        'const h = new Headers({ b: "1", A: "2" }); h.append("a", "3"); return [...h];',
        [["a", "2, 3"], ["b", "1"]],
    ),
    "headers from pairs, a copy, and what is absent": (
        'const h = new Headers(new Headers([["x", 1]])); h.delete("y");'
        'return [h.get("X"), h.get("z"), h.has("x"), [...h.keys()], [...h.values()]];',
        ["1", None, True, ["x"], ["1"]],
    ),
    "cookies stay apart": (
        'const h = new Headers(); h.append("set-cookie", "a=1"); h.append("set-cookie", "b=2");'
        'return [h.getSetCookie(), [...h].length, h.getAll("set-cookie").length];',
        [["a=1", "b=2"], 2, 2],
    ),
    "forEach gives value, name and headers": (
        "const seen = []; const h = new Headers({ a: 1 });"
        "h.forEach((value, name, all) => seen.push(value, name, all === h)); return seen;",
        ["1", "a", True],
    ),
    "a Response has its parts": (
        'const r = new Response("x", { status: 201, statusText: "Made", headers: { a: "b" } });'
        "return [r.status, r.statusText, r.ok, r.headers.get('a'), r.url, r.type, r.redirected,"
        " r.headers.get('content-type'), await r.text(), r.bodyUsed];",
        [201, "Made", True, "b", "", "default", False, "text/plain;charset=UTF-8", "x", True],
    ),
    "null has no body and no type": (
        "const r = new Response(null, { status: 204 });"
        "return [r.body, r.headers.has('content-type'), await r.text(), r.statusText];",
        [None, False, "", "No Content"],
    ),
    "bytes in and out": (
        "const r = new Response(new Uint8Array([1, 2, 255, 4]).subarray(1, 3));"
        "const c = r.clone(); return [[...new Uint8Array(await r.arrayBuffer())],"
        " [...await c.bytes()], r.headers.has('content-type')];",
        [[2, 255], [2, 255], False],
    ),
    "Response.json, redirect, error": (
        'const r = Response.json({ a: [1] }); const to = Response.redirect("http://y/", 301);'
        "return [await r.json(), r.headers.get('content-type'), to.status,"
        " to.headers.get('location'), Response.error().type, Response.error().status];",
        [{"a": [1]}, "application/json", 301, "http://y/", "error", 0],
    ),
    "a Request has its parts": (
        'const r = new Request("http://y/a b#f", { method: "post", body: "é",'
        ' headers: [["k", "v"]], redirect: "manual", cf: { colo: "X" } });'
        "return [r.url, r.method, r.headers.get('k'), r.redirect, r.cf.colo, await r.text()];",
        ["http://y/a%20b", "POST", "v", "manual", "X", "é"],
    ),
    "a Request is copied with changes": (
        'const a = new Request("http://y/", { method: "PUT", body: "b" });'
        'const b = new Request(a, { headers: { x: "1" } });'
        "return [b.method, b.headers.get('x'), a.bodyUsed, await b.text()];",
        ["PUT", "1", True, "b"],
    ),
    "the received request": (
        "return [request.url, request.method, request.bodyUsed, request instanceof Request,"
        " Object.prototype.toString.call(request), request.headers === request.headers];",
        ["http://case.test/path?q=1", "GET", False, True, "[object Request]", True],
    ),
    "texts with NUL, a lone surrogate and beyond the BMP": (
        'return [await new Response("a\\0b").text(), await new Response("\\ud800").text(),'
        ' await new Response("😀").text(), "\\ud83d\\ude00" === await new Response("😀").text()];',
        ["a\0b", "\ufffd", "😀", True],
    ),
    "a class's own toString is the Worker's": (
        'try { new Headers({ a: { toString() { throw new EvalError("mine") } } }) }'
        "catch (e) { return [e.name, e.message] }",
        ["EvalError", "mine"],
    ),
}


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
async def test_messages(run, body, expected):
    assert await run(body) == expected


ERRORS = {
    "a status out of range": ('new Response("", { status: 1000 })', "RangeError", "200 to 599"),
    "a status that is no number": ('new Response("", { status: "x" })', "RangeError", "200 to 599"),
    "a body with 204": ('new Response("x", { status: 204 })', "TypeError", "null body status"),
    "a header's name": ('new Headers({ "a b": "1" })', "TypeError", "header name"),
    "a header's value": ('new Headers({ a: "1\\n2" })', "TypeError", "header value"),
    "a relative URL": ('new Request("/x")', "TypeError", "cannot load: /x"),
    "GET with a body": ('new Request("http://x/", { body: "x" })', "TypeError", "GET or HEAD"),
    "an unknown method": ('new Request("http://x/", { method: "a b" })', "TypeError", "method"),
    "no argument": ("new Request()", "TypeError", "1 argument required"),
    "immutable headers": ('request.headers.set("a", "b")', "TypeError", "immutable"),
    "a pair of three": ('new Headers([["a", "b", "c"]])', "TypeError", "pair"),
    "a body that is read twice": (
        'const r = new Response("x"); await r.text(); await r.text()', "TypeError", "already",
    ),
    "getAll of another header": ('new Headers().getAll("a")', "TypeError", "getAll"),
    "what JSON cannot represent": ("Response.json(undefined)", "TypeError", "JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "name", "text"), ERRORS.values(), ids=ERRORS)
async def test_errors_have_the_class_of_the_standard(run, code, name, text):
    found = await run(
        f"try {{ {code}; }} catch (e) {{ return [e.name, e.message, e instanceof {name}] }}"
    )
    assert found[0] == name
    assert text in found[1]
    assert found[2]
