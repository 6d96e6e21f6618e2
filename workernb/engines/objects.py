"""Classes of Durable Objects in a Python Worker's source, and the objects made of them."""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from workernb.runtime.events.rpc import (
    RESERVED_ON_ENTRYPOINTS,
    RPC,
    add_signature,
    methods_of,
    reach,
)
from workernb.runtime.events.web_socket import HANDLERS as SOCKET_HANDLERS
from workernb.runtime.services.engine import Handler
from workernb.runtime.services.versions import Version
from workernb.workers import DurableObject

EVENTS = ("fetch", "alarm", "webSocketMessage", "webSocketClose", "webSocketError")
"""The names of the handlers that an object may have on the platform."""


class PythonObjectClass:
    """A subclass of DurableObject, of one loaded version."""

    def __init__(self, cls: type[Any], version: Version, registration: object) -> None:
        """Keep the class. registration: what keeps its modules registered."""
        self.methods = methods_of(cls, DurableObject)
        self.events = frozenset(e for e in EVENTS if callable(getattr(cls, e, None)))
        self._cls = cls
        self._version = version
        self._registration = registration

    def make(self, ctx: Any) -> Mapping[str, Handler]:
        """Make an object; return its handlers. Raises what its constructor raises."""
        instance = self._cls(ctx, self._version.env)
        receiver = f"The class {self._cls.__name__} of Worker {self._version.service!r}"
        handlers: dict[str, Handler] = {
            event: _handler(getattr(instance, event), event in SOCKET_HANDLERS)
            for event in self.events
        }
        handlers[RPC] = _rpc_handler(instance, self.methods, receiver)
        return handlers


def _handler(method: Callable[..., Any], is_socket_event: bool) -> Handler:
    """Return the handler that calls a method with as many of the event's arguments as it takes."""
    kinds = inspect.Parameter
    parameters = [each.kind for each in inspect.signature(method).parameters.values()]
    takes = sum(kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD) for kind in parameters)
    most = None if kinds.VAR_POSITIONAL in parameters else takes

    async def handler(argument: Any, invocation: Any) -> Any:
        given = argument.arguments if is_socket_event else (argument,)
        result = method(*given[:most])
        return await result if inspect.isawaitable(result) else result

    return handler


def _rpc_handler(instance: Any, members: Mapping[str, Any], receiver: str) -> Handler:
    """Return the handler of calls over RPC to one object."""
    direct = {
        (name,): getattr(instance, name)
        for name, member in members.items()
        if inspect.iscoroutinefunction(member) and name not in RESERVED_ON_ENTRYPOINTS
    }

    def handler(call: Any, invocation: Any) -> Awaitable[Any]:
        method = direct.get(call._path)
        if method is None or call._args is None:
            return reach(instance, call, members, RESERVED_ON_ENTRYPOINTS, receiver)
        try:
            return method(*call._args, **call._kwargs)  # type: ignore[no-any-return]
        except TypeError as error:
            add_signature(error, method, call._path[0], receiver, is_method=False)
            raise

    return handler


def classes_of_objects(module: types.ModuleType) -> Iterator[tuple[str, type[Any]]]:
    """Yield the names and classes of Durable Objects that are visible in a module."""
    exported = getattr(module, "__all__", None)
    for name, value in list(vars(module).items()):
        if name.startswith("_") or (exported is not None and name not in exported):
            continue
        if value is DurableObject or not isinstance(value, type):
            continue
        if issubclass(value, DurableObject):
            yield name, value
