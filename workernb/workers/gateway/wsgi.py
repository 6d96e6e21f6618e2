"""A WSGI application as a Worker: `await wsgi.fetch(app, request, self.env)` (PEP 3333)."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import ada_url

from workernb.http.request import Request
from workernb.http.response import Response
from workernb.workers.entrypoints import WorkerEntrypoint

from . import BaseOptions, make_response

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

__all__ = ["Options", "build_environ", "entrypoint", "fetch"]

_PORTS = {"http": "80", "https": "443"}
_log = logging.getLogger("wsgi")


@dataclass(frozen=True, kw_only=True)
class Options(BaseOptions):
    """The options of the WSGI adapter."""


async def fetch(
    app: Application, req: Request, env: Any, ctx: Any = None, *, options: Options | None = None
) -> Response:
    """Return the response of a WSGI application to a request.

    env: what the application finds in its environ, as `workers.env`. ctx: taken for the platform's
    sake. The request's body is read before the application is called, since that cannot wait; the
    response's body is produced as it is read. Raises what the application raises before its first
    chunk, and RuntimeError when it does not call start_response.
    """
    exchange = _Exchange(build_environ(req, env, await req.bytes()))
    try:
        return exchange.run(app)
    except Exception:
        _log.error("WSGI request failed")  # The trace has the traceback.
        raise


def entrypoint(app: Application, *, options: Options | None = None) -> type[WorkerEntrypoint]:
    """Return the default entrypoint of an application: `Default = wsgi.entrypoint(app)`."""

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Request) -> Response:
            return await fetch(app, request, self.env, self.ctx, options=options)

    return Default


def build_environ(req: Request, env: Any, body: bytes | io.IOBase) -> dict[str, Any]:
    """Return the environ of a request. body: what `wsgi.input` reads."""
    url = ada_url.URL(req.url)
    scheme = url.protocol.removesuffix(":")
    whole = isinstance(body, bytes | bytearray)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": req.method.value,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.pathname).encode().decode("latin-1"),
        "QUERY_STRING": url.search.removeprefix("?"),
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": url.port or _PORTS.get(scheme, "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(body) if whole else body,  # type: ignore[arg-type]
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "workers.env": env,
    }
    for name, value in req.headers.items():
        variable = name.upper().replace("-", "_")
        if variable not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            variable = f"HTTP_{variable}"
        before = environ.get(variable)
        environ[variable] = value if before is None else f"{before},{value}"
    if whole and body:
        environ.setdefault("CONTENT_LENGTH", str(len(body)))  # type: ignore[arg-type]
    return environ


class _Exchange:
    """One request to an application: what it tells `start_response`, and what it yields."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ
        self._status: str | None = None
        self._headers: list[tuple[str, str]] = []
        self._written: list[bytes] = []

    def run(self, app: Application) -> Response:
        """Call the application, and return its response as soon as its first chunk is known."""
        result = app(self._environ, self._start_response)
        chunks = iter(result)
        try:
            # Not before: an application may call start_response as it makes its first chunk.
            first = next(filter(None, chunks), b"")
            if self._status is None:
                raise RuntimeError("The WSGI application did not call start_response()")
            code, _, reason = self._status.partition(" ")
            body = _stream([*self._written, first], chunks, lambda: _close(result))
            response = make_response(body, int(code), reason, self._headers)
        except BaseException:
            _close(result)
            raise
        if response.body is None:
            _close(result)
        return response

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if self._status is not None:
            if exc_info is None:
                raise AssertionError("start_response() called more than once")
            if self._written:
                raise exc_info[1].with_traceback(exc_info[2])
        self._status, self._headers = status, headers
        return self._written.append


async def _stream(
    begun: list[bytes], chunks: Iterator[bytes], close: Callable[[], None]
) -> AsyncIterator[bytes]:
    """Yield a response's chunks as they are read; an error is logged, and the reader gets it."""
    try:
        for chunk in filter(None, begun):
            yield chunk
        for chunk in filter(None, chunks):
            yield chunk
    except Exception:
        _log.error("Exception while streaming WSGI response body")
        raise
    finally:
        close()


def _close(result: Any) -> None:
    """Call the application's `close`, if it has one."""
    close = getattr(result, "close", None)
    if close is not None:
        close()
