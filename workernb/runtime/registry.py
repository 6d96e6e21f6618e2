"""The registry: services by name; defining, changing, deploying, removing and replaying them."""

from __future__ import annotations

import linecache
import sys
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from workernb.errors import PlatformText, UsageError, did_you_mean, with_notes
from workernb.runtime.bindings.entrypoints import entrypoints_of, with_props
from workernb.runtime.bindings.exports import Exports
from workernb.runtime.bindings.service import ServiceBinding
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.dependents import dependents, describe_dependents
from workernb.runtime.services.deployments import Deployment
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.engine import Engine, Isolate
from workernb.runtime.services.history import CHANGED, DEFINED, DEPLOYED, REMOVED, Change
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT, Target, missing, near
from workernb.runtime.services.versions import Version
from workernb.workers.env import Env, VersionMetadata

from .handles import Handle
from .redaction import Redactor


class Registry(ABC):
    """The services of a runtime, by name, and all that was done to them.

    services: in the order of their definition; undefined ones that something is bound to are among
    them. history: all that was defined, changed, deployed and removed, oldest first. random: what
    splits the traffic between two versions. on_changed: called with each Change, once it is in the
    history.
    """

    def __init__(self, engine: Engine, limits: Limits | None = None) -> None:
        """Begin without services. limits: of a Worker that has none of its own."""
        self.limits = limits or Limits()
        self.services: dict[str, Service] = {}
        self.history: list[Change] = []
        self.random = Random()
        self.on_changed: list[Callable[[Change], None]] = []
        self.redactor = Redactor()
        self._engine = engine

    def define(
        self, name: str, source: str, *, reason: str = "define()", **settings: Any
    ) -> Handle:
        """Define a service, or make a new version of it, and return its handle.

        settings: services={"AUTH": "auth"}, vars, secrets and what other kinds of bindings there
        are, routes=["example.com/*"], public, limits={"cpu_ms": 50} (or Limits),
        compatibility_date, environment, version_metadata, tag.
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
        whole = [(each.inherit(self._outside(each)), reason) for each, reason in definitions]
        self._adopt(DEFINED, whole)
        services = [self.defined_service(definition.name) for definition, _ in whole]
        for service in services:
            self._drop_old_versions(service)
        return [self.handle(service) for service in services]

    def _outside(self, definition: Definition) -> Definition | None:
        """Return the definition of the same Worker outside of its environment, if there is one."""
        if definition.environment is None or definition.worker not in self:
            return None
        return self.defined_service(definition.worker).definition

    def change(
        self,
        name: str,
        *,
        remove: Collection[str] = (),
        reason: str = "change()",
        **bindings: Any,
    ) -> Handle:
        """Change the bindings of a defined service, without touching its code.

        bindings: what is added or replaced, by the keyword of its kind and then by name:
        services={"AUTH": "auth"}, vars, secrets. remove: names, of any kind, to take away. What
        changes anything makes a new version, loaded from the same source, that serves from the
        next call on; a request in flight stays where it was. All or nothing: UsageError for what
        is refused, a target that is not there included, and what the source raises when it is
        loaded.
        """
        service = self.defined_service(name)
        before = service.definition
        if not service.deployment.stable:
            raise with_notes(
                UsageError(f"Two versions of Worker {name!r} serve: {service.deployment}."),
                f"Settle on one before you change its settings: %deploy {name} "
                f"v{service.deployment.main}",
            )
        given = {keyword: values for keyword, values in bindings.items() if values is not None}
        after = before.changed(given, remove)
        for binding, target in after.services.items():
            if before.services.get(binding) != target:
                self._refuse_missing_target(name, binding, target)
        if after != before:
            self._adopt(CHANGED, [(after, reason)])
            self._drop_old_versions(service)
        return self.handle(service)

    def _refuse_missing_target(self, worker: str, binding: str, target: Target) -> None:
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
        service = self.defined_service(name)
        deployment = Deployment.of(shares)
        if deployment != service.deployment:
            self._deploy(service, deployment, reason)
            self._drop_old_versions(service)
        return self.handle(service)

    def rollback(self, name: str, *, reason: str = "rollback()") -> Handle:
        """Go back: from two versions to the older, else to the version that served alone before.

        UsageError when there was none.
        """
        service = self.defined_service(name)
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
        service = self.defined_service(name)
        callers = [each for each in dependents(self.defined(), name) if each.caller != name]
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
                self._deploy(self.defined_service(change.service), deployment, change.reason)
            else:
                self._remove(self.defined_service(change.service), change.reason)
        for service in self.defined():
            self._drop_old_versions(service)

    # Versions and what they are loaded into

    def _adopt(self, kind: str, definitions: Sequence[tuple[Definition, str]]) -> None:
        """Make a version of each definition, load it, and let it serve: all of them, or none."""
        before = set(self.services)
        loaded: list[tuple[Version, Isolate]] = []
        try:
            for definition, reason in definitions:
                self.redactor.learn(definition.secret_values())
                number = self._named(definition.name).next_number
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
            self._serve(service, Deployment.of({version.number: 100}), {version.number: isolate})
            words = describe_change(replaced, version.definition, self.redactor.redact)
            self._note(kind, version.service, version.reason, words, version=version)

    def _load(self, version: Version) -> Isolate:
        version.env = self._env(version)
        filename = _free_filename(f"worker {version}")
        version.filenames = [*(f for f in version.filenames if f != filename), filename]
        version.startup_limit_ms = self.limits_of(version).startup_ms
        isolate = self._engine.load(version)
        version.exports = Exports(version, weakref.ref(isolate.exporter))
        return isolate

    def _deploy(self, service: Service, deployment: Deployment, reason: str) -> None:
        isolates = {
            number: service.isolates.get(number) or self._load(service[number])
            for number in deployment.numbers
        }
        self._serve(service, deployment, isolates)
        shares = dict(deployment.shares)
        self._note(DEPLOYED, service.name, reason, f"deployed {deployment}", shares=shares)

    def _serve(
        self, service: Service, deployment: Deployment, isolates: Mapping[int, Isolate]
    ) -> None:
        versions = {number: service[number] for number in deployment.numbers}
        entrypoints = entrypoints_of(service.name, deployment, versions, isolates, self.random)
        service.deploy(deployment, isolates, entrypoints)

    def _remove(self, service: Service, reason: str) -> None:
        for version in service.versions:
            _forget_source(version)
        service.forget()
        self._note(REMOVED, service.name, reason, "removed")

    def _note(self, kind: str, service: str, reason: str, words: str, **made: Any) -> None:
        """Add to the history."""
        reason, words = self.redactor.redact(reason), self.redactor.redact(words)
        change = Change(kind, service, reason, words, **made)
        self.history.append(change)
        for listener in list(self.on_changed):
            listener(change)

    def _drop_old_versions(self, service: Service) -> None:
        for version in service.drop_old_versions(self.running_versions()):
            _forget_source(version)

    @abstractmethod
    def running_versions(self) -> Collection[Version | None]:
        """Return the versions that requests in flight run on."""

    def _env(self, version: Version) -> Env:
        """Build the environment that a version's code sees."""
        definition = version.definition
        builder = _EnvBuilder(self, version)
        values: dict[str, Any] = {}
        hidden: set[str] = set()
        for kind, name, value in definition.each_binding():
            values[name] = kind.env_value(name, value, builder)
            if kind.is_secret:
                hidden.add(name)
        return Env(values, frozenset(hidden), definition.name)

    # Looking up

    @abstractmethod
    def limits_of(self, version: Version | None) -> Limits:
        """Return the limits of a Worker: its own, or the runtime's."""

    def defined(self) -> list[Service]:
        """Return the services that are defined, in the order of their definition."""
        return [service for service in self.services.values() if service.versions]

    def defined_service(self, name: str) -> Service:
        """Return a service; UsageError when it is not defined."""
        service = self.services.get(name)
        if service is None or not service.versions:
            raise self.unknown(name)
        return service

    def unknown(self, name: str) -> UsageError:
        """Return the error of a service that is not defined."""
        return with_notes(UsageError(f"There is no Worker {name!r}."), near(name, list(self)))

    @abstractmethod
    def handle(self, service: Service) -> Handle:
        """Return the handle of a service."""

    def __getitem__(self, name: str) -> Handle:
        """Return the handle of a service; UsageError when it is not defined."""
        return self.handle(self.defined_service(name))

    def _named(self, name: str) -> Service:
        """Return a service, defined or not."""
        return self.services.setdefault(name, Service(name))

    def __contains__(self, name: object) -> bool:
        return any(service.name == name for service in self.defined())

    def __iter__(self) -> Iterator[str]:
        return iter([service.name for service in self.defined()])

    def __len__(self) -> int:
        return len(self.defined())


class _EnvBuilder:
    """What the kinds of binding use to make what stands on a version's `env`."""

    def __init__(self, registry: Registry, version: Version) -> None:
        self._registry = registry
        self._version = version

    @property
    def metadata(self) -> VersionMetadata:
        return self._version.metadata

    def bind_service(self, name: str, target: Target) -> ServiceBinding:
        callee = with_props(self._registry._named(target.service), target.props)
        return ServiceBinding(name, target, self._version.service, callee, self._registry.services)


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
