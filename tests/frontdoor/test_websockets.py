"""WebSockets at the port, with a real client and with raw bytes."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest

from .conftest import SECRET, get, until

CHAT = """
import asyncio
from js import WebSocketPair
from workers import WorkerEntrypoint, Response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if (request.headers["upgrade"] or "").lower() != "websocket":
            return Response("Expected Upgrade: websocket", status=426)
        if request.url.endswith("/raise"):
            raise ValueError("no chat")
        client, server = WebSocketPair.new().object_values()
        server.accept()
        server.binaryType = "arraybuffer"

        def on_message(event):
            if event.data == "raise":
                raise ValueError(self.env.TOKEN)
            if event.data == "spin":
                while True:
                    pass
            if event.data == "bye":
                return server.close(4001, "good bye")
            if event.data == "close":
                return server.close()
            if event.data == "flood":
                for _ in range(100):
                    server.send("x" * 1_000_000)
                return server.close(1000)
            server.send(event.data if isinstance(event.data, str) else event.data.to_bytes())

        async def slow(event):
            if event.data == "slow":
                await asyncio.sleep(0.02)

        server.addEventListener("message", on_message)
        server.addEventListener("message", slow)
        server.addEventListener("close", lambda event: print("closed", event.code, event.reason))
        protocols = request.headers["sec-websocket-protocol"]
        headers = {"x-room": "one", "upgrade": "nonsense", "connection": "close"}
        if protocols:
            headers["sec-websocket-protocol"] = protocols.split(",")[0]
        return Response(None, status=101, web_socket=client, headers=headers)
"""
CHAT_IN_JAVASCRIPT = """
export default {
  async fetch(request, env) {
    if ((request.headers.get("upgrade") ?? "").toLowerCase() !== "websocket") {
      return new Response("Expected Upgrade: websocket", { status: 426 });
    }
    if (request.url.endsWith("/raise")) throw new RangeError("no chat");
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.binaryType = "arraybuffer";
    server.addEventListener("message", ({ data }) => {
      if (data === "raise") throw new RangeError(env.TOKEN);
      if (data === "spin") while (true);
      if (data === "bye") return server.close(4001, "good bye");
      if (data === "close") return server.close();
      if (data === "flood") {
        for (let i = 0; i < 100; i++) server.send("x".repeat(1_000_000));
        return server.close(1000);
      }
      server.send(data);
    });
    server.addEventListener("message", async ({ data }) => {
      if (data === "slow") await scheduler.wait(20);
    });
    server.addEventListener("close", (event) => console.log("closed", event.code, event.reason));
    const protocols = request.headers.get("sec-websocket-protocol");
    const headers = { "x-room": "one", upgrade: "nonsense", connection: "close" };
    if (protocols) headers["sec-websocket-protocol"] = protocols.split(",")[0];
    return new Response(null, { status: 101, webSocket: client, headers });
  },
};
"""
SOURCES = {"python": CHAT, "javascript": CHAT_IN_JAVASCRIPT}
GATEWAY = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.CHAT.fetch(request)
"""
HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.fixture(params=SOURCES)
def runtime(request, runtime):
    if request.param == "javascript":
        request.getfixturevalue("javascript")
    source, secrets = SOURCES[request.param], {"TOKEN": SECRET}
    runtime.define("chat", source, language=request.param, secrets=secrets)
    runtime.define("lobby", GATEWAY, services={"CHAT": "chat"}, public=True)
    return runtime


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def enter(session, door):
    """Return what opens a WebSocket to the lobby."""

    def enter(path="/chat", host="lobby.localhost", **options):
        url = f"http://{door.host}:{door.port}{path}"
        return session.ws_connect(url, headers={"Host": host}, **options)

    return enter


def texts(trace):
    return [log.text for log in trace.logs]


async def test_messages_go_both_ways(runtime, enter):
    async with enter() as socket:
        await socket.send_str("zwölf")
        assert await socket.receive_str() == "zwölf"
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes() == b"\x00\xff"
        (trace,) = runtime.in_flight
        assert [i.service for i in trace.invocations if not i.is_message] == ["lobby", "chat"]
        assert not trace.owner
    await until(lambda: trace.done, "the end of the trace")
    assert (trace.outcome, trace.status) == ("ok", 101)
    assert texts(trace) == ["closed 1000 "]


async def test_headers_and_the_protocol_of_the_handshake(enter):
    async with enter(protocols=["chat.v2", "chat.v1"]) as socket:
        assert socket.protocol == "chat.v2"
        headers = socket._response.headers
        assert headers["x-room"] == "one"
        assert headers.getall("upgrade") == ["websocket"]


@pytest.mark.parametrize(
    ("word", "code", "outcome"),
    [("bye", 4001, "ok"), ("raise", 1006, "exception"), ("spin", 1006, "exceededCpu")],
)
async def test_how_a_worker_ends_it(runtime, enter, word, code, outcome):
    async with enter() as socket:
        (trace,) = runtime.in_flight
        await socket.send_str(word)
        message = await socket.receive()
        assert socket.close_code == code
        assert message.extra == ("good bye" if word == "bye" else None)
    await until(lambda: trace.done, "the end of the trace")
    assert trace.outcome == outcome
    assert SECRET not in "".join(texts(trace))


async def test_a_client_closes_with_a_code_and_a_reason(runtime, enter):
    socket = await enter()
    (trace,) = runtime.in_flight
    await socket.close(code=4002, message=b"enough")
    await until(lambda: trace.done, "the end of the trace")
    assert texts(trace) == ["closed 4002 enough"]


