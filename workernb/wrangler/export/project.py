"""A Wrangler project for a Worker: its configuration and its files, as text.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workernb.errors import UsageError
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import kinds
from workernb.runtime.services.languages import JAVASCRIPT, PYTHON
from workernb.runtime.services.limits import Limits
from workernb.runtime.services.routes import public_route
from workernb.wrangler.config import LIMITS
from workernb.wrangler.dev_vars import format_dev_vars

from .packages import packages

COMPATIBILITY_DATE = "2026-08-22"
"""The day of the workerd whose behaviour is simulated, for Workers that name none."""

MAIN = {PYTHON: "entry.py", JAVASCRIPT: "index.js"}
"""The main module of a Worker whose source is a cell, by its language."""

FIRST_MIGRATION = "v1"
"""The tag of the migration that creates classes of Durable Objects."""

_NONE: Mapping[str, Any] = {
    "vars": {},
    "secrets": {"required": []},
    "durable_objects": {"bindings": []},
    "queues": {},
    **{
        key: []
        for key in ("services", "kv_namespaces", "d1_databases", "r2_buckets", "ratelimits",
                    "tail_consumers")
    },
}  # fmt: skip
"""What says of a key that there is nothing."""


@dataclass(frozen=True, slots=True)
class Project:
    """A Worker with its environments.

    top: the definition outside of any. classes: those of Durable Objects that bindings lead to, by
    service.
    """

    top: Definition
    environments: Mapping[str, Definition]
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def definitions(self) -> list[Definition]:
        """The definition outside of any environment, and those in them by name."""
        return [self.top, *(self.environments[each] for each in sorted(self.environments))]

    @property
    def name(self) -> str:
        """The name of the Worker."""
        return self.top.name

    def files(self, *, dev_vars: bool = False) -> dict[str, str]:
        """Return the project's files by path.

        dev_vars: whether the values of secrets are written, into .dev.vars. Raises UsageError for
        one that such a file cannot hold.
        """
        files = {
            "wrangler.jsonc": json.dumps(self.configuration(), indent=2, ensure_ascii=False) + "\n",
        }
        if self.is_python:
            files["pyproject.toml"] = self._pyproject()
        for definition in self.definitions:
            folder = self._folder(definition)
            files[f"{folder}/{main_of(definition)}"] = cell_source(definition.source)
            for path, source in definition.modules.items():
                files[f"{folder}/{path}"] = cell_source(source)
        if dev_vars:
            files |= self._dev_vars()
        return files

    def configuration(self) -> dict[str, Any]:
        """Return the content of wrangler.jsonc."""
        top = self.top
        configuration: dict[str, Any] = {
            "$schema": "../node_modules/wrangler/config-schema.json",
            "name": self.name,
            "main": self.main_path(top),
            "compatibility_date": top.compatibility_date or COMPATIBILITY_DATE,
            **({"compatibility_flags": flags_of(top)} if flags_of(top) else {}),
            **self._section(top),
        }
        if self.environments:
            configuration["env"] = {
                name: self._environment(self.environments[name], configuration)
                for name in sorted(self.environments)
            }
        return configuration

    def _section(self, definition: Definition) -> dict[str, Any]:
        section = _settings(definition)
        if migrations := self.migrations(definition):
            section["migrations"] = migrations
        return section

    def migrations(self, definition: Definition) -> list[Mapping[str, Any]]:
        """Return a definition's migrations; without any, one that creates its classes."""
        if definition.migrations:
            return [dict(each) for each in definition.migrations]
        classes = self.classes.get(definition.name)
        return [{"tag": FIRST_MIGRATION, "new_sqlite_classes": list(classes)}] if classes else []

    def _environment(self, definition: Definition, top: Mapping[str, Any]) -> dict[str, Any]:
        """Return an environment's keys: those that differ from what it would inherit."""
        section = {
            "main": self.main_path(definition),
            "compatibility_date": definition.compatibility_date or COMPATIBILITY_DATE,
            **self._section(definition),
        }
        if flags_of(definition) != flags_of(self.top):
            section["compatibility_flags"] = flags_of(definition)
        # What the top level alone has would be inherited, so its absence has to be said.
        if "routes" in top:
            section.setdefault("routes", [])
        if "triggers" in top:
            section.setdefault("triggers", {"crons": []})
        if "migrations" in top:
            section.setdefault("migrations", [])
        # Wrangler warns of a key that only the top level has.
        for key, none in _NONE.items():
            if key in top:
                section.setdefault(key, none)
        same = ("main", "compatibility_date", "limits", "migrations")
        return {k: value for k, value in section.items() if k not in same or top.get(k) != value}

    @property
    def is_python(self) -> bool:
        """Whether any of its code is in Python."""
        return any(definition.language == PYTHON for definition in self.definitions)

    def main_path(self, definition: Definition) -> str:
        """Return the path of a definition's main module in the project."""
        return f"{self._folder(definition)}/{main_of(definition)}"

    def _folder(self, definition: Definition) -> str:
        """Return the folder of a definition's code: one folder for the same code."""
        code = (definition.source, dict(definition.modules), definition.main)
        if code == (self.top.source, dict(self.top.modules), self.top.main):
            return "src"
        return f"src-{definition.environment}"

    def _pyproject(self) -> str:
        in_python = (each for each in self.definitions if each.language == PYTHON)
        needed = sorted({name for each in in_python for name in packages(each)})
        dependencies = "".join(f"    {json.dumps(name)},\n" for name in needed)
        return (
            "[project]\n"
            f"name = {json.dumps(self.name.strip('-_') or 'worker')}\n"
            'version = "0.1.0"\n'
            'requires-python = ">=3.12"\n'
            f"dependencies = [{chr(10) if needed else ''}{dependencies}]\n\n"
            "[dependency-groups]\n"
            'dev = ["workers-py", "workers-runtime-sdk"]\n'
        )

    def _dev_vars(self) -> dict[str, str]:
        """Return a file of secrets for each definition, if any of them has secrets.

        An environment without a file would get the values of the top level's.
        """
        if not any(definition.secrets for definition in self.definitions):
            return {}
        return {
            ".dev.vars" + (f".{one.environment}" if one.environment else ""): format_dev_vars(
                one.secrets
            )
            for one in self.definitions
        }


