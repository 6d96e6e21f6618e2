"""Entrypoints that no engine makes: missing ones, those with props, those of two versions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from workernb.errors import BindingError, with_notes
from workernb.runtime.events.event import missing_handler
from workernb.runtime.events.rpc import RPC
from workernb.runtime.services.deployments import (
    KEY,
    OVERRIDES,
    Deployment,
    has_name,
    overridden_version,
    point_of,
)
from workernb.runtime.services.engine import Entrypoint, Handler, Isolate
from workernb.runtime.services.service import Service
from workernb.runtime.services.targets import DEFAULT, Target, suggest_service
from workernb.runtime.services.versions import Version
from workernb.texts import PlatformText

NOTEBOOK = "the notebook"
"""The caller in error texts if it is not a Worker."""


class Entrypoints(Protocol):
    """The part of a mapping of entrypoints by name that a call uses."""

    def get(self, name: str, /) -> Entrypoint | None:
        """Return an entrypoint; None if there is none of this name."""


class Callee(Protocol):
    """What a binding calls: a service, or a substitute for it."""

    @property
    def version(self) -> Version | None:
        """The version that serves, or None."""

    @property
    def entrypoints(self) -> Entrypoints:
        """The entrypoints by name, looked up for each call."""


class MissingEntrypoint:
    """Substitute for an entrypoint that does not exist; a call of it raises BindingError."""

    def __init__(
        self,
        binding: str | None,
        target: Target,
        worker: str,
        version: Version | None,
        services: Mapping[str, Service],
    ) -> None:
        """Store what the error's text needs. worker: the caller. version: None if undefined."""
        self.service = target.service
        self.version = version
        self.handlers = self
        self.methods: Mapping[str, Any] = {}
        self._binding = binding
        self._target = target
        self._worker = worker
        self._services = services

    def get(self, name: str) -> Handler | None:
        """Return a handler that raises the error, or None if the Worker has no handlers at all."""
        if self.version is not None and self._target.entrypoint == DEFAULT:
            return None

        async def handler(argument: Any, invocation: Any) -> Any:
            stamps = invocation.trace.stamps
            if invocation.caller is not None and stamps[-1] is invocation:
                stamps.pop()  # No code of the Worker runs, so its caller is charged.
            raise self._error(invocation.method if name == RPC else name)

        return handler

    def _error(self, name: str) -> Exception:
        names = {
            "worker": self._worker,
            "binding": self._binding,
            "service": self.service,
            "entrypoint": self._target.entrypoint,
        }
        called = (
            f"Worker {self._worker!r} called env.{self._binding}.{name}(…), "
            f"bound to {self._target}."
        )
        if self.version is None:
            known = [name for name, service in self._services.items() if service.versions]
            return with_notes(
                BindingError(PlatformText.NO_SUCH_SERVICE.format(**names)),
                called,
                suggest_service(self.service, known),
            )
        return with_notes(BindingError(PlatformText.NO_SUCH_ENTRYPOINT.format(**names)), called)


class EntrypointProxy:
    """Substitute for an entrypoint, which it finds when the call begins.

    service: the name of the service. version: that of the entrypoint, or None until it is known.
    """

    def __init__(self, service: str, version: Version | None) -> None:
        """Make a substitute for an entrypoint of a service."""
        self.service = service
        self.version = version
        self.handlers = self
        self.methods: Mapping[str, Any] = {}

    def resolve(self, argument: Any, invocation: Any) -> Entrypoint:
        """Return the entrypoint for a call. argument: its handler's argument."""
        raise NotImplementedError

    def get(self, name: str) -> Handler | None:
        """Return a handler that finds the entrypoint and calls its handler."""

        def handler(argument: Any, invocation: Any) -> Awaitable[Any]:
            found = self.resolve(argument, invocation).handlers.get(name)
            return (found or missing_handler(name))(argument, invocation)

        return handler


