"""Handles: a service by its name."""

from __future__ import annotations

import pytest

from workernb.http import Request

from .conftest import fetch_text


async def test_fetch_without_a_url_uses_that_of_the_service(define):
    handle = define("echo", "return Response(request.url)")
    assert await fetch_text(handle) == "http://echo.localhost/"


async def test_a_request_is_moved_to_the_worker(define):
    handle = define("echo", "return Response(request.method + ' ' + await request.text())")
    request = Request("http://x/", method="POST", body="hello")
    assert await fetch_text(handle, request) == "POST hello"
    assert request.body_used
    with pytest.raises(TypeError, match="Cannot reconstruct a Request with a used body"):
        await handle.fetch(request)


def test_a_handle_shows_its_version_and_lists_its_attributes(define, runtime):
    handle = define("echo")
    assert repr(handle) == "<Worker echo v1>"
    assert hash(handle) == hash(runtime["echo"])
    with pytest.raises(AttributeError, match=r"A handle has no 'fecth'; it has fetch"):
        handle.fecth  # noqa: B018
    runtime.close()
    assert repr(handle) == "<Worker echo, not defined>"


def test_an_invalid_request_raises_where_it_is_awaited(define):
    handle = define("echo")
    for step in (lambda call: call.send(None), lambda call: call.throw(KeyError)):
        with pytest.raises(TypeError, match="Fetch API cannot load: /relative"):
            step(handle.fetch("/relative"))
    handle.fetch("/relative").close()


async def test_a_private_name_says_that_it_is_private(define):
    handle = define("echo")
    with pytest.raises(AttributeError, match=r"^_secret\n") as caught:
        handle._secret  # noqa: B018
    assert "A name that begins with _ is private" in caught.value.__notes__[0]
    caller = define("caller", "return self.env.ECHO._secret", ECHO="echo")
    with pytest.raises(AttributeError, match=r"^_secret\n") as caught:
        await caller.fetch()
    assert "A name that begins with _ is private" in caught.value.__notes__[0]
