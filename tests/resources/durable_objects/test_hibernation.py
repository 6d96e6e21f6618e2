"""WebSockets that a Durable Object accepts to hibernate with, in Python and in JavaScript."""

from __future__ import annotations

import asyncio
import importlib.util
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

PYTHON = """
from workers import DurableObject, Response, WorkerEntrypoint
from js import WebSocketPair, WebSocketRequestResponsePair
class Room(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.heard = 0
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server, ["all", request.url.rsplit("/", 1)[1]])
        server.serializeAttachment({"path": request.url.rsplit("/", 1)[1]})
        return Response(None, status=101, web_socket=client)
    async def webSocketMessage(self, ws, message):
        self.heard += 1
        name = ws.deserializeAttachment()["path"]
        if message == "fail":
            raise ValueError("failed")
        if message == "abort":
            self.ctx.abort("reset")
        if message == "spin":
            while True: pass
        if message == "answer":
            self.ctx.setWebSocketAutoResponse(WebSocketRequestResponsePair.new("ping", "pong"))
        if message == "leave":
            ws.close(4000, "bye")
            return
        if not isinstance(message, str):
            message = f"{len(message)} bytes"
        for other in self.ctx.getWebSockets("all"):
            if other is not ws:
                other.send(f"{self.heard} {name}: {message}")
    async def webSocketClose(self, ws, code, reason, clean):
        print("closed", code, reason, clean, self.ctx.getTags(ws)[1])
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.ROOMS.getByName("a").fetch(request)
"""
JAVASCRIPT = """
import { DurableObject } from "cloudflare:workers";
export class Room extends DurableObject {
  heard = 0;
  fetch(request) {
    const [client, server] = Object.values(new WebSocketPair());
    const path = new URL(request.url).pathname.slice(1);
    this.ctx.acceptWebSocket(server, ["all", path]);
    server.serializeAttachment({ path });
    return new Response(null, { status: 101, webSocket: client });
  }
  async webSocketMessage(ws, message) {
    this.heard += 1;
    const { path } = ws.deserializeAttachment();
    if (message === "fail") throw new RangeError("failed");
    if (message === "abort") this.ctx.abort("reset");
    if (message === "spin") while (true);
    if (message === "answer") {
      this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    }
    if (message === "leave") return ws.close(4000, "bye");
    const text = typeof message === "string" ? message : `${message.byteLength} bytes`;
    for (const other of this.ctx.getWebSockets("all")) {
      if (other !== ws) other.send(`${this.heard} ${path}: ${text}`);
    }
  }
  webSocketClose(ws, code, reason, clean) {
    console.log("closed", code, reason, clean ? "True" : "False", this.ctx.getTags(ws)[1]);
  }
}
export default { fetch: (request, env) => env.ROOMS.getByName("a").fetch(request) };
"""
LANGUAGES = ["python"]
if importlib.util.find_spec("quickjs") is not None:
    LANGUAGES.append("javascript")


async def until(condition: Callable[[], Any]) -> Any:
    while not (found := condition()):  # noqa: ASYNC110 - what ends it sets no event
        await asyncio.sleep(0.001)
    return found


@pytest.fixture(params=LANGUAGES)
def room(request: pytest.FixtureRequest, runtime: Any) -> Any:
    """A Worker with rooms, in each language."""

    def define(**settings: Any) -> Any:
        return runtime.define(
            "room",
            PYTHON if request.param == "python" else JAVASCRIPT,
            language=request.param,
            durable_objects={"ROOMS": "#Room"},
            **settings,
        )

    return define


async def test_messages_reach_the_others_in_the_room(runtime: Any, room: Any) -> None:
    handle = room()
    ann, bob = await handle.connect("/ann"), await handle.connect("/bob")
    assert not runtime.in_flight  # Nothing waits for what may come.
    ann.send("hello")
    ann.send(b"\0\1")
    assert [await bob.receive(), await bob.receive()] == ["1 ann: hello", "2 ann: 2 bytes"]
    traces = [trace for trace in runtime.traces if trace.why]
    assert [trace.why for trace in traces] == [
        "message of 5 characters at a WebSocket", "message of 2 bytes at a WebSocket",
    ]  # fmt: skip
    assert [trace.invocations[0].event for trace in traces] == ["webSocketMessage"] * 2


async def test_an_object_that_was_dropped_is_made_anew(runtime: Any, room: Any) -> None:
    handle = room()
    ann, bob = await handle.connect("/ann"), await handle.connect("/bob")
    ann.send("one")
    assert await bob.receive() == "1 ann: one"
    await runtime.clock.advance(60)
    ann.send("two")
    assert await bob.receive() == "1 ann: two"


async def test_messages_arrive_in_their_order(room: Any) -> None:
    handle = room()
    ann, bob = await handle.connect("/ann"), await handle.connect("/bob")
    for number in range(50):
        ann.send(str(number))
    heard = [await bob.receive() for _ in range(50)]
    assert heard == [f"{number + 1} ann: {number}" for number in range(50)]


