"""A front door with a public gateway and a private auth, and raw sockets to knock at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

import workernb
from workernb.frontdoor.server import FrontDoor

AUTH = """
import asyncio, json
from urllib.parse import urlsplit
from workers import WorkerEntrypoint, Response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        if path == "/boom":
            raise ValueError("<b>bad</b> " + self.env.TOKEN)
        if path == "/spin":
            while True:
                pass
        if path == "/waits":
            await asyncio.Event().wait()
        if path == "/forever":
            async def forever():
                while True:
                    yield b"x" * 65536
            return Response(forever())
        if path == "/broken":
            async def broken():
                yield b"begun"
                raise ValueError("broken")
            return Response(broken())
        if path == "/cookies":
            return Response(None, 204, headers=[("set-cookie", "a=1"), ("set-cookie", "b=2")])
        if path == "/echo":
            return Response(request.body)
        body = await request.text()
        return Response.json({
            "url": request.url, "method": request.method, "body": body,
            "headers": dict(request.headers.items()),
        })
"""
GATEWAY = """
from workers import WorkerEntrypoint
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await self.env.AUTH.fetch(request)
"""
OTHER = """
from workers import WorkerEntrypoint, Response
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("other")
"""
SECRET = "s3cret-token"


@pytest.fixture
def runtime():
    runtime = workernb.Runtime(workernb.Limits(cpu_ms=500))
    runtime.define("auth", AUTH, secrets={"TOKEN": SECRET})
    runtime.define("gateway", GATEWAY, services={"AUTH": "auth"}, public=True)
    yield runtime
    runtime.close()


Open = Callable[..., FrontDoor]


@pytest.fixture
async def open_door(runtime) -> AsyncIterator[Open]:
    """Return what opens a door on any free port; it is closed after the test."""
    doors = []

    def open_door(**options: object) -> FrontDoor:
        doors.append(FrontDoor(runtime, port=0, **options))
        return doors[-1]

    yield open_door
    for door in doors:
        door.close()
    await asyncio.sleep(0.01)  # The connections' tasks end.


@pytest.fixture
async def door(open_door) -> FrontDoor:
    return open_door()


class Client:
    """A connection to a port, over which bytes are sent as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, door: FrontDoor) -> Client:
        return cls(*await asyncio.open_connection(door.host, door.port))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read the headers of one response, and return its status and them."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = text.strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return int(first.split()[1]), headers

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        """Read one response with a Content-Length."""
        status, headers = await self.head()
        size = int(headers.get("content-length", "0"))
        return status, headers, await self.reader.readexactly(size)

    async def close(self) -> None:
        self.writer.close()


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{what} did not happen")


def get(path: str = "/", host: str = "gateway.localhost", *headers: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
async def connect(door):
    """Return what connects to the door."""
    clients = []

    async def connect() -> Client:
        clients.append(await Client.to(door))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()
