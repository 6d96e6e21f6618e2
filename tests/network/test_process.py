"""The other process: whom it answers, what it reveals, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from workernb.http import Request
from workernb.network.process import OtherProcess
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.targets import Target

ROOT = Path(__file__).resolve().parents[2]
SERVICE = (
    "from workers import Response, WorkerEntrypoint\n"
    "class Default(WorkerEntrypoint):\n"
    "    async def fetch(self, request):\n"
    "        if request.url.endswith('/busy'):\n"
    "            while True: pass\n"
    "        return Response('yes')\n"
)
SETTINGS = {"services": {}, "vars": {}, "secrets": {"KEY": "planted-secret"}, "limits": None,
            "compatibility_date": None}  # fmt: skip
FOREVER = Limits(cpu_ms=None, wall_ms=None)


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


async def test_the_runtimes_limits_hold_in_the_other_process():
    limits = Limits(cpu_ms=30)
    async with OtherProcess({"auth": (SERVICE, SETTINGS)}, limits) as process:
        answer = await process.ask(Target("auth"), Request("http://auth/busy"))
        assert answer.status == 503


async def test_it_listens_on_loopback_and_answers_only_with_the_key():
    async with OtherProcess({"auth": (SERVICE, SETTINGS)}, FOREVER) as process:
        url = process.url
        assert url.startswith("http://127.0.0.1:")

        def ask(key: str) -> int:
            request = urllib.request.Request(url, headers={"workernb": f"{key} auth Default  http"})
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                error.close()
                return error.code

        assert await asyncio.to_thread(ask, "guess") == 403
        assert await asyncio.to_thread(ask, "") == 403
        assert await asyncio.to_thread(ask, process._key) == 200
        if sys.platform == "linux":
            listening = read(f"/proc/{process.pid}/net/tcp").decode()
            port = f":{int(url.rpartition(':')[2]):04X}"
            (line,) = [one for one in listening.splitlines() if f"{port} 00000000:0000" in one]
            assert f"0100007F{port}" in line


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_no_secret_is_in_its_arguments_or_environment():
    async with OtherProcess({"auth": (SERVICE, SETTINGS)}, FOREVER) as process:
        for name in ("cmdline", "environ"):
            content = read(f"/proc/{process.pid}/{name}")
            assert b"planted-secret" not in content
            assert process._key.encode() not in content


async def test_it_ends_when_the_comparison_is_cancelled():
    ended = asyncio.Event()
    ports: list[int] = []

    async def run() -> None:
        async with OtherProcess({"auth": (SERVICE, SETTINGS)}, FOREVER) as process:
            ports.append(int(process.url.rpartition(":")[2]))
            ended.set()
            await process.ask(Target("auth"), Request("http://auth/busy"))

    task = asyncio.ensure_future(run())
    await ended.wait()
    assert answers(ports[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not answers(ports[0])


PARENT = """
import asyncio, sys
from workernb.network.process import OtherProcess
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.targets import Target
from workernb.workers import Request

async def main():
    service = (sys.argv[1], {"services": {}, "vars": {}, "secrets": {}, "limits": None,
               "compatibility_date": None})
    limits = Limits(cpu_ms=None, wall_ms=None)
    async with OtherProcess({"auth": service}, limits) as process:
        asking = asyncio.ensure_future(process.ask(Target("auth"), Request(sys.argv[2])))
        await asyncio.sleep(0)
        print(process.url, flush=True)
        await asking
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
@pytest.mark.parametrize("path", ["idle", "busy"])
def test_it_ends_when_the_process_that_started_it_is_killed(path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, SERVICE, f"http://auth/{path}"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        port = int(parent.stdout.readline().strip().rpartition(":")[2])
        assert answers(port)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    while answers(port):
        time.sleep(0.01)
