"""Servers on loopback: one that speaks HTTP, and one that says whatever it is told."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

import workernb
from workernb.http import Request
from workernb.outbound.client import Internet

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


async def echo(request: web.BaseRequest) -> web.Response:
    """Answer with what has arrived."""
    return web.json_response(
        {
            "method": request.method,
            "path": request.raw_path,
            "headers": [[name, value] for name, value in request.headers.items()],
            "body": (await request.read()).decode(),
        }
    )


class Server:
    """An HTTP server on loopback. paths: how each path is answered; others echo.

    connections: how many have been made. requests: the paths of all requests.
    """

    def __init__(self) -> None:
        self.paths: dict[str, Handler] = {}
        self.requests: list[str] = []
        self.peers: set[object] = set()
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request.path)
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        return await self.paths.get(request.path, echo)(request)

    def answer(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        """Answer a path always alike, and return its URL. headers: with _ for -."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}

        async def handler(request: web.BaseRequest) -> web.Response:
            return web.Response(body=body, status=status, headers=fields)

        self.paths[path] = handler
        return self.url + path

    def gzipped(self, path: str, data: bytes) -> str:
        return self.answer(path, gzip.compress(data), content_encoding="gzip")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.handle), handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def says() -> AsyncIterator[Callable[[bytes], Awaitable[str]]]:
    """Return what starts a server that answers every request with given bytes, then closes."""
    servers = []

    async def says(text: bytes) -> str:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(text)
            await writer.drain()
            writer.close()

        servers.append(await asyncio.start_server(talk, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/"

    yield says
    for server in servers:
        server.close()


@pytest.fixture
def internet() -> Internet:
    return Internet()


async def ask(internet: Internet, url: str, **init: object) -> dict[str, object]:
    """Fetch what echoes, and return what has arrived there."""
    return await (await internet(Request(url, **init))).json()


async def failure(internet: Internet, url: str) -> workernb.NetworkError:
    with pytest.raises(workernb.NetworkError) as caught:
        await (await internet(Request(url))).bytes()
    return caught.value
