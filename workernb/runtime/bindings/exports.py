"""Exports: a Worker's own entrypoints in its code: `ctx.exports.Admin.fetch(…)`.

https://developers.cloudflare.com/workers/runtime-apis/context/#exports
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from workernb.errors import PlatformText, did_you_mean, with_notes
from workernb.runtime.services.engine import Entrypoint, Exporter
from workernb.runtime.services.targets import Target
from workernb.runtime.services.versions import Version

from .entrypoints import with_props
from .service import ServiceBinding


class Exports:
    """The entrypoints of one loaded version, as bindings.

    Their targets are in that version, even after another one has been deployed.
    """

    def __init__(self, version: Version, exporter: Callable[[], Exporter | None]) -> None:
        """Export the entrypoints of `version`. exporter: a weak reference to its Exporter."""
        self._version = version
        self._exporter = exporter

    def __getattr__(self, name: str) -> Export:
        if name.startswith("__"):
            raise AttributeError(name)
        known = list(self._loaded().makers)
        if name not in known:
            raise with_notes(
                AttributeError(f"Worker {self._version.service!r} exports no {name!r}."),
                did_you_mean(name, known) or f"It exports {', '.join(known)}.",
            )
        return Export(LoadedVersion(self._version, self._loaded()), name)

    def _loaded(self) -> Exporter:
        exporter = self._exporter()
        if exporter is None:
            raise RuntimeError(PlatformText.CONTEXT_ENDED)
        return exporter

    def __dir__(self) -> list[str]:
        return list(self._loaded().makers)

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
    """A binding to one entrypoint; a call of it returns a binding with props."""

    def __init__(self, loaded: LoadedVersion, name: str) -> None:
        """Export an entrypoint of a loaded version."""
        self._loaded = loaded
        self._name = name

    def __call__(self, *, props: Mapping[str, Any] | None = None) -> ServiceBinding:
        """Return a binding with props; TypeError if JSON cannot represent them."""
        text = json.dumps(dict(props), sort_keys=True) if props else ""
        service = self._loaded.service
        return ServiceBinding(
            f"ctx.exports.{self._name}",
            Target(service, self._name, props=text),
            service,
            with_props(self._loaded, text),
            {},
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self(), name)

    def __repr__(self) -> str:
        return f"<entrypoint {self._name} of {self._loaded.version}>"
