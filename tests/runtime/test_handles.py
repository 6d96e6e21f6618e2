"""Handles: a service by its name."""

from __future__ import annotations

import pytest

from workernb.http import Request

from .conftest import respond


async def test_without_a_url_it_is_the_services_own(define):
    handle = define("echo", "return Response(request.url)")
    assert await (await handle.fetch()).text() == "http://echo.localhost/"


async def test_a_request_can_be_handed_over(define):
    handle = define("echo", "return Response(request.method + ' ' + await request.text())")
    request = Request("http://x/", method="POST", body="hello")
    assert await (await handle.fetch(request)).text() == "POST hello"
    assert request.body_used
    with pytest.raises(TypeError, match="Cannot reconstruct a Request with a used body"):
        await handle.fetch(request)


def test_a_handle_says_what_it_stands_for(define, runtime):
    handle = define("echo", respond("x"))
    assert repr(handle) == "<Worker echo v1>"
    assert hash(handle) == hash(runtime["echo"])
    with pytest.raises(AttributeError, match=r"A handle has no 'fecth'; it has fetch"):
        handle.fecth  # noqa: B018
    runtime.close()
    assert repr(handle) == "<Worker echo, not defined>"
