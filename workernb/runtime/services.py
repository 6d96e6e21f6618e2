"""Services, their versions, and what a definition says."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from workernb.errors import Text, UsageError, noted
from workernb.workers.environment import Env

from .engine import Entrypoint, Isolate
from .limits import Limits
from .routes import Route, public_route
from .targets import Target, binding_name, service_name

KEPT_VERSIONS = 20
_is_date = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch


@dataclass(frozen=True, slots=True)
class Definition:
    """What a service is defined to be: its source and its settings. Checked, and never changed."""

    name: str
    source: str
    services: Mapping[str, Target]
    vars: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    routes: tuple[Route, ...]
    limits: Limits | Mapping[str, Any] | None
    compatibility_date: str | None
    environment: str | None = None

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
            {binding_name(key): Target.of_binding(to) for key, to in (services or {}).items()},
            {binding_name(key): _checked_var(key, value) for key, value in (vars or {}).items()},
            {binding_name(key): _checked_secret(key, v) for key, v in (secrets or {}).items()},
            tuple(parsed),
            limits,
            compatibility_date,
            environment,
        )
        definition._refuse_shared_names()
        return definition

    def _refuse_shared_names(self) -> None:
        seen: dict[str, str] = {}
        for kind in ("services", "vars", "secrets"):
            for name in getattr(self, kind):
                if name in seen:
                    raise noted(
                        UsageError(Text.UNIQUE_NAMES),
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
        ]
        text = json.dumps(settings, sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _checked_var(name: str, value: Any) -> Any:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The var {name} must be text or JSON: {error}") from None
    return copy.deepcopy(value)


def _checked_secret(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError(f"The secret {name} must be text, not {type(value).__name__}.")
    return value


@dataclass(eq=False, slots=True)
class Version:
    """One definition of a service: its code and settings, numbered from 1.

    id: short and made of the content. created: seconds since the epoch. filename: what frames of
    its code have for a file, `<worker auth v2>`.
    """

    number: int
    definition: Definition
    filename: str
    env: Env
    created: float = field(default_factory=time.time)
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

    def __str__(self) -> str:
        return f"{self.service} v{self.number}"


class Service:
    """A name that Workers can be bound to, and what stands behind it now.

    It exists from the moment that something names it, so a binding holds on to it whether or not
    it is defined yet. versions: the last 20, the newest, which serves, last.
    """

    def __init__(self, name: str) -> None:
        """Make a service that is not defined yet."""
        self.name = name
        self.versions: list[Version] = []
        self.entrypoints: Mapping[str, Entrypoint] = {}

    @property
    def version(self) -> Version | None:
        """The version that serves, or None."""
        return self.versions[-1] if self.versions else None

    @property
    def definition(self) -> Definition:
        """The definition of the version that serves; only for a defined service."""
        return self.versions[-1].definition

    @property
    def public(self) -> bool:
        """Whether an outsider can reach it: whether it has a route."""
        return bool(self.versions and self.definition.routes)

    def install(self, version: Version, isolate: Isolate) -> Version | None:
        """Let `version` serve from now on; returns the version that is forgotten for it."""
        self.entrypoints = isolate.entrypoints
        self.versions.append(version)
        return self.versions.pop(0) if len(self.versions) > KEPT_VERSIONS else None

    def forget(self) -> None:
        """Define the service no more."""
        self.entrypoints = {}
        self.versions = []
