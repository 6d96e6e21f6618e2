"""The front door: an HTTP server on the runtime's loop, for the Workers that have a route.

Each request is a top-level request of an outsider's. aiohttp parses the messages and keeps the
connections; it is imported when a door is opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from workernb.errors import CanceledError, UsageError
from workernb.http import Request, Response
from workernb.runtime.execution.dispatch import Answer
from workernb.runtime.runtime import Runtime
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.logs import Discard
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText

from .answers import answer_for_outsider
from .incoming import RefusedError, receive_from_port
from .pages import failure_page, nothing_here
from .ports import is_loopback, listen
from .roots import Roots
from .stalled import StallWatch
from .triggers import is_trigger, trigger

if TYPE_CHECKING:
    import socket

    from aiohttp.web import BaseRequest

    from .outgoing import Sent

Access = Callable[[str, str, int, "Trace | None"], None]
"""Called with method, URL and status of each answer, and the request's trace if it has one."""


class FrontDoor:
    """An open port, and the Workers behind it.

    url: where it is. stalled: what answers while the loop stands still.
    """

    def __init__(
        self,
        runtime: Runtime,
        host: str = "127.0.0.1",
        port: int | None = None,
        *,
        listening: socket.socket | None = None,
        public_errors: bool = False,
        echo: TextIO | None = None,
        access: Access | None = None,
    ) -> None:
        """Open the port on the running loop, where requests run from its next iteration on.

        host: an IP address of this machine. port: by default 8787 or the next free one. listening:
        a socket that listens already, in their place.
        public_errors: whether the notebook's owner too sees the platform's pages for failures.
        echo: the file for what Workers print, by default none: the traces have it. Raises
        UsageError for a port or a host that cannot be had, and where no loop runs.
        """
        loop = asyncio._get_running_loop()
        if loop is None:
            raise UsageError("A port is served by a running loop, as in a notebook's kernel.")
        from .connections import make_server
        from .outgoing import send
        from .websockets import refusal_of, serve_socket

        self.runtime = runtime
        self._public_errors = public_errors
        self._echo: Any = echo or Discard()
        self._access = access
        self._write = send
        self._refusal_of, self._serve_socket = refusal_of, serve_socket
        self._listening = listen(host, port) if listening is None else listening
        self._listening.setblocking(False)
        self._roots = Roots(runtime)
        self.host, self.port = self._listening.getsockname()[:2]
        self.stalled = StallWatch(loop, self._listening)
        self._server: _Server = make_server(self._handle)
        self._acceptor: asyncio.Server | None = None
        self._opening = loop.create_task(self._open(loop))

    async def _open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._acceptor = await loop.create_server(self._server, sock=self._listening)

    @property
    def url(self) -> str:
        """The URL of the port itself."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def close(self) -> None:
        """Close the port and all connections; requests in flight are canceled."""
        self.stalled.stop()
        self._roots.close()
        self._opening.cancel()
        if self._acceptor is not None:
            self._acceptor.close()
        self._listening.close()
        for connection in self._server.connections:
            connection.force_close()

    def links(self) -> list[tuple[str, str]]:
        """Return each public Worker's name, and a URL that leads to it."""
        return self._roots.links(self.port)

    def notes(self) -> list[str]:
        """Return what to know of the door, a line each: who is not there, and who may come."""
        notes = []
        private = [service.name for service in self.runtime.defined() if not service.public]
        if not self.links():
            notes.append("No Worker has a route, so all get a 404: define one with --public.")
        elif private:
            notes.append(f"private, so not there: {', '.join(private)}")
        if not self.is_local:
            notes.append(
                f"Warning: whoever reaches this machine's {self.host} can call these Workers."
            )
        return notes

    def __repr__(self) -> str:
        return f"<FrontDoor at {self.url}>"

    def route(self, url: str) -> Target | None:
        """Return what a request to `url` is for: by the routes, or else at the port's root."""
        return self._roots.find(url)

    async def _handle(self, incoming: BaseRequest) -> Sent:
        """Answer one request."""
        try:
            request, upload = receive_from_port(incoming)
        except RefusedError as refused:
            page = Response(f"{refused}\n", refused.status)
            return await self._send(incoming, incoming.raw_path, page, keep_alive=False)
        url = request.url
        target = self.route(url)
        upgrades = "upgrade" in request._fields
        if target is None:
            keep_alive = upload is None and not upgrades
            return await self._send(incoming, url, nothing_here(), keep_alive=keep_alive)
        if upgrades and (refusal := self._refusal_of(incoming)):
            page = Response(f"{refusal}\n", 400)
            return await self._send(incoming, url, page, keep_alive=False)
        accept = request._fields.get("accept", "")
        try:
            if is_trigger(url, request) and self._is_owner(incoming):
                page, trace = await trigger(self.runtime, target, url, self._echo)
                return await self._send(incoming, url, page, keep_alive=upload is None, trace=trace)
            answer = await self._answer(target, request)
        except CanceledError as error:
            page = Response(f"{error}\n", 503)
            return await self._send(incoming, url, page, keep_alive=False)
        response: Response = answer
        trace = answer.trace
        failed = trace is not None and trace.invocations[0].exception is not None
        if upload is not None and upload.refused is not None and failed:
            page = Response(f"{upload.refused}\n", upload.refused.status)
            return await self._send(incoming, url, page, keep_alive=False, trace=trace)
        if failed and trace is not None and self._is_owner(incoming):
            response = failure_page(trace, answer.status, await answer.text(), accept)
        return await self._send(incoming, url, response, keep_alive=not upgrades, trace=trace)

    async def _answer(self, target: Target, request: Request) -> Answer:
        call = self.runtime.call(target, request, owner=False, echo=self._echo)
        task = asyncio.current_task()
        try:
            return await answer_for_outsider(call, request.url)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            if asyncio.current_task() is not task:
                raise  # Closed from outside, at the end of the loop.
            # A Worker's own, as from `exit()`: it would end the loop. An interrupt of the notebook
            # is a CanceledError.
            page = Response(PlatformText.INTERNAL, 500)
            return Answer.of(page._send(request.url), call.trace)

    async def _send(
        self,
        incoming: BaseRequest,
        url: str,
        response: Response,
        *,
        keep_alive: bool,
        trace: Trace | None = None,
    ) -> Sent:
        if self._access is not None:
            self._access(incoming.method, url, response.status, trace)
        if response.status == 101:
            return await self._serve_socket(incoming, response)
        return await self._write(incoming, response, keep_alive)

    def _is_owner(self, incoming: BaseRequest) -> bool:
        """Return whether a request comes from this machine, and by one of its names."""
        if self._public_errors or not is_loopback(incoming.remote or ""):
            return False
        return self._roots.is_local(incoming.headers["host"])


class _Server(Protocol):
    """The part of aiohttp's server that a front door uses."""

    connections: list[Any]

    def __call__(self) -> asyncio.BaseProtocol:
        """Return the protocol of a new connection."""
