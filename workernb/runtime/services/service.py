"""Services: a name that Workers can be bound to, and what stands behind it now."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workernb.errors import UsageError

from .definitions import Definition
from .deployments import Deployment
from .engine import Entrypoint, Isolate
from .versions import Version

KEPT_VERSIONS = 20
"""How many versions of a service are kept, besides those that serve or are in use."""


class Service:
    """A name that Workers can be bound to, and what stands behind it now.

    A service exists from the moment that something names it, so a binding can hold on to it before
    it is defined. versions: those that are kept, the newest last. deployments: which of them
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
        self,
        deployment: Deployment,
        isolates: Mapping[int, Isolate],
        entrypoints: Mapping[str, Entrypoint],
    ) -> None:
        """Let the versions of a deployment serve from now on.

        isolates: of these versions, by number. entrypoints: what calls are handed to, by name.
        """
        self.isolates = isolates
        self.deployments.append(deployment)
        self.version = self[deployment.main]
        self.entrypoints = entrypoints

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
