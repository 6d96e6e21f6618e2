"""Props: what a binding tells the Worker that it leads to, as `self.ctx.props`.

Whoever makes the binding sets them, never who calls over it; so the Worker can trust them.
https://developers.cloudflare.com/workers/runtime-apis/context/#props
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from workernb.runtime.services.engine import Entrypoint

from .entrypoints import StandIn

if TYPE_CHECKING:
    from workernb.runtime.services.service import Version
    from workernb.runtime.tracing.invocations import Invocation


class Entrypoints(Protocol):
    """Entrypoints by name, as far as a call asks for them."""

    def get(self, name: str, /) -> Entrypoint | None:
        """Return an entrypoint, or None."""


class Callee(Protocol):
    """What a binding calls: a service, or what stands for it."""

    @property
    def version(self) -> Version | None:
        """The version that serves, or None."""

    @property
    def entrypoints(self) -> Entrypoints:
        """What a call is handed to, looked up anew for each."""


def with_props(callee: Callee, props: str) -> Callee:
    """Return what gives props (JSON text) to each call; without any the callee itself."""
    return CalleeWithProps(callee, props) if props else callee


class CalleeWithProps:
    """A service as a binding with props reaches it."""

    def __init__(self, callee: Callee, props: str) -> None:
        """Give `props` to each call of the callee."""
        self._callee = callee
        self._props = props

    @property
    def version(self) -> Version | None:
        """The version that serves, or None."""
        return self._callee.version

    @property
    def entrypoints(self) -> CalleeWithProps:
        """Its entrypoints, which this stands for too."""
        return self

    def get(self, name: str) -> Entrypoint | None:
        """Return an entrypoint that gets the props, or None where there is none."""
        entrypoint = self._callee.entrypoints.get(name)
        return None if entrypoint is None else WithProps(entrypoint, self._props)


class WithProps(StandIn):
    """An entrypoint as one binding with props reaches it."""

    def __init__(self, entrypoint: Entrypoint, props: str) -> None:
        """Give `props` to each call."""
        super().__init__(entrypoint.service, entrypoint.version)
        self._entrypoint = entrypoint
        self._props = props

    def resolve(self, fields: Mapping[str, str], invocation: Invocation) -> Entrypoint:
        """Note the props on the call: its own copy of them."""
        invocation.and_more.props = json.loads(self._props)
        return self._entrypoint
