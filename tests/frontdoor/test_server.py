"""The front door: who is behind it, how bodies pass it, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from workernb.errors import UsageError
from workernb.frontdoor.server import FrontDoor

from .conftest import OTHER, SECRET, Client, get, until


async def ask(door, data):
    client = await Client.to(door)
    client.send(data)
    try:
        return await client.response()
    finally:
        await client.close()


async def test_a_public_worker_answers_by_its_name(door, runtime):
    status, headers, body = await ask(door, get("/a?b=c", "gateway.localhost:8787", "X-Own: 1"))
    seen = json.loads(body)
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert "server" not in headers
    assert seen["url"] == "http://gateway.localhost:8787/a?b=c"
    assert seen["headers"] == {
        "cf-connecting-ip": "127.0.0.1",
        "host": "gateway.localhost:8787",
        "x-own": "1",
    }
    trace = runtime.traces[-1]
    assert [one.service for one in trace.invocations] == ["gateway", "auth"]
    assert not trace.owner


async def test_a_private_worker_is_not_there_like_a_name_that_does_not_exist(door, runtime):
    private, missing = [
        await ask(door, get("/", f"{name}.localhost")) for name in ("auth", "nobody")
    ]
    for answer in (private, missing):
        answer[1].pop("date")
    assert private == missing
    assert private[0] == 404
    assert private[2] == b"There is nothing here yet"
    assert not runtime.traces


async def test_patterns_match_by_host_and_path(door, runtime):
    runtime.define("other", OTHER, routes=["example.com/api/*"])
    assert (await ask(door, get("/api/x", "example.com")))[2] == b"other"
    assert (await ask(door, get("/web", "example.com")))[0] == 404
    # Dots and slashes that are encoded are read as the URL standard has them.
    assert (await ask(door, get("/api/%2e%2E/web", "example.com")))[0] == 404
    assert (await ask(door, get("/web/..%2fapi/x", "example.com")))[0] == 404


async def test_a_single_public_worker_is_at_the_root_by_this_machines_names_only(door, runtime):
    for host in ("localhost:8787", "127.0.0.1", "[::1]:80"):
        assert (await ask(door, get("/", host)))[0] == 200
    assert (await ask(door, get("/", "rebound.example")))[0] == 404
    runtime.define("other", OTHER, public=True)
    assert (await ask(door, get("/", "localhost")))[0] == 404


async def test_behind_a_hub_any_host_leads_to_the_single_worker(open_door, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/x/")
    door = open_door()
    assert door.links() == [("gateway", f"/user/x/proxy/{door.port}/")]
    assert (await ask(door, get("/", "hub.example")))[0] == 200


async def test_keep_alive_and_pipelining(door, connect):
    client = await connect()
    client.send(get("/1") + get("/2"))
    for path in ("/1", "/2"):
        assert json.loads((await client.response())[2])["url"].endswith(path)
    client.send(get("/3", "gateway.localhost", "Connection: close"))
    status, headers, _ = await client.response()
    assert (status, headers["connection"]) == (200, "close")
    assert await client.reader.read() == b""


async def test_a_body_is_echoed_as_it_comes(door, connect):
    client = await connect()
    client.send(
        b"POST /echo HTTP/1.1\r\nHost: gateway.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    status, headers = await client.head()
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    for chunk in (b"one", b"two"):
        client.send(b"3\r\n" + chunk + b"\r\n")
        assert await client.reader.readexactly(8) == b"3\r\n" + chunk + b"\r\n"
    client.send(b"0\r\n\r\n")
    assert await client.reader.readexactly(5) == b"0\r\n\r\n"


async def test_expect_continue_is_answered_when_the_body_is_read(door, connect):
    client = await connect()
    client.send(
        b"POST / HTTP/1.1\r\nHost: gateway.localhost\r\nExpect: 100-continue\r\n"
        b"Content-Length: 5\r\n\r\n"
    )
    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hello")
    assert json.loads((await client.response())[2])["body"] == "hello"


async def test_statuses_without_a_body_and_cookies(door, connect):
    client = await connect()
    client.send(get("/cookies"))
    text = await client.reader.readuntil(b"\r\n\r\n")
    assert text.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert text.count(b"set-cookie: ") == 2
    assert b"content-length" not in text.lower()
    client.send(get("/").replace(b"GET", b"HEAD"))
    _, headers = await client.head()
    assert int(headers["content-length"]) > 0
    client.send(get("/"))  # The connection is in step.
    assert (await client.response())[0] == 200


async def test_a_client_that_goes_away_cancels_the_request_and_what_it_called(door, runtime):
    client = await Client.to(door)
    client.send(get("/waits"))
    await until(lambda: any(len(t.invocations) == 2 for t in runtime.in_flight), "the call")
    await client.close()
    await until(lambda: not runtime.in_flight, "the end")
    trace = runtime.traces[-1]
    assert [one.outcome for one in trace.invocations] == ["canceled", "canceled"]


async def test_a_stream_waits_for_its_client_and_ends_with_it(door, runtime):
    client = await Client.to(door)
    client.send(get("/forever"))
    await client.head()
    (trace,) = runtime.in_flight
    stamps = -1
    while len(trace.stamps) != stamps:  # Until the socket takes no more.
        stamps = len(trace.stamps)
        await asyncio.sleep(0.1)
    assert not trace.done
    await client.close()
    await until(lambda: not runtime.in_flight, "the end of the stream")


async def test_a_body_that_breaks_off_is_not_taken_for_whole(door, connect):
    client = await connect()
    client.send(get("/broken"))
    await client.head()
    try:
        rest = await client.reader.read()
    except ConnectionError:
        return
    assert not rest.endswith(b"0\r\n\r\n")


async def test_the_owner_sees_the_cells_traceback_escaped_and_redacted(door):
    status, headers, body = await ask(
        door, get("/boom", "gateway.localhost", "Accept: text/html,*/*")
    )
    page = body.decode()
    assert status == 500
    assert headers["content-type"] == "text/html;charset=utf-8"
    assert "&lt;worker auth v1" in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert "<b>" not in page
    assert SECRET not in page
    plain = (await ask(door, get("/boom")))[2].decode()
    assert "<worker auth v1" in plain
    assert SECRET not in plain
    status, _, body = await ask(door, get("/spin"))
    assert status == 503
    assert b"exceeded CPU" in body


@pytest.mark.parametrize("path", ["/boom", "/spin"])
async def test_others_get_the_platforms_pages(open_door, runtime, path):
    expected = {
        "/boom": (500, b"Internal Server Error"),
        "/spin": (503, b"error code: 1102"),
    }[path]
    runtime.define(
        "gateway",
        runtime.services["gateway"].definition.source,
        services={"AUTH": "auth"},
        routes=["example.com/*", "gateway.localhost/*"],
    )
    for door, host in (
        (open_door(), "example.com"),
        (open_door(public_errors=True), "gateway.localhost"),
    ):
        status, _, body = await ask(door, get(path, host))
        assert (status, body) == expected


async def test_what_is_printed_goes_to_the_trace_and_not_to_the_output(open_door, runtime, capsys):
    runtime.define("other", OTHER.replace("return", "print('seen'); return"), public=True)
    await ask(open_door(), get("/", "other.localhost"))
    assert [log.text for log in runtime.traces[-1].logs] == ["seen"]
    assert capsys.readouterr().out == ""


async def test_closing_frees_the_port_and_cancels_what_runs(runtime):
    door = FrontDoor(runtime, port=0)
    client = await Client.to(door)
    client.send(get("/waits"))
    await until(lambda: runtime.in_flight, "the request")
    door.close()
    await until(lambda: not runtime.in_flight, "the end")
    assert await client.reader.read() == b""
    await client.close()
    FrontDoor(runtime, port=door.port).close()


async def test_it_may_be_closed_at_once(runtime):
    FrontDoor(runtime, port=0).close()
    await asyncio.sleep(0)


def test_it_needs_a_running_loop(runtime):
    with pytest.raises(UsageError, match="running loop"):
        FrontDoor(runtime)


async def test_a_thousand_requests_over_sixteen_connections(door, runtime):
    async def many():
        client = await Client.to(door)
        for n in range(62):
            client.send(get(f"/{n}"))
            status, _, body = await client.response()
            assert status == 200
            assert json.loads(body)["url"] == f"http://gateway.localhost/{n}"
        await client.close()

    await asyncio.gather(*(many() for _ in range(16)))
    assert not runtime.in_flight


BAD_ENDS = [
    "exit(3)", "raise KeyboardInterrupt", "raise BaseException", "raise GeneratorExit",
    "import asyncio; raise asyncio.CancelledError",
]  # fmt: skip


@pytest.mark.parametrize("end", BAD_ENDS)
async def test_a_worker_can_end_neither_the_loop_nor_the_port(door, runtime, end):
    runtime.define(
        "other",
        "from workers import Response\n"
        f"async def bad():\n    yield b'begun'\n    {end}\n"
        "async def on_fetch(request):\n"
        "    if request.url.endswith('/stream'): return Response(bad())\n"
        f"    {end}\n",
        public=True,
    )
    # A KeyboardInterrupt is taken for the notebook's own.
    assert (await ask(door, get("/", "other.localhost")))[0] == (503 if "Keyb" in end else 500)
    client = await Client.to(door)
    client.send(get("/stream", "other.localhost"))
    assert (await client.head())[0] == 200
    with contextlib.suppress(ConnectionError):
        assert not (await client.reader.read()).endswith(b"0\r\n\r\n")
    await client.close()
    assert (await ask(door, get("/")))[0] == 200
    await until(lambda: not runtime.in_flight, "the end")
