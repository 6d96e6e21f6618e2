"""The same work by other means in Python: raw ASGI, httpx, and HTTP to another process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.floor import TOKEN
from benchmarks.processes import serving
from benchmarks.servers import starlette_app

Once = Callable[[str], Awaitable[None]]
HOST = "https://auth.example.com"


def _headers(url: str) -> dict[str, str]:
    return {"x-custom-token": TOKEN, "x-request-id": url}


@asynccontextmanager
async def raw_asgi() -> AsyncIterator[Once]:
    app = starlette_app()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def once(url: str) -> None:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        path, _, query = url.removeprefix(HOST).partition("?")
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (b"x-custom-token", TOKEN.encode()),
                (b"x-request-id", url.encode()),
            ],
        }
        await app(scope, receive, send)
        assert sent[0]["status"] == 200
        assert sent[1]["body"] == b"Request allowed"

    yield once


@asynccontextmanager
async def httpx_in_process() -> AsyncIterator[Once]:
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(starlette_app())) as client:

        async def once(url: str) -> None:
            response = await client.get(url, headers=_headers(url))
            assert response.status_code == 200
            assert response.text == "Request allowed"

        yield once


@asynccontextmanager
async def aiohttp_over_loopback() -> AsyncIterator[Once]:
    import aiohttp

    async with (
        serving([sys.executable, "-m", "benchmarks.servers", "aiohttp"]) as port,
        aiohttp.ClientSession() as session,
    ):

        async def once(url: str) -> None:
            local = url.replace(HOST, f"http://127.0.0.1:{port}")
            async with session.get(local, headers=_headers(url)) as response:
                assert response.status == 200
                assert await response.text() == "Request allowed"

        yield once


@asynccontextmanager
async def uvicorn_over_loopback() -> AsyncIterator[Once]:
    import httpx

    async with (
        serving([sys.executable, "-m", "benchmarks.servers", "uvicorn"]) as port,
        httpx.AsyncClient(trust_env=False) as client,
    ):

        async def once(url: str) -> None:
            local = url.replace(HOST, f"http://127.0.0.1:{port}")
            response = await client.get(local, headers=_headers(url))
            assert response.status_code == 200
            assert response.text == "Request allowed"

        yield once


PEERS = {
    "a raw ASGI call of a starlette app": raw_asgi,
    "httpx ASGITransport to starlette": httpx_in_process,
    "aiohttp over loopback to another process": aiohttp_over_loopback,
    "httpx over loopback to uvicorn": uvicorn_over_loopback,
}