# Props: data of a binding for its target, as `self.ctx.props`. They are set where the binding is
# made, never by the caller, so the target can trust them.
# https://developers.cloudflare.com/workers/runtime-apis/context/#props


def with_props(callee: Callee, props: str) -> Callee:
    """Return a callee that passes props (JSON text) to each call; `callee` itself without props."""
    return CalleeWithProps(callee, props) if props else callee


class CalleeWithProps:
    """A service, as a binding with props calls it."""

    def __init__(self, callee: Callee, props: str) -> None:
        """Pass `props` to each call of `callee`."""
        self._callee = callee
        self._props = props

    @property
    def version(self) -> Version | None:
        """The version that serves, or None."""
        return self._callee.version

    @property
    def entrypoints(self) -> CalleeWithProps:
        """The entrypoints by name: this object itself."""
        return self

    def get(self, name: str) -> Entrypoint | None:
        """Return an entrypoint with the props; None if there is none of this name."""
        entrypoint = self._callee.entrypoints.get(name)
        return None if entrypoint is None else WithProps(entrypoint, self._props)


class WithProps(EntrypointProxy):
    """An entrypoint, as a binding with props calls it."""

    def __init__(self, entrypoint: Entrypoint, props: str) -> None:
        """Pass `props` to each call of `entrypoint`."""
        super().__init__(entrypoint.service, entrypoint.version)
        self._entrypoint = entrypoint
        self._props = props

    def resolve(self, argument: Any, invocation: Any) -> Entrypoint:
        """Set a copy of the props on the invocation, and return the entrypoint."""
        invocation.ensure_extras().props = json.loads(self._props)
        return self._entrypoint


# Two versions that serve


@dataclass(frozen=True, slots=True)
class Split:
    """Two loaded versions of a service, and the choice between them."""

    service: str
    deployment: Deployment
    versions: Mapping[int, Version]
    isolates: Mapping[int, Isolate]
    random: Random

    def choose(self, fields: Mapping[str, str]) -> int:
        """Return the version for a call: by its override, by its key, or at random.

        fields: the headers of its request.
        """
        name = overridden_version(self.service, fields.get(OVERRIDES))
        if name is not None:
            for number, _ in self.deployment.shares:
                if has_name(self.versions[number], name):
                    return number
        key = fields.get(KEY)
        point = self.random.random() * 100 if key is None else point_of(self.service, key)
        return self.deployment.pick(point)


class SplitEntrypoint(EntrypointProxy):
    """Substitute for an entrypoint while two versions serve; each call goes to one of them.

    The version is chosen when the call begins, from those that served when the call was made.
    """

    def __init__(self, split: Split, name: str) -> None:
        """Make a substitute for the entrypoint `name`."""
        super().__init__(split.service, None)
        self._split = split
        self._name = name

    def resolve(self, argument: Any, invocation: Any) -> Entrypoint:
        """Choose a version by the request's headers, and record it on the invocation."""
        split = self._split
        number = split.choose(getattr(argument, "_fields", {}))
        invocation.version = version = split.versions[number]
        invocation.ensure_extras().deployment = split.deployment
        found = split.isolates[number].entrypoints.get(self._name)
        if found is not None:
            return found
        caller = invocation.caller
        worker = NOTEBOOK if caller is None else caller.service
        target = Target(self.service, self._name)
        return MissingEntrypoint(invocation.binding, target, worker, version, {})


def entrypoints_of(
    service: str,
    deployment: Deployment,
    versions: Mapping[int, Version],
    isolates: Mapping[int, Isolate],
    random: Random,
) -> Mapping[str, Entrypoint]:
    """Return the entrypoints of a service, by name.

    Those of a single version are the isolate's own, so that a call needs no further look-up.
    """
    if deployment.stable:
        return isolates[deployment.main].entrypoints
    split = Split(service, deployment, versions, isolates, random)
    names = {name for isolate in isolates.values() for name in isolate.entrypoints}
    return {name: SplitEntrypoint(split, name) for name in sorted(names)}
