"""The same auth work by other means: raw ASGI, httpx within the process, aiohttp over loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.floor import TOKEN

Once = Callable[[str], Awaitable[None]]


def _starlette_app() -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def auth(request: Request) -> PlainTextResponse:
        if request.headers.get("x-custom-token") == TOKEN:
            return PlainTextResponse("Request allowed")
        return PlainTextResponse("x-custom-token does not match", status_code=403)

    return Starlette(routes=[Route("/{path:path}", auth)])


@asynccontextmanager
async def raw_asgi() -> AsyncIterator[Once]:
    app = _starlette_app()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def once(url: str) -> None:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        path, _, query = url.removeprefix("https://auth.example.com").partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"x-custom-token", TOKEN.encode())],
        }
        await app(scope, receive, send)
        assert sent[0]["status"] == 200
        assert sent[1]["body"] == b"Request allowed"

    yield once


@asynccontextmanager
async def httpx_in_process() -> AsyncIterator[Once]:
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(_starlette_app())) as client:

        async def once(url: str) -> None:
            response = await client.get(url, headers={"x-custom-token": TOKEN})
            assert response.status_code == 200
            assert response.text == "Request allowed"

        yield once


@asynccontextmanager
async def aiohttp_over_loopback() -> AsyncIterator[Once]:
    import aiohttp
    from aiohttp import web

    async def auth(request: web.Request) -> web.Response:
        if request.headers.get("x-custom-token") == TOKEN:
            return web.Response(text="Request allowed")
        return web.Response(text="x-custom-token does not match", status=403)

    app = web.Application()
    app.router.add_get("/{path:.*}", auth)
    runner = web.AppRunner(app, handle_signals=False, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:

        async def once(url: str) -> None:
            local = url.replace("https://auth.example.com", f"http://127.0.0.1:{port}")
            async with session.get(local, headers={"x-custom-token": TOKEN}) as response:
                assert response.status == 200
                assert await response.text() == "Request allowed"

        yield once
    await runner.cleanup()


PEERS = {
    "a raw ASGI call of a starlette app": raw_asgi,
    "httpx ASGITransport to starlette": httpx_in_process,
    "aiohttp client and server over loopback": aiohttp_over_loopback,
}