async def test_an_automatic_response_does_not_wake_it(runtime: Any, room: Any) -> None:
    handle = room()
    ann = await handle.connect("/ann")
    ann.send("answer")
    await until(lambda: len(runtime.traces) == 2)
    ann.send("ping")
    assert await ann.receive() == "pong"
    assert len(runtime.traces) == 2


async def test_a_close_is_told_and_answered(runtime: Any, room: Any) -> None:
    handle = room()
    ann, bob = await handle.connect("/ann"), await handle.connect("/bob")
    ann.close(4001, "done")
    trace = await until(lambda: len(runtime.traces) == 3 and runtime.traces[-1])
    assert [log.text for log in trace.logs] == ["closed 4001 done True ann"]
    bob.send("leave")
    assert [message async for message in bob] == []
    assert bob.close_code == 4000


async def test_a_handler_that_fails_leaves_it_connected(runtime: Any, room: Any) -> None:
    handle = room()
    ann, bob = await handle.connect("/ann"), await handle.connect("/bob")
    ann.send("fail")
    trace = await until(lambda: len(runtime.traces) == 3 and runtime.traces[-1])
    assert trace.outcome == "exception"
    assert trace.exception.endswith("Error: failed")
    ann.send("again")
    assert await bob.receive() == "2 ann: again"


@pytest.mark.parametrize("message", ["abort", "spin"])
async def test_a_reset_ends_its_connections(runtime: Any, room: Any, message: str) -> None:
    handle = room(limits={"cpu_ms": 50})
    ann, bob = await handle.connect("/ann"), await handle.connect("/bob")
    ann.send(message)
    assert [text async for text in bob] == []
    assert bob.close_code == 1006
    again = await handle.connect("/ann")
    assert again.readyState == 1


@pytest.mark.parametrize("drops", [True, False])
async def test_a_change_of_the_code_ends_its_connections(
    runtime: Any, room: Any, drops: bool
) -> None:
    handle = room()
    ann = await handle.connect("/ann")
    if drops:
        await runtime.clock.advance(60)
        other = await handle.connect("/x")  # Looks for what is idle.
        other.close()
    room(vars={"NEW": 1})
    await until(lambda: ann.readyState == 3)


async def test_closing_the_runtime_ends_its_connections(runtime: Any, room: Any) -> None:
    ann = await room().connect("/ann")
    runtime.close()
    await until(lambda: ann.readyState == 3)


REFUSED = [
    ("self.ctx.acceptWebSocket(server, [str(n) for n in range(11)])",
     "this.ctx.acceptWebSocket(server, Array.from('abcdefghijk'))",
     "TypeError: a Hibernatable WebSocket cannot have more than 10 tags"),
    ("self.ctx.acceptWebSocket(server, ['x' * 257])",
     "this.ctx.acceptWebSocket(server, ['x'.repeat(257)])",
     "is longer than the max tag length (256 characters)."),
    ("server.accept(); self.ctx.acceptWebSocket(server)",
     "server.accept(); this.ctx.acceptWebSocket(server)",
     "TypeError: Cannot call `acceptWebSocket()` if the WebSocket was already accepted via"),
    ("self.ctx.acceptWebSocket(server); server.accept()",
     "this.ctx.acceptWebSocket(server); server.accept()",
     "TypeError: Can't accept() WebSocket after enabling hibernation."),
    ("server.serializeAttachment('x' * 20_000)", "server.serializeAttachment('x'.repeat(20000))",
     "Error: A WebSocket 'attachment' cannot be larger than 16384 bytes.'attachment' was 2"),
    ("server.serializeAttachment(print)", "server.serializeAttachment(() => {})",
     "DataCloneError"),
    ("self.ctx.acceptWebSocket(1)", "this.ctx.acceptWebSocket(1)", "TypeError: "),
    ("self.ctx.getTags(server)", "this.ctx.getTags(server)",
     "TypeError: only hibernatable websockets can be passed to getTags"),
    ("self.ctx.setWebSocketAutoResponse(1)", "this.ctx.setWebSocketAutoResponse(1)",
     "TypeError: "),
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("python", "javascript", "text"), REFUSED)
async def test_what_is_refused(
    runtime: Any, language: str, python: str, javascript: str, text: str
) -> None:
    if language == "python":
        begin, end = (
            PYTHON.index("        self.ctx.accept"),
            PYTHON.index("    async def webSocketM"),
        )
        body = f"""
            try:
                {python}
            except Exception as error:
                return Response(f"{{type(error).__name__}}: {{error}}")
        """
        source = PYTHON[:begin] + textwrap.indent(textwrap.dedent(body), " " * 8) + PYTHON[end:]
    else:
        begin, end = JAVASCRIPT.index("    const path"), JAVASCRIPT.index("  async webSocketM")
        told = "return new Response(`${e.name}: ${e.message}`);"
        body = f"try {{ {javascript} }} catch (e) {{ {told} }} }}\n"
        source = JAVASCRIPT[:begin] + body + JAVASCRIPT[end:]
    handle = runtime.define("room", source, language=language, durable_objects={"ROOMS": "#Room"})
    response = await handle.fetch(headers={"Upgrade": "websocket"})
    assert text in await response.text()
