"""Namespaces and stubs: what stands on `env` for a class of Durable Objects.

https://developers.cloudflare.com/durable-objects/api/namespace/
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import did_you_mean, with_notes
from workernb.http.body import BodyInit
from workernb.http.headers import HeadersInit
from workernb.http.request import Request, receive, receive_with_options
from workernb.http.response import Response
from workernb.http.streams import ReadableStream
from workernb.runtime.bindings.promises import (
    RpcPromise,
    RpcProperty,
    failed_call,
    outside_of_handler,
)
from workernb.runtime.bindings.rpc import ByReference, make_call
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.events.rpc import PRIVATE_NOTE
from workernb.runtime.execution.bodies import send_request_body
from workernb.runtime.execution.hop import FailedCall, begin_in_task, invoke
from workernb.runtime.services.targets import Target
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.objects import ObjectInvocation, caller_of
from workernb.workers.current import current

from .ids import DurableObjectId, Ids
from .objects import ObjectEntrypoint, Objects, name_of

_running = current.get

_OPTIONS = ("locationHint", "routingMode")
_METHODS = "idFromName newUniqueId idFromString get getByName jurisdiction".split()


class DurableObjectStub(ByReference):
    """One object: `await stub.increment(1)`, `await stub.fetch(request)`. id, name: the object's.

    Its calls arrive in the order in which they are made. After a reset it stays broken: make a new
    stub.
    """

    def __init__(self, binding: str, entrypoint: ObjectEntrypoint) -> None:
        """Address an object, which need not be in memory. binding: the namespace's name."""
        self._binding = binding
        self._entrypoint: Any = entrypoint
        self._last: Invocation | None = None
        self.id = entrypoint.id

    @property
    def name(self) -> str | None:
        """The name that the id was made from; None if it was not made from one."""
        return self.id.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            private = None if name.startswith("__") else PRIVATE_NOTE
            raise with_notes(AttributeError(name, name=name, obj=self), private)
        return RpcProperty(self, (name,))

    def _call(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> RpcPromise:
        caller: Any = _running()
        if caller.__class__ is not Invocation and (caller := caller_of(caller)) is None:
            return failed_call(None, path, outside_of_handler(f"{self!r}.{path[0]}"))
        entrypoint = self._entrypoint
        if entrypoint.broken is not None:
            return failed_call(caller, path, entrypoint.broken)
        promise = make_call(caller, self._binding, entrypoint, path, args, kwargs, ObjectInvocation)
        self._keep_order(promise._invocation)
        return promise

    def _keep_order(self, made: Invocation | None) -> None:
        """Begin the last call, if it was not awaited yet, and the one that was made, in order."""
        last, self._last = self._last, made
        if last is not None and made is not None and last.waits_to_begin:
            for each in (last, made):
                begin_in_task(each, wall_clock())

    def fetch(
        self,
        resource: Request | str,
        *,
        method: str | None = None,
        headers: HeadersInit = None,
        body: BodyInit = None,
        redirect: str | None = None,
        cf: dict[str, Any] | None = None,
        **options: Any,
    ) -> Coroutine[Any, Any, Response]:
        """Send a request to the object's `fetch`, as over a Service binding."""
        caller: Any = caller_of(_running())
        if caller is None:
            return FailedCall(outside_of_handler(f"{self!r}.fetch"))
        entrypoint = self._entrypoint
        if entrypoint.broken is not None:
            return FailedCall(entrypoint.broken)
        try:
            request = (
                receive_with_options(resource, method, headers, body, redirect, cf, options)
                if options
                else receive(resource, method, headers, body, redirect, cf)
            )
        except Exception as error:
            return FailedCall(error)
        invocation = ObjectInvocation(
            caller.trace, caller, self._binding, entrypoint, request._method, request._url,
            caller.depth + 1,
        )  # fmt: skip
        if request._data is not None and request._data.__class__ is ReadableStream:
            send_request_body(caller, invocation, request)
        steps = invoke(invocation, entrypoint, FETCH, request)
        self._keep_order(invocation)
        return steps

    def dup(self) -> DurableObjectStub:
        """Return the stub itself: it is not disposed."""
        return self

    def dispose(self) -> None:
        """Do nothing: a stub of an object holds nothing."""

    def __repr__(self) -> str:
        return f"<stub of {self._entrypoint.place[0]} {self.name or self.id.text[:8] + '…'}>"


class DurableObjectNamespace:
    """A class of Durable Objects: `env.COUNTERS.getByName("a")` returns a stub of one of them."""

    def __init__(
        self, objects: Objects, target: Target, binding: str, ids: Ids | None = None
    ) -> None:
        """Bind to the class that `target` names, which need not exist yet."""
        self._objects = objects
        self._target = target
        self._binding = binding
        self._own_ids = ids

    @property
    def _ids(self) -> Ids:
        """What makes the ids; looked up, since a migration may change it."""
        return self._own_ids or self._objects.ids_of(self._target)

    def idFromName(self, name: str) -> DurableObjectId:
        """Return the id for a name: always the same one."""
        return self._ids.named(name)

    def newUniqueId(
        self, options: Any = None, *, jurisdiction: str | None = None
    ) -> DurableObjectId:
        """Return a new id, made at random. options: `jurisdiction`."""
        given = dict(options or {}).get("jurisdiction", jurisdiction)
        return self._ids.unique(given)

    def idFromString(self, text: str) -> DurableObjectId:
        """Return the id that a text of 64 digits is; TypeError for one of another class."""
        return self._ids.parsed(text)

    def get(self, id: DurableObjectId, options: Any = None, **keywords: Any) -> DurableObjectStub:
        """Return a stub of an object; nothing is called yet.

        options: locationHint, routingMode, which have no effect here. Raises TypeError for what is
        no id of this class.
        """
        _check_options(options, keywords)
        if not isinstance(id, DurableObjectId):
            raise with_notes(
                TypeError(f"get() takes a DurableObjectId, not {type(id).__name__}."),
                "By its name: getByName(name). By its text: get(idFromString(text)).",
            )
        if id.name is None or self._ids.named(id.name) != id:
            self._ids.parsed(id.text)
        return DurableObjectStub(self._binding, ObjectEntrypoint(self._objects, self._target, id))

    def getByName(self, name: str, options: Any = None, **keywords: Any) -> DurableObjectStub:
        """Return a stub of the object with a name; nothing is called yet."""
        if options is not None or keywords:
            _check_options(options, keywords)
        entrypoint = ObjectEntrypoint(self._objects, self._target, self._ids.named(name))
        return DurableObjectStub(self._binding, entrypoint)

    def jurisdiction(self, name: str) -> DurableObjectNamespace:
        """Return the namespace of the objects that stay in a jurisdiction: other ids."""
        ids = self._ids.of_jurisdiction(name)
        return DurableObjectNamespace(self._objects, self._target, self._binding, ids)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        text = f"A namespace of Durable Objects has no {name!r}; it has {', '.join(_METHODS)}."
        raise with_notes(
            AttributeError(text, name=name, obj=self),
            did_you_mean(name, _METHODS)
            or f"A method is one object's: env.{self._binding}.getByName('…').{name}(…)",
        )

    def __repr__(self) -> str:
        return f"<Durable Objects {name_of(self._target)}>"


def _check_options(options: Any, keywords: Mapping[str, Any]) -> None:
    for name in {**(options or {}), **keywords}:
        if name not in _OPTIONS:
            raise TypeError(f"There is no option {name!r}. There are {', '.join(_OPTIONS)}.")
