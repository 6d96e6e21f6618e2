"""Global scope: refuses randomness, timers and I/O to a Worker's module while it loads.

Only calls from the module's own code are looked at: libraries may seed their randomness when they
are imported. On Python 3.12 and later `sys.monitoring` tells of the calls in this code alone; on
3.11 a profile function does, unless another one is set.
https://developers.cloudflare.com/workers/runtime-apis/handlers/
"""

from __future__ import annotations

import asyncio
import inspect
import opcode
import os
import random
import socket
import sys
import threading
import types
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

from workernb.errors import GlobalScopeError, with_notes
from workernb.runtime.tracing.tracebacks import worker_position
from workernb.texts import PlatformText

_NO_ENTROPY = 29
"""The number of the platform's OSError: EIO in WebAssembly."""

_FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
)
_OF_LOOPS = frozenset({"call_later", "call_at", "create_task", "create_connection"})
_OF_SOCKETS = frozenset({"connect", "connect_ex", "sendto"})
_IO = frozenset(
    {
        ("asyncio.tasks", "sleep"),
        ("asyncio.tasks", "ensure_future"),
        ("asyncio.tasks", "create_task"),
        ("asyncio.streams", "open_connection"),
        ("socket", "create_connection"),
        ("urllib.request", "urlopen"),
        ("urllib.request", "urlretrieve"),
        ("http.client", "connect"),
        ("http.client", "request"),
        ("requests.api", "request"),
        ("requests.api", "get"),
        ("requests.api", "post"),
        ("httpx._api", "request"),
        ("httpx._api", "get"),
        ("httpx._api", "post"),
    }
)
"""Functions that set a timer, begin a task or open a connection: their modules and names."""
_SHARED: Any = getattr(random.random, "__self__", None)
"""The generator behind the functions of `random`."""


def refuses(modules: Iterable[types.CodeType]) -> AbstractContextManager[None]:
    """Refuse randomness, timers and I/O to the code of modules, and to their functions.

    A refused call raises the platform's error: RuntimeError for `random` and `numpy.random`,
    OSError for other randomness, GlobalScopeError for a timer, a task or a connection. A generator
    that is made with a seed may be used.
    """
    return _watched({code for module in modules for code in _codes_in(module)})


def _codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes_in(constant)


def _refusal(function: Any, first: Any, missing: Any) -> BaseException | None:
    """Return the error for a call of `function` with a first argument; None if it is allowed.

    missing: what `first` is for a call without arguments.
    """
    # By its exact type: code of a Worker's objects must not run here.
    if function is random.SystemRandom or (function is random.Random and first is missing):
        return _no_entropy(function.__name__)
    if _is_of_numpy(function, first):
        return _no_random("numpy.random", function.__name__)
    if not isinstance(function, _FUNCTIONS) or type(function).__module__ != "builtins":
        return None
    name, owner = function.__name__, getattr(function, "__self__", first)
    if owner is _SHARED:
        return _no_random("random", name)
    if type(owner) is random.SystemRandom or _is_entropy(function, name):
        return _no_entropy(name)
    if _is_io(getattr(function, "__module__", None), name, owner):
        if inspect.iscoroutine(first):
            first.close()  # Python would complain that it was never awaited.
        return _with_remedy(GlobalScopeError(PlatformText.GLOBAL_SCOPE), name)
    return None


def _is_of_numpy(function: Any, first: Any) -> bool:
    """Return whether a function is one of `numpy.random`, whose generator has no known seed."""
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is None:
        return False
    owner = function.__self__ if type(function) is types.MethodType else first
    return owner is mtrand._rand or function is getattr(mtrand, "seed", None)


def _is_io(module: str | None, name: str, owner: Any) -> bool:
    """Return whether a function needs a request. owner: what it is a method of."""
    if (module, name) in _IO:
        return True
    if name == "start":
        return isinstance(owner, threading.Timer)
    if name in _OF_SOCKETS:
        return isinstance(owner, socket.SocketType)
    return name in _OF_LOOPS and isinstance(owner, asyncio.AbstractEventLoop)


def _no_random(module: str, name: str) -> BaseException:
    error = RuntimeError(PlatformText.RANDOM.format(module=module, name=name))
    return _with_remedy(error, f"{module}.{name}")


