"""RPC: method calls over a binding, and stubs, by which objects of another Worker are called.

https://developers.cloudflare.com/workers/runtime-apis/rpc/
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

from workernb.errors import DataCloneError, RpcError, with_notes
from workernb.http.abort import AbortSignal
from workernb.http.streams import ReadableStream, WritableStream
from workernb.runtime.events.event import Event
from workernb.runtime.events.rpc import RPC
from workernb.runtime.execution.bodies import from_notebook, send_sink, send_stream
from workernb.runtime.execution.dispatch import TopLevelCall
from workernb.runtime.execution.hop import FailedCall, invoke
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.languages import JAVASCRIPT
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.objects import caller_of
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.containers import NULL
from workernb.workers.current import current
from workernb.workers.rpc import RpcStub, RpcTarget

from .capabilities import FUNCTIONS, Capability, Relay
from .clone import SCALARS, SHORT, clone, clone_arguments
from .contexts import Context, Place, context_of, place_here, place_of_worker, position
from .promises import AWAITED, RpcPromise, RpcProperty, failed_call, outside_of_handler
from .remote_errors import copy_of_error, remote_copy

_running = current.get


# Calls


def make_call(
    caller: Invocation,
    label: str,
    entrypoint: Entrypoint,
    path: tuple[str, ...],
    args: Any,
    kwargs: Mapping[str, Any],
    kind: type[Invocation] = Invocation,
    promise: RpcPromise | None = None,
) -> RpcPromise:
    """Make a call over RPC, and return its promise.

    label: the name of the binding or stub. path, args, kwargs: see MethodCall. kind: the class of
    the callee's invocation. promise: that of the call if there is one already, with this path.
    """
    stubs: list[Stub] | None = None
    if args or kwargs:
        try:
            args, kwargs, stubs = _sent(args, kwargs, caller)
        except Exception as error:
            return failed_call(caller, path, error)
    if promise is None:
        promise = RpcPromise(caller, path, args, kwargs)
    else:
        promise._args, promise._kwargs = args, kwargs
    name = path[0] if len(path) == 1 else ".".join(path)
    invocation = kind(caller.trace, caller, label, entrypoint, name, RPC, caller.depth + 1)
    promise._invocation = invocation
    if stubs:
        give_arguments(stubs, invocation)
    promise._steps = invoke(invocation, entrypoint, RPC_EVENT, promise)
    return promise


def _sent(
    args: Sequence[Any], kwargs: Mapping[str, Any], owner: Invocation | None
) -> tuple[Sequence[Any], Mapping[str, Any], list[Stub] | None]:
    """Return the copies of arguments that the callee receives, and the stubs among them."""
    stubs: list[Stub] | None = None
    if not kwargs:
        # Scalars are passed on themselves, and functions need no search for shared references.
        copied: list[Any] = []
        for value in args:
            kind = type(value)
            if kind in SCALARS or (kind is str and len(value) <= SHORT):
                copied.append(value)
            elif kind is FunctionType and owner is not None:
                stub = Stub(Capability(value, owner, False))
                copied.append(stub)
                if stubs is None:
                    stubs = []
                stubs.append(stub)
            else:
                break
        else:
            return copied, kwargs, stubs
    exporter = Exporter(owner, False)
    try:
        args, kwargs = clone_arguments(args, kwargs, exporter)
    except BaseException:
        exporter.revoke()
        raise
    return args, kwargs, exporter.stubs


def _result(returned: Any, call: Any, invocation: Invocation) -> Any:
    """Return the copy of a result that the caller receives."""
    kind = type(returned)
    if kind in SCALARS or (kind is str and len(returned) <= SHORT):
        value = returned
    elif invocation.caller is not None and issubclass(kind, RpcTarget):
        value = Stub(Capability(returned, invocation, True))  # As an exporter does, only faster.
        call._stubs = (value,)
        give_result(call._stubs, call, invocation.caller)
    else:
        exporter = Exporter(invocation, True)
        try:
            value = clone(returned, exporter)
        except BaseException:
            exporter.revoke()
            raise
        if value is NULL and not _is_javascript(invocation.caller):
            value = None
        if exporter.stubs:
            call._stubs = exporter.stubs
            if invocation.caller is not None:
                give_result(exporter.stubs, call, invocation.caller)
    call._value = value
    return value


def _is_javascript(caller: Invocation | None) -> bool:
    version = None if caller is None else caller.version
    return version is not None and version.definition.language == JAVASCRIPT


def _error(error: Exception, call: Any, invocation: Invocation) -> BaseException:
    """Return the copy of an exception that the caller gets."""
    version = invocation.version
    date = None if version is None else version.definition.compatibility_date
    keeps_attributes = date is None or date >= KEEPS_ATTRIBUTES
    copied = remote_copy(error, lambda value: clone(value, _by_value_only), keeps_attributes)
    call._error = copied
    return copied


def _copied_reason(reason: BaseException) -> BaseException:
    """Return the copy of a signal's reason that the receiver of the signal gets."""
    return copy_of_error(reason, lambda value: clone(value, _by_value_only))


