"""Redirects over a binding: followed within it, as the Fetch standard says."""

from __future__ import annotations

import pytest

import workernb

from ..conftest import gone

GOES = """
from urllib.parse import urlsplit
path = urlsplit(request.url).path
if path == "/end":
    kind = request.headers["content-type"] or "none"
    return Response(f"{request.method} {await request.text()}", headers={"kind": kind})
status, _, location = path[1:].partition("/")
return Response(None, int(status), headers={"location": "/" + location})
"""


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET "), (302, "POST", "GET "), (303, "POST", "GET "), (303, "PUT", "GET "),
        (307, "POST", "POST b"), (308, "PUT", "PUT b"), (301, "PUT", "PUT b"),
    ],
)  # fmt: skip
async def test_redirects_are_followed_within_the_binding(define, runtime, status, method, expected):
    define("goes", GOES)
    gateway = define(
        "gateway",
        f"""
        url = "http://anywhere/{status}/end"
        response = await self.env.GOES.fetch(url, method="{method}", body="b")
        assert response.redirected, response
        assert response.url == "http://anywhere/end"
        return response
        """,
        GOES="goes",
    )
    response = await gateway.fetch()
    assert await response.text() == expected
    assert response.headers["kind"] == (
        "none" if expected == "GET " else "text/plain;charset=UTF-8"
    )
    assert not response.redirected
    trace = runtime.traces[-1]
    assert [(i.service, i.status) for i in trace.invocations] == [
        ("gateway", 200), ("goes", status), ("goes", 200),
    ]  # fmt: skip


async def test_redirects_that_are_handed_back(define, runtime):
    define("goes", GOES)
    asked = 'return await self.env.GOES.fetch("http://x/302/end", redirect="manual")'
    for body in (asked, "return await self.env.GOES.fetch(request)"):
        gateway = define("gateway", body, GOES="goes")
        response = await gateway.fetch("http://x/302/end")
        assert (response.status, response.redirected) == (302, False)


@pytest.mark.parametrize(
    ("body", "limits", "error", "calls"),
    [
        ("'http://x/' + '302/' * 20 + 'end'", {}, None, 22),
        ("'http://x/' + '302/' * 21 + 'end'", {}, "Too many redirects.", 22),
        ("'http://x/' + '302/' * 9 + 'end'", {"subrequests": 5}, "Too many subrequests", 6),
        ("'http://x/302///a:b'", {}, "Invalid Location header; unable to follow redirect.", 2),
        ("Request('http://x/307/end', method='POST', body=letters())", {}, "one-time-use body", 2),
    ],
)
async def test_the_limits_of_redirects(define, runtime, body, limits, error, calls):
    define("goes", GOES)
    gateway = define(
        "gateway",
        f"""
        async def letters():
            yield b"x"
        response = await self.env.GOES.fetch({body})
        return Response(str(response.status))
        """,
        GOES="goes",
        limits=limits,
    )
    if error is None:
        assert await (await gateway.fetch()).text() == "200"
    else:
        with pytest.raises((TypeError, workernb.LimitError), match=error):
            await gateway.fetch()
    assert len((await gone(runtime)).invocations) == calls


async def test_the_credentials_stay_with_their_origin(define):
    define(
        "goes",
        """
        if "end" in request.url:
            return Response(str(request.headers.get("authorization")))
        return Response.redirect(request.headers["to"])
        """,
    )
    gateway = define(
        "gateway",
        """
        init = {"authorization": "key", "to": request.headers["to"]}
        return await self.env.GOES.fetch("http://a/", headers=init)
        """,
        GOES="goes",
    )
    for to, kept in (("http://a/end", "key"), ("http://b/end", "None")):
        assert await (await gateway.fetch(headers={"to": to})).text() == kept


async def test_a_redirect_with_a_body_that_is_a_stream(define, runtime):
    define(
        "goes",
        """
        if "end" in request.url:
            return Response("there")
        async def never():
            print("never made")
            yield b"x"
        response = Response(never(), 302)
        response.headers.set("location", "/end")
        return response
        """,
    )
    gateway = define("gateway", 'return await self.env.GOES.fetch("http://x/")', GOES="goes")
    response = await gateway.fetch()
    assert (await response.text(), response.trace.logs) == ("there", [])
    assert response.trace.outcome == "ok"
