"""%serve: the port of the notebook, opened and closed."""

from __future__ import annotations

import asyncio
import re

import pytest

from ..conftest import AUTH, GATEWAY

PUBLIC = GATEWAY.replace("%%worker gateway", "%%worker gateway --public")


async def ask(port: int, host: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


def served(port: int) -> bytes:
    """Return the gateway's answer, after those for a kernel that is still busy."""
    while (answer := asyncio.run(ask(port, "gateway.localhost"))).startswith(b"HTTP/1.1 503 "):
        pass
    return answer


def port_of(text: str) -> int:
    match = re.search(r"127\.0\.0\.1:(\d+)/", text)
    assert match is not None, text
    return int(match[1])


async def test_it_opens_and_closes_a_port(shell):
    await shell.ok(AUTH, PUBLIC)
    shown = (await shell.ok("%serve --port 0")).text
    port = port_of(shown)
    assert f"gateway  http://gateway.localhost:{port}/" in shown
    assert "private, so not there: auth" in shown
    assert (await ask(port, "gateway.localhost")).startswith(b"HTTP/1.1 403 ")
    assert (await ask(port, "auth.localhost")).startswith(b"HTTP/1.1 404 ")
    assert (await shell.ok("door = %serve\n(door.port, door.url)")).result == (
        port,
        f"http://127.0.0.1:{port}/",
    )
    shown = await shell.ok("%serve")
    assert len(shown.displays) == 1  # Not as the cell's value too.
    assert f'<a href="http://gateway.localhost:{port}/"' in shown.displays[0]["text/html"]
    assert "gateway.localhost" in (await shell.ok("door")).text
    again = (await shell.ok("%serve")).text
    assert f"Open already, at http://127.0.0.1:{port}/" in again
    assert "Close it first: %serve --stop" in await shell.refused(f"%serve --port {port}")
    assert f"Closed http://127.0.0.1:{port}/" in (await shell.ok("%serve --stop")).text
    with pytest.raises(ConnectionRefusedError):
        await ask(port, "gateway.localhost")
    assert "No port is open" in await shell.refused("%serve --stop")


async def test_without_a_public_worker_it_says_so(shell):
    await shell.ok(AUTH)
    shown = await shell.ok("%serve --port 0")
    assert "No Worker has a route" in shown.text


async def test_a_host_that_others_reach_is_warned_of(shell):
    shown = await shell.ok("%serve --port 0 --host 0.0.0.0")
    assert "Warning: whoever reaches this machine's 0.0.0.0" in shown.text


async def test_the_requests_are_in_the_pictures(shell):
    await shell.ok(AUTH, PUBLIC)
    port = port_of((await shell.ok("%serve --port 0")).text)
    await ask(port, "gateway.localhost")
    await ask(port, f"localhost:{port}")
    graph = (await shell.ok("%graph")).text
    assert re.search(r"outside ──gateway\.localhost/\*──▶ gateway +2×", graph), graph


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("%serve --prot 1", "%serve has no option --prot. Did you mean --port or"),
        ("%serve --port x", "argument --port: invalid int value"),
        ("%serve --port 99999", "A port is a number from 0 to 65535, not 99999."),
        ("%serve --host example.com", "--host takes an IP address of this machine"),
        ("%serve --stop --port 8787", "--stop takes no other option"),
    ],
)
async def test_what_is_refused_opens_nothing(shell, typed, said):
    assert said in await shell.refused(typed)
    assert "No port is open" in await shell.refused("%serve --stop")


def test_a_kernel_serves_between_cells_and_answers_while_a_cell_blocks(kernel):
    kernel.ok(AUTH, PUBLIC)
    port = port_of(kernel.ok("%serve --port 0").text)
    assert served(port).startswith(b"HTTP/1.1 403 ")
    blocked = kernel.run(
        "import http.client\n"
        f"connection = http.client.HTTPConnection('127.0.0.1', {port}, timeout=30)\n"
        "connection.request('GET', '/')\n"
        "answer = connection.getresponse()\n"
        "print(answer.status, answer.read().decode())"
    )
    assert blocked.stdout.startswith("503 The notebook is busy: a cell or a Worker has kept")
    assert served(port).startswith(b"HTTP/1.1 403 ")


def test_an_interrupt_leaves_the_port_and_a_kill_leaves_none(kernel):
    kernel.ok(AUTH, PUBLIC)
    port = port_of(kernel.ok("%serve --port 0").text)
    running = kernel.send("import time\nprint('started', flush=True)\ntime.sleep(60)")
    kernel.wait_for("started")
    kernel.interrupt(running)
    assert served(port).startswith(b"HTTP/1.1 403 ")
    kernel.manager.shutdown_kernel(now=True)  # SIGKILL
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(ask(port, "gateway.localhost"))
