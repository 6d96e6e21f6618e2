"""A service's settings as mappings: `gateway.bindings["AUTH"] = "auth@staging"`.

Each change goes through `Runtime.change`, so it is a version of its own and is checked first.
`update` makes one change of all that it is given.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, NoReturn

from workernb.errors import UsageError

if TYPE_CHECKING:
    from .runtime import Runtime


class Settings(MutableMapping[str, Any]):
    """One kind of settings of a service, as they are now: names to values."""

    kind = ""
    """What `Runtime.change` and a definition call it."""

    called = ""
    """What a handle calls it."""

    def __init__(self, runtime: Runtime, service: str) -> None:
        """Stand for the settings of a service."""
        self._runtime = runtime
        self._service = service

    @property
    def _now(self) -> Mapping[str, Any]:
        version = self._runtime[self._service].version
        now: Mapping[str, Any] = getattr(version and version.definition, self.kind)
        return now

    def _change(self, reason: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        changes: dict[str, Any] = {self.kind: values}
        self._runtime.change(self._service, remove=remove, reason=reason, **changes)

    @property
    def _spelled(self) -> str:
        return f"{self._service.replace('-', '_')}.{self.called}"

    def __getitem__(self, name: str) -> Any:
        return self._now[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._change(f"{self._spelled}[{name!r}] = …", {name: value})

    def __delitem__(self, name: str) -> None:
        if name not in self._now:
            raise KeyError(name)
        self._change(f"del {self._spelled}[{name!r}]", {}, (name,))

    def update(self, *given: Any, **more: Any) -> None:
        """Change several at once: one new version, all or nothing."""
        values = dict(*given, **more)
        self._change(f"{self._spelled}.update(…)", values)

    def clear(self) -> None:
        """Take all of them away at once."""
        if self:
            self._change(f"{self._spelled}.clear()", {}, tuple(self))

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._now))

    def __len__(self) -> int:
        return len(self._now)

    def __repr__(self) -> str:
        return f"{self.called} of {self._service}: {dict(self)!r}"


class Bindings(Settings):
    """`handle.bindings`: Service bindings, names to targets as text."""

    kind, called = "services", "bindings"

    def __getitem__(self, name: str) -> str:
        """Return the target, `auth-staging#Admin{"role": "reader"}`."""
        return str(self._now[name])


class Vars(Settings):
    """`handle.vars`: names to text or JSON. What is given out is a copy."""

    kind, called = "vars", "vars"

    def __getitem__(self, name: str) -> Any:
        """Return a copy of the value."""
        return copy.deepcopy(self._now[name])


class Secrets(Settings):
    """`handle.secrets`: their names. Values go in and never come out."""

    kind, called = "secrets", "secrets"

    def __getitem__(self, name: str) -> NoReturn:
        """Refuse to show a secret: KeyError for none, UsageError for one that is there."""
        if name not in self._now:
            raise KeyError(name)
        raise UsageError(f"The value of the secret {name} is shown to nobody but its Worker.")

    def __contains__(self, name: object) -> bool:
        return name in self._now

    def __repr__(self) -> str:
        return f"secrets of {self._service}: {', '.join(self) or 'none'}"
