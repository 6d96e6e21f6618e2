"""Promises: calls over RPC that can be awaited, and called further before they are.

`await env.COUNTERS.make(1).increment()` makes two calls without waiting in between (pipelining).
The platform's Python SDK has no pipelining: there each result must be awaited first.
https://developers.cloudflare.com/workers/runtime-apis/rpc/#promise-pipelining
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from time import perf_counter_ns as wall_clock
from typing import Any, Protocol

from workernb.errors import GlobalScopeError, RpcError, with_notes
from workernb.runtime.events.rpc import MethodCall, no_method
from workernb.runtime.execution.hop import FailedCall, begin_in_task
from workernb.runtime.execution.steppable import Steppable
from workernb.runtime.tracing.invocations import Invocation
from workernb.texts import PlatformText
from workernb.workers.current import current
from workernb.workers.rpc import RpcStub

from .contexts import context_of

MAX_DEPTH = 64
"""The maximum number of names in a chain of calls that are not awaited, as on the platform."""

_PENDING: Any = object()
NEW, AWAITED, RUN = range(3)
"""A call that has not begun; one that Worker code awaits; one that only a further call needs."""


class Source(Protocol):
    """Something whose methods can be called: a stub, a binding, a promise."""

    def _call(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> Any:
        """Call a method, or read a property if `args` is None; return a promise."""


class RpcProperty:
    """A name on a stub, a binding or a promise: it can be called, awaited, or have names itself."""

    __slots__ = ("_call", "_path")

    def __init__(self, source: Source, path: tuple[str, ...]) -> None:
        """Name a property of `source`."""
        self._call = source._call
        self._path = path

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method of this name, and return a promise."""
        return self._call(self._path, args, kwargs)

    def __getattr__(self, name: str) -> RpcProperty:
        if name.startswith("_"):
            raise AttributeError(name)
        return RpcProperty(self, (*self._path, name))

    def __await__(self) -> Any:
        """Read the property."""
        return self._call(self._path, None, {}).__await__()

    def __repr__(self) -> str:
        return f"<RpcProperty {'.'.join(self._path)}>"


class RpcPromise(MethodCall, Steppable):
    """A call: a coroutine whose methods and properties are those of its result.

    It is the argument of the callee's handler too, so that a call is one object.
    """

    # Class-level defaults: most calls are awaited at once, and need none of these.
    _state = NEW
    _value = _PENDING
    _previous: RpcPromise | None = None
    _driver: Any = None
    _error: BaseException | None = None
    _stubs: Any = None
    _waiters: list[asyncio.Future[Any]] | None = None
    _children: list[PipelinedPromise] | None = None
    _disposed = False
    _plain = True  # Whether it is only to be begun when it is awaited.
    _names_before = 0
    _invocation: Any = None
    _steps: Any = None

    def __init__(
        self,
        caller: Invocation | None,
        path: tuple[str, ...],
        args: Any,
        kwargs: Mapping[str, Any],
    ) -> None:
        """Make a call that has not begun; `_steps` and `_invocation` are set by its maker."""
        self._path = path
        self._args = args
        self._kwargs = kwargs
        self._caller = caller

    def __await__(self) -> Generator[Any, Any, Any]:
        """Run the call, or wait for it, and return its result."""
        if not self._plain:
            return self._wait(True).__await__()
        self._plain, self._state = False, AWAITED
        steps, self._steps = self._steps, None  # As `_begin`, only faster.
        return steps.__await__()  # type: ignore[no-any-return]

    def _begin(self) -> Any:
        """Return what runs the call."""
        steps, self._steps = self._steps, None  # A stub keeps its last call, but not its frame.
        return steps

    async def _wait(self, wanted: bool) -> Any:
        """Return the result. wanted: whether the Worker's code gets it."""
        if self._disposed:
            raise RpcError(PlatformText.PROMISE_DISPOSED)
        if self._previous is not None:
            begin_in_order(self)
        if self._state == NEW and self._value is _PENDING and self._error is None:
            self._plain, self._state = False, AWAITED if wanted else RUN
            if self._children is not None:
                self.settle_at_end()
            return await self._begin()
        if self._error is not None:
            raise self._error
        if self._value is _PENDING:
            await self._settled()
        if wanted:
            for stub in self._stubs or ():
                stub._wanted = True
        return self._value

    async def _settled(self) -> None:
        """Wait until the call has ended; raise what it raises."""
        if self._invocation is not None:
            if self._invocation.outcome is not None:  # It may have been dropped, too.
                raise RpcError(PlatformText.CANCELED)
            self.settle_at_end()
        future = asyncio.get_running_loop().create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(future)
        await future

    def settle_at_end(self) -> None:
        """Let the end of the handler settle the call, for others than who runs it."""
        if self._invocation is not None:
            context_of(self._invocation).call = self

    def settle(self, error: BaseException | None) -> None:
        """Tell those who wait, and begin the calls on the result that nobody awaits."""
        if error is not None:
            self._error = error
        for future in self._waiters or ():
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            elif isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error)
        for child in self._children or ():
            if child._state == NEW:
                child._begin_in_task(error)
        self._waiters = self._children = None

    # Pipelining

    def __getattr__(self, name: str) -> RpcProperty:
        if name.startswith("_"):
            raise AttributeError(name)
        return RpcProperty(self, (name,))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the result, which is a function."""
        return self._call((), args, kwargs)

    def _call(
        self, path: tuple[str, ...], args: tuple[Any, ...] | None, kwargs: Mapping[str, Any]
    ) -> Any:
        child = PipelinedPromise(self, path, args, kwargs)
        if self._disposed:
            child._error = RpcError(PlatformText.PROMISE_DISPOSED)
        elif child._names_before + len(path) > MAX_DEPTH:
            child._error = RpcError(PlatformText.TOO_DEEP)
        elif self._value is _PENDING and self._error is None:
            if self._children is None:
                self._children, self._plain = [child], False
            else:
                self._children.append(child)
            if self._invocation is not None and self._invocation.steps is None:
                self.settle_at_end()  # It has begun; else whoever begins it sees to that.
        return child

    def dispose(self) -> None:
        """Dispose the stubs in the result, and let nothing use the promise any more."""
        self._disposed, self._plain = True, False
        for stub in self._stubs or ():
            stub.dispose()

    def __enter__(self) -> RpcPromise:
        return self

    def __exit__(self, *exception: object) -> None:
        self.dispose()

    # The methods of a coroutine, for tasks: gather, create_task, TaskGroup.

    @property
    def cr_frame(self) -> Any:
        """The frame of the call's coroutine, by which a task is recognised as running it."""
        return getattr(self._steps, "cr_frame", None)

    def close(self) -> None:
        """Cancel the call."""
        if self._driver is not None:
            self._driver.close()
        elif self._state == NEW and self._steps is not None:
            self._steps.close()

    def __repr__(self) -> str:
        return f"<RpcPromise {'.'.join(self._path)}: await it for the result>"


