"""The HTTP client behind `fetch`, against servers on loopback."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import zlib

import pytest
from aiohttp import web

from workernb import NetworkError
from workernb.http import Request
from workernb.outbound import gunzip, pool

from .conftest import ask, failure

OK = b"HTTP/1.1 200 OK\r\n"


async def test_a_request_arrives_as_it_is(internet, server):
    asked = await ask(
        internet,
        f"{server.url}/%7Ea;b/%zz?q=%20&r#fragment",
        method="PATCH",
        headers={"X-One": "1", "Cookie": "a=b", "authorization": "Basic x"},
        body="é",
    )
    host = server.url.removeprefix("http://")
    assert (asked["method"], asked["path"], asked["body"]) == ("PATCH", "/%7Ea;b/%zz?q=%20&r", "é")
    assert {name.lower(): value for name, value in asked["headers"]} == {
        "host": host,
        "content-length": "2",
        "content-type": "text/plain;charset=UTF-8",
        "cookie": "a=b",
        "authorization": "Basic x",
        "x-one": "1",
    }


async def test_no_header_is_added_but_the_connections_own(internet, server):
    asked = await ask(internet, server.url)
    assert [name for name, _ in asked["headers"]] == ["Host"]


async def test_headers_of_the_connection_are_the_clients(internet, server):
    headers = {"host": "other", "connection": "close", "content-length": "99", "te": "x"}
    asked = await ask(internet, server.url, method="POST", body=b"four", headers=headers)
    assert {name.lower(): value for name, value in asked["headers"]} == {
        "host": server.url.removeprefix("http://"),
        "content-length": "4",
    }


async def test_user_and_password_of_a_url_are_not_sent(internet, server):
    url = server.url.replace("http://", "http://me:secret@")
    response = await internet(Request(url))
    assert [name for name, _ in (await response.json())["headers"]] == ["Host"]
    assert response.url == url + "/"


async def test_the_response_is_received_as_it_is(internet, server):
    url = server.answer("/", b"\xff\x00", 418, x_a="b", set_cookie="a=b")
    response = await internet(Request(url))
    assert (response.status, response.url) == (418, url)
    assert response.headers["x-a"] == "b"
    assert response.headers.get_set_cookie() == ["a=b"]
    assert await response.bytes() == b"\xff\x00"
    with pytest.raises(TypeError, match="immutable"):
        response.headers.set("x-a", "c")


@pytest.mark.parametrize("status", [204, 304, 205])
async def test_a_status_without_a_body(internet, server, status):
    response = await internet(Request(server.answer("/", b"", status)))
    assert (response.status, await response.text()) == (status, "")


async def test_a_status_that_no_worker_could_give(internet, says):
    response = await internet(Request(await says(b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n")))
    assert (response.status, response.status_text) == (999, "No")


async def test_bytes_that_are_no_text_in_a_header(internet, says):
    url = await says(OK + b"X: caf\xe9\r\nContent-Length: 0\r\n\r\n")
    assert (await internet(Request(url))).headers["x"] == "caf�"


async def test_a_redirect_is_not_followed(internet, server):
    url = server.answer("/", b"moved", 302, location="/there")
    response = await internet(Request(url))
    assert (response.status, response.headers["location"]) == (302, "/there")
    assert server.requests == ["/"]


async def test_cookies_are_not_kept(internet, server):
    await internet(Request(server.answer("/set", set_cookie="a=b")))
    assert "Cookie" not in dict((await ask(internet, server.url))["headers"])


async def test_connections_are_kept(internet, server):
    for number in range(3):
        await ask(internet, f"{server.url}/{number}")
    assert len(server.peers) == 1


async def test_unused_connections_are_closed(internet, server, monkeypatch):
    monkeypatch.setattr(pool, "KEPT_S", 0.01)
    before = asyncio.all_tasks()
    await ask(internet, server.url)
    while asyncio.all_tasks() - before:  # noqa: ASYNC110 - nothing else tells of their end
        await asyncio.sleep(0.001)
    await ask(internet, server.url)
    assert len(server.peers) == 2


async def test_close_closes_the_connections(internet, server):
    await ask(internet, server.url)
    internet.close()
    await asyncio.sleep(0)
    await ask(internet, server.url)
    assert len(server.peers) == 2


async def test_each_loop_has_connections_of_its_own(internet, server):
    def in_another_loop() -> dict[str, object]:
        return asyncio.run(ask(internet, f"{server.url}/other"))

    assert (await ask(internet, server.url))["path"] == "/"
    assert (await asyncio.to_thread(in_another_loop))["path"] == "/other"


# Decompression


async def test_gzip_is_decoded_and_its_header_stays(internet, server):
    response = await internet(Request(server.gzipped("/", b"zipped")))
    assert response.headers["content-encoding"] == "gzip"
    assert await response.text() == "zipped"


async def test_gzip_in_several_members_and_of_more_than_a_chunk(internet, server):
    large = b"x" * (gunzip.MAX_CHUNK * 3)
    body = gzip.compress(b"one ") + gzip.compress(large)
    response = await internet(Request(server.answer("/", body, content_encoding="gzip")))
    assert await response.bytes() == b"one " + large


async def test_another_encoding_is_left_alone_as_on_the_platform(internet, server):
    body = zlib.compress(b"x")
    response = await internet(Request(server.answer("/", body, content_encoding="deflate")))
    assert await response.bytes() == body


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"cut off")[:-4]], ids=["none", "half"]
)
async def test_broken_gzip(internet, server, body):
    url = server.answer("/", body, content_encoding="gzip")
    assert str(await failure(internet, url)) == "Gzip decompression failed."


async def test_a_small_body_that_becomes_too_large(internet, server, monkeypatch):
    monkeypatch.setattr("workernb.http.streams.chunks.MAX_READ", 1_000_000)
    response = await internet(Request(server.gzipped("/", bytes(2_000_000))))
    with pytest.raises(TypeError, match=r"^Memory limit would be exceeded before EOF\."):
        await response.bytes()


# Streams


async def test_a_response_arrives_before_its_body(internet, server):
    go_on = asyncio.Event()

    async def slowly(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one")
        await go_on.wait()
        await response.write(b"two")
        return response

    server.paths["/"] = slowly
    response = await internet(Request(server.url))
    reader = response.body.get_reader()
    assert await reader.read() == (b"one", False)
    go_on.set()
    assert [await reader.read(), await reader.read()] == [(b"two", False), (None, True)]


async def test_a_body_is_sent_in_chunks(internet, server):
    async def chunks():
        yield b"one "
        yield b""  # Not the end.
        yield b"two"

    asked = await ask(internet, server.url, method="POST", body=chunks())
    assert asked["body"] == "one two"
    assert ["Transfer-Encoding", "chunked"] in asked["headers"]


async def test_a_body_that_fails_in_its_middle(internet, server):
    async def chunks():
        yield b"one"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        await internet(Request(server.url, method="POST", body=chunks()))


async def test_a_body_that_is_not_read_to_its_end_closes_the_connection(internet, server):
    left = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(100_000))
        except ConnectionError:
            left.set()
            raise

    server.paths["/"] = endless
    response = await internet(Request(server.url))
    await response.body.cancel()
    await left.wait()


async def test_a_connection_is_kept_after_a_stream(internet, server):
    for _ in range(2):
        response = await internet(Request(server.gzipped("/", bytes(1_000_000))))
        assert len(await response.bytes()) == 1_000_000
    assert len(server.peers) == 1


# Failures

NOT_HTTP = {
    "nonsense": b"hello there\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 99 No\r\nContent-Length: 0\r\n\r\n",
    "a header without a colon": OK + b"nonsense\r\n\r\n",
    "a header that never ends": OK + b"X: " + b"a" * 1_000_000,
    "bad chunks": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
}
CUT_OFF = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 O",
    "half a body": OK + b"Content-Length: 100\r\n\r\nabc",
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
}


@pytest.mark.parametrize("text", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_an_answer_that_is_not_http(internet, says, text):
    error = await failure(internet, await says(text))
    assert str(error) == "Network connection lost."
    assert error.__notes__[0].startswith("The answer of 127.0.0.1:"), error.__notes__


@pytest.mark.parametrize("text", CUT_OFF.values(), ids=CUT_OFF)
async def test_an_answer_that_is_cut_off(internet, says, text):
    error = await failure(internet, await says(text))
    assert str(error) == "Network connection lost."
    assert "closed the connection before its answer was complete" in error.__notes__[0]


async def test_nobody_listens(internet, server, unused_tcp_port):
    error = await failure(internet, f"http://127.0.0.1:{unused_tcp_port}/")
    assert str(error) == "Network connection lost."
    assert error.__notes__ == [
        f"Nothing answers at 127.0.0.1:{unused_tcp_port}: Connection refused."
    ]


async def test_a_host_that_is_not_there(internet, monkeypatch):
    async def getaddrinfo(*arguments, **options):
        raise OSError("Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    error = await failure(internet, "http://no-such-host.invalid/")
    assert str(error).startswith("internal error; reference = ")
    assert "'no-such-host.invalid': its name cannot be resolved" in error.__notes__[0]
    assert "%outbound --to WORKER" in error.__notes__[0]


async def test_a_server_without_tls(internet, server):
    error = await failure(internet, server.url.replace("http:", "https:"))
    assert str(error).startswith("internal error; reference = ")
    assert "TLS with 127.0.0.1:" in error.__notes__[0]


@pytest.fixture
def self_signed(tmp_path) -> ssl.SSLContext:
    """Return the TLS settings of a server whose certificate nobody vouches for."""
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key -out cert"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_a_certificate_that_nobody_vouches_for(internet, self_signed):
    runner = web.ServerRunner(web.Server(lambda request: None), handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self_signed).start()
    error = await failure(internet, f"https://127.0.0.1:{runner.addresses[0][1]}/")
    await runner.cleanup()
    assert str(error).startswith("internal error; reference = ")
    assert "certificate" in error.__notes__[0]


async def test_a_websocket_is_refused(internet, server):
    with pytest.raises(NetworkError) as caught:
        await internet(Request(server.url, headers={"upgrade": "websocket"}))
    assert "WebSocket" in caught.value.__notes__[0]
    assert server.requests == []


async def test_cancelling_closes_the_connection(internet, server):
    asked: asyncio.Future[web.BaseRequest] = asyncio.get_running_loop().create_future()

    async def wait_for_the_end(request: web.BaseRequest) -> web.Response:
        asked.set_result(request)
        while request.transport is not None:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.001)
        raise ConnectionError

    server.paths["/"] = wait_for_the_end
    task = asyncio.create_task(internet(Request(server.url)))
    request = await asked
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while request.transport is not None:  # noqa: ASYNC110
        await asyncio.sleep(0.001)
