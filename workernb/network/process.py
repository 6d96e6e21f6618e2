"""The other process, seen from here: started, asked over HTTP, and ended in any case."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from workernb.errors import ComparisonError, with_notes
from workernb.http import Request, Response
from workernb.runtime.services.limits import Limits, names

from .wire import ENVELOPE, Envelope, received_headers, sent_headers

if TYPE_CHECKING:
    from workernb.runtime.services.targets import Target
    from workernb.runtime.services.versions import Version
    from workernb.workers.current import RunningInvocation

PATIENCE_S = 60.0
"""How long (s) the other process may take to start and to load its Workers."""

# The same modules can be imported there as here, whatever was done to the path here.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
    "from workernb.network.host import main; main()"
)


class OtherProcess:
    """A process with Workers in it, for `async with`.

    url: where it answers, to whoever has the key. pid: the number of the process.
    """

    def __init__(
        self, services: Mapping[str, tuple[str, Mapping[str, Any]]], limits: Limits
    ) -> None:
        """Take what to run: source and settings of Workers by name.

        limits: of its runtime, for Workers that have none of their own.
        """
        self._services = services
        self._limits = limits
        self._key = secrets.token_urlsafe(32)
        self._numbers = count(1)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Not reached by an interrupt of the kernel: it ends when its input does.
            start_new_session=True,
        )

    async def __aenter__(self) -> OtherProcess:
        """Start it. ComparisonError when it does not start, or cannot load a Worker."""
        import aiohttp

        self._process = self._start()
        self.pid = self._process.pid
        try:
            async with asyncio.timeout(PATIENCE_S):
                told = await asyncio.to_thread(self._begin)
            self.url = f"http://127.0.0.1:{self._port(told)}"
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
        except TimeoutError:
            self._end()
            raise ComparisonError(
                f"The other process was not ready within {PATIENCE_S:g} s."
            ) from None
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """End it."""
        try:
            await self._session.close()
        finally:
            self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _begin(self) -> bytes:
        """Tell the process what to run, secrets included; return what it says. Blocks."""
        start = {
            "key": self._key,
            "limits": _plain(self._limits),
            "services": {
                name: {**settings, "source": source, "limits": _plain(settings["limits"])}
                for name, (source, settings) in self._services.items()
            },
        }
        pipe, said = self._process.stdin, self._process.stdout
        assert pipe is not None
        assert said is not None
        try:
            pipe.write(f"{json.dumps(sys.path)}\n{json.dumps(start)}\n".encode())
            pipe.flush()
        except OSError:  # It has ended already.
            return b""
        return said.readline()

    def _port(self, told: bytes) -> int:
        if not told:
            raise ComparisonError(
                f"The other process did not start: {sys.executable} ended with code "
                f"{self._process.wait()}."
            )
        said = json.loads(told)
        if "failed" in said:
            raise with_notes(
                ComparisonError(
                    f"Worker {said['failed']!r} cannot be loaded in the other process: "
                    f"{said['why']}"
                ),
                "There is nothing of the notebook's there: a Worker imports all that it needs.",
            )
        return int(said["port"])

    async def ask(self, target: Target, request: Request) -> Response:
        """Send a Worker a request over HTTP, and return its response."""
        from yarl import URL

        scheme, _, rest = request.url.partition("://")
        host, slash, path = rest.partition("/")
        envelope = Envelope(
            self._key,
            next(self._numbers),
            target.service,
            target.entrypoint,
            target.props,
            scheme,
        )
        headers = sent_headers(request.headers.items())
        async with self._session.request(
            request.method.value,
            URL(f"{self.url}{slash}{path}", encoded=True),
            headers=[("Host", host), (ENVELOPE, str(envelope)), *headers],
            data=await request.bytes() or None,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
            return Response(
                body or None,
                answer.status,
                answer.reason or "",
                received_headers(answer.headers),
            )

    async def report(self) -> Mapping[str, Any]:
        """Return when the process was at work (busy), and who in it was (calls)."""
        async with self._session.get(self.url, headers={ENVELOPE: self._key}) as answer:
            report: Mapping[str, Any] = await answer.json()
            return report


def _plain(limits: Limits | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return limits as JSON can have them."""
    if isinstance(limits, Limits):
        return {name: getattr(limits, name) for name in names()}
    return limits


class HttpEntrypoint:
    """Stands for a Worker's entrypoint in the other process: to call it is to ask over HTTP."""

    version: Version | None = None

    def __init__(self, process: OtherProcess, target: Target) -> None:
        """Stand for `target` in `process`."""
        self.service = f"{target.service}, over HTTP"  # No Worker can be called that.
        self.handlers = {"fetch": self._fetch}
        self._process = process
        self._target = target

    async def _fetch(self, request: Request, invocation: RunningInvocation) -> Response:
        """Ask the other process."""
        return await self._process.ask(self._target, request)
