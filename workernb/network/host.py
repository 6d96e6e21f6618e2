"""The other process: an HTTP server on loopback for the Workers that a gateway is bound to.

It reads what to run from its standard input, as a line of JSON, writes the port of 127.0.0.1 on
which it listens to its standard output, and ends when its standard input does: when the process
that started it closes the pipe, or dies. Its arguments and its environment hold no secrets.
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

from aiohttp.web import BaseRequest

from workernb.assembly import Runtime
from workernb.errors import format_error
from workernb.frontdoor.answers import answer_for_outsider
from workernb.frontdoor.connections import make_server
from workernb.frontdoor.outgoing import Sent, send
from workernb.frontdoor.ports import LOOPBACK, listen
from workernb.http import Request, Response
from workernb.http.request import receive
from workernb.http.response import received_response
from workernb.runtime.bindings.outbound import INTERNET
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.targets import Target

from .wire import ENVELOPE, Envelope, received_headers, sent_headers

KEPT = 10_000
"""The number of busy periods that are kept, and of calls."""


def main() -> None:
    """Serve the Workers that standard input describes, until standard input ends."""
    output, start = _take_over_output(), sys.stdin.readline()
    _end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    selector = StampingSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(_serve(json.loads(start), selector, output))


def _take_over_output() -> TextIO:
    """Return standard output, and discard what Workers write to it or to standard error."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    return output


def _end_with_the_parent() -> None:
    """End this process, whatever it is doing, when its standard input or its parent ends.

    The parent is watched too, because a process that it forked may keep the pipe open.
    """
    parent = os.getppid()

    def until_end_of_input() -> None:
        sys.stdin.read()
        os._exit(0)

    def until_orphaned() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    for watcher in (until_end_of_input, until_orphaned):
        threading.Thread(target=watcher, daemon=True).start()


class StampingSelector(selectors.DefaultSelector):
    """The selector of an event loop, which records when the loop was busy between two waits."""

    def __init__(self) -> None:
        """Begin with the loop busy."""
        super().__init__()
        self._busy: deque[tuple[int, int, int]] = deque(maxlen=KEPT)
        self._woken = (wall_clock(), cpu_clock())

    def busy(self) -> list[tuple[int, int, int]]:
        """Return the periods in which the loop was busy; the last one ends now.

        Each is its begin and its end (ns of `time.perf_counter_ns`, a clock that all processes of
        a machine share), and the CPU (ns) that the thread used in it.
        """
        return [*self._busy, self._current_period()]

    def _current_period(self) -> tuple[int, int, int]:
        wall, cpu = self._woken
        return wall, wall_clock(), cpu_clock() - cpu

    def select(self, timeout: float | None = None) -> Any:
        """Wait for events, and record the busy period that ends here."""
        if timeout == 0:  # A poll: the loop has callbacks ready, and stays busy.
            return super().select(timeout)
        self._busy.append(self._current_period())
        try:
            return super().select(timeout)
        finally:
            self._woken = (wall_clock(), cpu_clock())


async def _serve(start: dict[str, Any], selector: StampingSelector, output: TextIO) -> None:
    """Load the Workers, report the port or the failure, and serve until the process ends."""
    outbound = INTERNET if start["internet"] else None
    runtime = Runtime(Limits(**start["limits"]), outbound)
    runtime.clock.close()  # What is due happens in the notebook's process.
    host = Host(start["key"], runtime, selector)
    report: dict[str, Any] = {}
    for name, settings in start["services"].items():
        try:
            host.define(name, settings)
        except BaseException as error:
            report = {"failed": name, "why": format_error(error)}
            break
    else:
        report = {"port": await host.listen()}
    print(json.dumps(report), file=output, flush=True)
    await asyncio.Event().wait()


class Host:
    """Serves Workers to clients that send the key."""

    def __init__(self, key: str, runtime: Runtime, selector: StampingSelector) -> None:
        """Make a host of the Workers of a runtime."""
        self._key = key.encode()
        self._selector = selector
        self._runtime = runtime
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def define(self, name: str, settings: dict[str, Any]) -> None:
        """Define a Worker."""
        self._runtime.define(name, **settings)

    async def listen(self) -> int:
        """Listen on a free port of 127.0.0.1, and return it."""
        listening = listen(LOOPBACK, 0)
        port: int = listening.getsockname()[1]
        await asyncio.get_running_loop().create_server(make_server(self._handle), sock=listening)
        return port

    async def _handle(self, incoming: BaseRequest) -> Sent:
        text = incoming.headers.get(ENVELOPE, "")
        if not hmac.compare_digest(text.partition(" ")[0].encode(), self._key):
            return await send(incoming, Response(None, 403))
        envelope = Envelope.parse(text)
        if envelope is None:
            busy, calls = self._selector.busy(), list(self._calls)
            return await send(incoming, Response.from_json({"busy": busy, "calls": calls}))
        answer = await self._answer(envelope, await _received(incoming, envelope.scheme))
        response = received_response(
            answer.url, answer.status, answer.status_text, sent_headers(answer.headers.items())
        )
        response._data = answer._move()
        return await send(incoming, response)

    async def _answer(self, envelope: Envelope, request: Request) -> Response:
        target = Target(envelope.service, envelope.entrypoint, props=envelope.props)
        call = self._runtime.call(target, request, echo=io.StringIO())
        try:
            return await answer_for_outsider(call, request.url, whole=True)
        finally:
            trace = call.trace
            assert trace is not None
            self._calls.append(
                {
                    "failed": trace.exception,
                    "slices": [
                        (slice_.invocation.service, slice_.begin_ns, slice_.end_ns, slice_.cpu_ns)
                        for slice_ in trace.slices
                    ],
                }
            )


async def _received(incoming: BaseRequest, scheme: str) -> Request:
    """Return the request that the Worker is to receive, as it was before it went over HTTP."""
    url = f"{scheme}://{incoming.headers['host']}{incoming.raw_path}"
    body = await incoming.content.read() if incoming.body_exists else None
    return receive(url, incoming.method, received_headers(incoming.headers), body)


if __name__ == "__main__":
    main()
