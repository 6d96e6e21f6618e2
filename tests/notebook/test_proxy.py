"""The link of %serve behind a hub: a real Jupyter server, with a real jupyter-server-proxy."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from .conftest import Kernel

pytestmark = pytest.mark.slow

PREFIX = "/user/ada/"
GATEWAY = """%%worker gateway --public --bind CHAT=chat
import asyncio
from urllib.parse import urlsplit
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlsplit(request.url).path
        if path == "/chat":
            return await self.env.CHAT.fetch(request)
        if path == "/stream":
            async def lines():
                for number in range(3):
                    yield f"line {number}\\n".encode()
                    await asyncio.sleep(0.01)
            return Response(lines())
        return Response(f"{request.method} {path} {await request.text()}")
"""
CHAT = """%%worker chat
from js import WebSocketPair
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        server.accept()
        server.addEventListener("message", lambda event: server.send("heard " + event.data))
        return Response(None, status=101, web_socket=client)
"""


class Hub:
    """A Jupyter server as JupyterHub starts it for a user."""

    def __init__(self, folder: Path) -> None:
        self.token = secrets.token_hex(16)
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root",
                "--port=0", "--ip=127.0.0.1",
                f"--ServerApp.base_url={PREFIX}", f"--IdentityProvider.token={self.token}",
                f"--ServerApp.root_dir={folder}",
            ],
            text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.port = self._wait_for_port()

    def _wait_for_port(self) -> int:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if match := re.search(rf"http://127\.0\.0\.1:(\d+){PREFIX}", line):
                return int(match[1])
        raise AssertionError("the Jupyter server has not started")

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, {"Authorization": f"token {self.token}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub(tmp_path_factory.mktemp("hub"))
    yield hub
    hub.close()


@pytest.fixture(scope="module")
def kernel(hub: Hub) -> Iterator[Kernel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTERHUB_SERVICE_PREFIX", PREFIX)
        kernel = Kernel()
    kernel.ok("%load_ext workernb", CHAT, GATEWAY)
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def link(kernel: Kernel) -> str:
    """The link that the card of %serve has."""
    card = kernel.ok("door = %serve").displays[0]
    links = re.findall(r'href="([^"]+)"', card["text/html"])
    assert len(links) == 1
    return str(links[0])


def test_the_link_leads_through_the_proxy_to_the_public_worker(hub: Hub, link: str) -> None:
    assert re.fullmatch(rf"{PREFIX}proxy/\d+/", link)
    assert hub.ask("GET", link) == (200, "GET / ")
    assert hub.ask("POST", f"{link}a/b", b"a body") == (200, "POST /a/b a body")
    assert hub.ask("GET", f"{link}stream") == (200, "line 0\nline 1\nline 2\n")


def test_without_the_hubs_token_nobody_comes_through(hub: Hub, link: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)
    connection.request("GET", link)
    assert connection.getresponse().status in (302, 403)
    connection.close()


def test_a_websocket_goes_through_the_proxy(hub: Hub, link: str) -> None:
    async def talk() -> list[str]:
        headers = {"Authorization": f"token {hub.token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            url = f"http://127.0.0.1:{hub.port}{link}chat"
            async with session.ws_connect(url) as socket:
                answers = []
                for word in ("one", "two"):
                    await socket.send_str(word)
                    answers.append(await socket.receive_str())
                return answers

    assert asyncio.run(talk()) == ["heard one", "heard two"]


def test_a_blocked_kernel_says_so_through_the_proxy(hub: Hub, kernel: Kernel, link: str) -> None:
    running = kernel.send(
        "import sys, time\nsys.stdout.write('blocks')\nsys.stdout.flush()\ntime.sleep(60)"
    )
    kernel.wait_for("blocks")
    status, text = hub.ask("GET", link)
    assert status == 503, json.dumps(text)
    assert "has kept its kernel" in text
    kernel.interrupt(running)


def test_when_the_port_is_closed_the_proxy_finds_nobody(
    hub: Hub, kernel: Kernel, link: str
) -> None:
    kernel.ok("%serve --stop")
    assert hub.ask("GET", link)[0] in (500, 502, 504, 599)
