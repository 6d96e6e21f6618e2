"""Settings: a service's bindings, vars and secrets as mappings that can be changed.

`gateway.bindings["AUTH"] = "auth@staging"` is one change, so it makes a version and is checked
first. `update` makes one change of all that it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import Any, NoReturn, Protocol

from workernb.errors import UsageError
from workernb.runtime.services.kinds import SECRETS, SERVICES, VARS, BindingKind
from workernb.runtime.services.service import Service


class Owner(Protocol):
    """The runtime, as far as settings need it."""

    def defined_service(self, name: str) -> Service:
        """Return a service; UsageError when it is not defined."""

    def change(
        self, name: str, *, remove: Collection[str] = (), reason: str = "", **bindings: Any
    ) -> object:
        """Add, replace and remove bindings of a service."""


class Settings(MutableMapping[str, Any]):
    """The bindings of one kind of a service, as they are now: names to values."""

    kind: BindingKind
    attribute = ""
    """The name of these settings on a handle."""

    def __init__(self, owner: Owner, service: str) -> None:
        """Give access to the settings of a service."""
        self._owner = owner
        self._service = service

    @property
    def _now(self) -> Mapping[str, Any]:
        return self._owner.defined_service(self._service).definition.of_kind(self.kind)

    def _change(self, reason: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        bindings: dict[str, Any] = {self.kind.keyword: values}
        self._owner.change(self._service, remove=remove, reason=reason, **bindings)

    @property
    def _expression(self) -> str:
        return f"{self._service.replace('-', '_')}.{self.attribute}"

    def __getitem__(self, name: str) -> Any:
        return self._now[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._change(f"{self._expression}[{name!r}] = …", {name: value})

    def __delitem__(self, name: str) -> None:
        if name not in self._now:
            raise KeyError(name)
        self._change(f"del {self._expression}[{name!r}]", {}, (name,))

    def update(self, *given: Any, **named: Any) -> None:
        """Change several at once: one new version, all or nothing."""
        values = dict(*given, **named)
        self._change(f"{self._expression}.update(…)", values)

    def clear(self) -> None:
        """Take all of them away at once."""
        if self:
            self._change(f"{self._expression}.clear()", {}, tuple(self))

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._now))

    def __len__(self) -> int:
        return len(self._now)

    def __repr__(self) -> str:
        return f"{self.attribute} of {self._service}: {dict(self)!r}"


class Bindings(Settings):
    """`handle.bindings`: Service bindings, names to targets as text."""

    kind, attribute = SERVICES, "bindings"

    def __getitem__(self, name: str) -> str:
        """Return the target, `auth-staging#Admin{"role": "reader"}`."""
        return str(self._now[name])


class Vars(Settings):
    """`handle.vars`: names to text or JSON. Reading one gives a copy."""

    kind, attribute = VARS, "vars"

    def __getitem__(self, name: str) -> Any:
        """Return a copy of the value."""
        return copy.deepcopy(self._now[name])


class Secrets(Settings):
    """`handle.secrets`: their names. Values can be set and not read."""

    kind, attribute = SECRETS, "secrets"

    def __getitem__(self, name: str) -> NoReturn:
        """Refuse to show a secret: KeyError for none, UsageError for one that is there."""
        if name not in self._now:
            raise KeyError(name)
        raise UsageError(f"The value of the secret {name} is shown to nobody but its Worker.")

    def __contains__(self, name: object) -> bool:
        return name in self._now

    def __repr__(self) -> str:
        return f"secrets of {self._service}: {', '.join(self) or 'none'}"