def projects(definitions: Iterable[Definition]) -> list[Project]:
    """Return the projects of definitions: one for each Worker, by name.

    A Worker that is defined in environments only is one project in each of them, since Wrangler's
    configuration has no environment without a top level.
    """
    tops: dict[str, Definition] = {}
    environments: dict[str, dict[str, Definition]] = {}
    for one in definitions:
        if one.environment is None:
            tops[one.name] = one
        else:
            environments.setdefault(one.worker, {})[one.environment] = one
    for worker in environments.keys() - tops.keys():
        for one in environments.pop(worker).values():
            tops[one.name] = replace(one, environment=None)
    classes = _bound_classes(
        [*tops.values(), *(one for each in environments.values() for one in each.values())]
    )
    return [Project(tops[name], environments.get(name, {}), classes) for name in sorted(tops)]


def _bound_classes(definitions: Iterable[Definition]) -> dict[str, list[str]]:
    """Return the classes of Durable Objects that bindings lead to, by service."""
    found: dict[str, set[str]] = {}
    for definition in definitions:
        for _, store in definition.stores():
            if store.code is not None:
                service, name = store.code
                found.setdefault(service, set()).add(name)
    return {service: sorted(names) for service, names in found.items()}


def flags_of(definition: Definition) -> list[str]:
    """Return the compatibility flags that a definition's code needs."""
    return ["python_workers"] if definition.language == PYTHON else []


def main_of(definition: Definition) -> str:
    """Return the file name of a definition's main module."""
    if definition.main is not None:
        return definition.main
    name = MAIN[definition.language]
    while name in definition.modules:
        name = f"main_{name}"
    return name


def cell_source(source: str) -> str:
    """Return a source as it stands in its cell, below the magic's own line."""
    return source.removeprefix("\n")


def own_limits(definition: Definition) -> dict[str, Any]:
    """Return the limits that a definition has of its own, by name."""
    limits = definition.limits
    if isinstance(limits, Limits):
        default = Limits()
        names = (*LIMITS, "wall_ms", "invocations", "depth", "budget", "memory_mb", "startup_ms")
        return {
            name: getattr(limits, name)
            for name in names
            if getattr(limits, name) != getattr(default, name)
        }
    return dict(limits or {})


def _settings(definition: Definition) -> dict[str, Any]:
    """Return the keys that an environment, or the top level, has for a definition."""
    public = public_route(definition.name)
    routes = [each.pattern for each in definition.routes if each.place != public.place]
    section: dict[str, Any] = {"workers_dev": len(routes) < len(definition.routes)}
    if routes:
        section["routes"] = routes
    if definition.crons:
        section["triggers"] = {"crons": list(definition.crons)}
    limits = {
        name: int(value) if float(value).is_integer() else value
        for name, value in own_limits(definition).items()
        if name in LIMITS and value is not None
    }
    if limits:
        section["limits"] = limits
    for kind in kinds():
        for key, value in kind.for_wrangler(definition.of_kind(kind)).items():
            # Producers and consumers of queues are two kinds, and one key.
            section[key] = section[key] | value if key in section else value
    for row in section.get("durable_objects", {}).get("bindings", ()):
        if row["script_name"] == definition.name:
            del row["script_name"]
    if definition.secrets:
        section["secrets"] = {"required": sorted(definition.secrets)}
    if definition.tails:
        section["tail_consumers"] = [{"service": name} for name in definition.tails]
    return section


def refuse_strange_names(found: Iterable[Project]) -> None:
    """Raise UsageError for Workers whose folders would be the same file."""
    for each in found:
        if each.name in ("node_modules", "stubs"):
            raise UsageError(f"A Worker named {each.name!r} cannot be exported: its folder would "
                             "be that of something else.")  # fmt: skip
