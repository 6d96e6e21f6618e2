"""Realms: a version's modules, loaded in a heap of their own on one thread."""

from __future__ import annotations

import linecache
import posixpath
import threading
import weakref
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from workernb.errors import (
    CanceledError,
    StartupError,
    UsageError,
    notes_of,
    on_one_line,
    with_notes,
)
from workernb.resources.durable_objects.namespace import DurableObjectNamespace
from workernb.resources.r2.bucket import R2Bucket
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.enforcement.startup import Loading
from workernb.runtime.services.versions import Version, module_filename
from workernb.texts import PlatformText
from workernb.workers.current import current
from workernb.workers.env import values_of

from . import stacks
from .bindings import binding_functions
from .bodies import body_functions
from .boundary import Host
from .calls import rpc_functions
from .hibernation import hibernation_functions
from .hooks import RunHooks
from .host import install
from .host.bytecode import without_sources
from .invocations import invocation_functions
from .machine import Machine, ScriptError, compile_script
from .messages import message_functions
from .objects import object_functions
from .platform import PLATFORM_MODULE, PLATFORM_SOURCE, missing_module
from .run import Run
from .sockets import socket_functions
from .storage import storage_functions
from .stores import store_functions
from .values import written

SCRIPTS = (
    "errors", "operations", "bodies", "messages", "values", "rpc", "stores", "r2", "caches",
    "queues", "objects", "workers", "websockets", "storage", "handlers",
)  # fmt: skip
"""Our own scripts, in the order in which each takes what it needs from those before."""


def scripts_for(version: Version) -> list[str]:
    """Return the names of the scripts that a version needs: a heap that lacks some is smaller."""
    kinds = {type(value) for value in values_of(version.env).values()}
    has_classes = _has_word(version, "DurableObject")
    needed = {
        "r2": R2Bucket in kinds,
        "objects": has_classes or DurableObjectNamespace in kinds,
        "storage": has_classes,
        "websockets": _has_word(version, "WebSocket", "webSocket"),
    }
    return [name for name in SCRIPTS if needed.get(name, True)]


@cache
def _scripts() -> dict[str, bytes]:
    """Return our own scripts in the engine's form, which are made once for a process."""
    folder = files("workernb.engines.javascript") / "scripts"
    sources = {name: (folder / f"{name}.js").read_text("utf-8") for name in SCRIPTS}
    return {
        name: without_sources(compile_script(source, f"workernb:{name}.js"))
        for name, source in sources.items()
    }


def _has_word(version: Version, *words: str) -> bool:
    """Return whether the modules of a version contain one of some words."""
    definition = version.definition
    sources = (definition.source, *definition.modules.values())
    return any(word in source for source in sources for word in words)


WORDS_OF_BYTES = ("byob", "BYOB", "bytes", "ByteStream")
"""Words of which a source has one that uses BYOB readers, or makes streams of bytes."""

DURABLE = "durable"
"""The kind of what is found that is a class of Durable Objects."""


class Discovered(NamedTuple):
    """What a module exports. kind: `class`, `object`, `durable`. members: names of its methods."""

    name: str
    kind: str
    members: list[str]


