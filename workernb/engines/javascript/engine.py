"""The JavaScript engine: from source text to entrypoints, each call of which is a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from workernb.runtime.services.engine import HANDLERS, Handler
from workernb.runtime.services.targets import DEFAULT
from workernb.runtime.services.versions import Version, code_in_use
from workernb.workers.current import RunningInvocation

from .realm import Discovered, Realm
from .run import Run


class JavaScriptEngine:
    """The engine for JavaScript modules, as Wrangler deploys them."""

    def load(self, version: Version) -> JavaScriptIsolate:
        """Evaluate the modules of `version`, and find the entrypoints in its main module.

        Raises SyntaxError, StartupError, and what the code throws; UsageError where the engine is
        not installed, or the default export is no entrypoint.
        """
        return JavaScriptIsolate(Loaded(version))


class Loaded:
    """A loaded version: a realm for each thread that has called it, and what makes entrypoints.

    Entrypoints refer to it, and it to none of them: a heap must not wait for a garbage collection.
    """

    def __init__(self, version: Version) -> None:
        """Load the version on this thread."""
        self.version = version
        self._realms: dict[int, Realm] = {}
        code_in_use[version.filename] = self
        try:
            realm = self.realm()
        except BaseException:
            # Not left to the collector: the traceback keeps this object alive.
            code_in_use.pop(version.filename, None)
            raise
        self.makers = {_public(each.name): each for each in realm.found}

    def make(self, name: str) -> JavaScriptEntrypoint:
        """Make an entrypoint; KeyError if there is none of this name."""
        return JavaScriptEntrypoint(self, self.makers[name])

    def realm(self) -> Realm:
        """Return the realm of this thread, which is loaded anew where it is none yet, or dead."""
        thread = threading.get_ident()
        realm = self._realms.get(thread)
        if realm is None or realm.is_dead:
            self._realms[thread] = realm = Realm(self.version)
        return realm


class JavaScriptIsolate:
    """A loaded version of a Worker, with its entrypoints."""

    def __init__(self, exporter: Loaded) -> None:
        """Make the entrypoints."""
        self.exporter = exporter
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
    """Return what makes the handler of an event whose argument is given as JSON."""

    def make(loaded: Loaded, export: str) -> Handler:
        async def handler(argument: Any, invocation: RunningInvocation) -> Any:
            realm = loaded.realm()
            run = Run(realm, invocation)
            try:
                run.enter(realm.enter_event, realm.index[export], run.number, name, None)
                return await run.result()
            finally:
                run.leave()

        return handler

    return make


_MAKERS: dict[str, Callable[[Loaded, str], Handler]] = {"fetch": _make_fetch}
