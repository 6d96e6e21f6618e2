"""Exports: a Worker's own entrypoints, as its code reaches them: `ctx.exports.Admin.fetch(…)`.

https://developers.cloudflare.com/workers/runtime-apis/context/#exports
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workernb.errors import PlatformText, did_you_mean, with_notes

if TYPE_CHECKING:
    from workernb.runtime.services.engine import Entrypoint, Exporter
    from workernb.runtime.services.service import Version
    from workernb.runtime.tracing.invocations import Invocation

    from .service import ServiceBinding


class Exports:
    """The entrypoints of the version that an invocation runs on, each a binding to it.

    They lead to the same version, whatever has been deployed in the meantime.
    """

    def __init__(self, invocation: Invocation) -> None:
        """Export the entrypoints of an invocation's Worker."""
        self._invocation = invocation

    def __getattr__(self, name: str) -> Export:
        if name.startswith("__"):
            raise AttributeError(name)
        known = list(self._isolate().makers)
        if name not in known:
            raise with_notes(
                AttributeError(f"Worker {self._invocation.service!r} exports no {name!r}."),
                did_you_mean(name, known) or f"It exports {', '.join(known)}.",
            )
        return Export(self._invocation, Own(self._version, self._isolate()), name)

    @property
    def _version(self) -> Version:
        assert self._invocation.version is not None
        return self._invocation.version

    def _isolate(self) -> Exporter:
        isolate = self._version.isolate()
        if isolate is None:
            raise RuntimeError(PlatformText.CONTEXT_ENDED)
        return isolate

    def __dir__(self) -> list[str]:
        return list(self._isolate().makers)

    def __repr__(self) -> str:
        return f"Exports({', '.join(dir(self))})"


class Own:
    """One loaded version, as its own code calls it: what a loopback binding leads to."""

    def __init__(self, version: Version, isolate: Exporter) -> None:
        """Lead to a loaded version."""
        self.version: Version | None = version
        self._isolate = isolate

    @property
    def entrypoints(self) -> Own:
        """Its entrypoints, which this stands for too."""
        return self

    def get(self, name: str) -> Entrypoint | None:
        """Return an entrypoint, or None."""
        return self._isolate.make(name) if name in self._isolate.makers else None


class Export:
    """One entrypoint: a binding to it, and what makes others with props."""

    def __init__(self, invocation: Invocation, own: Own, name: str) -> None:
        """Stand for an entrypoint of the Worker that `invocation` runs."""
        self._invocation = invocation
        self._own = own
        self._name = name

    def __call__(self, *, props: Mapping[str, Any] | None = None) -> ServiceBinding:
        """Return a binding whose calls get these props, which must be JSON."""
        from workernb.runtime.services.targets import Target

        from .props import with_props
        from .service import ServiceBinding

        text = json.dumps(dict(props), sort_keys=True) if props else ""
        service = self._invocation.service
        return ServiceBinding(
            f"ctx.exports.{self._name}",
            Target(service, self._name, props=text),
            service,
            with_props(self._own, text),
            {},
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self(), name)

    def __repr__(self) -> str:
        return f"<entrypoint {self._name} of {self._own.version}>"
