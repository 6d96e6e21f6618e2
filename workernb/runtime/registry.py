"""The registry: the services of a runtime, and everything that changes them."""

from __future__ import annotations

import linecache
import sys
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

from workernb.errors import RouteError, UsageError, did_you_mean, with_notes
from workernb.runtime.bindings.entrypoints import entrypoints_of, with_props
from workernb.runtime.bindings.exports import Exports
from workernb.runtime.bindings.service import ServiceBinding
from workernb.runtime.enforcement.memory import check_loaded
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.dependents import dependents, describe_dependents, tailed_by
from workernb.runtime.services.deployments import Deployment
from workernb.runtime.services.diffs import describe_change
from workernb.runtime.services.engine import Engine, Exporter, Isolate
from workernb.runtime.services.history import CHANGED, DEFINED, DEPLOYED, REMOVED, Change
from workernb.runtime.services.kinds import kind_named, kinds, remedy_for_missing
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT, Target, missing_target_error, suggest_service
from workernb.runtime.services.versions import Version, code_in_use, module_filename
from workernb.texts import PlatformText
from workernb.workers.env import Env, VersionMetadata

from .handles import Handle
from .redaction import Redactor


class Registry(ABC):
    """The services of a runtime, by name, and their history.

    services: in the order of their definition, including undefined ones that are named by bindings.
    history: all changes, oldest first. random: what chooses between two versions. on_changed:
    callables, called with each Change after it has been added to the history; followers: the same,
    for parts of the runtime itself, which are called first. stores: what kinds of
    binding make their stores with.
    """

    def __init__(self, engine: Engine, limits: Limits | None = None, stores: Any = None) -> None:
        """Begin without services. limits: the limits of Workers without their own."""
        self.stores = stores
        self.limits = limits or Limits()
        self.services: dict[str, Service] = {}
        self.history: list[Change] = []
        self.random = Random()
        self.on_changed: list[Callable[[Change], None]] = []
        self.followers: list[Callable[[Change], None]] = []
        self.redactor = Redactor()
        self._engine = engine

    def define(
        self, name: str, source: str, *, reason: str = "define()", **settings: Any
    ) -> Handle:
        """Define a service, or make a new version of it, and return its handle.

        settings: services={"AUTH": "auth"}, vars, secrets and the other kinds of bindings,
        routes=["example.com/*"], public, limits={"cpu_ms": 50} (or Limits), compatibility_date,
        environment, version_metadata, tag, modules={"prices.py": source} (what the code imports
        of its own), main (the path of `source`, "entry.py", for modules that import it). A Worker
        in an environment inherits limits and compatibility date, and nothing else, from the same
        Worker without environment. reason: a text for the history. Raises UsageError for invalid
        arguments, and what the code raises when it is loaded; the version that serves is kept then.
        """
        try:
            definition = Definition.make(name, source, **settings)
        except TypeError as error:
            raise UsageError(str(error).replace("Definition.make()", "define()")) from None
        return self.define_all([(definition, reason)])[0]

    def define_all(self, definitions: Sequence[tuple[Definition, str]]) -> list[Handle]:
        """Define several services at once, each with its reason: all of them, or none."""
        completed = [
            (definition.inherit(self._top_level(definition)), reason)
            for definition, reason in definitions
        ]
        self._make_versions(DEFINED, completed)
        services = [self.defined_service(definition.name) for definition, _ in completed]
        for service in services:
            self._drop_old_versions(service)
        return [self.handle(service) for service in services]

    def _top_level(self, definition: Definition) -> Definition | None:
        """Return the definition of the same Worker without environment, if there is one."""
        if definition.environment is None or definition.worker not in self:
            return None
        return self.defined_service(definition.worker).definition

    def change(
        self,
        name: str,
        *,
        services: Mapping[str, str] | None = None,
        vars: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        remove: Collection[str] = (),
        modules: Mapping[str, str | None] | None = None,
        reason: str = "change()",
        **bindings: Any,
    ) -> Handle:
        """Change the bindings or the modules of a defined service, and keep everything else.

        services={"AUTH": "auth"}, vars, secrets, and bindings of other kinds by their keyword:
        those to add or replace, by name. remove: names of bindings, of any kind. modules: sources
        by path, None for a module to remove. reason: a text for the history. A change makes a new
        version, loaded anew, which serves from the next call on; requests in flight stay on their
        versions. Raises UsageError for invalid arguments and undefined targets, and what the code
        raises when it is loaded; nothing is changed then.
        """
        service = self.defined_service(name)
        before = service.definition
        if not service.deployment.stable:
            raise with_notes(
                UsageError(f"Two versions of Worker {name!r} serve: {service.deployment}."),
                f"Settle on one before you change its settings: %deploy {name} "
                f"v{service.deployment.main}",
            )
        given = {"services": services, "vars": vars, "secrets": secrets, **bindings}
        after = before.changed(given, remove, modules)
        for binding, target in after.services.items():
            if before.services.get(binding) != target:
                self._refuse_missing_target(name, binding, target)
        if after != before:
            self._make_versions(CHANGED, [(after, reason)])
            self._drop_old_versions(service)
        return self.handle(service)

    def _refuse_missing_target(self, worker: str, binding: str, target: Target) -> None:
        """Raise UsageError for an undefined target. Only a definition may precede its targets."""
        service = self.services.get(target.service)
        if service is None or not service.versions:
            raise missing_target_error(binding, target, list(self))
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
        """Deploy versions of a service, each with its share in per cent: `{3: 90, 4: 10}`.

        A version that does not serve yet is loaded again, into a new isolate. Raises UsageError for
        a version that does not exist, or shares that do not add up to 100 %, and what the source
        raises when it is loaded; the deployment is not changed then.
        """
        service = self.defined_service(name)
        deployment = Deployment.of(shares)
        if deployment != service.deployment:
            self._deploy(service, deployment, reason)
            self._drop_old_versions(service)
        return self.handle(service)

    def rollback(self, name: str, *, reason: str = "rollback()") -> Handle:
        """Restore the older of two versions, or else the version that served alone before.

        Raises UsageError if there is none.
        """
        service = self.defined_service(name)
        before = service.rollback_target()
        if before is None:
            raise UsageError(
                f"Worker {name!r} has nothing to go back to: only {service.deployment} has served."
            )
        return self.deploy(name, dict(before.shares), reason=reason)

    def remove(self, name: str, *, force: bool = False, reason: str = "remove()") -> None:
        """Remove a service; requests in flight go on.

        Raises UsageError if other Workers depend on it, or hand it their traces, except with force.
        """
        service = self.defined_service(name)
        tailed = tailed_by(self.defined(), name)
        if tailed and not force:
            raise with_notes(
                UsageError(
                    f"Worker {name!r} is not removed: it gets the traces of {', '.join(tailed)}."
                ),
                f"Define them without --tail {name} first, or use %remove {name} --force",
            )
        callers = [d for d in dependents(self.defined(), name) if d.caller != name]
        if callers and not force:
            raise with_notes(
                UsageError(f"Worker {name!r} is not removed: {describe_dependents(callers)}."),
                f"Unbind them first, or use %remove {name} --force",
            )
        self._remove(service, reason)

    def replay(self, history: Iterable[Change]) -> None:
        """Repeat the changes of a history, so that an empty runtime becomes the same system."""
        for change in history:
            if change.definition is not None:
                self._make_versions(change.kind, [(change.definition, change.reason)])
            elif change.shares:
                deployment = Deployment.of(change.shares)
                self._deploy(self.defined_service(change.service), deployment, change.reason)
            else:
                self._remove(self.defined_service(change.service), change.reason)
        for service in self.defined():
            self._drop_old_versions(service)

    # Versions and isolates

    def _make_versions(self, kind: str, definitions: Sequence[tuple[Definition, str]]) -> None:
        """Make, load and deploy a version of each definition: all of them, or none."""
        self._refuse_contradictions([definition for definition, _ in definitions])
        before = set(self.services)
        loaded: list[tuple[Version, Isolate]] = []
        try:
            for definition, reason in definitions:
                self.redactor.learn(definition.secret_values())
                number = self.service_named(definition.name).next_number
                version = Version(number, definition, reason)
                loaded.append((version, self._load(version)))
        except BaseException:
            for name in set(self.services) - before:
                del self.services[name]
            raise
        for version, isolate in loaded:
            service = self.services[version.service]
            previous = None if service.version is None else service.version.definition
            if not service.versions:
                # Services are in the order of their definition, not of their first mention.
                self.services[service.name] = self.services.pop(service.name)
            service.versions.append(version)
            self._serve(service, Deployment.of({version.number: 100}), {version.number: isolate})
            summary = describe_change(previous, version.definition, self.redactor.redact)
            self._record(kind, version.service, version.reason, summary, version=version)

    def _refuse_contradictions(self, definitions: Sequence[Definition]) -> None:
        """Raise UsageError if services could not serve together.

        RouteError if they would have the same route, since either might win; and what the kinds of
        binding refuse, as two consumers of one queue.
        """
        names = {definition.name for definition in definitions}
        serving = [s.definition for s in self.defined() if s.name not in names]
        for kind in kinds():
            kind.check_system([*serving, *definitions])
        owners: dict[object, str] = {}
        for definition in [*serving, *definitions]:
            for route in definition.routes:
                owner = owners.setdefault(route.place, definition.name)
                if owner != definition.name:
                    raise with_notes(
                        RouteError(
                            f"The route {route.pattern!r} of Worker {definition.name!r} is that of "
                            f"Worker {owner!r} already."
                        ),
                        f"Give one of them another route, or remove {owner!r}: %remove {owner}",
                    )

    def _load(self, version: Version) -> Isolate:
        version.env = self._env(version)
        filename = _free_filename(f"worker {version}")
        version.filenames = [*(f for f in version.filenames if f != filename), filename]
        version.startup_limit_ms = self.limits_of(version).startup_ms
        version.memory_limit_mb = self.limits_of(version).memory_mb
        isolate = self._engine.load(version)
        name = version.service

        def serving() -> dict[Version, Exporter]:
            service = self.service_named(name)
            return {service[number]: one.exporter for number, one in service.isolates.items()}

        def namespace(class_name: str) -> Any:
            builder, target = _EnvBuilder(self, version), Target(name, class_name)
            kind = kind_named("durable_objects")
            return kind.env_value(f"ctx.exports.{class_name}", target, builder)

        version.exports = Exports(version, weakref.ref(isolate.exporter), serving, namespace)
        check_loaded(version, self.limits_of(version).memory_mb)
        return isolate

    def _deploy(self, service: Service, deployment: Deployment, reason: str) -> None:
        self._refuse_contradictions([service[deployment.main].definition])
        isolates = {
            number: service.isolates.get(number) or self._load(service[number])
            for number in deployment.numbers
        }
        self._serve(service, deployment, isolates)
        shares = dict(deployment.shares)
        self._record(DEPLOYED, service.name, reason, f"deployed {deployment}", shares=shares)

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
        self._record(REMOVED, service.name, reason, "removed")

    def _record(self, kind: str, service: str, reason: str, summary: str, **result: Any) -> None:
        """Add a change to the history."""
        reason, summary = self.redactor.redact(reason), self.redactor.redact(summary)
        change = Change(kind, service, reason, summary, **result)
        self.history.append(change)
        for listener in [*self.followers, *self.on_changed]:
            listener(change)

    def _drop_old_versions(self, service: Service) -> None:
        for version in service.drop_old_versions(self.running_versions()):
            _forget_source(version)

    @abstractmethod
    def running_versions(self) -> Collection[Version | None]:
        """Return the versions that requests in flight use."""

    def _env(self, version: Version) -> Env:
        """Build the `env` of a version."""
        definition = version.definition
        builder = _EnvBuilder(self, version)
        values: dict[str, Any] = {}
        hidden: set[str] = set()
        for kind, name, value in definition.each_binding():
            if not kind.is_on_env:
                continue
            values[name] = kind.env_value(name, value, builder)
            if kind.is_secret:
                hidden.add(name)
        return Env(values, frozenset(hidden), definition.name, remedy_for_missing)

    # Look-ups

    @abstractmethod
    def limits_of(self, version: Version | None) -> Limits:
        """Return the limits of a version: its Worker's own, or the runtime's."""

    def defined(self) -> list[Service]:
        """Return the services that are defined, in the order of their definition."""
        return [service for service in self.services.values() if service.versions]

    def defined_service(self, name: str) -> Service:
        """Return a service; UsageError if it is not defined."""
        service = self.services.get(name)
        if service is None or not service.versions:
            raise with_notes(
                UsageError(f"There is no Worker {name!r}."), suggest_service(name, list(self))
            )
        return service

    @abstractmethod
    def handle(self, service: Service) -> Handle:
        """Return the handle of a service."""

    def __getitem__(self, name: str) -> Handle:
        """Return the handle of a service; UsageError if it is not defined."""
        return self.handle(self.defined_service(name))

    def service_named(self, name: str) -> Service:
        """Return a service; an undefined one if there is none of this name yet."""
        return self.services.setdefault(name, Service(name))

    def __contains__(self, name: object) -> bool:
        return any(service.name == name for service in self.defined())

    def __iter__(self) -> Iterator[str]:
        return iter([service.name for service in self.defined()])

    def __len__(self) -> int:
        return len(self.defined())


class _EnvBuilder:
    """The `EnvBuilder` of one version: what kinds of binding make the objects on `env` with."""

    def __init__(self, registry: Registry, version: Version) -> None:
        self._registry = registry
        self._version = version

    @property
    def metadata(self) -> VersionMetadata:
        return self._version.metadata

    @property
    def compatibility_date(self) -> str | None:
        return self._version.definition.compatibility_date

    @property
    def stores(self) -> Any:
        return self._registry.stores

    def bind_service(self, name: str, target: Target) -> ServiceBinding:
        callee = with_props(self._registry.service_named(target.service), target.props)
        return ServiceBinding(name, target, self._version.service, callee, self._registry.services)


def _forget_source(version: Version) -> None:
    for filename in version.filenames:
        modules = [module_filename(filename, path) for path in version.definition.modules]
        for name in (filename, *modules):
            linecache.cache.pop(name, None)


def _free_filename(name: str) -> str:
    """Return `<name>`, or `<name (2)>` if code of another runtime has that file name."""
    filename, number = f"<{name}>", 1
    while filename in sys.modules or filename in code_in_use:
        number += 1
        filename = f"<{name} ({number})>"
    return filename
