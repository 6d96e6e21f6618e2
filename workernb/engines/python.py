"""The Python engine: runs a Worker's source as a module, and finds the handlers in it."""

from __future__ import annotations

import inspect
import types
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any

from workernb.errors import (
    CanceledError,
    StartupError,
    StartupExceeded,
    Termination,
    exit_refused,
    on_one_line,
    with_notes,
)
from workernb.runtime.enforcement.global_scope import refuses
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.startup import Loading
from workernb.runtime.events.rpc import RPC, methods_of
from workernb.runtime.services.engine import HANDLERS, Handler
from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.services.versions import Version
from workernb.runtime.tracing.tracebacks import as_shown
from workernb.texts import PlatformText
from workernb.workers import WorkerEntrypoint
from workernb.workers.current import RunningInvocation, current
from workernb.workers.entrypoints import ExecutionContext

from .methods import has_own_constructor, rpc_maker
from .modules import Modules
from .objects import PythonObjectClass, classes_of_objects

Makers = dict[str, Callable[[Any], Handler]]
"""What makes the handlers of an entrypoint for an environment, by the handler's name."""


class PythonEntrypoint:
    """A class, or module-level functions as `on_fetch`, ready to handle events."""

    __slots__ = ("handlers", "methods", "registration", "service", "version")

    def __init__(
        self,
        version: Version,
        registration: Registration,
        handlers: dict[str, Handler],
        methods: Mapping[str, Any],
    ) -> None:
        """Keep the handlers by name, and what RPC can reach."""
        self.service = version.service
        self.version: Version | None = version
        self.registration = registration
        self.handlers = handlers
        self.methods = methods


class PythonIsolate:
    """A loaded version of a Worker: its module, and the entrypoints in it."""

    def __init__(self, exporter: Registration) -> None:
        """Make the entrypoints."""
        self.exporter = exporter
        self.objects = exporter.objects
        self.entrypoints = {name: exporter.make(name) for name in exporter.makers}


class PythonEngine:
    """The engine for Python source that imports the platform's `workers` module."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Make an engine. now: returns the time by the runtime's clock, in s since the epoch."""
        self._now = now

    def load(self, version: Version) -> PythonIsolate:
        """Run the source of `version` as its main module, and find its entrypoints.

        Raises what the code raises: SyntaxError, of any of its modules, or an exception at import;
        TypeError for two default entrypoints.
        """
        registration = Registration(version)
        try:
            return _load(version, registration, self._now)
        except BaseException:
            # Not left to the finalizer: the traceback keeps the module alive, and the next
            # attempt has the same name.
            registration.drop()
            raise


def _load(version: Version, registration: Registration, now: Callable[[], float]) -> PythonIsolate:
    loading = Loading(version.env, version.startup_limit_ms, now)
    token = current.set(loading)
    replacement: BaseException | None = None
    try:
        with guard.loading(), refuses(registration.modules.code):
            replacement = _run_main(registration, loading)
    except StartupExceeded as exceeded:
        exceeded.__context__ = None  # What was handled as the cut came: its code may be what spins.
        raise with_notes(StartupError(PlatformText.STARTUP), *exceeded.__notes__).with_traceback(
            exceeded.__traceback__
        ) from None
    except SystemExit as exit:
        raise exit_refused(exit) from None
    except KeyboardInterrupt as interrupted:
        text = interrupted.args[0] if interrupted.args else "The module was interrupted."
        raise on_one_line(CanceledError(text), text).with_traceback(
            interrupted.__traceback__
        ) from None
    finally:
        current.reset(token)
        version.startup_ms, version.imports_ms = loading.cpu_ms, loading.imports_ms
    if replacement is not None:
        raise replacement  # Here, where the exception is not its context, which would be shown too.
    return PythonIsolate(registration)