@pytest.mark.parametrize("payload", [b"", b"\x0f\xa1", b"\x0f\xa1why"])
async def test_a_clients_close_is_answered_with_its_own_code(runtime, connect, payload):
    client = await connect()
    client.send(get("/", "lobby.localhost", *HANDSHAKE))
    assert (await client.head())[0] == 101
    client.send(bytes([0x88, 0x80 | len(payload)]) + bytes(4) + payload)  # Masked with zeros.
    answer = await asyncio.wait_for(client.reader.read(), 10)
    assert answer == bytes([0x88, len(payload)]) + payload
    await until(lambda: not runtime.in_flight, "the end of the trace")


async def test_a_workers_close_without_a_code(runtime, connect):
    client = await connect()
    client.send(get("/", "lobby.localhost", *HANDSHAKE))
    assert (await client.head())[0] == 101
    client.send(b"\x81\x85" + bytes(4) + b"close")
    assert await client.reader.readexactly(2) == b"\x88\x00"
    client.send(b"\x88\x80" + bytes(4))
    assert await asyncio.wait_for(client.reader.read(), 10) == b""
    await until(lambda: not runtime.in_flight, "the end of the trace")


async def test_a_client_that_never_answers_a_close(runtime, connect, monkeypatch):
    monkeypatch.setattr("workernb.frontdoor.websockets.CLOSE_S", 0.2)
    for word in (b"close", b"bye"):
        client = await connect()
        client.send(get("/", "lobby.localhost", *HANDSHAKE))
        assert (await client.head())[0] == 101
        client.send(bytes([0x81, 0x80 | len(word)]) + bytes(4) + word)
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(client.reader.read(), 10)
        await until(lambda: not runtime.in_flight, "the end of the trace")


async def test_a_client_that_vanishes(runtime, enter):
    socket = await enter()
    (trace,) = runtime.in_flight
    socket._response.connection.transport.abort()
    await until(lambda: trace.done, "the end of the trace")
    assert texts(trace) == ["closed 1006 WebSocket disconnected without sending Close frame."]
    assert trace.outcome == "ok"


async def test_all_that_was_sent_before_the_close_arrives(enter):
    async with enter(max_msg_size=0) as socket:
        await socket.send_str("flood")
        got = [message.data async for message in socket]
    assert len(got) == 100
    assert socket.close_code == 1000


async def test_a_client_that_is_faster_than_the_worker_is_held_up(runtime, enter):
    """The port reads no further than so many messages ahead, so memory stays bounded."""
    async with enter() as socket:
        (trace,) = runtime.in_flight
        most = 0
        for _ in range(500):
            await socket.send_str("slow")
        for _ in range(500):
            assert await socket.receive_str() == "slow"
            most = max(most, trace.handling)
        assert most <= 66
    await until(lambda: trace.done, "the end of the trace")


async def test_a_message_that_is_too_large_is_refused(runtime, enter):
    socket = await enter()
    (trace,) = runtime.in_flight
    try:
        await socket.send_str("x" * (33 * 1024 * 1024))
        await socket.receive()
    except ConnectionError:
        pass  # It was closed before all of it was sent.
    await until(lambda: trace.done, "the end of the trace")
    assert len(texts(trace)) == 1
    assert texts(trace)[0].startswith("closed 100")
    await socket.close()


async def test_the_door_closes(runtime, door, enter):
    socket = await enter()
    (trace,) = runtime.in_flight
    door.close()
    await until(lambda: trace.done, "the end of the trace")
    assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSED


BAD = {
    "a private Worker": (get("/", "chat.localhost", *HANDSHAKE), 404),
    "nobody": (get("/", "nobody.localhost", *HANDSHAKE), 404),
    "no key": (get("/", "lobby.localhost", *HANDSHAKE[:3]), 400),
    "a bad key": (get("/", "lobby.localhost", *HANDSHAKE[:3], "Sec-WebSocket-Key: x"), 400),
    "an old version": (
        get("/", "lobby.localhost", *HANDSHAKE[:2], "Sec-WebSocket-Version: 8", HANDSHAKE[3]), 400,
    ),
    "no connection header": (get("/", "lobby.localhost", *HANDSHAKE[1:]), 426),
    "POST": (get("/", "lobby.localhost", *HANDSHAKE).replace(b"GET", b"POST"), 400),
    "a Worker without one": (get("/", "gateway.localhost", *HANDSHAKE), 200),
    "a Worker that fails": (get("/raise", "lobby.localhost", *HANDSHAKE), 500),
    "no upgrade": (get("/", "lobby.localhost"), 426),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
async def test_handshakes_that_lead_to_no_socket(runtime, connect, case):
    data, status = BAD[case]
    client = await connect()
    client.send(data)
    got, _, body = await client.response()
    assert got == status, body
    assert not runtime.in_flight
    if status in (400, 404):
        assert not runtime.traces


async def test_after_another_answer_the_connection_is_closed(connect):
    client = await connect()
    client.send(get("/", "gateway.localhost", *HANDSHAKE) + get("/", "gateway.localhost"))
    status, headers, _ = await client.response()
    assert (status, headers["connection"]) == (200, "close")
    assert await asyncio.wait_for(client.reader.read(), 5) == b""


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 64, b"\x83\x80\x00\x00\x00\x00", b"\x88\x81\x00" * 9]
)
async def test_garbage_in_frames_ends_the_connection(runtime, connect, garbage):
    client = await connect()
    client.send(get("/", "lobby.localhost", *HANDSHAKE))
    assert (await client.head())[0] == 101
    (trace,) = runtime.in_flight
    client.send(garbage)
    await asyncio.wait_for(client.reader.read(), 20)
    await until(lambda: trace.done, "the end of the trace")
    assert trace.outcome == "ok"