def failed_call(caller: Invocation | None, path: tuple[str, ...], error: Exception) -> RpcPromise:
    """Return a call that could not be made: awaiting it raises the error."""
    promise = RpcPromise(caller, path, None, {})
    promise._error = error
    promise._steps = FailedCall(error)
    return promise


def outside_of_handler(name: str) -> Exception:
    """Return the error about a call while no handler runs. name: what was called."""
    return with_notes(
        GlobalScopeError(PlatformText.GLOBAL_SCOPE), f"{name} was called outside of a handler."
    )


def begin_in_order(promise: RpcPromise) -> None:
    """Begin the calls that were made before this one on the same stub, and then this one."""
    earlier: list[RpcPromise] = []
    one: RpcPromise | None = promise
    while one is not None:
        earlier.append(one)
        one._previous, one = None, one._previous
    for call in reversed(earlier):
        if call._invocation.waits_to_begin:
            begin_in_task(call._invocation, wall_clock())


class PipelinedPromise(RpcPromise):
    """A call on the result of a call that may not have ended."""

    def __init__(
        self,
        parent: RpcPromise,
        path: tuple[str, ...],
        args: tuple[Any, ...] | None,
        kwargs: Mapping[str, Any],
    ) -> None:
        """Make a call on the result of `parent`."""
        self._path = path
        self._args = args
        self._kwargs = kwargs
        self._caller = parent._caller
        self._parent = parent
        self._names_before = parent._names_before + len(parent._path)

    def __await__(self) -> Generator[Any, Any, Any]:
        """Run the call, or wait for it, and return its result."""
        if not self._plain:
            return self._wait(True).__await__()
        self._plain, self._state = False, AWAITED
        return self._run().__await__()

    def _begin(self) -> Any:
        return self._run()

    async def _run(self) -> Any:
        error: BaseException | None = None
        try:
            if self._error is not None:
                raise self._error
            parent = self._parent
            # A parent of this child alone needs to tell nobody else of its end.
            if parent._state or parent._previous is not None or len(parent._children or ()) != 1:
                target = await parent._wait(False)
            else:
                parent._state = RUN
                target = await parent._begin()
            call = self._on(target)
            if call is self:
                if self._previous is not None:
                    begin_in_order(self)
                return await super()._begin()
            if isinstance(call, RpcPromise):
                call._plain, call._state = False, AWAITED if self._state == AWAITED else RUN
                self._value = await call._begin()
                self._stubs = call._stubs
            else:
                self._value = call
            return self._value
        except BaseException as raised:
            self._error = error = raised
            raise
        finally:
            if self._waiters is not None or self._children is not None:
                self.settle(error)

    def _on(self, target: Any) -> Any:
        """Make the call on the parent's result; return a property that is there already.

        A call on a stub is this one itself; the others are calls of their own.
        """
        path, args = self._path, self._args
        if isinstance(target, RpcStub) and (path or args is not None):
            return target._call(path, args, self._kwargs, self)  # type: ignore[attr-defined]
        if not isinstance(target, (RpcStub, dict, list)):
            raise with_notes(
                RpcError(PlatformText.NOT_AN_OBJECT),
                f"{'.'.join(self._parent._path)} returned {type(target).__name__}.",
            )
        while path and not isinstance(target, RpcStub):
            if not isinstance(target, dict) or path[0] not in target:
                names = target if isinstance(target, dict) else ()
                raise no_method(path[0], "The result", names)
            target, path = target[path[0]], path[1:]
        if isinstance(target, RpcStub) and (path or self._args is not None):
            return target._call(path, self._args, self._kwargs)  # type: ignore[attr-defined]
        if self._args is not None:
            raise RpcError(PlatformText.NOT_A_FUNCTION.format(path=".".join(self._path)))
        return target

    def _begin_in_task(self, error: BaseException | None) -> None:
        """Run the call in a task of its own, which its caller has made."""
        if error is not None:
            self.settle(error)
            return
        self._plain, self._state = False, RUN
        token = current.set(self._caller)
        try:
            asyncio.get_running_loop().create_task(self._run())
        finally:
            current.reset(token)
