"""WebSockets in JavaScript Workers: pairs, events, bindings, what is metered, what ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

CHAT = """
export default {
  async fetch(request, env) {
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    %s
    return new Response(null, { status: 101, webSocket: client });
  },
};
"""
UPGRADE = {"Upgrade": "websocket"}


async def until(condition: Callable[[], Any]) -> Any:
    """Run the loop until a condition holds; return what it gives."""
    while not (found := condition()):  # noqa: ASYNC110 - what ends it sets no event
        await asyncio.sleep(0.001)
    return found


@pytest.fixture
def connect(define: Any) -> Any:
    """Define a Worker that accepts WebSockets, with code that listens; return a client."""

    async def connect(body: str, **settings: Any) -> Any:
        return await define(CHAT % body, name="chat", **settings).connect("/")

    return connect


async def test_a_worker_answers_messages(connect: Any) -> None:
    socket = await connect(
        """
        let count = 0;
        server.addEventListener("message", (event) => {
          const { data, type, isTrusted } = event;
          const what = typeof data === "string" ? data : `${data.constructor.name} ${data.size}`;
          server.send(`${++count} ${what} ${type} ${isTrusted} ${event instanceof MessageEvent}`);
        });
        """
    )
    messages = aiter(socket)
    socket.send("hello")
    socket.send(b"\0\1\2")
    assert await anext(messages) == "1 hello message true true"
    assert await anext(messages) == "2 Blob 3 message true true"


async def test_bytes_are_sent_and_arrive_as_the_socket_says(connect: Any) -> None:
    socket = await connect(
        """
        server.binaryType = "arraybuffer";
        server.onmessage = async ({ data }) => {
          server.send(data);
          server.send(new Uint8Array(data).subarray(1));
          server.send(new Blob([data, "!"]));
          server.send(12);
        };
        """
    )
    socket.send(b"ab")
    messages = aiter(socket)
    assert [await anext(messages) for _ in range(4)] == [b"ab", b"b", b"ab!", "12"]


async def test_the_end_is_an_event_and_closes_both_ends(runtime: Any, connect: Any) -> None:
    socket = await connect(
        """
        server.addEventListener("close", ({ code, reason, wasClean }) => {
          console.log("close", code, reason, wasClean, server.readyState === WebSocket.CLOSED);
        });
        """
    )
    socket.close(4000, "enough")
    trace = await until(lambda: runtime.traces and runtime.traces[-1])
    assert [log.text for log in trace.logs] == ["close 4000 enough true true"]
    assert trace.outcome == "ok"
    assert not runtime.in_flight


async def test_each_message_is_metered_with_what_it_calls(
    runtime: Any, define: Any, connect: Any
) -> None:
    define('export default { fetch: () => new Response("ok") };', name="auth")
    socket = await connect(
        """
        server.addEventListener("message", async () => {
          const first = await env.AUTH.fetch("http://auth/");
          const second = await env.AUTH.fetch("http://auth/");
          server.send(`${await first.text()} ${await second.text()}`);
        });
        """,
        services={"AUTH": "auth"},
    )
    socket.send("a")
    assert await anext(aiter(socket)) == "ok ok"
    socket.close()
    trace = await until(lambda: len(runtime.traces) == 1 and runtime.traces[-1])
    root, message, *calls = trace.invocations
    assert (message.method, message.caller) == ("message", root)
    assert [(call.service, call.caller) for call in calls] == [("auth", message)] * 2
    assert all(one.cpu_ms > 0 for one in trace.invocations)


async def test_timers_of_the_handler_go_on_until_the_connection_ends(
    runtime: Any, connect: Any
) -> None:
    socket = await connect('setInterval(() => server.send("tick"), 1);')
    messages = aiter(socket)
    assert [await anext(messages) for _ in range(3)] == ["tick"] * 3
    socket.close()
    await until(lambda: not runtime.in_flight)
    assert runtime.traces[-1].outcome == "ok"


async def test_a_timer_of_a_message_ends_with_the_connection(runtime: Any, connect: Any) -> None:
    socket = await connect(
        'server.onmessage = () => { setInterval(() => server.send("tick"), 1); };'
    )
    socket.send("go")
    messages = aiter(socket)
    assert [await anext(messages) for _ in range(2)] == ["tick"] * 2
    socket.close()
    await until(lambda: not runtime.in_flight)


async def test_workers_connect_over_a_binding(runtime: Any, define: Any, connect: Any) -> None:
    await connect("server.onmessage = ({ data }) => server.send(data.toUpperCase());")
    proxy = define(
        """
        export default { async fetch(request, env) {
          const headers = { Upgrade: "websocket" };
          const response = await env.CHAT.fetch("http://chat/", { headers });
          const socket = response.webSocket;
          socket.accept();
          const answer = new Promise((resolve) => { socket.onmessage = (e) => resolve(e.data); });
          socket.send("hi");
          const text = await answer;
          socket.close(1000, "done");
          return Response.json([response.status, text, socket === response.webSocket]);
        } };
        """,
        name="proxy",
        services={"CHAT": "chat"},
    )
    assert await (await proxy.fetch()).json() == [101, "HI", True]


async def test_python_and_javascript_talk(runtime: Any, connect: Any) -> None:
    await connect('server.onmessage = ({ data }) => { server.send("js " + data); };')
    source = """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answer = await self.env.CHAT.fetch("http://chat/", headers={"Upgrade": "websocket"})
        socket = answer.web_socket
        socket.accept()
        socket.send("from Python")
        async for message in socket:
            socket.close()
            return Response(message)