class Realm:
    """A version's modules as they run on one thread.

    files: the file names of its modules in frames, by their names in the engine. is_dead: whether
    it is to be replaced: its memory was full, or a request's jobs had no end.
    """

    def __init__(self, version: Version, now: Callable[[], float]) -> None:
        """Load the version's modules. Raises what they throw, SyntaxError, StartupError.

        now: returns the time by the runtime's clock, in s since the epoch.
        """
        self.version = version
        self._now = now
        self.memory_mb = version.memory_limit_mb
        self.is_dead = False
        self.thread = threading.get_ident()
        self.host = host = Host(version)
        self.found: list[Discovered] = []
        main = version.filename
        self.files = {main: main}
        self._paths = {main: version.definition.source}
        for path, source in version.definition.modules.items():
            self.files[path] = module_filename(main, path)
            self._paths[path] = source
        for name, file in self.files.items():
            source = self._paths[name]
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        self.machine = machine = Machine(_weakly_asked(host), self.memory_mb)
        machine.load_modules(_loader(version, self._paths))
        host.wrap = _weakly(machine)
        self._install()
        self._load()
        get = self._internal.get
        self.enter_fetch, self.enter_event = get("enterFetch"), get("enterEvent")
        self.settle, self.settle_response = get("settle"), get("settleResponse")
        self.fail, self.forget = get("fail"), get("forget")
        self.make_object, self.enter_object = get("makeObject"), get("enterObject")
        self.enter_rpc, self.enter_exported = get("enterRpc"), get("enterExported")
        self.enter_dispose = get("enterDispose")
        self.socket_event = get("socketEvent")
        self.pull_stream, self.cancel_stream = get("pullStream"), get("cancelStream")
        self.index = {each.name: number for number, each in enumerate(self.found)}

    def _install(self) -> None:
        """Evaluate our own scripts."""
        host: Any = weakref.proxy(self.host)
        machine = self.machine
        found = self.found
        functions: dict[str, Callable[..., Any]] = {
            "failure": host.failure,
            "hasFailed": host.has_failed,
            "discovered": lambda name, kind, members: found.append(
                Discovered(name, kind, members.to_python())
            ),
            "wrongDefault": lambda given: _refuse_default(host, given),
            **message_functions(host, host.wrap),
            **body_functions(host, host.wrap),
            **binding_functions(host),
            **invocation_functions(host),
            **rpc_functions(host),
            **store_functions(host),
            **object_functions(host),
            **storage_functions(host),
            **socket_functions(host, host.wrap),
            **hibernation_functions(host, host.wrap),
        }
        exposed = machine.host_object(functions)
        self._hooks = RunHooks(host, self._now)
        web = install(
            machine.context, self._hooks, with_bytes=_has_word(self.version, *WORDS_OF_BYTES)
        )
        self._internal = web.value
        self.fire_timer, self.forget_timer = web.get("fireTimer"), web.get("forgetTimer")
        scripts, self._scripts = _scripts(), scripts_for(self.version)
        for name in self._scripts:
            machine.call(machine.script(scripts[name]), exposed, self._internal)
        self._hooks.describe = web.get("describe")
        machine.set_global("__workernb", self._internal)
        machine.run_module(f"import {PLATFORM_MODULE!r}", "workernb:platform")
        self._drain()
        machine.delete_global("__workernb")

    def _load(self) -> None:
        version, host = self.version, self.host
        host.loading = loading = Loading(version.env, version.startup_limit_ms, self._now)
        token = current.set(loading)
        try:
            with guard.loading():
                self._evaluate(f"import {version.filename!r}")
        finally:
            current.reset(token)
            version.startup_ms = loading.cpu_ms
            host.loading = None
        self.machine.set_global("__workernb", self._internal.get("discover"))
        self._evaluate(f"import * as it from {version.filename!r}; __workernb(it)")
        self.machine.delete_global("__workernb")
        if any(one.kind == DURABLE for one in self.found) and "storage" not in self._scripts:
            raise with_notes(
                UsageError("A class of Durable Objects extends one that was not imported by name."),
                "Write import { DurableObject } from 'cloudflare:workers'.",
            )

    def _evaluate(self, source: str) -> None:
        machine, host = self.machine, self.host
        promise: Any = None
        thrown: ScriptError | None = None
        try:
            promise = machine.run_module(source, "workernb:load")
            self._drain()
            if machine.state(promise) == "rejected":
                machine.result(promise)
        except ScriptError as error:
            thrown = error
        if host.load_error is not None:
            raise self._cut(host.load_error, thrown) from None
        if thrown is not None:
            raise self._load_error(thrown) from None
        if machine.state(promise) == "pending":
            raise with_notes(
                UsageError(f"The module of Worker {self.version.service!r} never ends to load."),
                "It awaits, outside of any handler, what only a handler can wait for.",
            )

    def _drain(self) -> None:
        while self.machine.has_jobs and self.host.load_error is None:
            self.machine.run_job()

    def _cut(self, error: BaseException, thrown: ScriptError | None) -> BaseException:
        """Return what the definition raises for a module that was cut as it loaded."""
        frames = stacks.frames_of(thrown.stack if thrown else "", self.files)
        if isinstance(error, KeyboardInterrupt):
            text = f"The module of Worker {self.version.service!r} was interrupted."
            return on_one_line(CanceledError(text), text)
        if isinstance(error, UsageError):
            return error
        made = with_notes(StartupError(PlatformText.STARTUP), *notes_of(error))
        if frames:
            made.__traceback__ = stacks.traceback_from(frames)
        return made

    def _load_error(self, thrown: ScriptError) -> BaseException:
        """Return the exception for what a module threw as it loaded."""
        failed, self.host.failed = self.host.failed, None
        text = str(thrown)
        name, _, message = text.partition(": ")
        if name == "SyntaxError":
            sources = {self.files[key]: source for key, source in self._paths.items()}
            return missing_module(
                stacks.syntax_error(text, thrown.stack, self.files, sources), message, self._paths
            )
        if failed is not None and str(failed) in text:
            failed.__traceback__ = stacks.traceback_from(stacks.frames_of(thrown.stack, self.files))
            return failed
        error = stacks.make_error(
            name if message else "", message or text, thrown.stack, self.files
        )
        return missing_module(error, text, self._paths)

    def written(self, values: list[Any], run: Any) -> list[Any]:
        """Return values as a list that JavaScript reads."""
        return written(values, run)

    # Runs

    def wake_others(self, run: Run) -> None:
        """Let the other runs look again: a promise that they share may be settled."""
        runs = self.host.runs
        if len(runs) > (run.number in runs):
            for other in list(runs.values()):
                if other is not run:
                    other.wake()

    def others_can_act(self, run: Run) -> bool:
        """Return whether any other run may settle a promise."""
        return any(other.can_act for other in self.host.runs.values() if other is not run)