def _by_value_only(value: Any) -> Any:
    return NotImplemented


KEEPS_ATTRIBUTES = "2026-04-21"
"""The compatibility date from which an exception's own attributes cross a binding."""


# What is sent by reference


class Stub(RpcStub):
    """A stub that a Worker has. _place: where it was received. _wanted: whether its code has it."""

    __slots__ = ("_capability", "_context", "_label", "_place", "_wanted")

    def __init__(self, capability: Capability) -> None:
        """Make a stub, which is given to a context later."""
        self._capability: Capability | None = capability
        self._context: Context | None = None
        self._place: Place | None = None
        self._wanted = False
        self._label = ""
        capability.references += 1

    def _live(self) -> Capability:
        """Return the capability; RpcError after `dispose`."""
        if self._capability is None:
            at = position(self._place)
            raise with_notes(
                RpcError(PlatformText.STUB_DISPOSED),
                f"It is a {self._label}" + (f", received at {at}." if at else "."),
                "dispose() and the end of `with` dispose of it, and of an argument the return of "
                "its call: keep a duplicate, stub.dup().",
            )
        return self._capability

    def _call(
        self,
        path: tuple[str, ...],
        args: tuple[Any, ...] | None,
        kwargs: Mapping[str, Any],
        promise: RpcPromise | None = None,
    ) -> Any:
        caller: Any = _running()
        capability, context = self._capability, self._context
        # The plain case first: a stub that keeps its owner's context finds it alive.
        if (
            capability is None
            or context is None
            or caller.__class__ is not Invocation
            or context.invocation.trace is not caller.trace
            or capability.__class__ is not Capability
            or not (capability.extends or capability.owner is None or not capability.owner.ended_ns)
        ):
            try:
                capability = self._checked(caller)
            except Exception as error:
                return failed_call(None, path, error)
        call = make_call(caller, capability.label, capability, path, args, kwargs, promise=promise)
        # The call of a promise that was pipelined begins at once, so none needs to wait for it.
        last, capability.last = capability.last, call if promise is None else None
        if last is not None and not last._state and last._invocation is not None:
            call._previous, call._plain = last, False
        return call

    def _checked(self, caller: Any) -> Capability:
        """Return what a call of `caller` calls; RpcError if it may not."""
        capability = self._live()
        if self._context is None or caller_of(caller) is None:
            raise outside_of_handler(capability.label)
        if self._context.invocation.trace is not caller.trace:
            _refuse_other_request(self, caller)
        return capability.check()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, and return a promise."""
        return self._call((), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name[0] == "_":
            raise AttributeError(name)
        return RpcProperty(self, (name,))

    def dup(self) -> Stub:
        """Return another stub for the same object, which is disposed separately."""
        duplicate = type(self)(self._live())
        duplicate._place = place_here()
        duplicate._wanted = True
        caller: Any = _running()
        if isinstance(caller, Invocation):
            duplicate._context = context = context_of(caller)
            context.held()[duplicate] = None
        return duplicate

    def dispose(self) -> None:
        """Release the object. A further call raises an exception; a further dispose does not."""
        capability, context = self._capability, self._context
        if capability is None:
            return
        self._capability, self._label = None, capability.label
        if context is not None and context.received is not None:
            context.received.pop(self, None)
        capability.release()

    def __repr__(self) -> str:
        if self._capability is None:
            return f"<disposed {self._label}>"
        return f"<{self._capability.label}>"


def give_arguments(stubs: list[Stub], invocation: Invocation) -> None:
    """Give stubs to the invocation that receives them as arguments."""
    context = context_of(invocation)
    context.parameters = stubs
    for stub in stubs:
        stub._context = context


def give_result(stubs: Sequence[Stub], call: Any, caller: Invocation) -> None:
    """Give stubs to the caller, which receives them as the result of `call`."""
    context = context_of(caller)
    received = context.received
    if received is None:
        received = context.held()
    wanted = call._state == AWAITED
    # The callers of this function are `_result` and the hop, which no Worker's code is.
    place = place_of_worker(sys._getframe(3)) if wanted else None
    for stub in stubs:
        if wanted:
            stub._place, stub._wanted = place, True
        stub._context = context
        received[stub] = None


def _refuse_other_request(stub: Stub, caller: Invocation) -> None:
    """Raise the platform's refusal for a stub of another request."""
    assert stub._context is not None
    trace, other = caller.trace, stub._context.invocation.trace
    if trace.session == other.session:
        return
    raise with_notes(
        RpcError(PlatformText.OTHER_REQUEST.format(kind="RpcStub")),
        f"The {stub._live().label} belongs to request {other.number} ({other.title}), which "
        f"received it at {position(stub._place) or 'its beginning'}.",
        f"It was used by request {trace.number} ({trace.title}), "
        f"at {position(place_here()) or 'its beginning'}.",
    )


