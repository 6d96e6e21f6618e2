"""Service bindings: `env.AUTH.fetch` and the methods of a Worker, `env.MATH.add(1, 2)`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.request import Request, receive
from workernb.http.response import Response
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.execution.hop import FailedCall, invoke
from workernb.runtime.services.deployments import OVERRIDES
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.invocations import Invocation
from workernb.workers.current import current

from .entrypoints import Callee, MissingEntrypoint
from .promises import RpcPromise, RpcProperty
from .rpc import ByReference, failed_call, make_call, outside_of_handler

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
            raise AttributeError(name)
        method = RpcProperty(self, (name,))
        if len(self.__dict__) < MAX_KEPT:
            self.__dict__[name] = method
        return method

    def _call(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> RpcPromise:
        caller: Any = _running()
        if caller.__class__ is not Invocation:
            return failed_call(None, path, outside_of_handler(f"env.{self._name}.{path[0]}"))
        # Looked up for each call, so that the next call reaches a redefined Worker.
        callee = self._callee
        entrypoint = callee.entrypoints.get(self._target.entrypoint)
        if entrypoint is None:
            worker, services = self._missing
            entrypoint = MissingEntrypoint(
                self._name, self._target, worker, callee.version, services
            )
        return make_call(caller, self._name, entrypoint, path, args, kwargs)

    def dup(self) -> ServiceBinding:
        """Return the binding itself: it is not disposed."""
        return self

    def dispose(self) -> None:
        """Do nothing: a binding of the environment stays."""

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
    ) -> Coroutine[Any, Any, Response]:
        caller: Any = _running()
        if caller.__class__ is not Invocation:
            return FailedCall(outside_of_handler(f"env.{name}.fetch"))
        try:
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
        return invoke(invocation, entrypoint, FETCH, request)

    fetch.__qualname__ = "fetch"
    return fetch