def _weakly_asked(host: Host) -> Callable[[], bool]:
    """Return what asks whether code must end, without keeping the host alive."""
    weak: Host = weakref.proxy(host)

    def must_end() -> bool:
        return weak.must_end()

    return must_end


def _weakly(machine: Machine) -> Callable[[Any], Any]:
    """Return what wraps a Python object for JavaScript, without keeping the machine alive."""
    reference = weakref.ref(machine)

    def wrap(value: Any) -> Any:
        found = reference()
        assert found is not None  # It is what calls this.
        return found.wrap(value)

    return wrap


def _refuse_default(host: Host, given: str) -> None:
    host.load_error = with_notes(
        UsageError(f"The default export of Worker {host.version.service!r} is {given}."),
        "Export an object of handlers, export default { async fetch(request, env, ctx) { … } }, "
        "or a class that extends WorkerEntrypoint.",
    )


def _loader(version: Version, sources: dict[str, str]) -> Callable[[str], str | None]:
    """Return what gives the source of a module by the name that the engine asks for."""
    main = version.definition.main
    filename = version.filename

    def load(name: str) -> str | None:
        if name == PLATFORM_MODULE:
            return PLATFORM_SOURCE
        path = posixpath.normpath(name) if "/" in name else name
        if path == main and path not in sources:
            return f"export * from {filename!r}; export {{ default }} from {filename!r};"
        source = sources.get(path)
        if source is not None and path.endswith(".json"):
            return f"export default {source}"
        if source is not None and path.endswith((".txt", ".html", ".sql")):
            import json

            return f"export default {json.dumps(source)}"
        return source

    return load


def check_module(source: str, filename: str) -> None:
    """Raise SyntaxError if `source` is no module of JavaScript's."""
    try:
        Machine(lambda: False, 64).compile_module(source, filename)
    except ScriptError as error:
        files, sources = {filename: filename}, {filename: source}
        raise stacks.syntax_error(str(error), error.stack, files, sources) from None
