"""ASGI applications as Workers: FastAPI, Starlette, and what the specification asks for."""

from __future__ import annotations

import asyncio
import textwrap

import pytest

import workernb


@pytest.fixture
def runtime():
    runtime = workernb.Runtime()
    yield runtime
    runtime.close()


async def ended(runtime, trace):
    """Wait for the end of a request, which comes after its body's."""
    over = asyncio.Event()
    runtime.on_finished.append(lambda trace: over.set())
    if not trace.ended_ns:
        await over.wait()


def define(runtime, app, **options):
    """Define a Worker of an application that is written here."""
    source = (
        "import asgi, asyncio, json\nfrom workers import Response, WorkerEntrypoint\n"
        + textwrap.dedent(app)
        + "\nDefault = asgi.entrypoint(app)\n"
    )
    return runtime.define("app", source, **options)


FASTAPI = """
from fastapi import FastAPI, Request
from workers import WorkerEntrypoint
import asgi

app = FastAPI()

@app.get("/hello/{name}")
async def hello(name: str, req: Request, times: int = 1):
    return {"said": [f"{req.scope['env'].GREETING} {name}"] * times}

@app.get("/depends")
async def depends(env=asgi.env):
    return env.GREETING

@app.get("/plain")
def plain():
    return "a function without await"

@app.post("/sum")
async def total(numbers: list[int]):
    return sum(numbers)

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request.js_object, self.env)
"""


async def test_fastapi_as_the_platform_documents_it(runtime):
    app = runtime.define("app", FASTAPI, vars={"GREETING": "hello"})
    response = await app.fetch("http://x/hello/you%20two?times=2")
    assert await response.json() == {"said": ["hello you two"] * 2}
    assert response.headers["content-type"] == "application/json"
    assert await (await app.fetch("http://x/depends")).json() == "hello"
    assert await (await app.fetch("http://x/plain")).json() == "a function without await"
    json = {"content-type": "application/json"}
    response = await app.fetch("http://x/sum", method="POST", body="[1, 2]", headers=json)
    assert await response.text() == "3"
    refused = await app.fetch("http://x/hello/you?times=often")
    assert refused.status == 422
    assert (await app.fetch("http://x/nowhere")).status == 404


SCOPE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    body = b""
    while (event := await receive())["more_body"]:
        body += event["body"]
    shown = {key: value for key, value in scope.items() if isinstance(value, str)}
    shown |= {"raw": scope["raw_path"].decode(), "query": scope["query_string"].decode(),
              "server": scope["server"], "body": body.decode(),
              "headers": [[k.decode(), v.decode()] for k, v in scope["headers"]]}
    headers = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(shown).encode()})
    assert (await receive())["type"] == "http.disconnect"
"""


async def test_the_scope_and_the_events(runtime):
    app = define(runtime, SCOPE)
    response = await app.fetch(
        "https://x:81/a%2Fb/ä?q=%20", method="PUT", body="sent", headers={"X-A": "1"}
    )
    scope = await response.json()
    assert response.status == 201
    assert response.headers.get_set_cookie() == ["a=1", "b=2"]
    assert (scope["path"], scope["raw"], scope["query"]) == ("/a/b/ä", "/a%2Fb/%C3%A4", "q=%20")
    assert (scope["server"], scope["scheme"], scope["method"]) == (["x", 81], "https", "PUT")
    assert ["x-a", "1"] in scope["headers"]
    assert scope["body"] == "sent"


STREAMING = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["n"] = 3
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shut down")
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200})
    for number in range(scope["state"]["n"]):
        print("sends", number)
        await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
    await send({"type": "http.response.body"})
"""


async def test_a_stream_is_produced_as_it_is_read_and_then_shut_down(runtime):
    response = await define(runtime, STREAMING).fetch()
    chunks = aiter(response.body)
    assert await anext(chunks) == b"0"
    assert "sends 2" not in [log.text for log in response.trace.logs]
    assert [chunk async for chunk in chunks] == [b"1", b"2"]
    await ended(runtime, response.trace)
    assert [log.text for log in response.trace.logs][-2:] == ["sends 2", "shut down"]


async def test_a_reader_that_goes_away_is_a_disconnect(runtime):
    app = define(
        runtime,
        """
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                return
            await send({"type": "http.response.start", "status": 200})
            try:
                while True:
                    await send({"type": "http.response.body", "body": b"x", "more_body": True})
            except OSError as error:
                print(error)
        """,
    )
    response = await app.fetch()
    reader = response.body.get_reader()
    assert (await reader.read()).value == b"x"
    await reader.cancel()
    await ended(runtime, response.trace)
    assert "The client has disconnected" in [log.text for log in response.trace.logs]


FAILURES = {
    "startup": (
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database"})
        """,
        "no database",
    ),
    "startup without a text": (
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": ""})
        """,
        "ASGI lifespan startup failed",
    ),
    "no response": (
        """
        async def app(scope, receive, send):
            pass
        """,
        "The application did not generate a response",
    ),
    "its own": (
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                raise RuntimeError("boom")
        """,
        "boom",
    ),
    "no start": (
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.body"})
        """,
        "sent a body before http.response.start",
    ),
}


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_failure_is_the_workers(runtime, kind):
    source, text = FAILURES[kind]
    with pytest.raises(RuntimeError, match=text):
        await define(runtime, source).fetch()
    assert sum(text in log.text for log in runtime.traces[-1].logs) == 1