def _run_main(registration: Registration, loading: Loading) -> BaseException | None:
    """Run the main module and find its entrypoints; return what to raise instead of what it raises.

    None unless that is an exception whose own code fails. All this runs code of the Worker's, also
    that of its metaclasses and exceptions, so it is done while the module loads and can be cut.
    """
    modules = registration.modules
    try:
        exec(modules.main_code, modules.main.__dict__)
        registration.find_entrypoints()
    except (Termination, SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        cut = loading.must_end()
        if cut is not None:
            raise cut from None  # Python has put its own exception in the place of the cut.
        shown = as_shown(error)
        if shown is error:
            raise
        return shown
    return None


class Registration:
    """The modules of a version, for as long as its entrypoints are in use.

    Every entrypoint refers to it, and every invocation to its entrypoint. So the modules are
    removed from `sys.modules` when the version has been replaced and the last request in flight on
    it has ended. makers: for each entrypoint, a function that makes its handler for an `env`.
    methods: what RPC can reach of each entrypoint that is a class. objects: the classes of Durable
    Objects.
    """

    __slots__ = ("__weakref__", "drop", "makers", "methods", "modules", "objects", "version")

    def __init__(self, version: Version) -> None:
        """Compile the modules of `version` and register its main module, which has not run."""
        self.version = version
        self.makers: dict[str, Makers] = {}
        self.methods: dict[str, Mapping[str, Any]] = {}
        self.objects: dict[str, PythonObjectClass] = {}
        self.modules = Modules(version)
        self.drop = weakref.finalize(self, self.modules.drop)
        self.drop.atexit = False

    def find_entrypoints(self) -> None:
        """Find the entrypoints and the classes of objects in the main module, which has run."""
        main, version = self.modules.main, self.version
        for name, makers, methods in _entrypoints(main, version.service):
            self.makers[name] = makers
            self.methods[name] = methods
        for name, cls in classes_of_objects(main):
            self.objects[name] = PythonObjectClass(cls, version, self)

    def make(self, name: str) -> PythonEntrypoint:
        """Make an entrypoint of the module anew; KeyError when it has none of this name."""
        env = self.version.env
        handlers = {event: make(env) for event, make in self.makers[name].items()}
        return PythonEntrypoint(self.version, self, handlers, self.methods.get(name, {}))


def _entrypoints(
    module: types.ModuleType, service: str
) -> Iterator[tuple[str, Makers, Mapping[str, Any]]]:
    """Yield the entrypoints of a main module: name, what makes its handlers, what RPC can reach.

    All subclasses of WorkerEntrypoint that are visible in the module, as on the platform: also one
    from another module, or one that a function has made.
    """
    defaults: set[Any] = set()
    visible = vars(module)
    exported = getattr(module, "__all__", None)
    for name, value in list(visible.items()):
        if name.startswith("_") or (exported is not None and name not in exported):
            continue
        if not isinstance(value, type) or not issubclass(value, WorkerEntrypoint):
            continue
        if value is WorkerEntrypoint:
            continue
        # A class under two names is one entrypoint; one whose own name leads elsewhere is another.
        own = value.__name__
        entrypoint = own if own == DEFAULT or visible.get(own) is value else name
        if entrypoint == DEFAULT:
            defaults.add(value)
        makers = {
            event: _method_maker(value, event)
            for event in HANDLERS
            if callable(getattr(value, event, None))
        }
        methods = methods_of(value, WorkerEntrypoint)
        makers[RPC] = rpc_maker(value, methods, service)
        yield entrypoint, makers, methods
    if len(defaults) > 1:
        raise TypeError(PlatformText.TWO_DEFAULTS)
    functions = {event: getattr(module, f"on_{event}", None) for event in HANDLERS}
    makers = {event: _function_maker(f, event) for event, f in functions.items() if callable(f)}
    if makers and not defaults:
        yield DEFAULT, makers, {}


def _method_maker(cls: type[Any], event: str) -> Callable[[Any], Handler]:
    """Return what makes the handler of a class. What can be decided once is decided here."""
    method = getattr(cls, event)
    takes = _arguments(method, event) - 1
    if not has_own_constructor(cls) and takes == 1 and inspect.iscoroutinefunction(method):
        empty = partial(object.__new__, cls)

        def make(env: Any) -> Handler:
            def handler(argument: Any, invocation: RunningInvocation) -> Awaitable[Any]:
                worker = empty()
                worker.env = env
                worker._invocation = invocation
                return method(worker, argument)  # type: ignore[no-any-return]

            return handler

    else:

        def make(env: Any) -> Handler:
            def handler(argument: Any, invocation: RunningInvocation) -> Awaitable[Any]:
                context = ExecutionContext(invocation)
                worker = cls(context, env)
                return _await_if_needed(getattr(worker, event)(*(argument, env, context)[:takes]))

            return handler

    return make if event in RELAXED else _explaining(make, method, event, ("self",))


def _function_maker(function: Callable[..., Any], event: str) -> Callable[[Any], Handler]:
    """Return what makes the handler of an `on_fetch(request, env, ctx)` function."""
    takes = _arguments(function, event)

    def make(env: Any) -> Handler:
        def handler(argument: Any, invocation: RunningInvocation) -> Awaitable[Any]:
            return _await_if_needed(
                function(*(argument, env, ExecutionContext(invocation))[:takes])
            )

        return handler

    return make if event in RELAXED else _explaining(make, function, event, ())


def _explaining(
    make: Callable[[Any], Handler],
    function: Callable[..., Any],
    event: str,
    before: tuple[str, ...],
) -> Callable[[Any], Handler]:
    """Return `make` with a note on the TypeError of a handler that takes other parameters.

    before: the parameters before the event's own.
    """
    parameters = (*before, _PARAMETERS.get(event, "event"), "env", "ctx")
    try:
        inspect.signature(function).bind(*parameters)
        return make
    except TypeError:
        written = f"async def {function.__name__}({', '.join(parameters)})"
    except ValueError:  # A function of C's that does not tell its signature.
        return make

    def make_explaining(env: Any) -> Handler:
        handler = make(env)

        def explaining(argument: Any, invocation: RunningInvocation) -> Awaitable[Any]:
            try:
                return handler(argument, invocation)
            except TypeError as error:
                raise with_notes(error, f"The platform passes all of its arguments: {written}")  # noqa: B904 - it is the same error

        return explaining

    return make_explaining


_PARAMETERS = {"scheduled": "controller", "tail": "events", "queue": "batch"}
"""What the first argument of a handler is called in the platform's documentation."""


async def _await_if_needed(result: Any) -> Any:
    """Return the result of a handler, which may be a plain or a coroutine function."""
    if inspect.isawaitable(result):
        result = await result
    return result


RELAXED = frozenset({"fetch", "test", "alarm"})
"""The handlers that may take fewer arguments than the platform has for them."""


def _arguments(function: Callable[..., Any], event: str) -> int:
    """Return how many arguments a handler is given, `self` included for a method.

    The platform drops those that a handler of RELAXED does not take; other handlers get all.
    """
    if event not in RELAXED:
        return 4
    kinds = inspect.Parameter
    count = 0
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is kinds.VAR_POSITIONAL:
            return 4
        if parameter.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
            count += 1
    return count
