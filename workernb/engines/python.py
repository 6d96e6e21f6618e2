"""The Python engine: runs a Worker's source as a module, and finds the handlers in it."""

from __future__ import annotations

import builtins
import inspect
import linecache
import sys
import types
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

import workernb.workers as workers_module
from workernb.errors import PlatformText, StartupError, StartupExceeded, with_notes
from workernb.http import Request, Response
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.startup import Loading, imported
from workernb.runtime.services.service import Version
from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import worker_print
from workernb.workers import WorkerEntrypoint
from workernb.workers.current import current
from workernb.workers.entrypoints import ExecutionContext

Handler = Callable[[Request, Invocation], Awaitable[Response]]


class PythonEntrypoint:
    """A class, or an `on_fetch` function, with the handler that has been made for it."""

    __slots__ = ("handle", "registration", "service", "version")

    def __init__(self, version: Version, registration: Registration, handle: Handler) -> None:
        """Make an entrypoint of `version`. handle: called for each request."""
        self.service = version.service
        self.version: Version | None = version
        self.registration = registration
        self.handle = handle


class PythonIsolate:
    """A loaded version of a Worker: its module, and the entrypoints in it."""

    def __init__(self, registration: Registration) -> None:
        """Make an isolate without entrypoints."""
        self.registration = registration
        self.entrypoints: dict[str, PythonEntrypoint] = {}


class PythonEngine:
    """The engine for Python source that imports the platform's `workers` module."""

    def load(self, version: Version) -> PythonIsolate:
        """Run the source of `version` as a module, and find its entrypoints.

        Raises what the source raises: SyntaxError, or an exception at import; TypeError for two
        default entrypoints.
        """
        name, source = version.filename, version.definition.source
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        code = compile(source, name, "exec", dont_inherit=True)
        registration = Registration(name, version)
        try:
            return _load(version, code, registration)
        except BaseException:
            # Not left to the finalizer: the traceback keeps the module alive, and the next
            # attempt has the same name.
            registration.drop()
            raise


def _load(version: Version, code: types.CodeType, registration: Registration) -> PythonIsolate:
    loading = Loading(version.env, version.startup_limit_ms)
    token = current.set(loading)
    try:
        with guard.loading():
            exec(code, registration.module.__dict__)
    except StartupExceeded as exceeded:
        raise with_notes(StartupError(PlatformText.STARTUP), *exceeded.__notes__).with_traceback(
            exceeded.__traceback__
        ) from None
    finally:
        current.reset(token)
        version.startup_ms, version.imports_ms = loading.cpu_ms, loading.imports_ms
    isolate = PythonIsolate(registration)
    registration.makers.update(_entrypoints(registration.module))
    for name in registration.makers:
        isolate.entrypoints[name] = registration.make(name)
    version.isolate = weakref.ref(registration)
    return isolate


class Registration:
    """The entry of a Worker's module in `sys.modules`, where dataclasses and pickle look it up.

    Every entrypoint refers to it, and every invocation to its entrypoint. So the entry is removed
    when the version has been replaced and the last request in flight on it has ended. makers: for
    each entrypoint, a function that makes its handler for an `env`.
    """

    __slots__ = ("__weakref__", "drop", "makers", "module", "version")

    def __init__(self, name: str, version: Version) -> None:
        """Make an empty module and register it as `name`."""
        self.version = version
        self.makers: dict[str, Callable[[Any], Handler]] = {}
        self.module = types.ModuleType(name)
        self.module.__file__ = name
        self.module.__dict__["__builtins__"] = _builtins()
        sys.modules[name] = self.module
        self.drop = weakref.finalize(self, sys.modules.pop, name, None)
        self.drop.atexit = False

    def make(self, name: str) -> PythonEntrypoint:
        """Return a new entrypoint of the module; KeyError when it has none of this name."""
        return PythonEntrypoint(self.version, self, self.makers[name](self.version.env))


def _builtins() -> dict[str, Any]:
    """Return the builtins of a Worker: Python's, with another `__import__` and `print`."""
    return {**vars(builtins), "__import__": _import, "print": worker_print}


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: tuple[str, ...] = (),
    level: int = 0,
) -> Any:
    """Import as Python does, except that `workers` is `workernb.workers`, installed or not."""
    if level == 0:
        if name == "workers":
            return workers_module
        if name not in sys.modules:
            return imported(lambda: builtins.__import__(name, globals, locals, fromlist, level))
    return builtins.__import__(name, globals, locals, fromlist, level)


def _entrypoints(module: types.ModuleType) -> Iterator[tuple[str, Callable[[Any], Handler]]]:
    """Yield the name of each entrypoint of a module, and its handler's maker."""
    defaults: set[Any] = set()
    exported = getattr(module, "__all__", None)
    for name, value in list(vars(module).items()):
        if name.startswith("_") or (exported is not None and name not in exported):
            continue
        if not isinstance(value, type) or not issubclass(value, WorkerEntrypoint):
            continue
        if value is WorkerEntrypoint or value.__module__ != module.__name__:
            continue
        if value.__name__ == DEFAULT:
            defaults.add(value)
        if callable(getattr(value, "fetch", None)):
            yield value.__name__, _class_maker(value)
    on_fetch = getattr(module, "on_fetch", None)
    if len(defaults) > 1:
        raise TypeError(PlatformText.TWO_DEFAULTS)
    if callable(on_fetch) and not defaults:
        yield DEFAULT, _function_maker(on_fetch)


def _class_maker(cls: type[Any]) -> Callable[[Any], Handler]:
    """Return the maker of a class's handler, which does as little as possible for each request."""
    fetch = cls.fetch
    has_constructor = any(_is_overridden(cls, name) for name in ("__init__", "__new__"))
    parameters = _count_parameters(fetch) - 1
    if not has_constructor and parameters == 1 and inspect.iscoroutinefunction(fetch):
        new_instance = partial(object.__new__, cls)

        def make(env: Any) -> Handler:
            def handle(request: Request, invocation: Invocation) -> Awaitable[Response]:
                worker = new_instance()
                worker.env = env
                worker._invocation = invocation
                return fetch(worker, request)  # type: ignore[no-any-return]

            return handle

    else:

        def make(env: Any) -> Handler:
            def handle(request: Request, invocation: Invocation) -> Awaitable[Response]:
                context = ExecutionContext(invocation)
                worker = cls(context, env)
                return _await_if_needed(worker.fetch(*(request, env, context)[:parameters]))

            return handle

    return make


def _is_overridden(cls: type[Any], name: str) -> bool:
    """Return whether a class does not inherit the method `name` of WorkerEntrypoint."""
    return getattr(cls, name) is not getattr(WorkerEntrypoint, name)


def _function_maker(on_fetch: Callable[..., Any]) -> Callable[[Any], Handler]:
    """Return the maker of the handler of an `on_fetch(request, env, ctx)` function."""
    parameters = _count_parameters(on_fetch)

    def make(env: Any) -> Handler:
        def handle(request: Request, invocation: Invocation) -> Awaitable[Response]:
            arguments = request, env, ExecutionContext(invocation)
            return _await_if_needed(on_fetch(*arguments[:parameters]))

        return handle

    return make


async def _await_if_needed(result: Any) -> Response:
    """Return the result of a handler, which may be a plain or a coroutine function."""
    if inspect.isawaitable(result):
        result = await result
    return result  # type: ignore[no-any-return]


def _count_parameters(function: Callable[..., Any]) -> int:
    """Return how many positional arguments a handler takes; further ones are not passed to it."""
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 4  # self, request, env and ctx: all that there are.
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(kind in positional for kind in kinds)