class NotebookStub(Stub):
    """A stub that the notebook has: each call is a top-level request."""

    __slots__ = ()

    def _call(
        self,
        path: tuple[str, ...],
        args: tuple[Any, ...] | None,
        kwargs: Mapping[str, Any],
        promise: RpcPromise | None = None,
    ) -> Any:
        try:
            capability = self._live().check()
            if isinstance(capability, Relay) or capability.owner is None:
                raise RpcError(PlatformText.CONTEXT_ENDED)
            trace = capability.owner.trace
            call = NotebookCall(path, args, kwargs)
        except Exception as error:
            return FailedCall(error)
        runtime = trace.host
        limits = runtime.limits_of(capability.version)
        return TopLevelCall(
            runtime, RPC_EVENT, capability, call, limits, True, sys.stdout, trace.session
        )

    def __del__(self) -> None:
        if self._capability is not None:
            text = f"{PlatformText.NOT_DISPOSED} It is a {self._capability.label}."
            warnings.warn(text, ResourceWarning, source=self, stacklevel=2)
            self.dispose()


class ByReference(RpcStub):
    """What is sent by reference and is no RpcTarget, such as a binding."""

    __slots__ = ()


class BindingStub(Stub):
    """A stub of a Service binding: it has `fetch` too."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name == "fetch":
            return self._live().check().target.fetch
        return super().__getattr__(name)

    def _call(
        self,
        path: tuple[str, ...],
        args: tuple[Any, ...] | None,
        kwargs: Mapping[str, Any],
        promise: RpcPromise | None = None,
    ) -> Any:
        try:
            binding = self._live().check().target
        except Exception as error:
            return failed_call(None, path, error)
        return binding._call(path, args, kwargs)


class Exporter:
    """Makes the stubs of one message. stubs: those that were made."""

    __slots__ = ("_extends", "_owner", "stubs")

    def __init__(self, owner: Invocation | None, extends: bool) -> None:
        """Begin a message of `owner`. extends: whether it is a result."""
        self.stubs: list[Stub] = []
        self._owner = owner
        self._extends = extends

    def __call__(self, value: Any) -> Any:
        """Return a stub for a value that is sent by reference; NotImplemented for another one."""
        kind = type(value)
        if kind in FUNCTIONS or isinstance(value, RpcTarget):
            return self._stub(Capability(value, self._owner, self._extends))
        if kind is ReadableStream:
            return self._moved(value)
        if kind is WritableStream:
            return send_sink(self._owner, value)
        if kind is AbortSignal:
            return value._send(_copied_reason)
        if isinstance(value, ByReference):
            return self._stub(Capability(value, self._owner, self._extends), BindingStub)
        if isinstance(value, Stub):
            passed_on = type(value)(value._live())
            relay = Relay(passed_on, self._owner, self._extends)
            return self._stub(relay, BindingStub if kind is BindingStub else Stub)
        return NotImplemented

    def _stub(self, capability: Capability, stub: type[Stub] = Stub) -> Stub:
        owner = self._owner
        if self._extends and owner is not None and owner.caller is None:
            if stub is BindingStub:
                raise with_notes(
                    DataCloneError(PlatformText.DATA_CLONE.format(type="ServiceStub")),
                    "A binding is not sent to the notebook, which calls Workers by their handles.",
                )
            stub = NotebookStub
        made = stub(capability)
        self.stubs.append(made)
        return made

    def _moved(self, stream: ReadableStream) -> ReadableStream:
        """Return the stream that arrives: it moves, and its producer still runs as the owner."""
        if self._owner is None:
            return from_notebook(stream)
        return send_stream(self._owner, stream)

    def revoke(self) -> None:
        """Dispose the stubs that were made, since the message is not sent."""
        for stub in self.stubs:
            stub._wanted = False
            stub.dispose()


# Calls from the notebook


class NotebookCall(RpcPromise):
    """A call that the notebook makes: the first invocation of a request handles it."""

    _sent: list[Stub] | None = None

    def __init__(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> None:
        """Copy the arguments; raises what `clone` raises."""
        if args is not None:
            args, kwargs, self._sent = _sent(args, kwargs, None)  # type: ignore[assignment]
        super().__init__(None, path, args, kwargs)


def _begin(trace: Trace, entrypoint: Entrypoint, call: Any) -> Invocation:
    """Make the first invocation of a request that begins with a call of the notebook."""
    name = ".".join(call._path) or entrypoint.service
    root = Invocation(trace, None, None, entrypoint, name, RPC, 1)
    call._invocation = root
    if call._sent:
        give_arguments(call._sent, root)
    return root


RPC_EVENT = Event(RPC, _result, _error, _begin, RpcPromise.settle_at_end)
