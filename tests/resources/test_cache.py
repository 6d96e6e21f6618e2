"""The cache: what is stored, for how long, and what a match answers."""

from __future__ import annotations

import pytest

from workernb.http import Request, Response

URL = "https://example.com/a?b=1"


@pytest.fixture
def cache(runtime):
    return runtime.stores.cache()


def response(body="body", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(body, headers={"cache-control": "max-age=60", **names})


CODE = """
from js import caches
from workers import Response, WorkerEntrypoint
cache = caches.default

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        found = await cache.match(request)
        if found is not None:
            return found
        named = await caches.open("mine")
        answer = Response("made", headers={"cache-control": "max-age=60"})
        await named.put(request, answer.clone())
        await cache.put(request, answer.clone())
        return answer
"""


async def test_a_worker_uses_the_cache(runtime):
    handle = runtime.define("web", CODE)
    first, second = await handle.fetch(URL), await handle.fetch(URL)
    assert (await first.text(), first.headers.get("cf-cache-status")) == ("made", None)
    assert (await second.text(), second.headers["cf-cache-status"]) == ("made", "HIT")
    operations = [f"{each.binding}.{each.verb}" for each in first.trace.operations]
    assert operations == [
        "caches.default.match", "caches.open('mine').put", "caches.default.put",
    ]  # fmt: skip
    assert (await (await runtime.stores.cache("named:mine").match(URL)).text()) == "made"


async def test_a_call_while_the_module_loads_is_refused(runtime):
    source = "from js import caches\ncaches.default.match('http://x/').send(None)"
    with pytest.raises(Exception, match="Disallowed operation called within global scope"):
        runtime.define("web", source)


async def test_match_put_and_delete(cache, runtime):
    assert await cache.match(URL) is None
    await cache.put(Request(URL), response(x_own="1"))
    found = await cache.match(f"{URL}#fragment")
    assert (found.status, await found.text(), found.headers["x-own"]) == (200, "body", "1")
    assert await cache.match(f"{URL}&c") is None
    assert await cache.delete(URL) is True
    assert await cache.delete(URL) is False
    await cache.put(URL, response())
    await runtime.stores.clock.advance(61)
    assert await cache.match(URL) is None


async def test_other_methods_find_nothing(cache):
    await cache.put(URL, response())
    head = Request(URL, method="POST")
    assert await cache.match(head) is None
    assert await cache.delete(head) is False
    assert await cache.match(head, ignoreMethod=True) is not None
    assert await cache.delete(head, {"ignoreMethod": True}) is True


@pytest.mark.parametrize(
    ("headers", "stored"),
    [
        ({"cache-control": "max-age=1"}, True),
        ({"cache-control": "public, s-maxage=5, max-age=0"}, True),
        ({"expires": "Wed, 01 Jan 2120 00:00:00 GMT"}, True),
        ({"expires": "Wed, 01 Jan 2020 00:00:00 GMT"}, False),
        ({"expires": "0"}, False),
        ({}, False),
        ({"cache-control": "max-age=0"}, False),
        ({"cache-control": "max-age=x"}, False),
        ({"cache-control": "no-store, max-age=60"}, False),
        ({"cache-control": "private, max-age=60"}, False),
        ({"cache-control": "max-age=60", "set-cookie": "a=b"}, False),
        ({"cache-control": 'max-age=60, private="set-cookie"', "set-cookie": "a=b"}, True),
        ({"cache-control": "private=Set-Cookie, max-age=60", "set-cookie": "a=b"}, True),
    ],
)
async def test_what_is_stored(cache, headers, stored):
    await cache.put(URL, Response("body", headers=headers))
    assert (await cache.match(URL) is not None) == stored


@pytest.mark.parametrize(
    ("request_", "answer", "text"),
    [
        (Request(URL, method="POST"), response(), "Cannot cache response to non-GET request."),
        (URL, Response("x", 206),
            "Cannot cache response to a range request (206 Partial Content)."),
        (URL, Response("x", headers={"vary": "*"}),
            "Cannot cache response with 'Vary: *' header."),
        ("/relative", response(),
            "Invalid URL. Cache API keys must be fully-qualified, valid URLs."),
        (URL, "text", "A cache stores responses, not str."),
    ],
)  # fmt: skip
async def test_what_is_refused(cache, request_, answer, text):
    with pytest.raises(TypeError) as raised:
        await cache.put(request_, answer)
    assert str(raised.value) == text


async def test_an_invalid_url_is_refused_by_match(cache):
    with pytest.raises(TypeError, match=r"^Invalid URL\. Cache API keys must be fully-qualified"):
        await cache.match("nowhere")


async def test_the_body_is_consumed(cache):
    answer = response()
    await cache.put(URL, answer)
    assert answer.body_used
    with pytest.raises(OSError, match="already used") as raised:
        await cache.put(URL, answer)
    assert "Pass response.clone() to put()." in raised.value.__notes__


@pytest.mark.parametrize(
    ("headers", "status", "body", "content_range"),
    [
        ({"range": "bytes=1-2"}, 206, "od", "bytes 1-2/4"),
        ({"range": "bytes=2-"}, 206, "dy", "bytes 2-3/4"),
        ({"range": "bytes=-3"}, 206, "ody", "bytes 1-3/4"),
        ({"range": "bytes=9-"}, 416, "", "bytes */4"),
        ({"range": "lines=1-2"}, 200, "body", None),
        ({"if-none-match": '"v1"'}, 304, "", None),
        ({"if-none-match": '"v2", "v1"'}, 304, "", None),
        ({"if-none-match": '"v2"'}, 200, "body", None),
        ({"if-modified-since": "Wed, 01 Jan 2025 00:00:00 GMT"}, 304, "", None),
        ({"if-modified-since": "Mon, 01 Jan 2018 00:00:00 GMT"}, 200, "body", None),
    ],
)
async def test_ranges_and_conditions(cache, headers, status, body, content_range):
    await cache.put(URL, response(etag='"v1"', last_modified="Wed, 01 Jan 2020 00:00:00 GMT"))
    found = await cache.match(Request(URL, headers=headers))
    assert (found.status, await found.text()) == (status, body)
    assert found.headers.get("content-range") == content_range
