"""An ASGI application as a Worker: `await asgi.fetch(app, request, self.env)`.

https://asgi.readthedocs.io/en/latest/specs/main.html. The lifespan begins and ends with each
request, as on the platform, where a Worker has no other time to end it.
https://developers.cloudflare.com/workers/languages/python/packages/fastapi/
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import ada_url

from workernb.errors import without_our_frame
from workernb.http.request import Request
from workernb.http.response import Response
from workernb.http.streams.controlled import TransformStream
from workernb.http.websockets import WebSocket, connected
from workernb.workers.entrypoints import WorkerEntrypoint, wait_until

from . import BaseOptions, make_response

Event = MutableMapping[str, Any]
Application = Callable[
    [dict[str, Any], Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]],
    Awaitable[None],
]

__all__ = [
    "Options",
    "entrypoint",
    "fetch",
    "request_to_scope",
    "run_in_background",
    "websocket",
]

_VERSION = {"spec_version": "2.4", "version": "3.0"}
_PORTS = {"http": 80, "https": 443}
_log = logging.getLogger("asgi")


@dataclass(frozen=True, kw_only=True)
class Options(BaseOptions):
    """The options of the ASGI adapter."""


async def fetch(
    app: Application, req: Request, env: Any, ctx: Any = None, *, options: Options | None = None
) -> Response:
    """Return the response of an ASGI application to a request.

    env: what the application finds in its scope, as `request.scope["env"]`. ctx: taken for the
    platform's sake. The response's body may still be on its way; the application goes on as its
    chunks are read, 30 s after the response at most. Raises what the application raises before its
    response begins, and RuntimeError when its lifespan fails, or when it does not respond.
    """
    lifespan = _Lifespan(app)
    await lifespan.start()
    exchange = _Exchange(app, req, request_to_scope(req, env, state=lifespan.state))
    try:
        response = await exchange.response()
    except BaseException:
        await lifespan.end()
        raise
    if exchange.task.done():
        await lifespan.end()
    else:
        finishing = run_in_background(_finish(exchange, lifespan))
        for task in (lifespan.task, exchange.task, finishing):
            wait_until(task)
    return response


async def _finish(exchange: _Exchange, lifespan: _Lifespan) -> None:
    """End the lifespan after the application has sent all of its body."""
    try:
        await exchange.task
    finally:
        await lifespan.end()


async def websocket(app: Application, req: Request, env: Any = None) -> Response:
    """Return the response that connects a WebSocket to an ASGI application.

    As on the platform, the connection is open before the application accepts it: one that it
    refuses is closed. It is closed with 1000 when the application returns, with 1011 when it fails.
    """
    client, server = connected()
    conversation = _Conversation(server)
    scope = request_to_scope(req, {} if env is None else env, ws=True)
    scope["subprotocols"] = []
    task = run_in_background(app(scope, conversation.receive, conversation.send))
    task.add_done_callback(conversation.end)
    wait_until(task)
    return Response(None, 101, web_socket=client)


class _Conversation:
    """A WebSocket to an application, by the events of ASGI."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._events.put_nowait({"type": "websocket.connect"})
        socket.accept()
        socket.add_event_listener("message", self._heard)
        socket.add_event_listener("close", self._closed)
        self.receive = self._events.get

    def _heard(self, event: Any) -> None:
        key = "text" if isinstance(event.body, str) else "bytes"
        self._events.put_nowait({"type": "websocket.receive", key: event.body})

    def _closed(self, event: Any) -> None:
        said = {"code": event.code, "reason": event.reason}
        self._events.put_nowait({"type": "websocket.disconnect", **said})

    async def send(self, event: Event) -> None:
        """Do what an event of the application's says; OSError when the client is gone."""
        kind = event["type"]
        if kind == "websocket.send":
            if self._socket.readyState != WebSocket.OPEN:
                raise OSError("The client has disconnected")
            for content in (event.get("bytes"), event.get("text")):
                if content is not None:
                    self._socket.send(content)
        elif kind == "websocket.close":
            self._socket.close(event.get("code") or 1000, event.get("reason") or "")
        elif kind != "websocket.accept":  # It is accepted already.
            _log.warning("WebSockets have no event %s here", kind)

    def end(self, task: asyncio.Future[Any]) -> None:
        """Close the connection, unless the application has, which has returned or failed."""
        failed = not task.cancelled() and task.exception() is not None
        if self._socket.readyState == WebSocket.OPEN:
            self._socket.close(1011 if failed else 1000)


def entrypoint(app: Application, *, options: Options | None = None) -> type[WorkerEntrypoint]:
    """Return the default entrypoint of an application: `Default = asgi.entrypoint(app)`."""

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Request) -> Response:
            if (request.headers.get("upgrade") or "").lower() == "websocket":
                return await websocket(app, request, self.env)
            return await fetch(app, request, self.env, self.ctx, options=options)

    return Default


