"""Servers that do the work of auth over HTTP: `python -m benchmarks.servers aiohttp`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
from typing import Any

from benchmarks.floor import TOKEN


def starlette_app() -> Any:
    """Return auth as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def auth(request: Request) -> PlainTextResponse:
        if request.headers.get("x-custom-token") == TOKEN:
            return PlainTextResponse("Request allowed")
        return PlainTextResponse("x-custom-token does not match", status_code=403)

    return Starlette(routes=[Route("/{path:path}", auth)])


async def _uvicorn(listening: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(starlette_app(), log_level="warning", lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listening])


async def _aiohttp(listening: socket.socket) -> None:
    from aiohttp import web

    async def auth(request: web.Request) -> web.Response:
        if request.headers.get("x-custom-token") == TOKEN:
            return web.Response(text="Request allowed")
        return web.Response(text="x-custom-token does not match", status=403)

    app = web.Application()
    app.router.add_get("/{path:.*}", auth)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await asyncio.Event().wait()


GATEWAY = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.AUTH.fetch(request)
"""
AUTH = """
from workers import Response, WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("x-custom-token") == self.env.TOKEN:
            return Response("Request allowed")
        return Response("x-custom-token does not match", 403)
"""


async def _workernb(listening: socket.socket) -> None:
    from workernb import Runtime
    from workernb.frontdoor.server import FrontDoor

    runtime = Runtime()
    runtime.define("auth", AUTH, secrets={"TOKEN": TOKEN})
    runtime.define("gateway", GATEWAY, services={"AUTH": "auth"}, public=True)
    FrontDoor(runtime, listening=listening)
    await asyncio.Event().wait()


def _until_end_of_input() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve until standard input ends."""
    threading.Thread(target=_until_end_of_input, daemon=True).start()
    serve = {"uvicorn": _uvicorn, "aiohttp": _aiohttp, "workernb": _workernb}[sys.argv[1]]
    # asyncio sets TCP_NODELAY only on a socket whose protocol is given as TCP.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
        asyncio.run(serve(listening))


if __name__ == "__main__":
    main()
