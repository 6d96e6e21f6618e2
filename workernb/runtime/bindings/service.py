"""Service bindings: what `env.AUTH` is, and what `env.AUTH.fetch` does."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from workernb.errors import BindingError, GlobalScopeError, HandlerError, PlatformText, with_notes
from workernb.http import Request, Response
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.request import receive
from workernb.runtime.services.targets import DEFAULT, Target, near
from workernb.runtime.tracing.invocations import FailedCall, Invocation
from workernb.workers.current import current

if TYPE_CHECKING:
    from workernb.runtime.services.service import Service, Version

    from .props import Callee

Fetch = Callable[..., Coroutine[Any, Any, Response]]
_new = object.__new__
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
        service: Callee,
        services: Mapping[str, Service],
    ) -> None:
        """Bind `worker` to what `target` names, whether it is there yet or not."""
        self._target = target
        self.fetch: Fetch = _make_fetch(name, target, worker, service, services)

    def __repr__(self) -> str:
        return f"<service binding to {self._target}>"


def _make_fetch(
    name: str,
    target: Target,
    worker: str,
    service: Callee,
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
            return FailedCall(_nobody_calls(name))
        try:
            if resource.__class__ is str:
                # What `receive` does with a URL, without the call: a hop's thirtieth part.
                request = _new(Request)
                request._set_by_url(resource, method, headers, body, redirect, cf, True)
            else:
                request = receive(resource, method, headers, body, redirect, cf)
        except Exception as error:
            return FailedCall(error)
        trace = caller.trace
        depth = caller.depth
        room = trace.room
        if room <= 0 or depth >= trace.max_depth:
            refusal = trace.refusal(caller)
            if refusal is not None:
                return FailedCall(refusal)
            room = trace.room
        trace.room = room - 1
        # Its target is looked up now: a redefined Worker answers the next call.
        entrypoint = service.entrypoints.get(entrypoint_name)
        if entrypoint is None:
            entrypoint = AbsentEntrypoint(name, target, worker, service.version, services)
        # As `Invocation(…)`, but without leaving the interpreter's loop: a hop's hundredth part.
        call = _new(Invocation)
        Invocation.__init__(call, trace, caller, name, entrypoint, request, depth + 1)
        trace.recorded.append(call)
        return call.steps  # type: ignore[no-any-return]

    fetch.__qualname__ = "fetch"
    return fetch


def _nobody_calls(name: str) -> Exception:
    """Return why a binding cannot be used where no handler is running."""
    return with_notes(
        GlobalScopeError(PlatformText.GLOBAL_SCOPE),
        f"env.{name}.fetch was called outside of a handler.",
    )


class AbsentEntrypoint:
    """Stands where a binding or a name leads nowhere: what is called there says why."""

    def __init__(
        self,
        binding: str | None,
        target: Target,
        worker: str,
        version: Version | None,
        services: Mapping[str, Service],
    ) -> None:
        """Keep what the error will have to name."""
        self.service = target.service
        self.version: Version | None = version
        self._binding = binding
        self._target = target
        self._worker = worker
        self._services = services

    async def handle(self, request: Request, invocation: Invocation) -> Response:
        """Raise why there is nothing to handle the request."""
        error = self._error()
        if isinstance(error, HandlerError):
            invocation.trace.warn(invocation, PlatformText.NO_FETCH_HANDLER_LOG)
        raise error

    def _error(self) -> Exception:
        names = {
            "worker": self._worker,
            "binding": self._binding,
            "service": self.service,
            "entrypoint": self._target.entrypoint,
        }
        called = (
            f"Worker {self._worker!r} called env.{self._binding}.fetch(…), bound to {self._target}."
        )
        if self.version is None:
            known = [name for name, service in self._services.items() if service.versions]
            return with_notes(
                BindingError(PlatformText.NO_SUCH_SERVICE.format(**names)),
                called,
                near(self.service, known),
            )
        if self._target.entrypoint == DEFAULT:
            return with_notes(
                HandlerError(PlatformText.NO_FETCH_HANDLER),
                f"Worker {self.service!r} defines no class Default(WorkerEntrypoint) with a "
                "fetch method, nor an on_fetch function.",
            )
        return with_notes(BindingError(PlatformText.NO_SUCH_ENTRYPOINT.format(**names)), called)
