"""WebSockets of Workers: over bindings, metered in the trace of their connection, cut and ended."""

from __future__ import annotations

import asyncio
import gc

import pytest

import workernb

CHAT = """
import asyncio, time
from js import WebSocketPair
from workers import WorkerEntrypoint, Response

def burn(ms):
    end = time.thread_time_ns() + ms * 1e6
    while time.thread_time_ns() < end:
        pass

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if (request.headers["upgrade"] or "").lower() != "websocket":
            return Response("Expected Upgrade: websocket", status=426)
        client, server = WebSocketPair.new().object_values()
        server.accept()

        def on_message(event):
            if event.data == "raise":
                raise ValueError("boom")
            if event.data == "spin":
                while True:
                    pass
            if event.data == "burn":
                burn(20)
            if event.data == "bye":
                return server.close(4001, "good bye")
            server.send(f"echo {event.data}")

        async def later(event):
            await asyncio.sleep(0)
            if event.data == "raise later":
                raise ValueError("later")
            if event.data == "ask":
                answer = await self.env.ASKED.fetch("http://asked/")
                server.send(await answer.text())
            if event.data == "sleep":
                await asyncio.sleep(60)

        server.addEventListener("message", on_message)
        server.addEventListener("message", later)
        server.addEventListener("close", lambda event: print("closed", event.code, event.wasClean))
        server.addEventListener("error", lambda event: print("error", event.message))
        return Response(None, status=101, web_socket=client, headers={"x-room": "one"})
"""
ITERATES = """
import asyncio
from js import WebSocketPair
from workers import WorkerEntrypoint, Response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        server.accept()

        async def talk():
            async for message in server:
                if message == "leave":
                    break
                if message == "raise":
                    raise ValueError("boom")
                answer = await self.env.ASKED.fetch("http://asked/")
                server.send(f"{message}: {await answer.text()}")
            await asyncio.sleep(0.01)
            print("over")
            server.close(1000, "left")

        asyncio.create_task(talk())
        return Response(None, status=101, web_socket=client)
"""
GATEWAY = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.CHAT.fetch(request)
"""
ASKED = """
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("asked")
"""
CALLER = """
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answer = await self.env.CHAT.fetch("http://chat/", headers={"Upgrade": "websocket"})
        socket = answer.web_socket
        socket.accept()
        socket.send("from a Worker")
        got = [message async for message in self.first(socket)]
        socket.close(1000)
        return Response.json([answer.status, answer.headers["x-room"], got])

    async def first(self, socket):
        async for message in socket:
            yield message
            return
