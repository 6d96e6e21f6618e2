"""Deployments: which versions of a service answer its requests, and how many of them each.

https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from workernb.errors import PlatformText, UsageError
from workernb.runtime.bindings.entrypoints import StandIn
from workernb.runtime.bindings.service import AbsentEntrypoint

from .engine import Entrypoint, Isolate
from .overrides import KEY, OVERRIDES, is_called, point_of, wanted
from .targets import Target

if TYPE_CHECKING:
    from workernb.runtime.tracing.invocations import Invocation

    from .service import Version

MOST_VERSIONS = 2
"""How many versions one deployment may have, as on the platform."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The versions that serve, by number, with their shares in per cent: they add up to 100.

    Newer versions come first, so that the requests of one key stay on the newer one while its
    share grows. at: since when, in seconds since the epoch.
    """

    shares: tuple[tuple[int, float], ...]
    at: float = field(default_factory=time.time, compare=False)

    @classmethod
    def of(cls, shares: Mapping[int, float]) -> Deployment:
        """Check what a user gave; UsageError for what is refused."""
        if not 1 <= len(shares) <= MOST_VERSIONS:
            raise UsageError(
                f"A deployment has one version or two, not {len(shares)}: write v3@90% v4@10%."
            )
        for number, share in shares.items():
            if not 0 <= share <= 100:
                raise UsageError(f"A share is from 0 % to 100 %: v{number} was given {share:g} %.")
        total = sum(shares.values())
        if abs(total - 100) > 0.001:
            raise UsageError(PlatformText.NOT_100.format(total=f"{total:g}"))
        return cls(tuple(sorted(shares.items(), reverse=True)))

    @property
    def main(self) -> int:
        """The version with the greatest share; of equal ones the newer."""
        return main_of(dict(self.shares))

    @property
    def numbers(self) -> list[int]:
        """The versions, the one with the greatest share first."""
        return sorted(dict(self.shares), key=lambda number: number != self.main)

    @property
    def stable(self) -> bool:
        """Whether one version answers all."""
        return len(self.shares) == 1

    def pick(self, point: float) -> int:
        """Return the version for a point from 0 up to 100."""
        for number, share in self.shares:
            if point < share:
                return number
            point -= share
        return self.main

    def __str__(self) -> str:
        if self.stable:
            return f"v{self.main}"
        return " · ".join(f"v{number} {share:g} %" for number, share in sorted(self.shares))


def main_of(shares: Mapping[int, float]) -> int:
    """Return the version with the greatest share; of equal ones the newer."""
    return max(shares, key=lambda number: (shares[number], number))


def entrypoints_of(
    service: str,
    deployment: Deployment,
    versions: Mapping[int, Version],
    isolates: Mapping[int, Isolate],
    random: Random,
) -> Mapping[str, Entrypoint]:
    """Return what calls of a service are handed to, by the entrypoint's name.

    Of a single version these are the isolate's own entrypoints: nothing stands between.
    """
    if deployment.stable:
        return isolates[deployment.main].entrypoints
    split = Split(service, deployment, versions, isolates, random)
    names = {name for isolate in isolates.values() for name in isolate.entrypoints}
    return {name: SplitEntrypoint(split, name) for name in sorted(names)}


@dataclass(frozen=True, slots=True)
class Split:
    """Two versions of a service that are both loaded, and what chooses between them."""

    service: str
    deployment: Deployment
    versions: Mapping[int, Version]
    isolates: Mapping[int, Isolate]
    random: Random

    def choose(self, fields: Mapping[str, str]) -> int:
        """Return the version for a call: by its override, by its key, or at random."""
        name = wanted(self.service, fields.get(OVERRIDES))
        if name is not None:
            for number, _ in self.deployment.shares:
                if is_called(self.versions[number], name):
                    return number
        key = fields.get(KEY)
        point = self.random.random() * 100 if key is None else point_of(self.service, key)
        return self.deployment.pick(point)


class SplitEntrypoint(StandIn):
    """Stands for an entrypoint while two versions serve, and hands each call to one of them.

    What is chosen is chosen when the call begins, from the versions that served when it was made.
    """

    def __init__(self, split: Split, name: str) -> None:
        """Stand for the entrypoint `name`."""
        super().__init__(split.service, None)
        self._split = split
        self._name = name

    def resolve(self, fields: Mapping[str, str], invocation: Invocation) -> Entrypoint:
        """Choose a version by a request's headers, and say so on the invocation."""
        split = self._split
        number = split.choose(fields)
        invocation.version = version = split.versions[number]
        invocation.and_more.deployment = split.deployment
        found = split.isolates[number].entrypoints.get(self._name)
        if found is not None:
            return found
        caller = invocation.caller
        worker = "the notebook" if caller is None else caller.service
        target = Target(self.service, self._name)
        return AbsentEntrypoint(invocation.binding, target, worker, version, {})