def run_in_background(coro: Awaitable[Any]) -> asyncio.Future[Any]:
    """Run a coroutine in a task, which is returned; a failure is logged."""
    task = asyncio.ensure_future(coro)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Future[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("Unhandled exception in background task", exc_info=error)


def request_to_scope(
    req: Request, env: Any, ws: bool = False, state: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the scope of a request: its URL, its headers, and `env`. state: that of a lifespan."""
    url = ada_url.URL(req.url)
    scheme = url.protocol.removesuffix(":")
    scope: dict[str, Any] = {
        "type": "websocket" if ws else "http",
        "asgi": _VERSION,
        "http_version": "1.1",
        "method": req.method.value,
        "scheme": scheme,
        "server": (url.hostname, int(url.port or _PORTS.get(scheme, 80))),
        "root_path": "",
        "path": unquote(url.pathname),
        "raw_path": url.pathname.encode(),
        "query_string": url.search.removeprefix("?").encode(),
        "headers": [
            (name.encode("latin-1"), value.encode()) for name, value in req.headers.items()
        ],
        "env": env,
    }
    if state is not None:
        scope["state"] = state.copy()
    return scope


class _Lifespan:
    """The lifespan of an application, which need not have one."""

    def __init__(self, app: Application) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Begin the lifespan; RuntimeError, with the application's text, when that fails."""
        self._events.put_nowait({"type": "lifespan.startup"})
        self.task = run_in_background(self._run())
        await self._started

    async def end(self) -> None:
        """End the lifespan; RuntimeError when that fails."""
        if self._started.done() and not self._started.exception() and self._started.result():
            self._events.put_nowait({"type": "lifespan.shutdown"})
            await self._ended

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": _VERSION, "state": self.state}
        try:
            await self._app(scope, self._events.get, self._send)
        except Exception as error:
            if self._started.done():
                text = "Exception in ASGI lifespan application"
                _log.error(text, exc_info=without_our_frame(error))
            else:
                _log.debug("The application has no lifespan", exc_info=error)
        # One that returns, or fails, before it has begun has no lifespan.
        _settle(self._started, False)
        _settle(self._ended, None)

    async def _send(self, event: Event) -> None:
        phase, _, outcome = event["type"].removeprefix("lifespan.").partition(".")
        futures: dict[str, asyncio.Future[Any]]
        futures = {"startup": self._started, "shutdown": self._ended}
        future = futures.get(phase)
        if future is None or outcome not in ("complete", "failed"):
            raise RuntimeError(f"Unexpected lifespan event {event['type']}")
        if outcome == "complete":
            _settle(future, True)
        else:
            text = event.get("message") or f"ASGI lifespan {phase} failed"
            _settle(future, RuntimeError(text))


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    """Set a future's result, or its exception, unless it has one already."""
    if future.done():
        return
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)


class _Exchange:
    """One request to an application, and its response. task: the application's."""

    def __init__(self, app: Application, request: Request, scope: dict[str, Any]) -> None:
        self._app = app
        self._scope = scope
        self._body = None if request.body is None else aiter(request.body)
        self._has_more = True
        self._over = asyncio.Event()
        self._began: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._start: Event | None = None
        self._writer: Any = None
        self.task = asyncio.ensure_future(self._run())

    async def response(self) -> Response:
        """Return the response as soon as it has begun, or is whole when it is not streamed."""
        try:
            response = await self._began
        except Exception:
            _log.error("ASGI request failed")  # The trace has the traceback.
            await self.task
            raise
        if self._writer is None:
            await self.task  # Its background tasks too, which wait for no reader.
        return response

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
            if not self._began.done():
                raise RuntimeError("The application did not generate a response")
        except Exception as error:
            if self._began.done():
                text = "Exception in ASGI application after response started"
                _log.error(text, exc_info=without_our_frame(error))
            else:
                self._began.set_exception(error)
        finally:
            self._over.set()
            if self._writer is not None:
                # A body that the application has not ended is cut off here.
                await _close_quietly(self._writer)

    async def _receive(self) -> Event:
        """Return the next chunk of the request's body, or that the exchange is over."""
        if not self._has_more:
            await self._over.wait()
            return {"type": "http.disconnect"}
        chunk = b"" if self._body is None else await anext(self._body, b"")
        self._has_more = bool(chunk)
        return {"type": "http.request", "body": chunk, "more_body": self._has_more}

    async def _send(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self._start = event
        elif event["type"] == "http.response.body":
            await self._send_body(event.get("body", b""), bool(event.get("more_body")))

    async def _send_body(self, body: bytes, more: bool) -> None:
        if self._start is None:
            raise RuntimeError("The application sent a body before http.response.start")
        if self._writer is None and not more:
            self._respond(bytes(body))
        else:
            if self._writer is None:
                pair = TransformStream()
                self._writer = pair.writable.get_writer()
                self._respond(pair.readable)
            await self._write(body)
        if not more:
            self._over.set()

    def _respond(self, body: Any) -> None:
        assert self._start is not None
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._start.get("headers", ())
        ]
        if not self._began.done():
            self._began.set_result(make_response(body, self._start["status"], "", headers))

    async def _write(self, body: bytes) -> None:
        """Pass a chunk to the reader; OSError when there is none any more."""
        try:
            if body:
                await self._writer.write(bytes(body))
        except TypeError:
            self._over.set()
            raise OSError("The client has disconnected") from None


async def _close_quietly(writer: Any) -> None:
    try:
        await writer.close()
    except Exception:
        _log.debug("The response's stream was closed already", exc_info=True)


def __getattr__(name: str) -> Any:
    if name == "env":
        return _fastapi_env()
    raise AttributeError(f"module 'asgi' has no attribute {name!r}")


def _fastapi_env() -> Any:
    """Return FastAPI's dependency that is the Worker's `env`: `env=asgi.env` in a route."""
    import fastapi

    def env(request: fastapi.Request) -> Any:
        return request.scope["env"]

    env.__annotations__["request"] = fastapi.Request  # Not in the globals of this module.
    return fastapi.Depends(env)
