"""The JavaScript engine: from source text to entrypoints, each call of which is a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from workernb.errors import RpcError, with_notes
from workernb.runtime.enforcement.startup import run_import
from workernb.runtime.events.rpc import RESERVED_ON_ENTRYPOINTS, RPC, no_method
from workernb.runtime.services.engine import HANDLERS, Handler, ObjectClass
from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.services.versions import Version, code_in_use
from workernb.texts import PlatformText
from workernb.workers.current import RunningInvocation
from workernb.workers.events import MessageBatch

from .classes import ScriptObjectClass
from .realm import DURABLE, Discovered, Realm
from .run import Run
from .stores import moment
from .values import written


class JavaScriptEngine:
    """The engine for JavaScript modules, as Wrangler deploys them."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Make an engine. now: returns the time by the runtime's clock, in s since the epoch."""
        self._now = now

    def load(self, version: Version) -> JavaScriptIsolate:
        """Evaluate the modules of `version`, and find the entrypoints in its main module.

        Raises SyntaxError, StartupError, and what the code throws; UsageError where the engine is
        not installed, or the default export is no entrypoint.
        """
        return JavaScriptIsolate(Loaded(version, self._now))


class Loaded:
    """A loaded version: a realm for each thread that has called it, and what makes entrypoints.

    Entrypoints refer to it, and it to none of them: a heap must not wait for a garbage collection.
    """

    def __init__(self, version: Version, now: Callable[[], float]) -> None:
        """Load the version on this thread. now: returns the time, in s since the epoch."""
        self.version = version
        self._now = now
        self._realms: dict[int, Realm] = {}
        code_in_use[version.filename] = self
        try:
            realm = self.realm()
        except BaseException:
            # Not left to the collector: the traceback keeps this object alive.
            code_in_use.pop(version.filename, None)
            raise
        self.makers = {_public(one.name): one for one in realm.found if one.kind != DURABLE}
        self._durable = {_public(one.name): one for one in realm.found if one.kind == DURABLE}

    @property
    def objects(self) -> Mapping[str, ObjectClass]:
        """The classes of Durable Objects, by name; made anew, since they refer to this object."""
        return {name: self._object_class(found) for name, found in self._durable.items()}

    def _object_class(self, found: Discovered) -> ObjectClass:
        members, receiver = frozenset(found.members), f"The class {found.name}"
        methods = {name: _named(name) for name in found.members}
        return ScriptObjectClass(
            self.realm, found, methods, lambda call: _check_call(call, members, receiver)
        )

    def make(self, name: str) -> JavaScriptEntrypoint:
        """Make an entrypoint; KeyError if there is none of this name."""
        return JavaScriptEntrypoint(self, self.makers[name])

    def realm(self) -> Realm:
        """Return the realm of this thread, which is loaded anew where it is none yet, or dead.

        A request that needs a new one is charged for it no more than for an import.
        """
        realm = self._realms.get(threading.get_ident())
        if realm is not None and not realm.is_dead:
            return realm
        del realm  # Else a dead heap would be freed later, in the budget of the request.
        return run_import(self._load_realm)

    def _load_realm(self) -> Realm:
        thread = threading.get_ident()
        self._realms.pop(thread, None)
        self._realms[thread] = realm = Realm(self.version, self._now)
        return realm


class JavaScriptIsolate:
    """A loaded version of a Worker, with its entrypoints."""

    def __init__(self, exporter: Loaded) -> None:
        """Make the entrypoints."""
        self.exporter = exporter
        self.objects = exporter.objects
        self.entrypoints = {name: exporter.make(name) for name in exporter.makers}


def _public(name: str) -> str:
    """Return what an export is called as an entrypoint."""
    return DEFAULT if name == "default" else name


