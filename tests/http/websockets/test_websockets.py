"""The ends of a WebSocket: what each method takes, refuses and does, with the platform's texts."""

from __future__ import annotations

import asyncio

import pytest

from workernb.http import Response
from workernb.http.websockets import WebSocket, WebSocketPair
from workernb.runtime.execution.connections import hold
from workernb.workers import js


@pytest.fixture(autouse=True)
def _accepted_by_the_notebook(monkeypatch):
    monkeypatch.setattr(WebSocket, "make_holder", staticmethod(hold), raising=False)


@pytest.fixture
def pair():
    client, server = WebSocketPair.new().object_values()
    return client, server


@pytest.fixture
async def accepted(pair):
    for end in pair:
        end.accept()
    return pair


async def turn():
    for _ in range(4):
        await asyncio.sleep(0)


BEFORE_ACCEPT = "You must call one of accept() or state.acceptWebSocket() on this WebSocket"


@pytest.mark.parametrize("use", [lambda end: end.send("x"), lambda end: end.close(), aiter])
def test_an_end_that_is_not_accepted_does_nothing(pair, use):
    with pytest.raises(TypeError, match="accept") as caught:
        use(pair[1])
    assert str(caught.value).startswith(BEFORE_ACCEPT)
    assert "socket.accept()" in caught.value.__notes__[0]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 5000])
async def test_codes_that_an_end_may_not_send(accepted, code):
    with pytest.raises(ValueError, match=f"^Invalid WebSocket close code: {code}\\.$"):
        accepted[0].close(code, "x")
    assert accepted[0].readyState == WebSocket.OPEN


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1014, 1016, 2999, 3000, 4999])
async def test_a_close_arrives_and_is_answered(accepted, code):
    client, server = accepted
    events = []
    client.addEventListener("close", events.append)
    server.addEventListener("close", events.append)
    server.close(code, "bye")
    assert server.readyState == WebSocket.CLOSING
    server.close(1000, "again")  # Ignored.
    await turn()
    assert [(e.code, e.reason, e.wasClean) for e in events] == [(code, "bye", True)] * 2
    assert client.readyState == server.readyState == WebSocket.CLOSED
    with pytest.raises(TypeError, match=r"^Can't call WebSocket send\(\) after close\(\)\.$"):
        server.send("x")


async def test_a_close_without_a_code_has_1005(accepted):
    client, server = accepted
    events = []
    server.onclose = events.append
    client.close()
    await turn()
    assert (events[0].code, events[0].reason) == (1005, "")


async def test_reasons(accepted):
    client, _ = accepted
    with pytest.raises(ValueError, match="If you specify a WebSocket close reason, you must also"):
        client.close(None, "why")
    with pytest.raises(ValueError, match="must not be longer than 123 bytes when UTF-8 encoded"):
        client.close(1000, "ä" * 62)
    client.close(1000, "ä" * 61)


@pytest.mark.parametrize(
    ("sent", "got"),
    [("hé", "hé"), ("\ud800", "\ufffd"), (12, "12"), (b"ab", b"ab"), (bytearray(b"c"), b"c")],
)
async def test_what_is_sent_arrives_as_text_or_bytes(accepted, sent, got):
    client, server = accepted
    client.send(sent)
    client.close()
    assert [message async for message in server] == [got]


async def test_what_a_listener_gets(accepted):
    client, server = accepted
    got = []
    server.addEventListener("message", lambda event: got.append(event.data))
    client.send(b"ab")
    await turn()
    server.binaryType = "arraybuffer"
    server.binaryType = "nonsense"  # Ignored.
    client.send(b"ab")
    await turn()
    blob, buffer = got
    assert await blob.bytes() == buffer.to_bytes() == b"ab"
    assert buffer.byteLength == 2


async def test_listeners_are_called_once_each_and_can_be_removed(accepted):
    client, server = accepted
    got = []

    def listener(event):
        got.append(event.data)

    server.addEventListener("message", listener)
    server.addEventListener("message", listener)
    client.send("one")
    await turn()
    server.removeEventListener("message", listener)
    server.onmessage = lambda event: got.append("on " + event.data)
    client.send("two")
    await turn()
    assert got == ["one", "on two"]
    with pytest.raises(TypeError, match="A listener is callable"):
        server.addEventListener("message", "no")


async def test_what_was_sent_before_accept_waits(pair):
    client, server = pair
    client.accept()
    client.send("early")
    client.close(1000)
    server.accept()
    server.accept()  # Nothing happens.
    assert [message async for message in server] == ["early"]


async def test_an_end_that_nobody_accepts_is_lost_when_it_is_dropped():
    client, server = WebSocketPair.new().object_values()
    events = []
    server.accept()
    server.addEventListener("close", events.append)
    del client
    await turn()
    assert [(event.code, event.wasClean) for event in events] == [(1006, False)]
    assert server.readyState == WebSocket.CLOSED


async def test_a_message_that_is_too_large_closes(accepted):
    client, server = accepted
    events = []
    server.addEventListener("close", events.append)
    client.send("ä" * (16 * 1024 * 1024 + 1))
    await turn()
    assert [(event.code, event.reason) for event in events] == [(1009, "Message is too large")]


async def test_an_end_that_is_too_far_behind_is_lost(pair):
    client, server = pair
    client.accept()
    for _ in range(5):
        client.send(b"x" * 32 * 1024 * 1024)
    server.accept()
    await turn()
    assert server.readyState == client.readyState == WebSocket.CLOSED


async def test_two_readers_are_refused(accepted):
    _, server = accepted
    first = asyncio.create_task(anext(aiter(server)))
    await turn()
    with pytest.raises(RuntimeError, match="read by another task"):
        await anext(aiter(server))
    first.cancel()


def test_ends_are_made_by_pairs():
    with pytest.raises(TypeError, match=r"^Illegal constructor") as caught:
        js.WebSocket.new("ws://chat/")
    assert "Upgrade" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match="cannot be invoked without 'new'"):
        js.WebSocketPair()
    pair = js.WebSocketPair.new()
    assert js.Object.values(pair) == pair.object_values()
    assert all(isinstance(end, js.WebSocket) for end in pair.object_values())


RESPONSES = {
    "status 200": ({"status": 200}, ValueError, "must have status code 101"),
    "no status": ({}, ValueError, "must have status code 101"),
    "a body": ({"body": "x", "status": 101}, TypeError, "cannot have a body"),
    "no socket": ({"status": 101, "web_socket": "x"}, TypeError, "not of type 'WebSocket'"),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_responses_that_are_refused(pair, case):
    given, error, text = RESPONSES[case]
    with pytest.raises(error, match=text):
        Response(**{"web_socket": pair[0], **given})


def test_a_response_with_a_socket(pair):
    client, _ = pair
    for response in (
        Response(None, status=101, web_socket=client),
        js.Response.new(None, status=101, webSocket=client),
        Response(Response(None, 101, web_socket=client)),
    ):
        assert response.status == 101
        assert response.web_socket is response.webSocket is client
        with pytest.raises(TypeError, match=r"^Cannot clone a response to a WebSocket handshake"):
            response.clone()
    assert Response("x").web_socket is None
