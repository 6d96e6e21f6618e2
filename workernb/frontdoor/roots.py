"""Where a request leads: by the routes, or at the root, whose host is the port's own."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from workernb.runtime.runtime import Runtime
from workernb.runtime.services.history import Change
from workernb.runtime.services.targets import Target

HUB = "JUPYTERHUB_SERVICE_PREFIX"
"""The environment variable that says that the kernel is behind JupyterHub, and at which path."""


MAX_FOUND = 1_000
"""How many URLs are remembered."""


class Roots:
    """The Workers of a runtime as a port has them: by their routes, or a single one at its root."""

    def __init__(self, runtime: Runtime) -> None:
        """Look Workers up in `runtime`, as they are then."""
        self._runtime = runtime
        self._found: dict[str, Target | None] = {}
        runtime.on_changed.append(self._forget)
        self._prefix = os.environ.get(HUB)

    def close(self) -> None:
        """Remember nothing any more."""
        if self._forget in self._runtime.on_changed:
            self._runtime.on_changed.remove(self._forget)

    def _forget(self, change: Change) -> None:
        self._found.clear()

    def find(self, url: str) -> Target | None:
        """Return what a request to `url` is for: by the routes, or else at the port's root.

        What was found for a URL without its query is remembered until the system changes.
        """
        key = url.partition("?")[0]
        try:
            return self._found[key]
        except KeyError:
            if len(self._found) >= MAX_FOUND:
                self._found.clear()
            found = self._found[key] = self._runtime.route(url) or self.target(url)
            return found

    def target(self, url: str) -> Target | None:
        """Return the single public Worker, if `url` has the port's own host; else None.

        That is `localhost` or an IP address, and behind JupyterHub, whose proxy does not change the
        header, any host. So a name that an attacker lets lead to this machine leads to no Worker.
        """
        public = [service.name for service in self._runtime.defined() if service.public]
        if len(public) != 1:
            return None
        host = urlsplit(url).hostname or ""
        return Target(public[0]) if self._prefix or self._is_own(host) else None

    def is_local(self, host: str) -> bool:
        """Return whether a Host header is a name of this machine: localhost, a Worker's, an IP."""
        name = urlsplit(f"//{host}").hostname or ""
        return name.endswith(".localhost") or self._is_own(name)

    def links(self, port: int) -> list[tuple[str, str]]:
        """Return each public Worker's name and a URL: behind JupyterHub that of the proxy."""
        public = [service for service in self._runtime.defined() if service.public]
        if self._prefix is not None and len(public) == 1:
            return [(public[0].name, f"{self._prefix}proxy/{port}/")]
        return [
            (service.name, _with_port(service.definition.routes[0].url, port)) for service in public
        ]

    def _is_own(self, host: str) -> bool:
        if host == "localhost":
            return True
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True


def _with_port(url: str, port: int) -> str:
    """Return the URL of a route at the port."""
    parts = urlsplit(url)
    return f"http://{parts.hostname}:{port}{parts.path}"
