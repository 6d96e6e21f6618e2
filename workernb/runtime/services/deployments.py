"""Deployments: the versions of a service that serve, and the headers that choose between two.

https://developers.cloudflare.com/workers/configuration/versions-and-deployments/gradual-deployments/
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from workernb.errors import UsageError
from workernb.texts import PlatformText

from .versions import Version

MAX_VERSIONS = 2
"""How many versions one deployment may have, as on the platform."""

KEY = "cloudflare-workers-version-key"
"""The header that keeps all requests with the same value on one version."""

OVERRIDES = "cloudflare-workers-version-overrides"
"""The header that requests versions by service.

Both headers apply to the request that has them, also to one over a binding, and are not forwarded.
"""

# A member of a dictionary of strings (RFC 8941); other values and parameters are not supported.
_member = re.compile(r'\s*(?P<name>[a-z*_0-9][a-z0-9_.*-]*)="(?P<text>(?:[^"\\]|\\["\\])*)"\s*')


@dataclass(frozen=True, slots=True)
class Deployment:
    """The versions that serve: numbers, with shares in per cent that add up to 100.

    Newer versions come first, so that requests with the same key stay on the newer one as its
    share grows. at: the time of the deployment, in seconds since the epoch.
    """

    shares: tuple[tuple[int, float], ...]
    at: float = field(default_factory=time.time, compare=False)

    @classmethod
    def of(cls, shares: Mapping[int, float]) -> Deployment:
        """Make a deployment from a user's shares; UsageError if they are invalid."""
        if not 1 <= len(shares) <= MAX_VERSIONS:
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
        """The version with the greatest share; the newer of two with equal shares."""
        return main_of(dict(self.shares))

    @property
    def numbers(self) -> list[int]:
        """The numbers of the versions, that of the greatest share first."""
        return sorted(dict(self.shares), key=lambda number: number != self.main)

    @property
    def stable(self) -> bool:
        """Whether a single version serves all requests."""
        return len(self.shares) == 1

    def pick(self, point: float) -> int:
        """Return the version for a point: a number from 0 up to, but not including, 100."""
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
    """Return the version with the greatest share; the newer of two with equal shares."""
    return max(shares, key=lambda number: (shares[number], number))


def parse_overrides(text: str) -> dict[str, str] | None:
    """Return the requested versions by service; None for a malformed header."""
    found: dict[str, str] = {}
    position = 0
    while True:
        member = _member.match(text, position)
        if member is None:
            return None
        found[member["name"]] = re.sub(r'\\(["\\])', r"\1", member["text"])
        position = member.end()
        if position == len(text):
            return found
        if text[position] != ",":
            return None
        position += 1


def overridden_version(service: str, text: str | None) -> str | None:
    """Return the version of a service that an overrides header requests, or None."""
    return None if text is None else (parse_overrides(text) or {}).get(service)


def has_name(version: Version, name: str) -> bool:
    """Return whether `name` is the version's id, or its number as `v3`."""
    return name in (version.id, f"v{version.number}")


def point_of(service: str, key: str) -> float:
    """Return the point of a key, from 0 up to 100: always the same one for a service."""
    import hashlib  # Not at import: few deployments are split.

    digest = hashlib.sha256(f"{service}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 * 100
