"""Definitions: the checked source and settings of a service."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from workernb.errors import RouteError, UsageError, did_you_mean, with_notes
from workernb.texts import PlatformText

from .crons import checked_cron
from .kinds import SECRETS, SERVICES, VARS, VERSION_METADATA, BindingKind, Store, kind_named, kinds
from .languages import PYTHON, check_language
from .limits import Limits
from .modules import check_modules, check_path, replaced
from .routes import Route, public_route
from .targets import Target, service_name

_has_form_of_date = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII).fullmatch

Bindings = Mapping[str, Mapping[str, Any]]
"""Bindings by the keyword of their kind, then by name; kinds without bindings are left out."""


@dataclass(frozen=True, slots=True)
class Definition:
    """The source and settings of a service: checked, and immutable.

    name: the service's name, including its environment if it has one: `auth-staging`. bindings:
    everything on its `env`, by kind. tag: the author's name for this version. modules: the sources
    of its modules besides the main one, by path. main: the path of the main module, if it has one,
    so that others can import it. crons: the schedules of its scheduled handler. tails: the services
    whose tail handlers get its finished requests. origin: what answers a request for which it has
    called `ctx.passThroughOnException()`. language: of its source, `python` or `javascript`.
    migrations: what becomes of the stored objects of its classes, as Wrangler has them.
    """

    name: str
    source: str
    bindings: Bindings = field(repr=False)
    routes: tuple[Route, ...]
    limits: Limits | Mapping[str, Any] | None
    compatibility_date: str | None
    environment: str | None = None
    tag: str | None = None
    modules: Mapping[str, str] = field(default_factory=dict)
    main: str | None = None
    crons: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    origin: Target | None = None
    language: str = PYTHON
    migrations: tuple[Mapping[str, Any], ...] = ()

    @property
    def worker(self) -> str:
        """The name of the Worker: the service's name without the environment."""
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
        """The name of the version metadata binding, or None."""
        return next(iter(self.of_kind(VERSION_METADATA)), None)

    def __repr__(self) -> str:
        bindings = [
            f"{kind.keyword}={list(values)}"
            for kind in kinds()
            if (values := self.of_kind(kind)) and not kind.is_secret
        ]
        modules = [f"modules={list(self.modules)}"] if self.modules else []
        parts = [repr(self.name), f"source={self.source!r}", *modules, *bindings]
        return f"Definition({', '.join(parts)})"

    def of_kind(self, kind: BindingKind) -> Mapping[str, Any]:
        """Return the bindings of one kind, by name."""
        return self.bindings.get(kind.keyword, {})

    def each_binding(self) -> Iterator[tuple[BindingKind, str, Any]]:
        """Yield the kind, the name and the value of each binding, kind by kind."""
        bindings = self.bindings
        for kind in kinds():
            if kind.keyword in bindings:
                for name, value in bindings[kind.keyword].items():
                    yield kind, name, value

    def targets(self) -> Iterator[tuple[str, Target]]:
        """Yield the name and the target of each binding that has a service as its target."""
        for kind, name, value in self.each_binding():
            target = kind.target(value)
            if target is not None:
                yield name, target

    def stores(self) -> Iterator[tuple[str, Store]]:
        """Yield the name and the store of each binding to a store."""
        for kind, name, value in self.each_binding():
            store = kind.store(value)
            if store is not None:
                yield name, store

    def sources(self) -> Iterator[Store]:
        """Yield the stores that call the Worker: the queues that it consumes."""
        for kind, name, value in self.each_binding():
            store = kind.source(name, value)
            if store is not None:
                yield store

    def given_bindings(self) -> dict[str, Any]:
        """Return the bindings in the form that `define` takes, by the keyword of their kind."""
        return {kind.keyword: kind.as_given(self.of_kind(kind)) for kind in kinds()}

    def secret_values(self) -> list[str]:
        """Return the values that must not appear in any output."""
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
        modules: Mapping[str, str] | None = None,
        main: str | None = None,
        crons: Iterable[str] = (),
        tails: Iterable[str] = (),
        origin: str | None = None,
        language: str = PYTHON,
        migrations: Iterable[Mapping[str, Any]] | Mapping[str, Any] = (),
        **bindings: Any,
    ) -> Definition:
        """Make a definition from a user's arguments; UsageError if they are invalid.

        bindings: by the keyword of their kind. UsageError for an unknown keyword.
        """
        name = service_name(name, environment)
        if not isinstance(source, str):
            raise UsageError(f"A Worker's source is text, not {type(source).__name__}.")
        if compatibility_date is not None and not _is_date(compatibility_date):
            raise UsageError(
                "A compatibility date is a day, written like 2026-11-23, "
                f"not {compatibility_date!r}."
            )
        check_language(language)
        if main is not None:
            check_path(main, language)
        definition = cls(
            name,
            source,
            _checked(bindings, "define()", name),
            _checked_routes(name, routes, public),
            _checked_limits(limits),
            compatibility_date,
            environment,
            tag,
            check_modules({} if modules is None else modules, main, language),
            main,
            tuple(dict.fromkeys(checked_cron(cron) for cron in _texts(crons))),
            tuple(dict.fromkeys(Target.parse(tail).service for tail in _texts(tails))),
            None if origin is None else Target.of_binding(origin),
            language,
            _checked_migrations(migrations),
        )
        definition._refuse_shared_names()
        return definition

    def inherit(self, top_level: Definition | None) -> Definition:
        """Return this definition of an environment, completed from the Worker's top level.

        As with Wrangler, limits and the compatibility date are inherited unless the environment
        has its own; bindings, vars and secrets never are. Neither are routes, since two services
        would then have the same ones.
        """
        if top_level is None:
            return self
        date = self.compatibility_date or top_level.compatibility_date
        return replace(self, limits=self.limits or top_level.limits, compatibility_date=date)

    def inheritance_warnings(self, top_level: Definition) -> list[str]:
        """Return Wrangler's warnings about bindings that only the Worker's top level has."""
        own = {kind.section for kind in kinds() if self.of_kind(kind)}
        outside = dict.fromkeys(kind.section for kind in kinds() if top_level.of_kind(kind))
        return [
            PlatformText.NOT_INHERITED.format(field=section, environment=self.environment)
            for section in outside
            if section not in own
        ]

    def changed(
        self,
        given: Mapping[str, Any],
        remove: Collection[str],
        modules: Mapping[str, str | None] | None = None,
    ) -> Definition:
        """Return the definition with parts added, replaced and removed; UsageError if refused.

        given: bindings by the keyword of their kind, then by name. remove: names of bindings, of
        any kind. modules: sources by path, None for a module that is removed. The result is checked
        like a new definition.
        """
        if isinstance(remove, str):
            raise UsageError(f"What is removed is a list of names: write remove=[{remove!r}].")
        known = [name for values in self.bindings.values() for name in values]
        for name in remove:
            if name not in known:
                bound = f"It has {', '.join(sorted(known)) or 'none'}."
                raise with_notes(
                    UsageError(f"Worker {self.name!r} has no binding {name}."),
                    did_you_mean(name, known) or bound,
                )
        added = _checked(given, "change()", self.name)
        bindings = {}
        for keyword in [kind.keyword for kind in kinds()]:
            before = self.bindings.get(keyword, {})
            kept = {name: value for name, value in before.items() if name not in remove}
            bindings[keyword] = {**kept, **added.get(keyword, {})}
        definition = replace(
            self,
            bindings={k: values for k, values in bindings.items() if values},
            modules=check_modules(
                replaced(self.modules, modules or {}, self.name, self.language),
                self.main,
                self.language,
            ),
        )
        definition._refuse_shared_names()
        # A tag names a single version.
        return self if definition == self else replace(definition, tag=None)

    def _refuse_shared_names(self) -> None:
        seen: dict[str, str] = {}
        for kind, name, _ in self.each_binding():
            if not kind.is_on_env:
                continue
            if name in seen:
                raise with_notes(
                    UsageError(PlatformText.UNIQUE_NAMES),
                    f"{name} is in {seen[name]} and in {kind.keyword}.",
                )
            seen[name] = kind.keyword

    def fingerprint(self) -> str:
        """Return a short hash of code and settings; of secrets, only the names count."""
        import hashlib  # Not at import: it takes a fiftieth of the time of `import workernb`.

        settings = [
            self.name,
            self.source,
            {k: kind_named(k).fingerprint(values) for k, values in self.bindings.items()},
            [route.pattern for route in self.routes],
            repr(self.limits),
            self.compatibility_date,
        ]
        if self.modules or self.main:
            settings += [dict(self.modules), self.main]
        if self.crons or self.tails or self.origin is not None:
            settings += [list(self.crons), list(self.tails), str(self.origin)]
        if self.language != PYTHON:
            settings.append(self.language)
        if self.migrations:
            settings += [json.dumps([dict(each) for each in self.migrations])]
        text = json.dumps(settings, sort_keys=True, default=repr)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_date(text: object) -> bool:
    """Return whether this is a day of the calendar, as text like 2026-11-23."""
    if not isinstance(text, str) or not _has_form_of_date(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _checked_routes(service: str, routes: object, public: bool) -> tuple[Route, ...]:
    """Return the parsed routes; UsageError for what is no list of patterns, or has one twice."""
    if isinstance(routes, str):
        routes = [routes]
    if not isinstance(routes, Iterable):
        given = type(routes).__name__
        raise UsageError(f"routes is a list of patterns, ['example.com/*'], not {given}.")
    parsed = [Route.parse(route) for route in routes]
    if public:
        parsed.append(public_route(service))
    places = [route.place for route in parsed]
    for number, route in enumerate(parsed):
        if route.place in places[:number]:
            raise RouteError(f"Worker {service!r} has the route {route.pattern!r} twice.")
    return tuple(parsed)


def _checked_limits(limits: object) -> Limits | Mapping[str, Any] | None:
    """Return the limits of a Worker; UsageError for an unknown or invalid one."""
    if limits is None or isinstance(limits, Limits):
        return limits
    if not isinstance(limits, Mapping):
        given = type(limits).__name__
        raise UsageError(f"limits is a dict, {{'cpu_ms': 50}}, or Limits, not {given}.")
    Limits().but(**limits)
    return dict(limits)


_MIGRATIONS = {
    "new_sqlite_classes": (), "new_classes": (), "deleted_classes": (),
    "renamed_classes": ("from", "to"), "transferred_classes": ("from", "from_script", "to"),
}  # fmt: skip
"""The lists of a migration, and the fields of their entries; none for those that are names."""


def _checked_migrations(given: object) -> tuple[Mapping[str, Any], ...]:
    """Return migrations of Durable Objects; UsageError for what is none, or has a tag twice."""
    if isinstance(given, Mapping):
        given = [
            {"tag": tag, **entry} if isinstance(entry, Mapping) else entry
            for tag, entry in given.items()
        ]
    example = '[{"tag": "v1", "new_sqlite_classes": ["Counter"]}]'
    if not isinstance(given, list | tuple) or not all(isinstance(each, Mapping) for each in given):
        raise UsageError(f"migrations is a list of objects: migrations={example}")
    tags = [each.get("tag") for each in given]
    if not all(isinstance(tag, str) and tag for tag in tags) or len(set(tags)) < len(tags):
        raise UsageError(f"Each migration has a tag of its own: migrations={example}")
    for migration in given:
        for name, entries in migration.items():
            if name != "tag":
                _check_migration(migration["tag"], name, entries)
    return tuple(json.loads(json.dumps(list(given))))


def _check_migration(tag: str, name: str, entries: object) -> None:
    if name not in _MIGRATIONS:
        raise with_notes(
            UsageError(f"The migration {tag!r} has no {name!r}."),
            did_you_mean(name, _MIGRATIONS) or f"It has {', '.join(_MIGRATIONS)}.",
        )
    fields = _MIGRATIONS[name]
    for entry in entries if isinstance(entries, list | tuple) else [None]:
        is_valid = isinstance(entry, Mapping) and all(
            isinstance(entry.get(field), str) for field in fields
        )
        if not (is_valid if fields else isinstance(entry, str)):
            kind = f"objects with {', '.join(fields)}" if fields else "names of classes"
            raise UsageError(f"{name} of the migration {tag!r} is a list of {kind}.")


def _texts(given: Iterable[str]) -> Iterable[str]:
    """Return a list of texts that may be given as a single one."""
    return [given] if isinstance(given, str) else given


def _spread(given: Mapping[str, Any], known: Mapping[str, BindingKind]) -> Mapping[str, Any]:
    """Return what is given, with objects that hold that of two kinds in parts; UsageError."""
    spread: dict[str, Any] = {}
    for keyword, values in given.items():
        for part, value in known[keyword].spread(values).items():
            if value is None:
                continue
            if part in spread:
                raise UsageError(f"{part} are given twice: by themselves, and within an object.")
            spread[part] = value
    return spread


def _checked(given: Mapping[str, Any], function: str, service: str) -> Bindings:
    """Return checked bindings by kind; UsageError that names `function` for unknown keywords."""
    known = {kind.keyword: kind for kind in kinds()}
    for keyword in given:
        if keyword not in known:
            raise with_notes(
                UsageError(f"{function} got an unexpected keyword argument {keyword!r}"),
                did_you_mean(keyword, known),
            )
    given = _spread(given, known)
    checked = {
        keyword: kind.complete(kind.check(given[keyword]), service)
        for keyword, kind in known.items()
        if given.get(keyword) is not None
    }
    return {keyword: values for keyword, values in checked.items() if values}