"""


@pytest.fixture
def runtime():
    runtime = workernb.Runtime(workernb.Limits(cpu_ms=500, wall_ms=60_000))
    runtime.define("asked", ASKED)
    runtime.define("chat", CHAT, services={"ASKED": "asked"})
    runtime.define("iterates", ITERATES, services={"ASKED": "asked"})
    runtime.define("gateway", GATEWAY, services={"CHAT": "chat"})
    runtime.define("other", GATEWAY, services={"CHAT": "iterates"})
    runtime.define("caller", CALLER, services={"CHAT": "chat"})
    yield runtime
    runtime.close()


async def until_done(trace):
    for _ in range(3000):
        if trace.done:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{trace!r} has not ended")


def texts(trace):
    return [log.text for log in trace.logs]


def messages(trace):
    return [i for i in trace.invocations if i.is_message]


async def test_a_conversation_through_the_gateway(runtime):
    async with await runtime["gateway"].connect("/chat") as socket:
        for text in ("one", "zwö", "3"):
            socket.send(text)
            assert await socket.receive() == f"echo {text}"
        trace = socket.trace
        assert not trace.done
        assert trace in runtime.in_flight
    await until_done(trace)
    assert (trace.outcome, trace.status, socket.close_code) == ("ok", 101, 1000)
    assert texts(trace) == ["closed 1000 True"]
    assert trace.invocations[0].url == "http://gateway.localhost/chat"


async def test_each_message_is_metered_in_the_trace_of_its_connection(runtime):
    async with await runtime["gateway"].connect() as socket:
        for text in ("hello", "burn", "ask"):
            socket.send(text)
            await socket.receive()
        assert await socket.receive() == "asked"
    trace = socket.trace
    await until_done(trace)
    chat = trace.invocations[1]
    hello, burned, ask, close = messages(trace)
    assert {one.caller for one in messages(trace)} == {chat}
    assert [one.service for one in messages(trace)] == ["chat"] * 4
    assert hello.title == "chat: message of 5 characters"
    assert close.title == "chat: close 1000"
    assert burned.cpu_ms >= 20 > hello.cpu_ms
    assert [child.service for child in ask.children] == ["asked"]
    assert sum(i.cpu_ms for i in trace.invocations) == pytest.approx(trace.cpu_ms)
    assert all(one.outcome == "ok" and one.wall_ms > 0 for one in messages(trace))


async def test_an_iteration_is_metered_too(runtime):
    async with await runtime["other"].connect() as socket:
        for text in ("a", "b"):
            socket.send(text)
            assert await socket.receive() == f"{text}: asked"
    await until_done(socket.trace)
    first, second = messages(socket.trace)
    assert [child.service for one in (first, second) for child in one.children] == ["asked"] * 2
    assert first.ended_ns <= second.began_ns
    assert first.outcome == "ok"
    # What comes after the loop is done, though the connection has ended.
    assert texts(socket.trace) == ["over"]


async def test_a_worker_that_leaves_its_loop_closes(runtime):
    socket = await runtime["other"].connect()
    socket.send("leave")
    assert [message async for message in socket] == []
    assert (socket.close_code, socket.close_reason) == (1000, "left")
    await until_done(socket.trace)
    assert not messages(socket.trace)[0].children


@pytest.mark.parametrize("name", ["gateway", "other"])
async def test_an_exception_ends_the_connection(runtime, name):
    socket = await runtime[name].connect()
    socket.send("raise")
    with pytest.raises(workernb.NetworkError, match="The WebSocket is closed: 1006"):
        await socket.receive()
    await until_done(socket.trace)
    assert socket.trace.outcome == "exception"
    assert socket.trace.exception == "ValueError: boom"
    (log,) = [log for log in socket.trace.logs if log.level == "error"]
    assert log.text.startswith("Traceback")
    assert "<worker " in log.text
    assert "ValueError: boom" in log.text
    if name == "gateway":
        assert "error Uncaught ValueError: boom" in texts(socket.trace)


async def test_a_rejected_promise_is_logged_and_ends_nothing(runtime):
    async with await runtime["gateway"].connect() as socket:
        socket.send("raise later")
        assert await socket.receive() == "echo raise later"
        socket.send("still there")
        assert await socket.receive() == "echo still there"
    await until_done(socket.trace)
    assert socket.trace.outcome == "exception"
    assert any("ValueError: later" in text for text in texts(socket.trace))


async def test_all_messages_share_the_budget_of_the_request(runtime):
    runtime.limits = workernb.Limits(cpu_ms=100, wall_ms=None)
    socket = await runtime["gateway"].connect()
    socket.send("spin")
    assert [message async for message in socket] == []
    assert socket.close_code == 1006
    await until_done(socket.trace)
    assert socket.trace.outcome == "exceededCpu"
    assert socket.trace.cpu_ms >= 100
    assert messages(socket.trace)[0].outcome == "exceededCpu"


async def test_a_connection_that_waits_uses_no_wall_clock(runtime):
    runtime.limits = workernb.Limits(cpu_ms=500, wall_ms=200)
    async with await runtime["gateway"].connect() as socket:
        await asyncio.sleep(0.5)
        socket.send("late")
        assert await socket.receive() == "echo late"
    await until_done(socket.trace)
    assert socket.trace.outcome == "ok"
    assert socket.trace.wall_ms > 500


async def test_a_message_that_takes_too_long_is_ended(runtime):
    runtime.limits = workernb.Limits(cpu_ms=500, wall_ms=200)
    socket = await runtime["gateway"].connect()
    socket.send("sleep")
    assert [message async for message in socket] == ["echo sleep"]
    await until_done(socket.trace)
    assert socket.trace.exception.startswith("WallLimitExceeded")


async def test_the_worker_closes(runtime):
    socket = await runtime["gateway"].connect()
    socket.send("bye")
    with pytest.raises(workernb.NetworkError, match="closed: 4001 'good bye'"):
        await socket.receive()
    await until_done(socket.trace)


async def test_a_client_that_is_dropped_ends_the_request(runtime):
    socket = await runtime["gateway"].connect()
    trace = socket.trace
    del socket
    gc.collect()
    await until_done(trace)
    assert texts(trace) == ["closed 1006 False"]


async def test_a_worker_is_the_client_of_another(runtime):
    answer = await runtime["caller"].fetch()
    assert await answer.json() == [101, "one", ["echo from a Worker"]]
    await until_done(answer.trace)
    handled = messages(answer.trace)
    assert [(one.service, one.event) for one in handled] == [
        ("chat", "message"), ("caller", "message"), ("chat", "close"),
    ]  # fmt: skip


def worker(code):
    lines = "\n".join(f"        {line}" for line in code.strip().splitlines())
    return (
        "from js import WebSocketPair\n"
        "from workers import WorkerEntrypoint, Response\n"
        "kept = []\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        "        client, server = WebSocketPair.new().object_values()\n" + lines
    )


REFUSED = {
    "accepted": (
        "client.accept()\nreturn Response(None, status=101, web_socket=client)",
        "Can't return WebSocket in a Response after calling accept().",
    ),
    "used before": (
        "if kept:\n"
        "    return Response(None, status=101, web_socket=kept[0])\n"
        "kept.append(client)\nserver.accept()\n"
        "return Response(None, status=101, web_socket=client)",
        "Can't return WebSocket that was already used in a response.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_ends_that_cannot_be_returned(runtime, case):
    code, text = REFUSED[case]
    handle = runtime.define("odd", worker(code))
    kept = await handle.connect() if case == "used before" else None
    with pytest.raises(TypeError) as caught:
        await handle.connect()
    assert str(caught.value) == text
    del kept


async def test_a_socket_needs_a_request_that_asks_for_one(runtime):
    handle = runtime.define(
        "odd", worker("server.accept()\nreturn Response(None, status=101, web_socket=client)")
    )
    with pytest.raises(TypeError, match='did not contain the header "Upgrade: websocket"') as error:
        await handle.fetch()
    assert "426" in error.value.__notes__[0]
    assert (await runtime["chat"].fetch()).status == 426


async def test_a_socket_of_another_request_is_refused(runtime):
    handle = runtime.define(
        "odd",
        worker(
            "if kept:\n"
            "    kept[0].send('hello')\n"
            "kept.append(server)\nserver.accept()\n"
            "return Response(None, status=101, web_socket=client)"
        ),
    )
    first = await handle.connect()
    with pytest.raises(RuntimeError, match=r"different request.*I/O type: WebSocket") as caught:
        await handle.connect()
    assert "request 1" in caught.value.__notes__[0]
    first.close()


async def test_an_answer_without_a_socket(runtime):
    with pytest.raises(workernb.HandshakeError, match="'asked' answered 200 OK, and no WebSocket"):
        await runtime["asked"].connect("/x")
    with pytest.raises(TypeError):
        await runtime["chat"].connect("ftp://chat/")


async def test_a_connection_stays_with_its_version(runtime):
    async with await runtime["gateway"].connect() as socket:
        runtime.define("chat", ASKED)
        socket.send("old")
        assert await socket.receive() == "echo old"
    with pytest.raises(workernb.HandshakeError):
        await runtime["gateway"].connect()


async def test_a_trace_keeps_so_many_messages_and_counts_the_rest(runtime, monkeypatch):
    monkeypatch.setattr(workernb.Trace, "KEPT", 50)
    async with await runtime["gateway"].connect() as socket:
        for number in range(200):
            socket.send(number)
            assert await socket.receive() == f"echo {number}"
    trace = socket.trace
    await until_done(trace)
    assert len(trace.invocations) == 50
    assert len(trace.invocations) + trace.not_kept == 203
    assert sum(trace.cpu_by_service().values()) == pytest.approx(trace.cpu_ms)


async def test_messages_are_no_requests_in_counts_and_tails(runtime):
    runtime.define(
        "watcher",
        "seen = []\nfrom workers import WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def tail(self, events, env, ctx):\n"
        "        print(len(events))\n",
    )
    runtime.define("chat", CHAT, tails=["watcher"])
    async with await runtime["chat"].connect() as socket:
        socket.send("a")
        await socket.receive()
    await until_done(socket.trace)
    await asyncio.sleep(0.05)
    (watched,) = [t for t in runtime.traces if t.invocations[0].service == "watcher"]
    assert texts(watched) == ["1"]


NOT_SENT = {
    "a response over RPC": "return Response(None, status=101, web_socket=client)",
    "an end over RPC": "return client",
}


@pytest.mark.parametrize("case", NOT_SENT)
async def test_over_rpc_it_is_refused(runtime, case):
    source = worker(NOT_SENT[case]).replace(
        "async def fetch(self, request)", "async def give(self)"
    )
    handle = runtime.define("odd", source)
    with pytest.raises(workernb.DataCloneError) as caught:
        await handle.give()
    assert str(caught.value).removeprefix("DataCloneError: ") == (
        'Could not serialize object of type "WebSocket". This type does not support serialization.'
    )
    assert "response to a fetch" in "".join(caught.value.__notes__)


async def test_the_cache_takes_none(runtime):
    handle = runtime.define(
        "odd",
        worker(
            "from js import caches\n"
            "answer = Response(None, status=101, web_socket=client)\n"
            "await caches.default.put('http://x/', answer)"
        ),
    )
    with pytest.raises(TypeError, match="Worker tried to return a WebSocket"):
        await handle.fetch()


async def test_a_client_in_another_thread(runtime):
    def talk():
        async def talk():
            socket = await runtime["gateway"].connect()
            socket.send("from a thread")
            heard = await socket.receive()
            socket.close(1000)
            return heard, [message async for message in socket], socket.close_code

        return asyncio.run(talk())

    assert await asyncio.to_thread(talk) == ("echo from a thread", [], 1000)


WAITS = """
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answer = await self.env.CHAT.fetch("http://chat/", headers={"Upgrade": "websocket"})
        socket = answer.web_socket
        socket.accept()
        async for message in socket:
            pass
        return Response("never")
"""


async def test_a_worker_that_waits_for_what_nobody_will_say_hangs(runtime):
    handle = runtime.define("waits", WAITS, services={"CHAT": "chat"})
    with pytest.raises(workernb.HungError) as caught:
        await handle.fetch()
    assert "It waits in <worker waits v1>:8" in "".join(caught.value.__notes__)
    (trace,) = [*runtime.traces, *runtime.in_flight]
    await until_done(trace)
    assert not runtime.in_flight
