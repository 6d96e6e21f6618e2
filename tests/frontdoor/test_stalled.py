"""While the loop stands still: a 503 from a thread, and what was accepted before waits."""

from __future__ import annotations

import http.client
import socket
import time

from workernb.frontdoor import stalled

from .conftest import Client, get


def ask_and_block(door, path="/", method="GET"):
    """Ask synchronously, on the loop's own thread, which therefore stands still."""
    connection = http.client.HTTPConnection(door.host, door.port, timeout=30)
    connection.request(method, path, headers={"Host": "gateway.localhost"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


async def test_a_caller_that_blocks_the_loop_itself_is_told_so(door):
    began = time.monotonic()
    response, body = ask_and_block(door)
    assert response.status == 503
    assert body.decode() == stalled.TEXT
    assert response.getheader("Retry-After") == "1"
    assert time.monotonic() - began < 10
    assert len(body.decode().strip().splitlines()) == 1
    response, body = ask_and_block(door, method="HEAD")
    assert (response.status, body) == (503, b"")


async def test_the_loop_answers_again_when_it_turns(door):
    assert ask_and_block(door)[0].status == 503
    client = await Client.to(door)
    client.send(get())
    assert (await client.response())[0] == 200
    await client.close()


async def test_what_was_accepted_before_is_answered_afterwards(door, connect):
    client = await connect()
    client.send(get("/first"))
    assert (await client.response())[0] == 200
    client.send(get("/second"))  # Not read yet when the loop stands still.
    assert ask_and_block(door)[0].status == 503
    status, _, body = await client.response()
    assert status == 200
    assert b"/second" in body


async def test_clients_that_send_nothing_do_not_keep_it_from_answering_others(door, monkeypatch):
    monkeypatch.setattr(stalled, "PATIENCE_S", 0.5)
    silent = [socket.create_connection((door.host, door.port)) for _ in range(20)]
    assert ask_and_block(door)[0].status == 503
    # The silent ones are cut, unless the loop has them.
    for one in silent:
        one.close()


async def test_an_upload_is_read_before_the_answer_is_dropped(door):
    connection = http.client.HTTPConnection(door.host, door.port, timeout=30)
    connection.request("POST", "/", body=b"x" * 1_000_000, headers={"Host": "gateway.localhost"})
    assert connection.getresponse().status == 503
    connection.close()
