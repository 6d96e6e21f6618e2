"""Handles: the objects by which a notebook calls its services."""

from __future__ import annotations

import inspect
import json
from collections.abc import Coroutine, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from workernb.errors import did_you_mean, with_notes
from workernb.http.abort import abortable
from workernb.http.body import BodyInit
from workernb.http.headers import Headers, HeadersInit
from workernb.http.request import Request, receive, receive_with_options
from workernb.http.streams import ReadableStream
from workernb.runtime.bindings.rpc import RPC_EVENT, NotebookCall
from workernb.runtime.events.event import Event
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.events.rpc import (
    PRIVATE_NOTE,
    RESERVED_ON_ENTRYPOINTS,
    parameters_of,
    public_methods,
)
from workernb.runtime.events.scheduled import SCHEDULED, controller_of
from workernb.runtime.events.self_test import TEST
from workernb.runtime.execution.bodies import send_from_notebook
from workernb.runtime.execution.dispatch import Answer, Dispatcher, TopLevelCall
from workernb.runtime.execution.hop import FailedCall
from workernb.runtime.execution.sync import run_sync
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT, Target
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.tracebacks import trim_before_worker

from .settings import Bindings, Owner, Secrets, Vars

if TYPE_CHECKING:
    from workernb.runtime.execution.clients import ClientSocket

_ATTRIBUTES = (
    "fetch fetch_sync connect call call_sync trigger self_test name version url bindings vars "
    "secrets"
).split()


class Caller(Owner, Dispatcher, Protocol):
    """The part of the runtime that a handle uses."""

    def call(
        self,
        target: Target,
        argument: Any,
        *,
        event: Event = FETCH,
        owner: bool = True,
        echo: TextIO | None = None,
    ) -> TopLevelCall:
        """Make a top-level request."""


