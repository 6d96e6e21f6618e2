"""Service bindings: `env.AUTH.fetch` and the methods of a Worker, `env.MATH.add(1, 2)`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import Any

from workernb.errors import WorkernbError, with_notes
from workernb.http.abort import AbortSignal, abortable
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.request import Request, receive, receive_with_options
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.http.streams.abortable import AbortableChunks
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.events.rpc import PRIVATE_NOTE
from workernb.runtime.events.scheduled import SCHEDULED, controller_of, label, outcome
from workernb.runtime.execution.bodies import send_request_body
from workernb.runtime.execution.hop import FailedCall, invoke
from workernb.runtime.services.deployments import OVERRIDES
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.objects import caller_of
from workernb.workers.current import current
from workernb.workers.events import ScheduledController
from workernb.workers.rpc import JsDict

from .entrypoints import Callee, MissingEntrypoint
from .promises import RpcPromise, RpcProperty, failed_call, outside_of_handler
from .rpc import ByReference, make_call

Fetch = Callable[..., Coroutine[Any, Any, Response]]
_running = current.get


MAX_KEPT = 256
"""How many methods a binding keeps, so that a further call need not look them up."""


class ServiceBinding(ByReference):
    """A binding to a service: `await env.AUTH.fetch(request)`, `await env.MATH.add(1, 2)`.

    https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/
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
        self._name = name
        self._target = target
        self._callee = callee
        self._missing = worker, services
        self.fetch: Fetch = _make_fetch(name, target, worker, callee, services)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            private = None if name.startswith("__") else PRIVATE_NOTE
            raise with_notes(AttributeError(name, name=name, obj=self), private)
        method = RpcProperty(self, (name,))
        if len(self.__dict__) < MAX_KEPT:
            self.__dict__[name] = method
        return method

    def _call(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> RpcPromise:
        caller: Any = _running()
        if caller.__class__ is not Invocation and (caller := caller_of(caller)) is None:
            return failed_call(None, path, outside_of_handler(f"env.{self._name}.{path[0]}"))
        # Looked up for each call, so that the next call reaches a redefined Worker.
        entrypoint = self._callee.entrypoints.get(self._target.entrypoint) or self._absent()
        return make_call(caller, self._name, entrypoint, path, args, kwargs)

    def _absent(self) -> Entrypoint:
        """Return the substitute for an entrypoint that is not there."""
        worker, services = self._missing
        version = self._callee.version
        return MissingEntrypoint(self._name, self._target, worker, version, services)

    def scheduled(
        self,
        controller: Mapping[str, Any] | None = None,
        *,
        scheduledTime: float | datetime | None = None,
        cron: str = "",
    ) -> Coroutine[Any, Any, JsDict]:
        """Call the scheduled handler: `await env.S.scheduled(cron="*/5 * * * *")`.

        controller: a dict with `scheduledTime` and `cron`, as in JavaScript. Returns `outcome` and
        `noRetry`; an exception of the handler is the outcome `exception`. Raises HandlerError if
        there is no such handler.
        """
        caller: Any = _running()
        if (caller := caller_of(caller)) is None:
            return FailedCall(outside_of_handler(f"env.{self._name}.scheduled"))
        given = {"scheduledTime": scheduledTime, "cron": cron, **(controller or {})}
        if given["scheduledTime"] is None:
            given["scheduledTime"] = caller.trace.host.now() * 1000
        try:
            argument = controller_of(**given)
        except Exception as error:
            return FailedCall(error)
        entrypoint = self._callee.entrypoints.get(self._target.entrypoint) or self._absent()
        invocation = Invocation(
            caller.trace, caller, self._name, entrypoint, "scheduled", label(argument),
            caller.depth + 1,
        )  # fmt: skip
        return _outcome(invoke(invocation, entrypoint, SCHEDULED, argument), argument)

    def dup(self) -> ServiceBinding:
        """Return the binding itself: it is not disposed."""
        return self

    def dispose(self) -> None:
        """Do nothing: a binding of the environment stays."""

    def __repr__(self) -> str:
        return f"<service binding to {self._target}>"


async def _outcome(call: Coroutine[Any, Any, Any], controller: ScheduledController) -> JsDict:
    """Return the result of a scheduled handler, also for one that has failed."""
    try:
        return JsDict(await call)
    except WorkernbError:
        raise
    except Exception:
        return JsDict(outcome(controller, "exception"))


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
        if caller.__class__ is not Invocation and (caller := caller_of(caller)) is None:
            return FailedCall(outside_of_handler(f"env.{name}.fetch"))
        try:
            request = (
                receive_with_options(resource, method, headers, body, redirect, cf, options)
                if options
                else receive(resource, method, headers, body, redirect, cf)
            )
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
        if caller.extras is not None:
            invocation.note_request_fields(request._fields)
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
