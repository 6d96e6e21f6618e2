"""Capabilities: objects of a Worker that others have stubs of.

A value that is sent by reference becomes a Capability, which belongs to the invocation that sent
it. A call of a stub is an invocation whose entrypoint is the capability: it runs as its owner, and
on its owner's account.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from functools import partial
from types import BuiltinFunctionType, CoroutineType, FunctionType, MethodType
from typing import Any

from workernb.errors import RpcError, format_error, with_notes
from workernb.runtime.events.rpc import (
    RESERVED,
    RPC,
    MethodCall,
    add_signature,
    member_of,
    methods_of,
    reach,
)
from workernb.runtime.execution.hop import run_in_slice
from workernb.runtime.services.engine import Handler
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import log
from workernb.texts import PlatformText
from workernb.workers.current import current
from workernb.workers.rpc import RpcTarget

from .contexts import has_ended
from .entrypoints import NOTEBOOK
from .promises import RpcPromise

_running = current.get

FUNCTIONS = frozenset({FunctionType, MethodType, BuiltinFunctionType, partial})
"""The types of what is sent by reference as a function."""

NAMED = FUNCTIONS - {partial}
"""Those of them that have a name."""


class Capability:
    """An object of a Worker, as its stubs call it: an entrypoint whose methods are the object's.

    target: a function or an RpcTarget. owner: the invocation that sent it, None for the notebook.
    label: what its stubs are called: `stub Counter`. extends: whether stubs of it keep the owner's
    context, as those in results do. references: how many stubs there are. last: the newest call,
    after which further ones begin.
    """

    __slots__ = ("extends", "label", "last", "owner", "references", "service", "target", "version")

    def __init__(self, target: Any, owner: Invocation | None, extends: bool) -> None:
        """Send `target`, of which there are no stubs yet."""
        self.target = target
        self.label = self._label(target)
        self.owner = owner
        self.extends = extends
        self.references = 0
        self.last: RpcPromise | None = None
        if owner is None:
            self.service, self.version = NOTEBOOK, None
        else:
            self.service, self.version = owner.service, owner.version
            if extends:
                trace = owner.trace
                if not trace.exported:
                    trace.exported = {}
                trace.exported[owner] = trace.exported.get(owner, 0) + 1

    def _label(self, target: Any) -> str:
        kind = type(target)
        return f"stub {target.__name__ if kind in NAMED else kind.__name__}"

    @property
    def handlers(self) -> Capability:
        """The handlers by name: this object itself."""
        return self

    @property
    def methods(self) -> Mapping[str, Any]:
        """Nothing: what can be reached is looked up in the object's class."""
        return {}

    def get(self, name: str) -> Handler | None:
        """Return the handler that calls the object; None for events other than RPC."""
        return self._handle if name == RPC else None

    def _handle(self, call: MethodCall, invocation: Any) -> Any:
        target, path, args = self.target, call._path, call._args
        if args is not None:
            if not path and type(target) in FUNCTIONS:
                return self._started(target, args, call)
            if len(path) == 1 and isinstance(target, RpcTarget):
                name = path[0]
                method = member_of(type(target), name)
                if type(method) is FunctionType and name[0] != "_" and name not in RESERVED:
                    return self._started(method, (target, *args), call)
        members = methods_of(type(target), RpcTarget) if isinstance(target, RpcTarget) else None
        return reach(target, call, members, RESERVED, self.label)

    def _started(self, function: Any, args: Any, call: MethodCall) -> Any:
        """Return what a function or method returns, or what awaits it."""
        try:
            result = function(*args, **call._kwargs) if call._kwargs else function(*args)
        except TypeError as error:
            name = getattr(function, "__name__", "it")
            add_signature(error, function, name, self.label, is_method=bool(call._path))
            raise
        return result if type(result) is CoroutineType else reached(result)

    def check(self) -> Capability:
        """Return what a call calls; RpcError if the owner's context has ended."""
        owner = self.owner
        if owner is not None and owner.ended_ns and has_ended(owner):
            raise with_notes(
                RpcError(PlatformText.CONTEXT_ENDED),
                f"{self.label} belongs to an invocation of Worker {self.service!r} that has ended.",
            )
        return self

    def release(self) -> None:
        """Note that a stub has been disposed; after the last one, the object is dropped."""
        self.references -= 1
        if self.references:
            return
        target, self.target, self.last = self.target, None, None
        if type(target) not in FUNCTIONS:
            self.drop(target)
        owner = self.owner
        if self.extends and owner is not None:
            _end_export(owner)

    def drop(self, target: Any) -> None:
        """Call the object's `dispose`, if its class has one; what that raises is logged."""
        if isinstance(target, RpcTarget) and hasattr(type(target), "dispose"):
            if self.owner is None or _running() is not None or not _loop_runs():
                _dispose(target, self.owner)
            else:
                run_in_slice(self.owner.trace, self.owner, _dispose, target, self.owner)


def _end_export(owner: Invocation) -> None:
    """Note that nobody has a stub of one of the objects that an invocation has returned."""
    exported = owner.trace.exported
    if exported[owner] > 1:
        exported[owner] -= 1
        return
    del exported[owner]
    if owner.extras is not None and owner.extras.rpc is not None:
        owner.extras.rpc.end_if_idle()


def _loop_runs() -> bool:
    return asyncio._get_running_loop() is not None


def _dispose(target: Any, owner: Invocation | None) -> None:
    try:
        result = target.dispose()
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("dispose() of an RpcTarget cannot be a coroutine function.")
    except Exception as error:
        if owner is None:
            raise
        log(owner.trace, owner, "error", f"{format_error(error)} (in dispose)")


async def reached(result: Any) -> Any:
    """Return what a plain function returned, awaited once if it is awaitable."""
    return await result if inspect.isawaitable(result) else result


class Relay(Capability):
    """A stub that was passed on: its calls go to the object, through who passed it on."""

    __slots__ = ()

    def _label(self, target: Any) -> str:
        return str(target._live().label)

    def check(self) -> Capability:
        """Return the object's own capability; RpcError if anyone on the way has ended."""
        super().check()
        capability: Capability = self.target._live()
        return capability.check()

    def drop(self, target: Any) -> None:
        """Dispose the stub that was passed on."""
        target.dispose()
