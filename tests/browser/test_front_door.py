"""A real Chromium before the front door: a page, its requests and WebSocket, a download."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from tests.cli.conftest import command, environment, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SITE = '''%%worker site --public --bind API=api --bind CHAT=chat
from urllib.parse import urlsplit
from workers import Response

PAGE = """<!doctype html><title>Site</title><p id="said"></p><a id="get" href="/download">get</a>
<p id="heard"></p>
<script>
  const socket = new WebSocket(`ws://${location.host}/chat`);
  socket.binaryType = "arraybuffer";
  const heard = [];
  socket.onopen = () => { socket.send("zwölf"); socket.send(new Uint8Array([1, 2, 3])); };
  socket.onmessage = (event) => {
    heard.push(typeof event.data === "string" ? event.data : event.data.byteLength + " bytes");
    if (heard.length === 2) socket.close(4000, "enough");
  };
  socket.onclose = (event) => {
    document.querySelector("#heard").textContent = [...heard, event.code, event.wasClean].join();
  };
  fetch("/api", { method: "POST", body: "from the page" })
    .then((answer) => answer.text())
    .then((text) => { document.querySelector("#said").textContent = text; });
</script>"""

async def on_fetch(request, env):
    path = urlsplit(request.url).path
    if path == "/api":
        return await env.API.fetch(request)
    if path == "/chat":
        return await env.CHAT.fetch(request)
    if path == "/boom":
        raise ValueError("<script>document.title = 'owned'</script>")
    if path == "/go":
        return Response.redirect(request.url.replace("/go", "/"))
    if path == "/download":
        async def numbers():
            for number in range(2000):
                yield b"%06d\\n" % number * 100
        return Response(numbers(), headers={
            "content-type": "application/octet-stream",
            "content-disposition": "attachment; filename=numbers.txt",
        })
    return Response(PAGE, headers={"content-type": "text/html;charset=UTF-8"})
'''
API = """%%worker api
from workers import Response
async def on_fetch(request):
    return Response("api heard: " + await request.text())
"""
CHAT = """%%worker chat
from js import WebSocketPair
from workers import Response
async def on_fetch(request):
    client, server = WebSocketPair.new().object_values()
    server.accept()
    server.binaryType = "arraybuffer"

    def on_message(event):
        text = isinstance(event.data, str)
        server.send("heard " + event.data if text else event.data.to_bytes() * 2)

    server.addEventListener("message", on_message)
    return Response(None, status=101, web_socket=client)
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = write_notebook(tmp_path_factory.mktemp("site") / "site.ipynb", API, CHAT, SITE)
    process = subprocess.Popen(
        command("serve", path, "--port", 0), env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    match = re.search(r":(\d+)/", process.stdout.readline())
    assert match is not None
    yield int(match[1])
    process.kill()
    process.communicate()


@pytest.fixture
def tab(chromium: Any) -> Any:
    tab = chromium.new_page(accept_downloads=True)
    yield tab
    tab.close()


def test_a_page_and_its_scripts_request(port: int, tab: Any) -> None:
    tab.goto(f"http://site.localhost:{port}/")
    tab.wait_for_selector("#said:not(:empty)")
    assert tab.inner_text("#said") == "api heard: from the page"
    assert tab.goto(f"http://api.localhost:{port}/").status == 404


def test_the_pages_websocket(port: int, tab: Any) -> None:
    tab.goto(f"http://site.localhost:{port}/")
    tab.wait_for_selector("#heard:not(:empty)")
    assert tab.inner_text("#heard") == "heard zwölf,6 bytes,4000,true"


def test_a_redirect_leads_back_to_the_port(port: int, tab: Any) -> None:
    tab.goto(f"http://site.localhost:{port}/go")
    assert tab.url == f"http://site.localhost:{port}/"


def test_a_streamed_download_is_whole(port: int, tab: Any, tmp_path: Any) -> None:
    tab.goto(f"http://site.localhost:{port}/")
    with tab.expect_download() as started:
        tab.click("#get")
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    assert path.name == "numbers.txt"
    data = path.read_bytes()
    assert len(data) == 2000 * 700
    assert data.endswith(b"001999\n")


def test_a_failure_is_shown_to_the_owner_and_runs_no_script(port: int, tab: Any) -> None:
    assert tab.goto(f"http://site.localhost:{port}/boom").status == 500
    assert tab.title().startswith("site: ValueError")
    assert "<worker site v1>" in tab.inner_text("pre")
