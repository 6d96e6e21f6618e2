"""Cells for the tests of the notebook: run in a shell in this process, or in a real kernel."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from traitlets.config import Config

import workernb
from workernb import assembly
from workernb.runtime.services.versions import code_in_use

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0

AUTH = """\
%%worker auth --secret SECRET_TOKEN=s3cret-token -q
from workers import WorkerEntrypoint, Response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("x-custom-token") == self.env.SECRET_TOKEN:
            return Response("Request allowed")
        return Response("Token not valid", status=403)
"""

GATEWAY = """\
%%worker gateway --bind AUTH=auth -q
from workers import WorkerEntrypoint, Response

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        answer = await self.env.AUTH.fetch(request)
        return Response("welcome") if answer.status == 200 else answer
"""


def cell(options: str, body: str = "return Response('x')") -> str:
    """Return a cell with a Worker whose handler's body is one line."""
    return (
        f"%%worker {options}\n"
        "from workers import Response, WorkerEntrypoint\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        f"        {body}\n"
    )


PUBLIC_GATEWAY = cell("gateway -q --public", "return Response(request.method + ' ' + request.url)")
ASK = "return await self.env.AUTH.fetch(request)"


def worker(name: str, body: str, options: str = "") -> str:
    """Return a cell with a Worker whose handler's body is one line or more."""
    lines = "".join(f"        {line}\n" for line in body.split("\n"))
    return (
        f"%%worker {name} -q {options}\n"
        "from workers import WorkerEntrypoint, Request, Response\n"
        "import asyncio\n"
        "class Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n{lines}"
    )


@dataclass
class Outcome:
    """What a cell left: its output, its value, its error."""

    stdout: str = ""
    stderr: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    result: Any = None
    error: Any = None
    traceback: str = ""
    status: str = "ok"

    @property
    def text(self) -> str:
        """All that a reader sees, as text."""
        parts = [shown.get("text/plain", "") for shown in self.displays]
        return "\n".join([self.stdout, self.stderr, *parts, self.traceback])

    @property
    def everything(self) -> str:
        """All that is sent to the front end, whatever its form."""
        return f"{self.stdout}{self.stderr}{self.displays}{self.traceback}"


class TracebackShell(InteractiveShell):
    """A shell that keeps the lines of tracebacks instead of printing them."""

    shown: list[str]

    def _showtraceback(self, kind: type[BaseException], error: object, lines: list[str]) -> None:
        self.shown.extend(lines)


class Shell:
    """IPython's shell in this process, with a runtime of its own."""

    def __init__(self, shell: TracebackShell) -> None:
        self.ip = shell

    @property
    def names(self) -> dict[str, Any]:
        return self.ip.user_ns

    async def run(self, cell: str) -> Outcome:
        """Run a cell as ipykernel does."""
        ip = self.ip
        outcome = Outcome()
        shown: list[Any] = []
        ip.shown = shown
        publisher, ip.display_pub = ip.display_pub, CapturingDisplayPublisher(parent=ip)
        try:
            with capture_output(display=False) as captured:
                transformed = ip.transform_cell(cell)
                if ip.should_run_async(cell, transformed_cell=transformed):
                    done = await ip.run_cell_async(
                        cell, store_history=True, transformed_cell=transformed
                    )
                    ip.events.trigger("post_execute")
                    ip.events.trigger("post_run_cell", done)
                else:
                    done = ip.run_cell(cell, store_history=True)
            outcome.displays = [one["data"] for one in ip.display_pub.outputs]
        finally:
            ip.display_pub = publisher
        outcome.stdout, outcome.stderr = captured.stdout, captured.stderr
        outcome.result = done.result
        outcome.error = done.error_before_exec or done.error_in_exec
        outcome.status = "error" if outcome.error is not None else "ok"
        outcome.traceback = "\n".join(shown)
        return outcome

    async def ok(self, *cells: str) -> Outcome:
        """Run cells that work, and return what the last one left."""
        outcome = Outcome()
        for cell in cells:
            outcome = await self.run(cell)
            assert outcome.error is None, outcome.text
        return outcome

    async def refused(self, cell: str) -> str:
        """Run a cell that fails with one line, and return the line."""
        outcome = await self.run(cell)
        assert outcome.error is not None, outcome.text
        assert not outcome.displays
        assert len(outcome.traceback.strip().splitlines()) == 1, outcome.traceback
        return outcome.traceback


