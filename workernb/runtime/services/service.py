"""Services, their versions, and what a definition says."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from workernb.errors import PlatformText, UsageError, did_you_mean, with_notes
from workernb.workers.env import Env, VersionMetadata

from .deployments import Deployment, entrypoints_of
from .engine import Entrypoint, Exporter, Isolate
from .limits import Limits
from .routes import Route, public_route
from .targets import Target, binding_name, service_name

KEPT_VERSIONS = 20
_is_date = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch


@dataclass(frozen=True, slots=True)
class Definition:
    """What a service is defined to be: its source and its settings. Checked, and never changed.

    name: that of the service, with the environment that it is in, if any, as `auth-staging`.
    version_metadata: the name of the binding that tells the Worker its version. tag: what its
    author calls this version.
    """

    name: str
    source: str
    services: Mapping[str, Target]
    vars: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    routes: tuple[Route, ...]
    limits: Limits | Mapping[str, Any] | None
    compatibility_date: str | None
    environment: str | None = None
    version_metadata: str | None = None
    tag: str | None = None

    @property
    def worker(self) -> str:
        """The name of the Worker, which its services in all environments share."""
        return self.name.removesuffix(f"-{self.environment}") if self.environment else self.name

    @classmethod
    def make(
        cls,
        name: str,
        source: str,
        *,
        services: Mapping[str, str] | None = None,
        vars: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        routes: Iterable[str] = (),
        public: bool = False,
        limits: Limits | Mapping[str, Any] | None = None,
        compatibility_date: str | None = None,
        environment: str | None = None,
        version_metadata: str | None = None,
        tag: str | None = None,
    ) -> Definition:
        """Check what a user gave; UsageError for what is refused."""
        name = service_name(name, environment)
        if not isinstance(source, str):
            raise UsageError(f"A Worker's source is text, not {type(source).__name__}.")
        if compatibility_date is not None and not _is_date(compatibility_date):
            raise UsageError(f"A compatibility date is written 2026-11-23: {compatibility_date!r}.")
        if isinstance(routes, str):
            routes = [routes]
        if limits is not None and not isinstance(limits, Limits):
            limits = dict(limits)
            Limits().but(**limits)  # Raises UsageError for what is none.
        parsed = [Route.parse(route) for route in routes]
        if public:
            parsed.append(public_route(name))
        definition = cls(
            name,
            source,
            _checked_services(services or {}),
            _checked_vars(vars or {}),
            _checked_secrets(secrets or {}),
            tuple(parsed),
            limits,
            compatibility_date,
            environment,
            None if version_metadata is None else binding_name(version_metadata),
            tag,
        )
        definition._refuse_shared_names()
        return definition

    def inherit(self, outside: Definition | None) -> Definition:
        """Return what it is in its environment, where the same Worker is defined outside of it.

        As with Wrangler, limits and compatibility date are inherited unless it has its own, and
        bindings, vars and secrets never are. Routes are not either: two would have the same.
        """
        if outside is None:
            return self
        date = self.compatibility_date or outside.compatibility_date
        return replace(self, limits=self.limits or outside.limits, compatibility_date=date)

    def not_inherited(self, outside: Definition) -> list[str]:
        """Return Wrangler's warnings: what the Worker has outside of its environment only."""
        return [
            PlatformText.NOT_INHERITED.format(field=field, environment=self.environment)
            for field in ("vars", "secrets", "services", "version_metadata")
            if getattr(outside, field) and not getattr(self, field)
        ]

    def changed(
        self,
        services: Mapping[str, str],
        vars: Mapping[str, Any],
        secrets: Mapping[str, str],
        remove: Collection[str],
    ) -> Definition:
        """Return the definition with settings added, replaced and removed; UsageError if refused.

        It is checked as a whole, as a new definition is.
        """
        metadata = self.version_metadata
        known = {*self.services, *self.vars, *self.secrets, *filter(None, [metadata])}
        for name in remove:
            if name not in known:
                bound = f"It has {', '.join(sorted(known)) or 'none'}."
                raise with_notes(
                    UsageError(f"Worker {self.name!r} has no binding {name}."),
                    did_you_mean(name, known) or bound,
                )

        def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**{key: before[key] for key in before if key not in remove}, **given}

        definition = replace(
            self,
            services=merged(self.services, _checked_services(services)),
            vars=merged(self.vars, _checked_vars(vars)),
            secrets=merged(self.secrets, _checked_secrets(secrets)),
            version_metadata=None if metadata in remove else metadata,
        )
        definition._refuse_shared_names()
        # A tag is that of one version.
        return self if definition == self else replace(definition, tag=None)

    def _refuse_shared_names(self) -> None:
        seen: dict[str, str] = {}
        kinds: dict[str, Iterable[str]] = {
            "services": self.services,
            "vars": self.vars,
            "secrets": self.secrets,
            "version_metadata": filter(None, [self.version_metadata]),
        }
        for kind, names in kinds.items():
            for name in names:
                if name in seen:
                    raise with_notes(
                        UsageError(PlatformText.UNIQUE_NAMES),
                        f"{name} is in {seen[name]} and in {kind}.",
                    )
                seen[name] = kind

    def fingerprint(self) -> str:
        """Return a short id of code and settings; secrets count by their names."""
        settings = [
            self.name,
            self.source,
            sorted((name, str(target)) for name, target in self.services.items()),
            sorted(self.vars.items(), key=lambda item: item[0]),
            sorted(self.secrets),
            [route.pattern for route in self.routes],
            repr(self.limits),
            self.compatibility_date,
            self.version_metadata,
        ]
        text = json.dumps(settings, sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _checked_services(services: Mapping[str, str]) -> dict[str, Target]:
    return {binding_name(key): Target.of_binding(to) for key, to in services.items()}


def _checked_vars(vars: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in vars.items():
        binding_name(name)
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"The var {name} must be text or JSON: {error}") from None
    return copy.deepcopy(dict(vars))


def _checked_secrets(secrets: Mapping[str, str]) -> dict[str, str]:
    for name, value in secrets.items():
        binding_name(name)
        if not isinstance(value, str):
            raise UsageError(f"The secret {name} must be text, not {type(value).__name__}.")
    return dict(secrets)


@dataclass(eq=False, slots=True)
class Version:
    """One definition of a service: its code and settings, numbered from 1.

    id: short and made of the content. created: seconds since the epoch. reason: who made it, in
    words: a cell, a magic, a call. filenames: what frames of its code have for a file, as
    `<worker auth v2>`; another one each time that it is loaded while an earlier load still runs.
    isolate: a weak reference to what was loaded last.
    """

    number: int
    definition: Definition
    reason: str
    created: float = field(default_factory=time.time)
    filenames: list[str] = field(default_factory=list)
    env: Env = field(init=False, repr=False)
    isolate: Callable[[], Exporter | None] = field(default=lambda: None, repr=False)
    # Thread CPU, in ms, of the module's own code when it was loaded last, and of its imports.
    startup_ms: float = 0.0
    imports_ms: float = 0.0
    startup_limit_ms: float = 1_000
    memory_warned: bool = False
    # The limits of the runtime, and these with the Worker's own in their place.
    _limits: tuple[Limits, Limits] | None = None

    def limits(self, usual: Limits) -> Limits:
        """Return what a request may use that this serves first. usual: where it says nothing."""
        own = self.definition.limits
        if own is None or isinstance(own, Limits):
            return own or usual
        if self._limits is None or self._limits[0] is not usual:
            self._limits = usual, usual.but(**own)
        return self._limits[1]

    @property
    def service(self) -> str:
        """The name of the service."""
        return self.definition.name

    @property
    def id(self) -> str:
        """A short id made of code and settings."""
        return self.definition.fingerprint()

    @property
    def metadata(self) -> VersionMetadata:
        """What the Worker can know of its version."""
        at = datetime.fromtimestamp(self.created, UTC).isoformat(timespec="milliseconds")
        return VersionMetadata(self.id, self.definition.tag or "", at.replace("+00:00", "Z"))

    @property
    def filename(self) -> str:
        """The file name of the code that was loaded last."""
        return self.filenames[-1]

    def __str__(self) -> str:
        return f"{self.service} v{self.number}"


class Service:
    """A name that Workers can be bound to, and what stands behind it now.

    It exists from the moment that something names it, so a binding holds on to it whether or not
    it is defined yet. versions: those that are kept, the newest last. deployments: which of them
    served when, the present one last. version: the one that serves, or None; of two, the one with
    the greater share. isolates: of those that serve. entrypoints: what a call is handed to.
    """

    def __init__(self, name: str) -> None:
        """Make a service that is not defined yet."""
        self.name = name
        self.forget()

    def forget(self) -> None:
        """Define the service no more."""
        self.versions: list[Version] = []
        self.deployments: list[Deployment] = []
        self.version: Version | None = None
        self.isolates: Mapping[int, Isolate] = {}
        self.entrypoints: Mapping[str, Entrypoint] = {}

    @property
    def deployment(self) -> Deployment:
        """Which versions serve, and how much each; only for a defined service."""
        return self.deployments[-1]

    @property
    def serving(self) -> list[Version]:
        """The versions that serve, the one with the greater share first."""
        return [self[number] for number in self.deployment.numbers] if self.versions else []

    @property
    def definition(self) -> Definition:
        """The definition of the version that serves; only for a defined service."""
        assert self.version is not None
        return self.version.definition

    @property
    def public(self) -> bool:
        """Whether an outsider can reach it: whether it has a route."""
        return bool(self.versions and self.definition.routes)

    @property
    def next_number(self) -> int:
        """The number that a new version gets."""
        return self.versions[-1].number + 1 if self.versions else 1

    def __getitem__(self, number: int) -> Version:
        """Return a version that is kept; UsageError for another one."""
        for version in self.versions:
            if version.number == number:
                return version
        first = self.versions[0].number if self.versions else 1
        if 0 < number < first:
            raise UsageError(
                f"Version v{number} of Worker {self.name!r} is gone: the last {KEPT_VERSIONS} are "
                f"kept, from v{first} on."
            )
        numbers = ", ".join(f"v{version.number}" for version in self.versions) or "none"
        raise UsageError(f"Worker {self.name!r} has no version v{number}. It has {numbers}.")

    def deploy(
        self, deployment: Deployment, isolates: Mapping[int, Isolate], random: Random
    ) -> None:
        """Let the versions of a deployment serve from now on, from their isolates."""
        versions = {number: self[number] for number in deployment.numbers}
        self.isolates = isolates
        self.deployments.append(deployment)
        self.version = versions[deployment.main]
        self.entrypoints = entrypoints_of(self.name, deployment, versions, isolates, random)

    def before_this(self) -> Deployment | None:
        """Return what a rollback goes back to, or None.

        Of two versions that serve the older one; else the last other one that served alone.
        """
        if not self.deployment.stable:
            return Deployment.of({min(self.deployment.numbers): 100})
        for deployment in reversed(self.deployments):
            if deployment.stable and deployment != self.deployment:
                return deployment
        return None

    def drop_old_versions(self, in_use: Collection[Version | None]) -> list[Version]:
        """Forget the oldest beyond the last 20, unless they serve or are in use; return them."""
        spare = self.versions[: max(0, len(self.versions) - KEPT_VERSIONS)]
        gone = [v for v in spare if v.number not in self.isolates and v not in in_use]
        if gone:
            self.versions = [version for version in self.versions if version not in gone]
            kept = {version.number for version in self.versions}
            self.deployments = [one for one in self.deployments if kept.issuperset(one.numbers)]
        return gone
