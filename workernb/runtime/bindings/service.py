"""Service bindings: `env.AUTH` and `env.AUTH.fetch`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from workernb.errors import GlobalScopeError, PlatformText, with_notes
from workernb.http.abort import AbortSignal, abortable
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.request import Request, receive
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.http.streams.abortable import AbortableChunks
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.execution.bodies import send_request_body
from workernb.runtime.execution.hop import FailedCall, invoke
from workernb.runtime.services.deployments import OVERRIDES
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.invocations import Invocation
from workernb.workers.current import current

from .entrypoints import Callee, MissingEntrypoint

Fetch = Callable[..., Coroutine[Any, Any, Response]]
_running = current.get


class ServiceBinding:
    """A binding to a service: `await env.AUTH.fetch(request)`, or `fetch(url, method=…)`.

    https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/http/
    """

    def __init__(
        self,
        name: str,
        target: Target,
        worker: str,
        callee: Callee,
        services: Mapping[str, Service],
    ) -> None:
        """Bind `worker` to `target`, which need not exist yet."""
        self._target = target
        self.fetch: Fetch = _make_fetch(name, target, worker, callee, services)

    def __repr__(self) -> str:
        return f"<service binding to {self._target}>"


def _make_fetch(
    name: str,
    target: Target,
    worker: str,
    callee: Callee,
    services: Mapping[str, Service],
) -> Fetch:
    entrypoint_name = target.entrypoint

    def fetch(
        resource: Request | str,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: str | None = None,
        cf: dict[str, Any] | None = None,
        **options: Any,
    ) -> Coroutine[Any, Any, Response]:
        caller: Any = _running()
        if caller.__class__ is not Invocation:
            return FailedCall(_called_outside_a_handler(name))
        try:
            if options:
                resource = Request(
                    resource, method=method, headers=headers, body=body, redirect=redirect, cf=cf,
                    **options,
                )  # fmt: skip
                method = headers = body = redirect = cf = None
            request = receive(resource, method, headers, body, redirect, cf)
        except Exception as error:
            return FailedCall(error)
        # Looked up for each call, so that the next call reaches a redefined Worker.
        entrypoint = callee.entrypoints.get(entrypoint_name)
        if entrypoint is None:
            entrypoint = MissingEntrypoint(name, target, worker, callee.version, services)
        invocation = Invocation(
            caller.trace,
            caller,
            name,
            entrypoint,
            request._method,
            request._url,
            caller.depth + 1,
        )
        if OVERRIDES in request._fields:
            invocation.ensure_extras().overrides = request._fields[OVERRIDES]
        if request._data is not None and request._data.__class__ is ReadableStream:
            send_request_body(caller, invocation, request)
        if request._options is not None and request._options.signal is not None:
            return _abortable(request._options.signal, invocation, entrypoint, request)
        return invoke(invocation, entrypoint, FETCH, request)

    fetch.__qualname__ = "fetch"
    return fetch


def _abortable(
    signal: AbortSignal, invocation: Invocation, entrypoint: Entrypoint, request: Request
) -> Coroutine[Any, Any, Response]:
    """Make a call that is canceled when `signal` is aborted, and so is its response's body."""
    if signal.reason is not None:
        return FailedCall(signal.reason)
    steps = invoke(invocation, entrypoint, FETCH, request)

    async def fetch() -> Response:
        response: Response = await abortable(steps, signal)
        if isinstance(response._data, ReadableStream):
            chunks = AbortableChunks(response._data._take(), signal)
            response._data = ReadableStream(chunks)
        return response

    return fetch()


def _called_outside_a_handler(name: str) -> Exception:
    """Return the error about a call while no handler runs."""
    return with_notes(
        GlobalScopeError(PlatformText.GLOBAL_SCOPE),
        f"env.{name}.fetch was called outside of a handler.",
    )