def _is_entropy(function: Any, name: str) -> bool:
    module = getattr(function, "__module__", None)
    if module == "uuid":
        return name in ("uuid1", "uuid4")
    return module == "secrets" or (module == os.name and name in ("urandom", "getrandom"))


def _no_entropy(name: str) -> BaseException:
    return _with_remedy(OSError(_NO_ENTROPY, PlatformText.ENTROPY), name)


def _with_remedy(error: BaseException, name: str) -> BaseException:
    return with_notes(error, f"{name}() was called while the module loads: call it in a handler.")


if sys.version_info >= (3, 12):
    _TOOL = 4  # 0 to 2 and 5 are the numbers of debuggers, coverage tools and profilers.
    _NAME = "workernb global scope"
    _CALL_WITH_UNPACKING = opcode.opmap["CALL_FUNCTION_EX"]
    _deferred: list[BaseException] = []
    """The errors that are raised when the module has been loaded."""

    @contextmanager
    def _watched(codes: set[types.CodeType]) -> Iterator[None]:
        """Look at the calls of `codes`, unless another tool has the number."""
        monitoring = sys.monitoring
        holder = monitoring.get_tool(_TOOL)
        if holder not in (None, _NAME):
            yield
            return
        call = monitoring.events.CALL
        if holder is None:
            monitoring.use_tool_id(_TOOL, _NAME)
            monitoring.register_callback(_TOOL, call, _on_call)
        for code in codes:
            monitoring.set_local_events(_TOOL, code, call)
        try:
            yield
            if _deferred:
                raise _deferred[0]
        finally:
            _deferred.clear()
            for code in codes:
                monitoring.set_local_events(_TOOL, code, 0)
            if holder is None:
                monitoring.register_callback(_TOOL, call, None)
                monitoring.free_tool_id(_TOOL)

    def _on_call(code: types.CodeType, offset: int, function: Any, first: Any) -> None:
        error = _refusal(function, first, sys.monitoring.MISSING)
        if error is None:
            return
        if code.co_code[offset] == _CALL_WITH_UNPACKING:
            # Raised here, the error would crash Python 3.13.0.
            _deferred.append(with_notes(error, f"It is in {worker_position(sys._getframe())}."))
            return
        raise error

else:

    @contextmanager
    def _watched(codes: set[types.CodeType]) -> Iterator[None]:
        """Look at the calls of `codes` on this thread, unless a profiler does."""
        before = sys.getprofile()
        if before is not None and not isinstance(before, _Profile):
            yield
            return
        sys.setprofile(_Profile(codes))
        try:
            yield
        finally:
            sys.setprofile(before)

    class _Profile:
        """A profile function that refuses calls from `codes`."""

        def __init__(self, codes: set[types.CodeType]) -> None:
            self._codes = codes

        def __call__(self, frame: types.FrameType, event: str, argument: Any) -> None:
            error = None
            if event == "c_call" and frame.f_code in self._codes:
                error = _refusal(argument, None, _Profile)
            elif event == "call" and getattr(frame.f_back, "f_code", None) in self._codes:
                error = _refusal_of_frame(frame)
            if error is not None:
                raise error

    def _refusal_of_frame(frame: types.FrameType) -> BaseException | None:
        """Return the error for a call of a function in Python, whose frame has begun."""
        arguments = frame.f_locals
        first: Any = arguments.get("self")
        function = _python_functions().get(frame.f_code)
        if function is None:
            module, name = frame.f_globals.get("__name__"), frame.f_code.co_name
            if not _is_io(module, name, first):
                return None
            function = types.FunctionType(frame.f_code, frame.f_globals)
            first = next(iter(arguments.values()), None)
        if function is random.Random.__init__:
            if type(first) is random.SystemRandom:
                return _refusal(random.SystemRandom, None, _Profile)
            return _refusal(random.Random, arguments["x"], None)
        return _refusal(function, first, _Profile)

    @cache
    def _python_functions() -> dict[types.CodeType, Any]:
        """Return the functions in Python that may be refused, by their code."""
        import secrets
        import uuid

        holders = (random.Random, random.SystemRandom, secrets, uuid, asyncio.BaseEventLoop)
        found = [value for holder in holders for value in vars(holder).values()]
        return {
            function.__code__: function
            for function in (*found, asyncio.sleep)
            if isinstance(function, types.FunctionType)
        }
