"""The Python engine: a Worker's source as a module of its own."""

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

Handle = Callable[[Request, Invocation], Awaitable[Response]]


class PythonEntrypoint:
    """A class, or an `on_fetch` function, that is ready to handle requests."""

    __slots__ = ("handle", "registration", "service", "version")

    def __init__(self, version: Version, registration: Registration, handle: Handle) -> None:
        """Keep the function that begins the handler."""
        self.service = version.service
        self.version: Version | None = version
        self.registration = registration
        self.handle = handle


class PythonIsolate:
    """One loaded version of a Worker: its module, and the entrypoints in it."""

    def __init__(self, registration: Registration) -> None:
        """Begin with no entrypoints."""
        self.registration = registration
        self.entrypoints: dict[str, PythonEntrypoint] = {}


class PythonEngine:
    """Loads Python source that is written for the `workers` module of the platform."""

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
            return _isolate(version, code, registration)
        except BaseException:
            # Its traceback may keep it for long, and the next try has the same name.
            registration.drop()
            raise


def _isolate(version: Version, code: types.CodeType, registration: Registration) -> PythonIsolate:
    loading = Loading(version.env, version.startup_limit_ms)
    running = current.set(loading)
    try:
        with guard.loading():
            exec(code, registration.module.__dict__)
    except StartupExceeded as cut:
        raise with_notes(StartupError(PlatformText.STARTUP), *cut.__notes__).with_traceback(
            cut.__traceback__
        ) from None
    finally:
        current.reset(running)
        version.startup_ms, version.imports_ms = loading.cpu_ms, loading.imports_ms
    isolate = PythonIsolate(registration)
    registration.makers.update(_entrypoints(registration.module))
    for name in registration.makers:
        isolate.entrypoints[name] = registration.make(name)
    version.isolate = weakref.ref(registration)
    return isolate


class Registration:
    """Keeps a Worker's module in `sys.modules`, where dataclasses and pickle look for it.

    Every entrypoint holds on to it, and an invocation to its entrypoint: so it lasts until the
    version is replaced and the last request in flight on it has ended.
    """

    __slots__ = ("__weakref__", "drop", "makers", "module", "version")

    def __init__(self, name: str, version: Version) -> None:
        """Make and register an empty module called `name`."""
        self.version = version
        self.makers: dict[str, Callable[[Any], Handle]] = {}
        self.module = types.ModuleType(name)
        self.module.__file__ = name
        self.module.__dict__["__builtins__"] = _builtins()
        sys.modules[name] = self.module
        self.drop = weakref.finalize(self, sys.modules.pop, name, None)
        self.drop.atexit = False

    def make(self, name: str) -> PythonEntrypoint:
        """Make an entrypoint of the module anew; KeyError when it has none of this name."""
        return PythonEntrypoint(self.version, self, self.makers[name](self.version.env))


def _builtins() -> dict[str, Any]:
    """Return the builtins of an isolate: Python's, with its own `import` and `print`."""
    return {**vars(builtins), "__import__": _import, "print": worker_print}


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: tuple[str, ...] = (),
    level: int = 0,
) -> Any:
    """Import as Python does, except that `workers` is ours, whatever else is installed."""
    if level == 0:
        if name == "workers":
            return workers_module
        if name not in sys.modules:
            return imported(lambda: builtins.__import__(name, globals, locals, fromlist, level))
    return builtins.__import__(name, globals, locals, fromlist, level)


def _entrypoints(module: types.ModuleType) -> Iterator[tuple[str, Callable[[Any], Handle]]]:
    """Yield the entrypoints of a module: a name, and what makes the handle for an environment."""
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


def _class_maker(cls: type[Any]) -> Callable[[Any], Handle]:
    """Return what makes a class's handle. What can be decided once is decided here."""
    fetch = cls.fetch
    own = [name for name in ("__init__", "__new__") if _overridden(cls, name)]
    takes = _positional(fetch) - 1
    if not own and takes == 1 and inspect.iscoroutinefunction(fetch):
        empty = partial(object.__new__, cls)

        def make(env: Any) -> Handle:
            def handle(request: Request, invocation: Invocation) -> Awaitable[Response]:
                worker = empty()
                worker.env = env
                worker._invocation = invocation
                return fetch(worker, request)  # type: ignore[no-any-return]

            return handle

    else:

        def make(env: Any) -> Handle:
            def handle(request: Request, invocation: Invocation) -> Awaitable[Response]:
                context = ExecutionContext(invocation)
                worker = cls(context, env)
                return _steps(worker.fetch(*(request, env, context)[:takes]))

            return handle

    return make


def _overridden(cls: type[Any], name: str) -> bool:
    """Return whether a Worker's class, or one of its bases, has a method of its own."""
    return getattr(cls, name) is not getattr(WorkerEntrypoint, name)


def _function_maker(on_fetch: Callable[..., Any]) -> Callable[[Any], Handle]:
    """Return what makes the handle of an `on_fetch(request, env, ctx)` function."""
    takes = _positional(on_fetch)

    def make(env: Any) -> Handle:
        def handle(request: Request, invocation: Invocation) -> Awaitable[Response]:
            return _steps(on_fetch(*(request, env, ExecutionContext(invocation))[:takes]))

        return handle

    return make


async def _steps(result: Any) -> Response:
    """Await what a handler returned, if it can be awaited, and return it."""
    if inspect.isawaitable(result):
        result = await result
    return result  # type: ignore[no-any-return]


def _positional(function: Callable[..., Any]) -> int:
    """Return how many positional arguments a handler takes; the platform drops the others."""
    kinds = inspect.Parameter
    count = 0
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is kinds.VAR_POSITIONAL:
            return 4
        if parameter.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
            count += 1
    return count