class HandleMethod:
    """A method of a service's class: `math.add`, to be called and awaited.

    `math.add?` shows the signature and the docstring of the class that serves.
    """

    def __init__(self, handle: Handle, name: str, function: Any) -> None:
        """Make the method `name`, whose code is `function`."""
        self._handle = handle
        self.__name__ = name
        self.__qualname__ = f"{handle.name}.{name}"
        self.__doc__ = inspect.getdoc(function)
        parameters = parameters_of(function)
        if parameters is not None:
            self.__signature__ = parameters

    def __call__(self, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        """Call the method; see `Handle.call`."""
        return self._handle.call(self.__name__, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<method {self.__name__} of {self._handle!r}>"


def _json_init(
    method: str | None, headers: HeadersInit, body: BodyInit, value: Any
) -> tuple[str, HeadersInit, BodyInit]:
    """Return method, headers and body of a request that sends a value as JSON.

    Raises TypeError for a value that JSON cannot represent, or if there is a body already.
    """
    if body is not None:
        raise TypeError("fetch() takes body or json, not both.")
    fields = Headers(headers)
    if not fields.has("content-type"):
        fields.set("content-type", "application/json")
    return method or "POST", fields, json.dumps(value)


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
        asynchronous iterator of bytes. options: `json`, a value that is sent as JSON, by POST
        unless a method is given; others of `Request`, such as `signal`. Returns an
        Answer (a Response with `.trace`), whose body may still be made as it is read; a redirect is
        handed back. Raises what the Worker raises; TypeError for a URL that is not absolute;
        CpuLimitError or LimitError when a limit is reached.
        """
        if resource is None:
            resource = self.url
        try:
            if options and "json" in options:
                method, headers, body = _json_init(method, headers, body, options.pop("json"))
            request = (
                receive_with_options(resource, method, headers, body, redirect, cf, options)
                if options
                else receive(resource, method, headers, body, redirect, cf)
            )
            if request._data.__class__ is ReadableStream:
                send_from_notebook(request)
            if request._options is not None and request._options.signal is not None:
                call = self._runtime.call(self._target, request)
                return abortable(call, request._options.signal)
            return self._runtime.call(self._target, request)  # type: ignore[no-any-return]
        except Exception as error:
            return FailedCall(error)

    def connect(
        self,
        resource: str = "/",
        *,
        protocols: list[str] | None = None,
        headers: HeadersInit = None,
    ) -> Coroutine[Any, Any, ClientSocket]:
        """Open a WebSocket to the service: `socket = await gateway.connect("/chat")`.

        resource: a path, or a URL. protocols: the subprotocols that are offered. Raises
        HandshakeError if the Worker answers with something else, and what the Worker raises.
        """
        from workernb.runtime.execution.clients import connected, handshake

        try:
            url, fields = handshake(self.url, resource, protocols, headers)
        except Exception as error:
            return FailedCall(error)
        return connected(self.name, self.fetch(url, headers=fields))

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

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        """Call a method of the service's class over RPC: `await math.call("add", 1, 2)`.

        `await math.add(1, 2)` is the same, where a handle has no attribute of that name. Arguments
        and the result are copies (structured clone); functions and RpcTargets become stubs. Raises
        what the method raises; RpcError if there is no such method; DataCloneError or TypeError for
        what cannot be sent.
        """
        try:
            if not isinstance(name, str):
                raise TypeError(f"call() takes the name of a method, not {type(name).__name__}.")
            call = NotebookCall(tuple(name.split(".")), args, kwargs)
            return self._runtime.call(self._target, call, event=RPC_EVENT)  # type: ignore[no-any-return]
        except Exception as error:
            return FailedCall(error)

    def call_sync(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a method without `await`, as `fetch_sync` does."""
        try:
            return run_sync(self.call(name, *args, **kwargs), self._runtime)
        except BaseException as error:
            trim_before_worker(error)
            raise

    def trigger(
        self, *, cron: str | None = None, scheduledTime: float | datetime | None = None
    ) -> Coroutine[Any, Any, dict[str, Any]]:
        """Call the scheduled handler: `await clock.trigger(cron="*/5 * * * *")`.

        cron: by default the Worker's first schedule. scheduledTime: ms since the epoch, or a date;
        by default now. Returns `outcome` and `noRetry`. Raises what the handler raises;
        HandlerError if there is none; UsageError for an invalid schedule.
        """
        try:
            crons = [] if self.version is None else self.version.definition.crons
            if scheduledTime is None:
                scheduledTime = self._runtime.now() * 1000
            argument = controller_of(scheduledTime, cron or next(iter(crons), ""))
            return self._runtime.call(self._target, argument, event=SCHEDULED)  # type: ignore[no-any-return]
        except Exception as error:
            return FailedCall(error)

    def self_test(self) -> Coroutine[Any, Any, None]:
        """Call the test handler; raises what it raises, and HandlerError if there is none."""
        try:
            return self._runtime.call(self._target, None, event=TEST)  # type: ignore[no-any-return]
        except Exception as error:
            return FailedCall(error)

    @property
    def _methods(self) -> Mapping[str, Any]:
        """What RPC can reach in the class that serves."""
        service = self._service
        if service.version is None:
            return {}
        entrypoint = service.isolates[service.version.number].entrypoints.get(self._entrypoint)
        return {} if entrypoint is None else entrypoint.methods

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            private = None if name.startswith("__") else PRIVATE_NOTE
            raise with_notes(AttributeError(name, name=name, obj=self), private)
        members = self._methods
        methods = list(public_methods(members, RESERVED_ON_ENTRYPOINTS))
        if name in methods:
            return HandleMethod(self, name, members[name])
        has = f"; its Worker has the methods {', '.join(methods)}" if methods else ""
        text = f"A handle has no {name!r}; it has {', '.join(_ATTRIBUTES)}{has}."
        raise with_notes(
            AttributeError(text, name=name, obj=self), did_you_mean(name, [*_ATTRIBUTES, *methods])
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *public_methods(self._methods, RESERVED_ON_ENTRYPOINTS)]

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
