"""Handles: the objects by which a notebook calls its services."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TextIO

from workernb.http.abort import abortable
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.request import Request, receive
from workernb.http.streams import ReadableStream
from workernb.runtime.execution.bodies import send_from_notebook
from workernb.runtime.execution.dispatch import Answer, Dispatcher, TopLevelCall
from workernb.runtime.execution.hop import FailedCall
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.tracebacks import trim_before_worker

from .settings import Bindings, Owner, Secrets, Vars

_ATTRIBUTES = "fetch fetch_sync name version url bindings vars secrets".split()


class Caller(Owner, Dispatcher, Protocol):
    """The part of the runtime that a handle uses."""

    def call(
        self, target: Target, request: Request, *, owner: bool = True, echo: TextIO | None = None
    ) -> TopLevelCall:
        """Make a top-level request."""


class Handle:
    """A handle of a service: `runtime["gateway"]`, or the variable that a `%%worker` cell sets.

    A handle refers to a service, not to a version, so it stays valid when the service is redefined.
    """

    def __init__(self, runtime: Caller, service: Service, entrypoint: str = DEFAULT) -> None:
        """Make the handle of a service of `runtime`."""
        self._runtime: Any = runtime
        self._service = service
        self._entrypoint = entrypoint
        self._target = Target(service.name, entrypoint)

    @property
    def name(self) -> str:
        """The name of the service."""
        return self._service.name

    @property
    def version(self) -> Version | None:
        """The version that serves; None if the service is no longer defined."""
        return self._service.version

    @property
    def url(self) -> str:
        """The default URL of requests."""
        return Target(self.name).url

    @property
    def bindings(self) -> Bindings:
        """The Service bindings, as a mutable mapping: `gateway.bindings["AUTH"] = "auth"`."""
        return Bindings(self._runtime, self.name)

    @property
    def vars(self) -> Vars:
        """The vars, as a mutable mapping."""
        return Vars(self._runtime, self.name)

    @property
    def secrets(self) -> Secrets:
        """The secrets, as a mutable mapping whose values cannot be read."""
        return Secrets(self._runtime, self.name)

    def fetch(
        self,
        resource: Request | str | None = None,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: str | None = None,
        cf: dict[str, Any] | None = None,
        **options: Any,
    ) -> Coroutine[Any, Any, Answer]:
        """Call the service as a binding does: `await gateway.fetch("http://gateway/path")`.

        resource: a URL or a Request; by default `http://SERVICE.localhost/`. body: may be an
        asynchronous iterator of bytes. options: others of `Request`, such as `signal`. Returns an
        Answer (a Response with `.trace`), whose body may still be made as it is read; a redirect is
        handed back. Raises what the Worker raises; TypeError for a URL that is not absolute;
        CpuLimitError or LimitError when a limit is reached.
        """
        if resource is None:
            resource = self.url
        try:
            if options:
                resource = Request(
                    resource, method=method, headers=headers, body=body, redirect=redirect, cf=cf,
                    **options,
                )  # fmt: skip
                method = headers = body = redirect = cf = None
            request = receive(resource, method, headers, body, redirect, cf)
            if request._data.__class__ is ReadableStream:
                send_from_notebook(request)
            if request._options is not None and request._options.signal is not None:
                call = self._runtime.call(self._target, request)
                return abortable(call, request._options.signal)
            return self._runtime.call(self._target, request)  # type: ignore[no-any-return]
        except Exception as error:
            return FailedCall(error)

    def fetch_sync(self, resource: Request | str | None = None, **init: Any) -> Answer:
        """Call the service without `await`: in a `def`, under `%timeit`, in a callback.

        Otherwise the same as `fetch`, but a body that is a stream is read to its end. Raises
        WrongLoopError if the running loop cannot be nested.
        """
        try:
            answer = run_sync(self.fetch(resource, **init), self._runtime)
            if answer._data.__class__ is ReadableStream:
                run_sync(answer._buffer_body(), self._runtime)
            return answer
        except BaseException as error:
            trim_before_worker(error)
            raise

    def __getattr__(self, name: str) -> Any:
        text = f"A handle has no {name!r}; it has {', '.join(_ATTRIBUTES)}."
        raise AttributeError(text, name=name, obj=self)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Handle)
            and other._service is self._service
            and other._entrypoint == self._entrypoint
        )

    def __hash__(self) -> int:
        return hash((self.name, self._entrypoint))

    def __repr__(self) -> str:
        version = self.version
        return f"<Worker {version}>" if version else f"<Worker {self.name}, not defined>"
