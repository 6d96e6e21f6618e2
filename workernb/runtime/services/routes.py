"""Routes: the URL patterns that make a Worker public.

https://developers.cloudflare.com/workers/configuration/routing/routes/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from workernb.errors import RouteError

_pattern = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\*?[a-z0-9.-]*)(?::(?P<port>\d+))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
).fullmatch


@dataclass(frozen=True, slots=True)
class Route:
    """A pattern `[scheme://]host[:port][/path]`; `*` may begin the host and end the path."""

    pattern: str
    scheme: str | None
    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, pattern: object) -> Route:
        """Parse a pattern; RouteError if it is invalid."""
        match = _pattern(pattern) if isinstance(pattern, str) else None
        if match is None or not match["host"] or not isinstance(pattern, str):
            raise RouteError(
                f"{pattern!r} is no route: write it like example.com/api/* or *.example.com/*."
            )
        labels = match["host"].removeprefix("*.").removeprefix("*").split(".")
        if "" in labels and match["host"] != "*":
            raise RouteError(f"The host of a route has a dot too many: {pattern!r}.")
        path = match["path"] or "/*"
        if "*" in path[:-1]:
            raise RouteError(f"A route's * may only begin its host and end its path: {pattern!r}.")
        port = int(match["port"]) if match["port"] else None
        scheme = match["scheme"] and match["scheme"].lower()
        return cls(pattern, scheme, match["host"].lower(), port, path)

    @property
    def url(self) -> str:
        """A URL that the route matches."""
        host = self.host
        if host.startswith("*"):
            host = f"www.{host.removeprefix('*').removeprefix('.') or 'example.com'}"
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme or 'http'}://{host}{port}{self.path.rstrip('*') or '/'}"

    def matches(self, url: str) -> bool:
        """Return whether the route matches `url`."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if self.scheme is not None and self.scheme != parts.scheme:
            return False
        if self.port is not None and self.port != parts.port:
            return False
        if self.host.startswith("*"):
            if not host.endswith(self.host[1:]) or host == self.host[1:]:
                return False
        elif host != self.host:
            return False
        if self.path.endswith("*"):
            return parts.path.startswith(self.path[:-1])
        return parts.path == self.path

    @property
    def place(self) -> tuple[str | None, str, int | None, str]:
        """A key that is the same for two patterns that match the same URLs."""
        return (self.scheme, self.host, self.port, self.path)

    @property
    def rank(self) -> tuple[bool, int, bool, int]:
        """A key that sorts routes by how specific they are; the greatest one that matches wins."""
        return (
            not self.host.startswith("*"),
            len(self.host),
            not self.path.endswith("*"),
            len(self.path),
        )


def public_route(service: str) -> Route:
    """Return the route for `--public`: the service's name under localhost."""
    return Route.parse(f"{service}.localhost/*")


def most_specific_match(routes: Iterable[tuple[Route, str]], url: str) -> str | None:
    """Return the name with the most specific route that matches `url`, or None.

    routes: each with a name, usually that of its service.
    """
    matching = [(route.rank, name) for route, name in routes if route.matches(url)]
    return max(matching)[1] if matching else None
