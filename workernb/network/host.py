"""The other process: the Workers that a gateway is bound to, behind HTTP on loopback.

It reads what to run from its standard input, a line of JSON, says on its standard output on which
port of 127.0.0.1 it listens, and ends when its standard input does: when the process that started
it closes it, or dies. Nothing that is secret is in its arguments or its environment.
"""

from __future__ import annotations

import asyncio
import hmac
import io
import json
import os
import selectors
import signal
import sys
import threading
import time
from collections import deque
from time import perf_counter_ns as wall_clock
from time import thread_time_ns as cpu_clock
from typing import Any, TextIO

from aiohttp import web

from workernb.assembly import Runtime
from workernb.errors import PlatformText
from workernb.http import Request, Response
from workernb.http.request import receive
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.targets import Target

from .wire import ENVELOPE, Envelope, received_headers, sent_headers

KEPT = 10_000
"""How many stretches of work are kept, and how many calls."""


def main() -> None:
    """Run what standard input says, until standard input ends."""
    say, start = _take_over_output(), sys.stdin.readline()
    _end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = StampingSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(_serve(json.loads(start), selector, say))


def _take_over_output() -> TextIO:
    """Return standard output for our own use; what the Workers write goes nowhere."""
    say = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return say


def _end_with_the_parent() -> None:
    """End this process, whatever it is doing, when its standard input ends or its parent does.

    Both, since a process that the parent has forked may hold the other end of the pipe open.
    """
    parent = os.getppid()

    def until_end_of_input() -> None:
        sys.stdin.read()
        os._exit(0)

    def until_orphaned() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    for watch in (until_end_of_input, until_orphaned):
        threading.Thread(target=watch, daemon=True).start()


class StampingSelector(selectors.DefaultSelector):
    """Where a loop waits: it notes when the loop was at work between two waits."""

    def __init__(self) -> None:
        """Begin at work."""
        super().__init__()
        self._busy: deque[tuple[int, int, int]] = deque(maxlen=KEPT)
        self._woke = (wall_clock(), cpu_clock())

    def busy(self) -> list[tuple[int, int, int]]:
        """Return when the loop was at work, the last time until now.

        Begin and end (ns of `time.perf_counter_ns`, one clock for all processes of a machine), and
        the thread's CPU (ns).
        """
        return [*self._busy, self._at_work()]

    def _at_work(self) -> tuple[int, int, int]:
        wall, cpu = self._woke
        return wall, wall_clock(), cpu_clock() - cpu

    def select(self, timeout: float | None = None) -> Any:
        """Wait for something to do."""
        if timeout == 0:  # There is something to do; this is no wait.
            return super().select(timeout)
        self._busy.append(self._at_work())
        try:
            return super().select(timeout)
        finally:
            self._woke = (wall_clock(), cpu_clock())


async def _serve(start: dict[str, Any], selector: StampingSelector, say: TextIO) -> None:
    """Load the Workers, say on which port they are served, and serve them for good."""
    host = Host(start["key"], Limits(**start["limits"]), selector)
    told: dict[str, Any] = {}
    for name, settings in start["services"].items():
        try:
            host.define(name, settings)
        except BaseException as error:
            told = {"failed": name, "why": f"{type(error).__name__}: {error}"}
            break
    else:
        told = {"port": await host.listen()}
    print(json.dumps(told), file=say, flush=True)
    await asyncio.Event().wait()


class Host:
    """Serves Workers to whoever has the key."""

    def __init__(self, key: str, limits: Limits, selector: StampingSelector) -> None:
        """Make a host without Workers; limits: of requests to those that have none."""
        self._key = key.encode()
        self._selector = selector
        self._runtime = Runtime(limits)
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def define(self, name: str, settings: dict[str, Any]) -> None:
        """Define a Worker."""
        self._runtime.define(name, **settings)

    async def listen(self) -> int:
        """Listen on a free port of 127.0.0.1, and return it."""
        server = web.Server(self._handle, auto_decompress=False)
        runner = web.ServerRunner(server, handle_signals=False, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port: int = runner.addresses[0][1]
        return port

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        text = request.headers.get(ENVELOPE, "")
        if not hmac.compare_digest(text.partition(" ")[0].encode(), self._key):
            return web.Response(status=403)
        envelope = Envelope.parse(text)
        if envelope is None:
            busy, calls = self._selector.busy(), list(self._calls)
            return web.json_response({"busy": busy, "calls": calls})
        response = await self._call(envelope, await _received(request, envelope.scheme))
        return web.Response(
            status=response.status,
            reason=response.status_text or None,
            headers=sent_headers(response.headers.items()),
            body=await response.bytes(),
        )

    async def _call(self, envelope: Envelope, request: Request) -> Response:
        """Return a Worker's answer; a 500 where it has none, as a stranger gets it."""
        target = Target(envelope.service, envelope.entrypoint, props=envelope.props)
        call = self._runtime.call(target, request, echo=io.StringIO())
        try:
            return await call
        except asyncio.CancelledError:
            raise
        except BaseException:
            return Response(PlatformText.INTERNAL, 500)
        finally:
            trace = call.trace
            assert trace is not None
            self._calls.append(
                {
                    "call": envelope.call,
                    "failed": trace.exception,
                    "slices": [
                        (piece.invocation.service, piece.begin_ns, piece.end_ns, piece.cpu_ns)
                        for piece in trace.slices
                    ],
                }
            )


async def _received(request: web.BaseRequest, scheme: str) -> Request:
    """Return the request that was sent, as it was before it was sent."""
    url = f"{scheme}://{request.headers['host']}{request.raw_path}"
    body = await request.read() if request.body_exists else None
    return receive(url, request.method, received_headers(request.headers), body)


if __name__ == "__main__":
    main()
