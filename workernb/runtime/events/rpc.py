"""The RPC event: names and arguments in, a value out; and the look-up of methods by name.

Only methods and properties of a class can be reached, as in JavaScript: none of an instance, and no
name that begins with an underscore.
https://developers.cloudflare.com/workers/runtime-apis/rpc/visibility/
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from workernb.errors import RpcError, did_you_mean, with_notes
from workernb.texts import PlatformText
from workernb.workers.rpc import RpcStub, RpcTarget

RPC = "rpc"
"""The name of the event, and of the handler that an engine gives for it."""

RESERVED = frozenset({"dup", "constructor"})
"""The names that no method can be called by."""

RESERVED_ON_ENTRYPOINTS = RESERVED | {
    "fetch", "connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError",
}  # fmt: skip
"""The names of an entrypoint's methods that only the platform calls."""


class MethodCall:
    """The argument of the handler `rpc`.

    _path: the names, of which all but the last are read: `("counter", "increment")`; empty for a
    call of a function. _args, _kwargs: the arguments; _args is None if a property is read.
    """

    def __init__(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> None:
        """Store names and arguments."""
        self._path = path
        self._args = args
        self._kwargs = kwargs


def methods_of(cls: type[Any], base: type[Any]) -> dict[str, Any]:
    """Return the members of a class that RPC can reach: functions, properties, other values.

    base: the class at which the look-up ends, such as WorkerEntrypoint.
    """
    members: dict[str, Any] = {}
    for ancestor in reversed(cls.__mro__):
        if ancestor is object or issubclass(base, ancestor):
            continue
        members.update((k, v) for k, v in vars(ancestor).items() if not k.startswith("_"))
    return members


def member_of(cls: type[Any], name: str) -> Any:
    """Return a member of an RpcTarget's class that RPC can reach; None if there is none."""
    for ancestor in cls.__mro__:
        if name in ancestor.__dict__ and ancestor is not RpcTarget and ancestor is not object:
            return ancestor.__dict__[name]
    return None


PRIVATE_NOTE = "A name that begins with _ is private: no call over RPC reaches it."


async def reach(
    target: Any,
    call: MethodCall,
    members: Mapping[str, Any] | None,
    reserved: Collection[str],
    receiver: str,
) -> Any:
    """Read a property or call a method.

    target: where the call's names begin. members: those of its class; None if `target` is called
    itself, or if its names are not looked up in its class. receiver: what the error's text calls
    it. Raises RpcError if there is no such method.
    """
    value, path = target, call._path
    for depth, name in enumerate(path):
        if name in reserved and depth == 0:
            raise RpcError(PlatformText.RESERVED_METHOD.format(name=name))
        if depth == 0 and members is not None:
            value = _member(target, name, members, receiver)
        else:
            value = _step(value, name, receiver)
        if depth < len(path) - 1 and inspect.isawaitable(value):
            value = await value
    if call._args is not None:
        value = _call(value, call, ".".join(path), receiver)
    while inspect.isawaitable(value):
        awaited = await value
        if inspect.iscoroutine(value) and inspect.isawaitable(awaited):
            return awaited  # A coroutine's coroutine is no value: it is refused.
        value = awaited
    return value


def _member(instance: Any, name: str, members: Mapping[str, Any], receiver: str) -> Any:
    if name not in members:
        raise no_method(name, receiver, members)
    member = members[name]
    get = getattr(type(member), "__get__", None)
    return member if get is None else get(member, instance, type(instance))


def _step(value: Any, name: str, receiver: str) -> Any:
    """Return a property of a value that is not the target of a call itself."""
    if isinstance(value, dict) and name in value:
        return value[name]
    if isinstance(value, RpcTarget):
        return _member(value, name, methods_of(type(value), RpcTarget), type(value).__name__)
    if isinstance(value, RpcStub) or hasattr(type(value), "rpc_path"):
        return getattr(value, name)
    raise no_method(name, receiver, value if isinstance(value, dict) else ())


def _call(function: Any, call: MethodCall, path: str, receiver: str) -> Any:
    if not callable(function) or isinstance(function, type):
        raise RpcError(PlatformText.NOT_A_FUNCTION.format(path=path or type(function).__name__))
    try:
        return function(*(call._args or ()), **call._kwargs)
    except TypeError as error:
        add_signature(error, function, path, receiver, is_method=False)
        raise


def add_signature(
    error: TypeError, function: Any, name: str, receiver: str, is_method: bool
) -> None:
    """Add to an error about a call's arguments what the function takes: `add(a, b=1)`.

    is_method: whether the first parameter is `self`.
    """
    tb = error.__traceback__
    if tb is not None and tb.tb_next is None:  # Else it was raised within the function.
        parameters = parameters_of(function, is_method)
        error.add_note(f"{receiver} has {name}{parameters or '(…)'}.")


def parameters_of(function: Any, is_method: bool = True) -> inspect.Signature | None:
    """Return what a function takes, without `self`; None if that is not known."""
    function = function.__func__ if isinstance(function, classmethod) else function
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    if not is_method or isinstance(function, staticmethod) or not inspect.isfunction(function):
        return found
    return found.replace(parameters=list(found.parameters.values())[1:])


def no_method(name: str, receiver: str, members: Collection[str]) -> RpcError:
    """Return the error about a method that is not there. members: the names that are."""
    known = sorted(member for member in members if isinstance(member, str))
    has = f"{receiver} has {', '.join(known)}." if known else f"{receiver} has no methods for RPC."
    hidden = PRIVATE_NOTE if name.startswith("_") else None
    return with_notes(
        RpcError(PlatformText.NO_METHOD.format(name=name)),
        hidden,
        did_you_mean(name, known) or has,
    )


def public_methods(members: Mapping[str, Any], reserved: Collection[str]) -> Iterator[str]:
    """Yield the names of the members that can be called."""
    for name, member in members.items():
        if name not in reserved and (callable(member) or isinstance(member, staticmethod)):
            yield name
