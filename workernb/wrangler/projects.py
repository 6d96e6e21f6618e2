"""Workers of Wrangler projects: a configuration, the sources that it names, and local secrets."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workernb.errors import UsageError, with_notes
from workernb.runtime.services.definitions import Definition
from workernb.runtime.services.kinds import SECRETS, SERVICES, kinds
from workernb.runtime.services.languages import language_of
from workernb.runtime.services.targets import Target, service_name

from .config import LIMITS, Config, ConfigFile
from .dev_vars import read_local_vars
from .secrets import Ask, find_secrets
from .sources import read_sources


@dataclass(frozen=True, slots=True)
class ProjectWorker:
    """A Worker that Wrangler's configuration describes.

    prefix: put before its name, and before those of `beside` in its bindings. beside: the services
    that are imported with it.
    """

    config: Config
    prefix: str = ""
    beside: frozenset[str] = frozenset()
    variable: str | None = None

    @property
    def file(self) -> str:
        """The configuration's file."""
        return str(self.config.path)

    @property
    def place(self) -> str:
        """The file, and the environment."""
        return self.config.place

    @property
    def original_service(self) -> str:
        """The name of its service in the configuration."""
        with _place_named(self.place):
            return service_name(*self._name())

    @property
    def service(self) -> str:
        """The name of its service here."""
        return self.prefix + self.original_service

    @property
    def remarks(self) -> list[str]:
        """What a user has to know about the configuration: Wrangler's warnings, unknown keys."""
        remarks = [f"{self.place}: {warning}" for warning in self.config.warnings]
        unknown = [*self.config.unknown, *self._unknown_limits()]
        if unknown:
            remarks.append(f"{self.place}: without effect here: {', '.join(unknown)}")
        return remarks

    def definition(self, ask: Ask | None) -> Definition:
        """Return what the Worker is defined by, with its secrets; UsageError, with the place.

        ask: what asks for a secret that is set nowhere, or None.
        """
        with _place_named(self.place):
            return self._definition(ask)

    def _definition(self, ask: Ask | None) -> Definition:
        values = self.config.values
        main = values.get("main")
        if not isinstance(main, str):
            raise UsageError('there is no "main", so there is no code.')
        sources = read_sources(main, self.config.path.parent)
        name, environment = self._name()
        return Definition.make(
            self.prefix + name,
            sources.source,
            modules=sources.modules,
            main=sources.main,
            language=language_of(main),
            migrations=values.get("migrations", ()),
            environment=environment,
            **self._reach(),
            limits={key: values["limits"][key] for key in LIMITS if key in values["limits"]}
            if values.get("limits")
            else None,
            compatibility_date=values.get("compatibility_date"),
            crons=values.get("triggers", {}).get("crons") or (),
            tails=[self._renamed(_tail(each)) for each in values.get("tail_consumers", [])],
            **self._bindings(ask),
        )

    def _name(self) -> tuple[str, str | None]:
        """Return the name, and the environment unless that has a name of its own."""
        values, environment = self.config.values, self.config.environment
        name = values.get("name")
        if not isinstance(name, str):
            raise UsageError('there is no "name", a text.')
        own = environment is not None and self.config.own_name
        return name, None if own else environment

    def _reach(self) -> dict[str, Any]:
        """Return the routes; as with Wrangler, a Worker without any is public by its name."""
        values = self.config.values
        routes = [*values.get("routes", []), *([values["route"]] if "route" in values else [])]
        patterns = [each["pattern"] if isinstance(each, Mapping) else each for each in routes]
        return {"routes": patterns, "public": values.get("workers_dev", not patterns)}

    def _bindings(self, ask: Ask | None) -> dict[str, Any]:
        values = self.config.values
        bindings = {
            kind.keyword: kind.from_wrangler(values[kind.keyword])
            for kind in kinds()
            if kind.keyword in values and kind.is_simulated and kind is not SECRETS
        }
        if self.prefix and SERVICES.keyword in bindings:
            services = bindings[SERVICES.keyword]
            bindings[SERVICES.keyword] = {n: self._renamed(text) for n, text in services.items()}
        secrets = self._secrets(ask)
        if secrets:
            own = bindings.get("vars", {})
            bindings["vars"] = {name: own[name] for name in own if name not in secrets}
        return {**bindings, "secrets": secrets}

    def _secrets(self, ask: Ask | None) -> dict[str, str]:
        """Return the local secrets, which replace vars of the same name as with Wrangler."""
        values, folder = self.config.values, self.config.path.parent
        local = read_local_vars(self.config.environment, folder)
        required = values.get("secrets", {}).get("required")
        if required is None:
            return local
        missing: dict[str, str | None] = {name: local.get(name) for name in required}
        found = find_secrets(missing, self.config.environment, folder, ask)
        replaced = {name: local[name] for name in values.get("vars", {}) if name in local}
        return {**replaced, **found}

    def _renamed(self, target: str) -> str:
        """Return a target with the prefix, if it is imported too."""
        return self.prefix + target if Target.of_binding(target).service in self.beside else target

    def _unknown_limits(self) -> Iterator[str]:
        for name in self.config.values.get("limits") or {}:
            if name not in LIMITS:
                yield f"limits.{name}"


@contextlib.contextmanager
def _place_named(place: str) -> Iterator[None]:
    """Put a place before the text of a UsageError that the block raises."""
    try:
        yield
    except UsageError as error:
        notes = getattr(error, "__notes__", ())
        raise with_notes(UsageError(f"{place}: {error}"), *notes) from None


def _tail(entry: Any) -> str:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("service"), str):
        raise UsageError(
            f'"tail_consumers" is a list of objects with "service", not {json.dumps(entry)}.'
        )
    environment = entry.get("environment")
    return f"{entry['service']}@{environment}" if environment else str(entry["service"])


def project_workers(file: ConfigFile, environment: str | None) -> list[ProjectWorker]:
    """Return the Workers of a configuration: that of an environment; without one, all of them."""
    wanted = [None, *file.environments] if environment is None else [environment]
    return [ProjectWorker(file.of_environment(each)) for each in wanted]


def config_in(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the configuration's file in a folder, or None."""
    return next((folder / name for name in names if (folder / name).is_file()), None)
