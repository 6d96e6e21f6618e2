"""Deployments: which versions of a service answer its requests, and how many of them each.

https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from workernb.errors import Text, UsageError

from .engine import Entrypoint, Isolate

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
            raise UsageError(Text.NOT_100.format(total=f"{total:g}"))
        return cls(tuple(sorted(shares.items(), reverse=True)))

    @property
    def main(self) -> int:
        """The version with the greatest share; of equal ones the newer."""
        return max(self.shares, key=lambda share: share[1])[0]

    @property
    def numbers(self) -> list[int]:
        """The versions, the one with the greatest share first."""
        return [number for number, _ in sorted(self.shares, key=lambda share: -share[1])]

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


def entrypoints_of(
    service: str, deployment: Deployment, isolates: Mapping[int, Isolate]
) -> Mapping[str, Entrypoint]:
    """Return what calls of a service are handed to.

    Of a single version these are the isolate's own entrypoints: nothing stands between.
    """
    return isolates[deployment.main].entrypoints