class JavaScriptEntrypoint:
    """A class of a module, or an object of handlers, ready to handle events."""

    __slots__ = ("handlers", "loaded", "methods", "service", "version")

    def __init__(self, loaded: Loaded, found: Discovered) -> None:
        """Make the handlers by name."""
        self.loaded = loaded
        self.version: Version | None = loaded.version
        self.service = loaded.version.service
        self.handlers: dict[str, Handler] = {
            name: _MAKERS.get(name, _event_maker(name))(loaded, found.name)
            for name in HANDLERS
            if name in found.members
        }
        self.methods: Mapping[str, Any] = {}
        if found.kind == "class":
            self.methods = {name: _named(name) for name in found.members}
            self.handlers[RPC] = _make_rpc(loaded, found)


def _make_fetch(loaded: Loaded, export: str) -> Handler:
    """Return what runs the fetch handler of an export."""

    async def fetch(request: Any, invocation: RunningInvocation) -> Any:
        realm = loaded.realm()
        run = Run(realm, invocation)
        try:
            handle = realm.machine.wrap(request)
            run.enter(realm.enter_fetch, realm.index[export], run.number, handle)
            return await run.result()
        finally:
            run.leave()

    return fetch


def _event_maker(name: str) -> Callable[[Loaded, str], Handler]:
    """Return what makes the handler of an event."""

    def make(loaded: Loaded, export: str) -> Handler:
        async def handler(argument: Any, invocation: RunningInvocation) -> Any:
            realm = loaded.realm()
            run = Run(realm, invocation)
            run.argument = argument
            try:
                parts = written(_values_of(name, argument), run)
                run.enter(realm.enter_event, realm.index[export], run.number, name, parts)
                return await run.result()
            finally:
                run.leave()

        return handler

    return make


def _values_of(event: str, argument: Any) -> list[Any]:
    """Return the values that JavaScript makes a handler's argument of."""
    if event == "scheduled":
        return [{"scheduledTime": argument.scheduledTime, "cron": argument.cron}]
    if event == "queue":
        return [_batch(argument)]
    if event == "tail":
        requests = [item.event and item.event.get("request") for item in argument]
        return [argument, [one and one.getUnredacted() for one in requests]]
    return [argument]


def _batch(batch: MessageBatch) -> dict[str, Any]:
    """Return a batch as `queues.js` reads it."""
    metrics = {name: moment(value) for name, value in batch.metadata["metrics"].items()}
    messages = [
        {
            "id": each.id,
            "timestamp": moment(each.timestamp),
            "body": each.body,
            "attempts": each.attempts,
        }
        for each in batch.messages
    ]
    return {"queue": batch.queue, "messages": messages, "metadata": {"metrics": metrics}}


_MAKERS: dict[str, Callable[[Loaded, str], Handler]] = {"fetch": _make_fetch}


def _named(name: str) -> Callable[..., Any]:
    """Return what stands for a method of JavaScript's, whose parameters are not known."""

    def method(self: Any, *args: Any) -> None:
        """Do nothing: JavaScript has the method."""

    method.__name__ = method.__qualname__ = name
    return method


def _make_rpc(loaded: Loaded, found: Discovered) -> Handler:
    """Return what handles calls over RPC of a class."""
    members, service = frozenset(found.members), loaded.version.service

    async def rpc(call: Any, invocation: RunningInvocation) -> Any:
        _check_call(call, members, f"Worker {service!r}")
        realm = loaded.realm()
        run = Run(realm, invocation)
        try:
            parts = None if call._args is None else written(call._args, run)
            path = list(call._path)
            run.enter(realm.enter_rpc, realm.index[found.name], run.number, path, parts)
            return await run.result()
        finally:
            run.leave()

    return rpc


def _check_call(call: Any, members: Collection[str], receiver: str) -> None:
    """Raise RpcError for a method that RPC does not reach, TypeError for arguments by name."""
    name = call._path[0]
    if name in RESERVED_ON_ENTRYPOINTS:
        raise RpcError(PlatformText.RESERVED_METHOD.format(name=name))
    if name not in members:
        raise no_method(name, receiver, members)
    if call._kwargs:
        raise with_notes(
            TypeError(f"{name}() of {receiver} is JavaScript: it takes no arguments by name."),
            f"Pass them in their order, or as a dict: {name}({{{next(iter(call._kwargs))!r}: …}}).",
        )
