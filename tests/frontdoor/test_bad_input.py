"""What is no proper request gets a 4xx or a closed connection, and reaches no Worker."""

from __future__ import annotations

import asyncio

import pytest

from workernb.frontdoor import incoming

from .conftest import Client, get, until

HOST = b"Host: gateway.localhost\r\n"


def request(first: bytes, *headers: bytes, body: bytes = b"", host: bytes = HOST) -> bytes:
    return first + b"\r\n" + host + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body


GET, POST = b"GET / HTTP/1.1", b"POST / HTTP/1.1"
REFUSED = {
    "no host": (400, request(GET, host=b"")),
    "two hosts": (400, request(GET, b"Host: gateway.localhost")),
    "two different hosts": (400, request(GET, b"Host: auth.localhost")),
    "an empty host": (400, request(GET, host=b"Host: \r\n")),
    "a host with a user": (400, request(GET, host=b"Host: gateway.localhost@auth.localhost\r\n")),
    "a host with a path": (400, request(GET, host=b"Host: gateway.localhost/x\r\n")),
    "a host with a fragment": (400, request(GET, host=b"Host: gateway.localhost#x\r\n")),
    "a host with a backslash": (400, request(GET, host=b"Host: gateway.localhost\\x\r\n")),
    "a host list": (400, request(GET, host=b"Host: gateway.localhost, auth.localhost\r\n")),
    "a port that is none": (400, request(GET, host=b"Host: gateway.localhost:99999\r\n")),
    "absolute form for another host": (400, request(b"GET http://auth.localhost/ HTTP/1.1")),
    "absolute form with a user": (400, request(b"GET http://a@gateway.localhost/ HTTP/1.1")),
    "no path": (400, request(b"GET auth HTTP/1.1")),
    "an asterisk": (400, request(b"OPTIONS * HTTP/1.1")),
    "connect": (400, request(b"CONNECT auth.localhost:80 HTTP/1.1")),
    "an unknown method": (400, request(b"FOO / HTTP/1.1")),
    "both lengths": (
        400,
        request(POST, b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    ),
    "two lengths": (400, request(POST, b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
    "a negative length": (400, request(POST, b"Content-Length: -1")),
    "a length in words": (400, request(POST, b"Content-Length: five", body=b"hello")),
    "a strange encoding": (400, request(POST, b"Transfer-Encoding: chunked, x", body=b"hello")),
    "a chunk without a size": (
        400,
        request(POST, b"Transfer-Encoding: chunked", body=b"zz\r\nhello\r\n0\r\n\r\n"),
    ),
    "a longer body": (400, request(POST, b"Content-Length: 2", body=b"hello\r\n\r\n")),
    "a space before the colon": (400, request(GET, b"X : 1")),
    "a folded header": (400, request(GET, b"X: a\r\n b")),
    "a NUL": (400, request(GET, b"X: a\0b")),
    "a lone CR": (400, request(GET, b"X: a\rb")),
    "line feeds only": (400, b"GET / HTTP/1.1\nHost: gateway.localhost\n\n"),
    "bytes that are no text": (400, request(b"GET /\xff\xfe HTTP/1.1")),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /\r\n\r\n"),
    "a long URL": (414, request(b"GET /" + b"x" * 17_000 + b" HTTP/1.1")),
    "a long header": (431, request(GET, b"X: " + b"x" * 33_000)),
    "many headers": (431, request(GET, *[b"X%d: 1" % n for n in range(300)])),
    "much in headers": (431, request(GET, *[b"X%d: " % n + b"x" * 30_000 for n in range(5)])),
    "a large body": (413, request(POST, b"Content-Length: 104857601")),
    "an upgrade to a private Worker": (
        404,
        request(
            GET, b"Upgrade: websocket", b"Connection: Upgrade", host=b"Host: auth.localhost\r\n"
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_it_is_refused(door, connect, runtime, case):
    expected, data = REFUSED[case]
    client = await connect()
    client.send(data)
    status, headers, _ = await client.response()
    assert status == expected
    assert "aiohttp" not in headers.get("server", "")
    # "A longer body" is a proper request, followed by garbage.
    assert all(trace.invocations[0].service == "gateway" for trace in runtime.traces)
    # Whatever follows is no request of a connection that was refused.
    if status != 404:
        client.send(get())
        await client.reader.read()
        assert len(runtime.traces) <= (case == "a longer body")
    else:
        await client.close()


async def test_absolute_form_for_the_same_host_is_served(connect):
    client = await connect()
    client.send(request(b"GET http://gateway.localhost/y HTTP/1.1"))
    status, _, body = await client.response()
    assert status == 200
    assert b'"http://gateway.localhost/y"' in body


@pytest.mark.parametrize("path", ["//auth.localhost/x", "/\\auth.localhost/x", "/@auth.localhost"])
async def test_a_path_stays_a_path(connect, runtime, path):
    client = await connect()
    client.send(get(path))
    assert (await client.response())[0] == 200
    assert runtime.traces[-1].invocations[0].service == "gateway"
    assert runtime.traces[-1].url.startswith("http://gateway.localhost/")


async def test_garbage_after_a_request_is_refused_after_the_answer(connect):
    client = await connect()
    client.send(get("/"))
    assert (await client.response())[0] == 200
    client.send(b"\0\1garbage\r\n\r\n")
    assert (await client.response())[0] == 400
    assert await client.reader.read() == b""


async def test_a_chunked_body_that_is_too_large(connect, runtime, monkeypatch):
    monkeypatch.setattr(incoming, "MAX_UPLOAD", 100_000)
    client = await connect()
    client.send(request(POST, b"Transfer-Encoding: chunked"))
    client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    await asyncio.sleep(0)
    client.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    assert (await client.response())[0] == 413


async def test_a_body_that_stops_times_out(connect, monkeypatch):
    monkeypatch.setattr(incoming, "SLOW_S", 0.1)
    client = await connect()
    client.send(request(POST, b"Content-Length: 5", body=b"he"))
    status, headers, _ = await client.response()
    assert (status, headers["connection"]) == (408, "close")


async def test_a_client_that_vanishes_in_its_body_ends_the_request(door, runtime):
    client = await Client.to(door)
    client.send(request(POST, b"Content-Length: 5", body=b"he"))
    await until(lambda: runtime.in_flight, "the request")
    await client.close()
    await until(lambda: not runtime.in_flight, "its end")
    assert runtime.traces[-1].outcome != "ok"


async def test_a_slow_header_is_cut(open_door, monkeypatch):
    from workernb.frontdoor import connections

    monkeypatch.setattr(connections, "IDLE_S", 0.2)
    client = await Client.to(open_door())
    client.send(b"GET / HTTP/1.1\r\nHost: gate")
    assert await client.reader.read() == b""
    await client.close()


async def test_a_response_cannot_inject_headers(connect, runtime):
    source = (
        "from workers import Response\n"
        "async def on_fetch(request):\n"
        "    return Response('x', headers={'x-own': request.url.split('?')[1]})\n"
    )
    runtime.define("gateway", source, public=True)
    client = await connect()
    client.send(get("/?a%0d%0aset-cookie:%20b=1"))
    status, headers, _ = await client.response()
    assert status == 200
    assert "set-cookie" not in headers
