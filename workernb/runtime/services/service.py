"""Services: the names that Workers can be bound to, with their versions and deployments."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workernb.errors import UsageError

from .definitions import Definition
from .deployments import Deployment
from .engine import Entrypoint, Isolate
from .versions import Version

KEPT_VERSIONS = 20
"""Number of versions of a service that are kept, besides those that serve or are in use."""


class Service:
    """A name that Workers can be bound to, with its versions and deployments.

    A service object is made when it is first named, so a binding can refer to it before it is
    defined. versions: the versions that are kept, the newest last. deployments: all deployments,
    the current one last. version: the version that serves, or that with the greater share of two;
    None if undefined. isolates: the loaded versions that serve, by number. entrypoints: by name,
    for calls.
    """

    def __init__(self, name: str) -> None:
        """Make an undefined service."""
        self.name = name
        self.forget()

    def forget(self) -> None:
        """Make the service undefined."""
        self.versions: list[Version] = []
        self.deployments: list[Deployment] = []
        self.version: Version | None = None
        self.isolates: Mapping[int, Isolate] = {}
        self.entrypoints: Mapping[str, Entrypoint] = {}

    @property
    def deployment(self) -> Deployment:
        """The current deployment; only of a defined service."""
        return self.deployments[-1]

    @property
    def serving(self) -> list[Version]:
        """The versions that serve, the one with the greater share first."""
        return [self[number] for number in self.deployment.numbers] if self.versions else []

    @property
    def definition(self) -> Definition:
        """The definition of the version that serves; only of a defined service."""
        assert self.version is not None
        return self.version.definition

    @property
    def public(self) -> bool:
        """Whether the service has a route, so that outsiders can reach it."""
        return bool(self.versions and self.definition.routes)

    @property
    def next_number(self) -> int:
        """The number of the next version."""
        return self.versions[-1].number + 1 if self.versions else 1

    def __getitem__(self, number: int) -> Version:
        """Return the version with a number; UsageError if it is not kept."""
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
        self,
        deployment: Deployment,
        isolates: Mapping[int, Isolate],
        entrypoints: Mapping[str, Entrypoint],
    ) -> None:
        """Make a deployment the current one.

        isolates: the loaded versions, by number. entrypoints: by name, for calls.
        """
        self.isolates = isolates
        self.deployments.append(deployment)
        self.version = self[deployment.main]
        self.entrypoints = entrypoints

    def rollback_target(self) -> Deployment | None:
        """Return the deployment that a rollback restores, or None.

        While two versions serve, that is the older one alone; otherwise the last other version
        that served alone.
        """
        if not self.deployment.stable:
            return Deployment.of({min(self.deployment.numbers): 100})
        for deployment in reversed(self.deployments):
            if deployment.stable and deployment != self.deployment:
                return deployment
        return None

    def drop_old_versions(self, in_use: Collection[Version | None]) -> list[Version]:
        """Drop and return the oldest versions beyond 20 that neither serve nor are in use."""
        oldest = self.versions[: max(0, len(self.versions) - KEPT_VERSIONS)]
        dropped = [v for v in oldest if v.number not in self.isolates and v not in in_use]
        if dropped:
            self.versions = [version for version in self.versions if version not in dropped]
            kept = {version.number for version in self.versions}
            self.deployments = [d for d in self.deployments if kept.issuperset(d.numbers)]
        return dropped