@pytest.fixture(scope="session")
def ipython(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TracebackShell]:
    os.environ["IPYTHONDIR"] = str(tmp_path_factory.mktemp("ipython"))
    config = Config()
    config.HistoryManager.enabled = False
    config.TracebackShell.colors = "nocolor"
    TracebackShell.clear_instance()
    yield TracebackShell.instance(config=config)
    TracebackShell.clear_instance()


@pytest.fixture
def shell(ipython: TracebackShell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell with the magics, and with nothing defined."""
    monkeypatch.setattr(assembly, "_runtime", None)
    code_in_use.clear()  # What a test before has caught may keep its Worker, and that its name.
    ipython.reset()
    workernb.load_ipython_extension(ipython)
    yield Shell(ipython)
    workernb.unload_ipython_extension(ipython)
    # Else the next test's Workers find the files of this one's still registered.
    workernb.get_runtime().close()
    ipython.reset()
    for last in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(last, None)
    shown = ipython.InteractiveTB  # What it has shown last leads to the Worker.
    shown.etype = shown.evalue = shown.tb = None
    gc.collect()


class Kernel:
    """A real kernel, driven over its protocol. Waits for messages, never for a time."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self.manager.start_kernel(env=environment)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE_S)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def send(self, cell: str, stop_on_error: bool = True) -> str:
        """Send a cell to be run, and return the id to collect its outcome by."""
        return self.client.execute(cell, allow_stdin=False, stop_on_error=stop_on_error)

    def wait_for(self, text: str) -> None:
        """Wait until a running cell has printed `text`; only while nothing is collected."""
        printed = ""
        while text not in printed:
            message = self.client.get_iopub_msg(timeout=PATIENCE_S)
            if message["msg_type"] == "stream":
                printed += message["content"]["text"]

    def collect(self, *ids: str) -> list[Outcome]:
        """Wait for the ends of cells, in any order, and return their outcomes."""
        outcomes = {one: Outcome() for one in ids}
        idle: set[str] = set()
        while len(idle) < len(ids):
            message = self.client.get_iopub_msg(timeout=PATIENCE_S)
            one = message["parent_header"].get("msg_id")
            if one not in outcomes:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                idle.add(one)
            _note(outcomes[one], message)
        replied: set[str] = set()
        while len(replied) < len(ids):
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
            one = reply["parent_header"].get("msg_id")
            if one in outcomes:
                outcomes[one].status = reply["content"]["status"]
                replied.add(one)
        return [outcomes[one] for one in ids]

    def run(self, cell: str) -> Outcome:
        """Run a cell, and return what it left."""
        return self.collect(self.send(cell))[0]

    def ok(self, *cells: str) -> Outcome:
        """Run cells that work, and return what the last one left."""
        outcome = Outcome()
        for cell in cells:
            outcome = self.run(cell)
            assert outcome.status == "ok", outcome.text
        return outcome

    def interrupt(self, running: str) -> tuple[Outcome, float]:
        """Interrupt the kernel; return the outcome and how long (s) it took."""
        began = time.perf_counter()
        self.manager.interrupt_kernel()
        outcome = self.collect(running)[0]
        return outcome, time.perf_counter() - began

    def complete(self, text: str) -> list[str]:
        """Return what the kernel proposes at the end of `text`."""
        reply = self.client.complete(text, len(text), reply=True, timeout=PATIENCE_S)
        return list(reply["content"]["matches"])


def _note(outcome: Outcome, message: dict[str, Any]) -> None:
    content, kind = message["content"], message["msg_type"]
    if kind == "stream":
        setattr(outcome, content["name"], getattr(outcome, content["name"]) + content["text"])
    elif kind == "display_data":
        outcome.displays.append(content["data"])
    elif kind == "execute_result":
        outcome.displays.append(content["data"])
        outcome.result = content["data"].get("text/plain")
    elif kind == "error":
        outcome.error = content["ename"]
        outcome.traceback = "\n".join(content["traceback"])


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """A fresh kernel with the extension loaded."""
    kernel = Kernel()
    try:
        kernel.ok("%load_ext workernb")
        yield kernel
    finally:
        kernel.close()


@pytest.fixture(scope="module")
def shared_kernel() -> Iterator[Kernel]:
    """A kernel with gateway and auth, for tests that leave no trace behind."""
    kernel = Kernel()
    try:
        kernel.ok("%load_ext workernb", AUTH, GATEWAY)
        yield kernel
    finally:
        kernel.close()