async def test_an_error_after_the_response_has_begun_cuts_it_off(runtime):
    app = define(
        runtime,
        """
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                return
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            raise RuntimeError("boom")
        """,
    )
    response = await app.fetch()
    assert await response.text() == "a"
    logged = [log.text for log in response.trace.logs]
    (text,) = (text for text in logged if "after response started" in text)
    assert 'File "<worker app v1>"' in text
    assert "asgi.py" not in text


async def test_a_status_without_a_body(runtime):
    app = define(
        runtime,
        """
        async def app(scope, receive, send):
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 304})
                await send({"type": "http.response.body", "body": b"dropped"})
        """,
    )
    response = await app.fetch()
    assert (response.status, response.body) == (304, None)


STARLETTE = """
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

async def stream(request):
    async def chunks():
        for each in ("a", "b"):
            yield each
    return StreamingResponse(chunks())

async def bound(request):
    response = await request.scope["env"].OTHER.fetch("http://other/")
    later = BackgroundTask(print, "later")
    return JSONResponse({"other": await response.text(), "url": str(request.url)}, background=later)

app = Starlette(routes=[Route("/stream", stream), Route("/bound", bound)])
"""


async def test_starlette_with_a_binding(runtime):
    runtime.define(
        "other", "from workers import Response\ndef on_fetch(r): return Response('there')"
    )
    app = define(runtime, STARLETTE, services={"OTHER": "other"})
    assert await (await app.fetch("http://x/stream")).text() == "ab"
    response = await app.fetch("http://x/bound")
    assert await response.json() == {"other": "there", "url": "http://x/bound"}
    assert "later" in [log.text for log in response.trace.logs]
    assert [each.service for each in response.trace.invocations] == ["app", "other"]


def test_options_are_checked(runtime):
    with pytest.raises(ValueError, match="encode_body is automatic or manual, not 'gzip'"):
        runtime.define("app", "import asgi\nasgi.Options(encode_body='gzip')")
    runtime.define("app", "from workers import asgi, wsgi\nfrom workers.asgi import fetch\n"
                   "import workers.wsgi\nworkers.wsgi.Options(encode_body='manual')")  # fmt: skip


CHAT = """
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()

@app.websocket("/chat/{name}")
async def chat(socket: WebSocket, name: str, loud: bool = False):
    if name == "nobody":
        await socket.close(4003, "not you")
        return
    await socket.accept()
    greeting = socket.scope["env"].GREETING
    try:
        while True:
            message = await socket.receive()
            if message.get("bytes") is not None:
                await socket.send_bytes(message["bytes"][::-1])
                continue
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"], message["reason"])
            text = message["text"]
            if text == "leave":
                return
            if text == "fail":
                raise ValueError("failed")
            if text == "close":
                await socket.close(4001, "bye")
                return
            await socket.send_text(f"{greeting} {name}: {text.upper() if loud else text}")
    except WebSocketDisconnect as gone:
        print("gone", gone.code, gone.reason)
"""


@pytest.fixture
def chat(runtime):
    return define(runtime, CHAT, vars={"GREETING": "hi"})


async def test_a_websocket_of_fastapi(runtime, chat):
    socket = await chat.connect("/chat/ann?loud=1")
    socket.send("hello")
    assert await socket.receive() == "hi ann: HELLO"
    socket.send(b"abc")
    assert await socket.receive() == b"cba"
    socket.close(4000, "done")
    await ended(runtime, socket.trace)
    assert [log.text for log in socket.trace.logs] == ["gone 4000 done"]
    assert socket.trace.outcome == "ok"
    assert not runtime.in_flight


@pytest.mark.parametrize(
    ("path", "says", "code"),
    [
        ("/chat/ann", "leave", 1000),
        ("/chat/ann", "close", 4001),
        ("/chat/ann", "fail", 1011),
        ("/chat/nobody", None, 4003),
        ("/nowhere", None, 1000),
    ],
)
async def test_how_a_websocket_of_an_application_ends(runtime, chat, path, says, code):
    socket = await chat.connect(path)
    if says:
        socket.send(says)
    assert [message async for message in socket] == []
    assert socket.close_code == code


async def test_asgi_websocket_is_a_function_too(runtime):
    source = """
    async def app(scope, receive, send):
        assert scope["type"] == "websocket"
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        heard = await receive()
        await send({"type": "websocket.send", "text": scope["path"] + " " + heard["text"]})
        assert (await receive())["type"] == "websocket.disconnect"
        try:
            await send({"type": "websocket.send", "text": "late"})
        except OSError as error:
            print(error)

    class Default(WorkerEntrypoint):
        async def fetch(self, request):
            return await asgi.websocket(app, request)
    """
    body = textwrap.dedent(source)
    head = "import asgi\nfrom workers import WorkerEntrypoint\n"
    handle = runtime.define("app", head + body)
    socket = await handle.connect("/a")
    socket.send("x")
    assert await socket.receive() == "/a x"
    socket.close()
    await ended(runtime, socket.trace)
    assert [log.text for log in socket.trace.logs] == ["The client has disconnected"]
