"""The client of the other process: starts it, sends it requests over HTTP, and ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workernb.errors import ComparisonError, with_notes
from workernb.http import Request, Response
from workernb.runtime.services.limits import Limits, names

from .wire import ENVELOPE, Envelope, received_headers, sent_headers

if TYPE_CHECKING:
    from workernb.runtime.services.targets import Target
    from workernb.runtime.services.versions import Version
    from workernb.workers.current import RunningInvocation

START_TIMEOUT_S = 60.0
"""How long (s) the other process may take to start and to load its Workers."""

BEAT_S = 0.05

# The other process gets this one's path, as it is now, so that it finds the same modules.
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
    "from workernb.network.host import main; main()"
)


class OtherProcess:
    """A process that serves Workers, as an asynchronous context manager.

    url: where it listens, for clients that have the key. pid: its process id.
    """

    def __init__(
        self,
        services: Mapping[str, tuple[str, Mapping[str, Any]]],
        limits: Limits,
        *,
        internet: bool = False,
    ) -> None:
        """Make a process that is not started yet.

        services: source and settings of each Worker, by name. limits: those of its runtime, for
        Workers that have none of their own. internet: whether their fetch leads to the real
        network, or nowhere.
        """
        self._internet = internet
        self._services = services
        self._limits = limits
        self._key = secrets.token_urlsafe(32)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # An interrupt of the kernel does not reach it; it ends when its input does.
            start_new_session=True,
        )

    async def __aenter__(self) -> OtherProcess:
        """Start the process; ComparisonError when it does not start or cannot load a Worker."""
        import aiohttp

        self._process = self._start()
        self.pid = self._process.pid
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                starting = asyncio.ensure_future(asyncio.to_thread(self._configure))
                while not starting.done():
                    # With a timeout: an idle loop would not see an interrupt.
                    await asyncio.wait([starting], timeout=BEAT_S)
                report = starting.result()
            self.url = f"http://127.0.0.1:{self._port(report)}"
            self._session = aiohttp.ClientSession(
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            )
        except TimeoutError:
            self._end()
            raise ComparisonError(
                f"The other process was not ready within {START_TIMEOUT_S:g} s."
            ) from None
        except BaseException:
            self._end()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        """End the process."""
        try:
            await self._session.close()
        finally:
            self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # What was not written yet.
                    pipe.close()

    def _configure(self) -> bytes:
        """Write what to run, secrets included, and return the line that comes back. Blocks."""
        start = {
            "key": self._key,
            "limits": _as_json(self._limits),
            "internet": self._internet,
            "services": {
                name: {**settings, "source": source, "limits": _as_json(settings["limits"])}
                for name, (source, settings) in self._services.items()
            },
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(f"{json.dumps(sys.path)}\n{json.dumps(start)}\n".encode())
            stdin.flush()
        except OSError:  # The process has ended already.
            return b""
        return stdout.readline()

    def _port(self, line: bytes) -> int:
        """Return the port that the process reports; ComparisonError for a failure."""
        if not line:
            raise ComparisonError(
                f"The other process did not start: {sys.executable} ended with code "
                f"{self._process.wait()}."
            )
        report = json.loads(line)
        if "failed" in report:
            raise with_notes(
                ComparisonError(
                    f"Worker {report['failed']!r} cannot be loaded in the other process: "
                    f"{report['why']}"
                ),
                "There is nothing of the notebook's there: a Worker imports all that it needs.",
            )
        return int(report["port"])

    async def ask(self, target: Target, request: Request) -> Response:
        """Send a request to a Worker over HTTP, and return its response."""
        from yarl import URL

        scheme, _, rest = request.url.partition("://")
        host, slash, path = rest.partition("/")
        envelope = Envelope(self._key, target.service, target.entrypoint, target.props, scheme)
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
        """Return when the process was busy (busy), and the slices of each call in it (calls)."""
        async with self._session.get(self.url, headers={ENVELOPE: self._key}) as answer:
            report: Mapping[str, Any] = await answer.json()
            return report


def _as_json(limits: Limits | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return limits as a mapping that JSON can represent."""
    if isinstance(limits, Limits):
        return {name: getattr(limits, name) for name in names()}
    return limits


class HttpEntrypoint:
    """An entrypoint of a Worker in the other process, which is called over HTTP."""

    version: Version | None = None

    def __init__(self, process: OtherProcess, target: Target) -> None:
        """Make the entrypoint of `target` in `process`."""
        self.service = f"{target.service}, over HTTP"  # Not a name that a Worker can have.
        self.handlers = {"fetch": self._fetch}
        self.methods: dict[str, Any] = {}
        self._process = process
        self._target = target

    async def _fetch(self, request: Request, invocation: RunningInvocation) -> Response:
        """Send the request to the other process, and return its response."""
        return await self._process.ask(self._target, request)
