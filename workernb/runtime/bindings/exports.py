"""Exports: a Worker's own entrypoints in its code: `ctx.exports.Admin.fetch(…)`.

https://developers.cloudflare.com/workers/runtime-apis/context/#exports
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from workernb.errors import did_you_mean, with_notes
from workernb.runtime.services.deployments import has_name
from workernb.runtime.services.engine import Entrypoint, Exporter
from workernb.runtime.services.targets import Target
from workernb.runtime.services.versions import Version
from workernb.texts import PlatformText

from .entrypoints import with_props
from .service import ServiceBinding


class Exports:
    """The entrypoints of one loaded version, and its classes of Durable Objects, as bindings.

    Their targets are in that version, even after another one has been deployed.
    """

    def __init__(
        self,
        version: Version,
        exporter: Callable[[], Exporter | None],
        serving: Callable[[], Mapping[Version, Exporter]],
        namespace: Callable[[str], Any],
    ) -> None:
        """Export the entrypoints of `version`.

        exporter: a weak reference to its Exporter. serving: returns those of the versions that
        serve. namespace: makes the namespace of a class of Durable Objects.
        """
        self._version = version
        self._exporter = exporter
        self._serving = serving
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._loaded().objects:
            return self._namespace(name)
        known = dir(self)
        if name not in known:
            raise with_notes(
                AttributeError(f"Worker {self._version.service!r} exports no {name!r}."),
                did_you_mean(name, known) or f"It exports {', '.join(known)}.",
            )
        return Export(LoadedVersion(self._version, self._loaded()), name, self._serving)

    def _loaded(self) -> Exporter:
        exporter = self._exporter()
        if exporter is None:
            raise RuntimeError(PlatformText.CONTEXT_ENDED)
        return exporter

    def __dir__(self) -> list[str]:
        return [*self._loaded().makers, *self._loaded().objects]

    def __repr__(self) -> str:
        return f"Exports({', '.join(dir(self))})"


class LoadedVersion:
    """One loaded version as a callee, for its own code."""

    def __init__(self, version: Version, exporter: Exporter) -> None:
        """Make the callee of a loaded version."""
        self.version: Version | None = version
        self.service = version.service
        self._exporter = exporter

    @property
    def entrypoints(self) -> LoadedVersion:
        """The entrypoints by name: this object itself."""
        return self

    def get(self, name: str) -> Entrypoint | None:
        """Return an entrypoint; None if there is none of this name."""
        return self._exporter.make(name) if name in self._exporter.makers else None


class Export:
    """A binding to one entrypoint; a call of it returns one with props, or to another version."""

    def __init__(
        self,
        loaded: LoadedVersion,
        name: str,
        serving: Callable[[], Mapping[Version, Exporter]],
    ) -> None:
        """Export an entrypoint of a loaded version. serving: see `Exports`."""
        self._loaded = loaded
        self._name = name
        self._serving = serving

    def __call__(
        self, *, props: Mapping[str, Any] | None = None, version: str | None = None
    ) -> ServiceBinding:
        """Return a binding with props, or to another version that serves.

        version: its number as `v3`, or its id. Raises TypeError if JSON cannot represent
        the props, and ValueError if no such version serves.
        """
        text = json.dumps(dict(props), sort_keys=True) if props else ""
        loaded = self._loaded if version is None else self._of_version(version)
        service = loaded.service
        return ServiceBinding(
            f"ctx.exports.{self._name}",
            Target(service, self._name, props=text),
            service,
            with_props(loaded, text),
            {},
        )

    def _of_version(self, name: str) -> LoadedVersion:
        serving = self._serving()
        for version, exporter in serving.items():
            if has_name(version, name):
                return LoadedVersion(version, exporter)
        known = ", ".join(f"v{version.number}" for version in serving)
        raise with_notes(
            ValueError(f"No version {name!r} of Worker {self._loaded.service!r} serves."),
            f"There is {known}." if known else None,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self(), name)

    def __repr__(self) -> str:
        return f"<entrypoint {self._name} of {self._loaded.version}>"
