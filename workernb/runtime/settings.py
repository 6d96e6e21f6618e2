"""Settings: a service's bindings, vars and secrets as mutable mappings.

Each assignment, as `gateway.bindings["AUTH"] = "auth@staging"`, is checked and makes a new version.
`update` makes a single new version for all its items.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import Any, NoReturn, Protocol

from workernb.errors import UsageError
from workernb.runtime.services.kinds import SECRETS, SERVICES, VARS, BindingKind
from workernb.runtime.services.service import Service


class Owner(Protocol):
    """The part of the runtime that settings use."""

    def defined_service(self, name: str) -> Service:
        """Return a service; UsageError if it is not defined."""

    def change(
        self, name: str, *, remove: Collection[str] = (), reason: str = "", **bindings: Any
    ) -> object:
        """Add, replace and remove bindings of a service."""


class Settings(MutableMapping[str, Any]):
    """The current bindings of one kind of a service: names to values."""

    kind: BindingKind
    attribute = ""
    """The name of these settings on a handle."""

    def __init__(self, owner: Owner, service: str) -> None:
        """Make a view of the settings of a service."""
        self._owner = owner
        self._service = service

    @property
    def _current(self) -> Mapping[str, Any]:
        return self._owner.defined_service(self._service).definition.of_kind(self.kind)

    def _change(self, reason: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        bindings: dict[str, Any] = {self.kind.keyword: values}
        self._owner.change(self._service, remove=remove, reason=reason, **bindings)

    @property
    def _expression(self) -> str:
        return f"{self._service.replace('-', '_')}.{self.attribute}"

    def __getitem__(self, name: str) -> Any:
        return self._current[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._change(f"{self._expression}[{name!r}] = …", {name: value})

    def __delitem__(self, name: str) -> None:
        if name not in self._current:
            raise KeyError(name)
        self._change(f"del {self._expression}[{name!r}]", {}, (name,))

    def update(self, *given: Any, **named: Any) -> None:
        """Set several values in one change, which makes one new version."""
        values = dict(*given, **named)
        self._change(f"{self._expression}.update(…)", values)

    def clear(self) -> None:
        """Remove all of them in one change."""
        if self:
            self._change(f"{self._expression}.clear()", {}, tuple(self))

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._current))

    def __len__(self) -> int:
        return len(self._current)

    def __repr__(self) -> str:
        return f"{self.attribute} of {self._service}: {dict(self)!r}"


class Bindings(Settings):
    """`handle.bindings`: Service bindings, names to targets as text."""

    kind, attribute = SERVICES, "bindings"

    def __getitem__(self, name: str) -> str:
        """Return the target, `auth-staging#Admin{"role": "reader"}`."""
        return str(self._current[name])


class Vars(Settings):
    """`handle.vars`: names to text or JSON values, which are copied when they are read."""

    kind, attribute = VARS, "vars"

    def __getitem__(self, name: str) -> Any:
        """Return a copy of the value."""
        return copy.deepcopy(self._current[name])


class Secrets(Settings):
    """`handle.secrets`: names of secrets, whose values can be set but not read."""

    kind, attribute = SECRETS, "secrets"

    def __getitem__(self, name: str) -> NoReturn:
        """Raise UsageError, since secrets cannot be read; KeyError for an unknown name."""
        if name not in self._current:
            raise KeyError(name)
        raise UsageError(f"The value of the secret {name} is shown to nobody but its Worker.")

    def __contains__(self, name: object) -> bool:
        return name in self._current

    def __repr__(self) -> str:
        return f"secrets of {self._service}: {', '.join(self) or 'none'}"
