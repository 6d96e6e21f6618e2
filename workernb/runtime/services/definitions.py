"""Definitions: what a service is defined to be, its code and its settings, checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workernb.errors import PlatformText, UsageError, did_you_mean, with_notes

from .kinds import SECRETS, SERVICES, VARS, VERSION_METADATA, BindingKind, kind_named, kinds
from .limits import Limits
from .routes import Route, public_route
from .targets import Target, service_name

_is_date = re.compile(r"\d{4}-\d{2}-\d{2}").fullmatch

Bindings = Mapping[str, Mapping[str, Any]]
"""Bindings by the keyword of their kind, then by name; a kind without any is left out."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a service is defined to be: its source and its settings. Checked, and never changed.

    name: that of the service, with the environment that it is in, if any, as `auth-staging`.
    bindings: all that stands on its env, by kind. tag: what its author calls this version.
    """

    name: str
    source: str
    bindings: Bindings = field(repr=False)
    routes: tuple[Route, ...]
    limits: Limits | Mapping[str, Any] | None
    compatibility_date: str | None
    environment: str | None = None
    tag: str | None = None

    @property
    def worker(self) -> str:
        """The name of the Worker, which its services in all environments share."""
        return self.name.removesuffix(f"-{self.environment}") if self.environment else self.name

    @property
    def services(self) -> Mapping[str, Target]:
        """The targets of the Service bindings."""
        return self.of_kind(SERVICES)

    @property
    def vars(self) -> Mapping[str, Any]:
        """The vars."""
        return self.of_kind(VARS)

    @property
    def secrets(self) -> Mapping[str, str]:
        """The secrets, values included."""
        return self.of_kind(SECRETS)

    @property
    def version_metadata(self) -> str | None:
        """The name of the binding that tells the Worker its version, or None."""
        return next(iter(self.of_kind(VERSION_METADATA)), None)

    def of_kind(self, kind: BindingKind) -> Mapping[str, Any]:
        """Return the bindings of one kind, by name."""
        return self.bindings.get(kind.keyword, {})

    def each_binding(self) -> Iterator[tuple[BindingKind, str, Any]]:
        """Yield the kind, the name and the value of each binding, kind by kind."""
        for kind in kinds():
            for name, value in self.of_kind(kind).items():
                yield kind, name, value

    def targets(self) -> Iterator[tuple[str, Target]]:
        """Yield the name and the target of each binding that leads to a service."""
        for kind, name, value in self.each_binding():
            target = kind.target(value)
            if target is not None:
                yield name, target

    def given_bindings(self) -> dict[str, Any]:
        """Return the bindings as `define` takes them, by the keyword of their kind."""
        return {kind.keyword: kind.as_given(self.of_kind(kind)) for kind in kinds()}

    def secret_values(self) -> list[str]:
        """Return the values that no output may show."""
        return [value for kind, _, value in self.each_binding() if kind.is_secret]

    @classmethod
    def make(
        cls,
        name: str,
        source: str,
        *,
        routes: Iterable[str] = (),
        public: bool = False,
        limits: Limits | Mapping[str, Any] | None = None,
        compatibility_date: str | None = None,
        environment: str | None = None,
        tag: str | None = None,
        **bindings: Any,
    ) -> Definition:
        """Check what a user gave; UsageError for what is refused.

        bindings: by the keyword of their kind. TypeError for a keyword that is none.
        """
        name = service_name(name, environment)
        if not isinstance(source, str):
            raise UsageError(f"A Worker's source is text, not {type(source).__name__}.")
        if compatibility_date is not None and not _is_date(compatibility_date):
            raise UsageError(f"A compatibility date is written 2026-11-23: {compatibility_date!r}.")
        if isinstance(routes, str):
            routes = [routes]
        if limits is not None and not isinstance(limits, Limits):
            limits = dict(limits)
            Limits().but(**limits)  # Raises UsageError for what is none.
        parsed = [Route.parse(route) for route in routes]
        if public:
            parsed.append(public_route(name))
        definition = cls(
            name,
            source,
            _checked(bindings, "Definition.make()"),
            tuple(parsed),
            limits,
            compatibility_date,
            environment,
            tag,
        )
        definition._refuse_shared_names()
        return definition

    def inherit(self, outside: Definition | None) -> Definition:
        """Return what it is in its environment, where the same Worker is defined outside of it.

        As with Wrangler, limits and compatibility date are inherited unless it has its own, and
        bindings, vars and secrets never are. Routes are not either: two would have the same.
        """
        if outside is None:
            return self
        date = self.compatibility_date or outside.compatibility_date
        return replace(self, limits=self.limits or outside.limits, compatibility_date=date)

    def not_inherited(self, outside: Definition) -> list[str]:
        """Return Wrangler's warnings: what the Worker has outside of its environment only."""
        return [
            PlatformText.NOT_INHERITED.format(field=kind.keyword, environment=self.environment)
            for kind in kinds()
            if outside.of_kind(kind) and not self.of_kind(kind)
        ]

    def changed(self, given: Mapping[str, Any], remove: Collection[str]) -> Definition:
        """Return the definition with bindings added, replaced and removed; UsageError if refused.

        given: bindings by the keyword of their kind, then by name. remove: names, of any kind. The
        whole is checked, as a new definition is. TypeError for a keyword that is none.
        """
        known = [name for values in self.bindings.values() for name in values]
        for name in remove:
            if name not in known:
                bound = f"It has {', '.join(sorted(known)) or 'none'}."
                raise with_notes(
                    UsageError(f"Worker {self.name!r} has no binding {name}."),
                    did_you_mean(name, known) or bound,
                )
        added = _checked(given, "change()")
        bindings = {}
        for keyword in [kind.keyword for kind in kinds()]:
            before = self.bindings.get(keyword, {})
            kept = {name: value for name, value in before.items() if name not in remove}
            bindings[keyword] = {**kept, **added.get(keyword, {})}
        definition = replace(self, bindings={k: values for k, values in bindings.items() if values})
        definition._refuse_shared_names()
        # A tag is that of one version.
        return self if definition == self else replace(definition, tag=None)

    def _refuse_shared_names(self) -> None:
        seen: dict[str, str] = {}
        for kind, name, _ in self.each_binding():
            if name in seen:
                raise with_notes(
                    UsageError(PlatformText.UNIQUE_NAMES),
                    f"{name} is in {seen[name]} and in {kind.keyword}.",
                )
            seen[name] = kind.keyword

    def fingerprint(self) -> str:
        """Return a short id of code and settings; secrets count by their names."""
        settings = [
            self.name,
            self.source,
            {keyword: kind_named(keyword).fingerprint(v) for keyword, v in self.bindings.items()},
            [route.pattern for route in self.routes],
            repr(self.limits),
            self.compatibility_date,
        ]
        text = json.dumps(settings, sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _checked(given: Mapping[str, Any], function: str) -> Bindings:
    """Return checked bindings by kind; TypeError, as of `function`, for a keyword that is none."""
    known = {kind.keyword: kind for kind in kinds()}
    for keyword in given:
        if keyword not in known:
            raise TypeError(f"{function} got an unexpected keyword argument {keyword!r}")
    checked = {
        keyword: kind.check(given[keyword])
        for keyword, kind in known.items()
        if given.get(keyword) is not None
    }
    return {keyword: values for keyword, values in checked.items() if values}