"""
    handle = runtime.define("py", source, services={"CHAT": "chat"})
    assert await (await handle.fetch()).text() == "js from Python"


async def test_what_a_listener_throws_ends_the_connection(runtime: Any, connect: Any) -> None:
    socket = await connect(
        """
        server.addEventListener("message", () => { throw new TypeError("oh no"); });
        server.addEventListener("error", ({ message }) => console.log(message));
        """
    )
    socket.send("x")
    assert [message async for message in socket] == []
    trace = await until(lambda: runtime.traces and runtime.traces[-1])
    assert trace.outcome == "exception"
    first, second = (log.text for log in trace.logs)
    assert '<worker chat v1>", line' in first
    assert first.endswith("TypeError: oh no")
    assert second == "Uncaught TypeError: oh no"


async def test_a_rejection_that_nobody_handles_is_logged(runtime: Any, connect: Any) -> None:
    socket = await connect(
        """
        addEventListener("unhandledrejection", (event) => {
          console.log("saw", event.reason.message, event.promise instanceof Promise);
          if (event.reason.message === "quiet") event.preventDefault();
        });
        server.addEventListener("message", async ({ data }) => {
          await null;
          if (data === "stop") server.close();
          else throw new Error(data);
        });
        """
    )
    for text in ("loud", "quiet", "stop"):
        socket.send(text)
    trace = await until(lambda: runtime.traces and runtime.traces[-1])
    saw, loud, quiet = (log.text for log in trace.logs)
    assert (saw, quiet) == ("saw loud true", "saw quiet true")
    assert loud.startswith("Uncaught (in promise) Traceback")
    assert loud.endswith("Error: loud")


async def test_a_message_that_never_ends_is_cut(runtime: Any, connect: Any) -> None:
    socket = await connect("server.onmessage = () => { while (true); };", limits={"cpu_ms": 50})
    socket.send("x")
    assert [message async for message in socket] == []
    await until(lambda: not runtime.in_flight)
    trace = runtime.traces[-1]
    assert trace.outcome == "exceededCpu"
    assert trace.cpu_ms < 500
    assert "in <worker chat v1>:6" in trace.logs[0].text
    assert (await runtime["chat"].connect("/")).readyState == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("server.send()", "TypeError: Failed to execute 'send' on 'WebSocket'"),
        ("client.send('x')", "TypeError: You must call one of accept()"),
        ("server.close(99)", "Invalid WebSocket close code: 99."),
        ("server.close(1000, 'x'.repeat(124))", "must not be longer than 123 bytes"),
        ("server.close(undefined, 'why')", "you must also specify a code"),
        ("server.close(); server.send('x')", "Can't call WebSocket send() after close()"),
        ("return new Response(null, { webSocket: client })", "must have status code 101"),
        ("return new Response(null, { status: 101, webSocket: {} })", "of type 'WebSocket'"),
        ("new WebSocket('ws://x/')", "TypeError: Illegal constructor"),
        ("structuredClone(server)", "DataCloneError"),
    ],
)  # fmt: skip
async def test_what_an_end_refuses(define: Any, code: str, error: str) -> None:
    body = f"""
        export default {{ async fetch(request) {{
          try {{
            const [client, server] = Object.values(new WebSocketPair());
            server.accept();
            {code};
            return new Response("nothing");
          }} catch (error) {{
            return new Response(`${{error.name}}: ${{error.message}}`);
          }}
        }} }};
    """
    answer = await define(body, name="refuses").fetch("http://w/", headers=UPGRADE)
    assert error in await answer.text()


async def test_an_accepted_end_cannot_be_sent(connect: Any) -> None:
    text = "Can't return WebSocket in a Response after calling accept()"
    with pytest.raises(TypeError, match=text.replace("(", r"\(").replace(")", r"\)")):
        await connect("client.accept();")


async def test_a_pair_has_the_shape_of_the_platforms(run: Any) -> None:
    found = await run(
        """
        const pair = new WebSocketPair();
        const [one, other] = pair;
        return [Object.keys(pair), one === pair[0], other === pair[1], one.readyState, one.url,
          one.protocol, one.extensions, one.binaryType, WebSocket.OPEN, one.CLOSED,
          String(one), String(pair), one instanceof EventTarget, one.onmessage,
          new Response("x").webSocket];
        """
    )
    assert found == [
        ["0", "1"], True, True, 1, None, "", "", "blob", 1, 3,
        "[object WebSocket]", "[object WebSocketPair]", True, None, None,
    ]  # fmt: skip


async def test_an_open_connection_leaves_nothing_behind_when_it_ends(
    runtime: Any, define: Any
) -> None:
    handle = define(CHAT % "server.onmessage = ({ data }) => server.send(data);", name="chat")
    for _ in range(20):
        socket = await handle.connect("/")
        socket.send("x")
        assert await anext(aiter(socket)) == "x"
        socket.close()
    await until(lambda: not runtime.in_flight)
    (isolate,) = runtime.services["chat"].isolates.values()
    realm = isolate.exporter.realm()
    assert not realm.host.runs
    assert len(realm.host.to_release) <= 20
