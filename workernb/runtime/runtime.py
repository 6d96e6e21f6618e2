"""The runtime: services by name, and the requests that are made of them."""

from __future__ import annotations

import asyncio
import copy
import linecache
import sys
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, TextIO

from workernb.errors import PlatformText, UsageError, did_you_mean, with_notes
from workernb.http import Request
from workernb.runtime.bindings.props import with_props
from workernb.runtime.bindings.service import AbsentEntrypoint, ServiceBinding
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.execution.sync import Call
from workernb.runtime.services.dependents import dependents, describe_dependents
from workernb.runtime.services.deployments import Deployment
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.engine import Engine, Entrypoint, Isolate
from workernb.runtime.services.history import CHANGED, DEFINED, DEPLOYED, REMOVED, Change
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.routes import best
from workernb.runtime.services.service import Definition, Service, Version
from workernb.runtime.services.targets import DEFAULT, Target, missing, near
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.threads import this_thread
from workernb.runtime.tracing.traces import Trace, Traces
from workernb.workers.env import Env

from .handles import Handle
from .redaction import Redactor


class Runtime:
    """A system of Workers, and the thread that they share.

    services: by name, in the order of their definition; undefined ones that something is bound to
    are among them. traces: of requests that have ended, newest last, at most 1,000. in_flight: of
    those that have not. history: all that was defined, changed, deployed and removed, oldest first.
    random: what splits the traffic between two versions. on_finished: called with each trace that
    ends; on_changed: with each Change, once it is in the history. limits: of a request.
    """

    def __init__(self, engine: Engine, limits: Limits | None = None) -> None:
        """Make an empty runtime; `workernb.Runtime()` gives it its engine."""
        self.limits = limits or Limits()
        self.services: dict[str, Service] = {}
        self.traces = Traces()
        self.in_flight: set[Trace] = set()
        self.history: list[Change] = []
        self.random = Random()
        self.on_finished: list[Callable[[Trace], None]] = []
        self.on_changed: list[Callable[[Change], None]] = []
        self.redactor = Redactor()
        self._engine = engine
        self._requests = 0
        self._home: asyncio.AbstractEventLoop | None = None
        self._home_thread = 0
        self._private_loop: asyncio.AbstractEventLoop | None = None

    # Services

    def define(
        self, name: str, source: str, *, reason: str = "define()", **settings: Any
    ) -> Handle:
        """Define a service, or make a new version of it, and return its handle.

        settings: services={"AUTH": "auth"}, vars, secrets, routes=["example.com/*"], public,
        limits={"cpu_ms": 50} (or Limits), compatibility_date, environment, version_metadata, tag.
        In an environment, limits and date are those of the same Worker outside of it unless they
        are given; nothing else is.
        reason: who did it, in words, for the history. Raises UsageError for what is refused, and
        what the source raises when it is loaded; the version that serves then goes on serving.
        """
        try:
            definition = Definition.make(name, source, **settings)
        except TypeError as error:
            raise UsageError(str(error).replace("Definition.make()", "define()")) from None
        return self.define_all([(definition, reason)])[0]

    def define_all(self, definitions: Sequence[tuple[Definition, str]]) -> list[Handle]:
        """Define several services at once, each for a reason: all of them, or none."""
        whole = [(one.inherit(self._outside(one)), reason) for one, reason in definitions]
        self._adopt(DEFINED, whole)
        for definition, _ in whole:
            self._drop_old_versions(self._defined(definition.name))
        return [self[definition.name] for definition, _ in whole]

    def _outside(self, definition: Definition) -> Definition | None:
        """Return the definition of the same Worker outside of its environment, if there is one."""
        if definition.environment is None or definition.worker not in self:
            return None
        return self._defined(definition.worker).definition

    def change(
        self,
        name: str,
        *,
        services: Mapping[str, str] | None = None,
        vars: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        remove: Collection[str] = (),
        reason: str = "change()",
    ) -> Handle:
        """Change the settings of a defined service, without touching its code.

        services, vars, secrets: what is added or replaced, by name. remove: names, of any kind,
        to take away. What changes anything makes a new version, loaded from the same source, that
        serves from the next call on; a request in flight stays where it was. All or nothing:
        UsageError for what is refused, a target that is not there included, and what the source
        raises when it is loaded.
        """
        service = self._defined(name)
        before = service.definition
        if not service.deployment.stable:
            raise with_notes(
                UsageError(f"Two versions of Worker {name!r} serve: {service.deployment}."),
                f"Settle on one before you change its settings: %deploy {name} "
                f"v{service.deployment.main}",
            )
        after = before.changed(services or {}, vars or {}, secrets or {}, remove)
        for binding, target in after.services.items():
            if before.services.get(binding) != target:
                self._refuse_lost(name, binding, target)
        if after != before:
            self._adopt(CHANGED, [(after, reason)])
            self._drop_old_versions(service)
        return Handle(self, service)

    def _refuse_lost(self, worker: str, binding: str, target: Target) -> None:
        """Refuse a target that is not there. A definition may be ahead of its targets; not this."""
        service = self.services.get(target.service)
        if service is None or not service.versions:
            raise missing(binding, target, list(self))
        if target.entrypoint not in service.entrypoints and target.entrypoint != DEFAULT:
            known = service.entrypoints
            text = PlatformText.NO_SUCH_ENTRYPOINT.format(
                worker=worker,
                binding=binding,
                service=target.service,
                entrypoint=target.entrypoint,
            )
            raise with_notes(
                UsageError(text),
                did_you_mean(target.entrypoint, known)
                or (f"It has {', '.join(known)}." if known else None),
            )

    def deploy(self, name: str, shares: Mapping[int, float], *, reason: str = "deploy()") -> Handle:
        """Let versions of a service serve, each its share in per cent: `{3: 90, 4: 10}`.

        A version that does not serve yet is loaded again, into a new isolate. UsageError for a
        version that is not there, or shares that are not 100 %; what the source raises when it is
        loaded; the deployment then stays as it was.
        """
        service = self._defined(name)
        deployment = Deployment.of(shares)
        if deployment != service.deployment:
            self._deploy(service, deployment, reason)
            self._drop_old_versions(service)
        return Handle(self, service)

    def rollback(self, name: str, *, reason: str = "rollback()") -> Handle:
        """Go back: from two versions to the older, else to the version that served alone before.

        UsageError when there was none.
        """
        service = self._defined(name)
        before = service.before_this()
        if before is None:
            raise UsageError(
                f"Worker {name!r} has nothing to go back to: only {service.deployment} has served."
            )
        return self.deploy(name, dict(before.shares), reason=reason)

    def remove(self, name: str, *, force: bool = False, reason: str = "remove()") -> None:
        """Define a service no more; requests in flight go on.

        UsageError, which names them, when others depend on it; with force they lose it.
        """
        service = self._defined(name)
        callers = [one for one in dependents(self.defined(), name) if one.caller != name]
        if callers and not force:
            raise with_notes(
                UsageError(f"Worker {name!r} is not removed: {describe_dependents(callers)}."),
                f"Unbind them first, or use %remove {name} --force",
            )
        self._remove(service, reason)

    def replay(self, history: Iterable[Change]) -> None:
        """Do again all that a history lists: an empty runtime becomes the same system."""
        for change in history:
            if change.definition is not None:
                self._adopt(change.kind, [(change.definition, change.reason)])
            elif change.shares:
                deployment = Deployment.of(change.shares)
                self._deploy(self._defined(change.service), deployment, change.reason)
            else:
                self._remove(self._defined(change.service), change.reason)
        for service in self.defined():
            self._drop_old_versions(service)

    def _adopt(self, kind: str, definitions: Sequence[tuple[Definition, str]]) -> None:
        """Make a version of each definition, load it, and let it serve: all of them, or none."""
        before = set(self.services)
        loaded: list[tuple[Version, Isolate]] = []
        try:
            for definition, reason in definitions:
                self.redactor.learn(definition.secrets.values())
                number = self._service(definition.name).next_number
                version = Version(number, definition, reason)
                loaded.append((version, self._load(version)))
        except BaseException:
            for name in set(self.services) - before:
                del self.services[name]
            raise
        for version, isolate in loaded:
            service = self.services[version.service]
            replaced = None if service.version is None else service.version.definition
            if not service.versions:
                # Undefined services keep their place only until they are defined.
                self.services[service.name] = self.services.pop(service.name)
            service.versions.append(version)
            deployment = Deployment.of({version.number: 100})
            service.deploy(deployment, {version.number: isolate}, self.random)
            words = describe_change(replaced, version.definition)
            self._note(kind, version.service, version.reason, words, version=version)

    def _load(self, version: Version) -> Isolate:
        version.env = self._env(version)
        filename = _free_filename(f"worker {version}")
        version.filenames = [*(f for f in version.filenames if f != filename), filename]
        version.startup_limit_ms = self.limits_of(version).startup_ms
        return self._engine.load(version)

    def _deploy(self, service: Service, deployment: Deployment, reason: str) -> None:
        versions = [service[number] for number in deployment.numbers]
        isolates = {
            version.number: service.isolates.get(version.number) or self._load(version)
            for version in versions
        }
        service.deploy(deployment, isolates, self.random)
        shares = dict(deployment.shares)
        self._note(DEPLOYED, service.name, reason, f"deployed {deployment}", shares=shares)

    def _remove(self, service: Service, reason: str) -> None:
        for version in service.versions:
            _forget_source(version)
        service.forget()
        self._note(REMOVED, service.name, reason, "removed")

    def _note(self, kind: str, service: str, reason: str, words: str, **more: Any) -> None:
        """Add to the history."""
        reason, words = self.redactor.redact(reason), self.redactor.redact(words)
        change = Change(kind, service, reason, words, **more)
        self.history.append(change)
        for listener in list(self.on_changed):
            listener(change)

    def _drop_old_versions(self, service: Service) -> None:
        running = {call.version for trace in self.in_flight for call in trace.invocations}
        for version in service.drop_old_versions(running):
            _forget_source(version)

    def _service(self, name: str) -> Service:
        return self.services.setdefault(name, Service(name))

    def _env(self, version: Version) -> Env:
        """Build the environment that a version's code sees."""
        definition = version.definition
        worker = definition.name
        values: dict[str, Any] = {
            name: ServiceBinding(
                name,
                target,
                worker,
                with_props(self._service(target.service), target.props),
                self.services,
            )
            for name, target in definition.services.items()
        }
        values.update(copy.deepcopy(dict(definition.vars)))
        values.update(definition.secrets)
        if definition.version_metadata is not None:
            values[definition.version_metadata] = version.metadata
        return Env(values, frozenset(definition.secrets), worker)

    def defined(self) -> list[Service]:
        """Return the services that are defined, in the order of their definition."""
        return [service for service in self.services.values() if service.versions]

    def __getitem__(self, name: str) -> Handle:
        """Return the handle of a service; UsageError when it is not defined."""
        return Handle(self, self._defined(name))

    def __contains__(self, name: object) -> bool:
        return any(service.name == name for service in self.defined())

    def __iter__(self) -> Iterator[str]:
        return iter([service.name for service in self.defined()])

    def __len__(self) -> int:
        return len(self.defined())

    def _defined(self, name: str) -> Service:
        service = self.services.get(name)
        if service is None or not service.versions:
            raise self._unknown(name)
        return service

    def _unknown(self, name: str) -> UsageError:
        remedy = near(name, [service.name for service in self.defined()])
        return with_notes(UsageError(f"There is no Worker {name!r}."), remedy)

    # Requests

    def call(
        self, target: Target, request: Request, *, owner: bool = True, echo: TextIO | None = None
    ) -> Call:
        """Make a top-level request of what `target` names; `request` is given away.

        owner: whether by name, or as an outsider. echo: where prints go besides the trace; the
        cell's own output when there is none.
        """
        service = self._defined(target.service)
        entrypoint: Any = with_props(service, target.props).entrypoints.get(target.entrypoint)
        if entrypoint is None:
            absent = AbsentEntrypoint
            entrypoint = absent(None, target, "the notebook", service.version, self.services)
        limits = self.limits_of(service.version)
        return Call(self, entrypoint, request, limits, owner, echo or sys.stdout)

    def limits_of(self, version: Version | None) -> Limits:
        """Return the limits of a Worker: its own, or the runtime's."""
        return self.limits if version is None else version.limits(self.limits)

    def route(self, url: str) -> Target | None:
        """Return what an outsider's request to `url` reaches, or None: no route leads there."""
        name = best(
            ((route, one.name) for one in self.defined() for route in one.definition.routes), url
        )
        return None if name is None else Target(name)

    def start(
        self, entrypoint: Entrypoint, request: Request, limits: Limits, owner: bool, echo: TextIO
    ) -> Invocation:
        """Make the trace and the first invocation of a request that runs on this thread."""
        self._requests += 1
        trace = Trace(self._requests, limits, self, this_thread(), owner, echo)
        root = Invocation(trace, None, None, entrypoint, request, 1)
        trace.recorded.append(root)
        self.in_flight.add(trace)
        return root

    def finished(self, trace: Trace) -> None:
        """Keep the trace of a request that has ended, and tell who listens."""
        self.in_flight.discard(trace)
        guard.leave(trace)
        self.traces.keep(trace)
        for listener in list(self.on_finished):
            listener(trace)

    # Loops

    def home_elsewhere(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop in another thread that the runtime's requests run on, if there is one.

        The first loop that makes a request is the home of all, for as long as it runs.
        """
        running = asyncio._get_running_loop()
        if running is not None and running is self._home:
            return None
        here = this_thread().ident
        if self._home is not None and self._home.is_running():
            return None if self._home_thread == here else self._home
        if running is not None:
            self._home, self._home_thread = running, here
        return None

    def private_loop(self) -> asyncio.AbstractEventLoop:
        """Return a loop for synchronous calls where none runs; the same one each time."""
        if self._private_loop is None or self._private_loop.is_closed():
            self._private_loop = asyncio.new_event_loop()
            weakref.finalize(self, self._private_loop.close)
        return self._private_loop

    def close(self) -> None:
        """Forget all services; requests in flight go on."""
        for service in self.services.values():
            service.forget()
        self.services.clear()
        if self._private_loop is not None:
            self._private_loop.close()

    def __repr__(self) -> str:
        return f"<Runtime with {', '.join(self) or 'no Workers'}>"


def _forget_source(version: Version) -> None:
    for filename in version.filenames:
        linecache.cache.pop(filename, None)


def _free_filename(name: str) -> str:
    """Return `<name>`, or `<name (2)>` where another runtime's code is called that."""
    filename, count = f"<{name}>", 1
    while filename in sys.modules:
        count += 1
        filename = f"<{name} ({count})>"
    return filename
