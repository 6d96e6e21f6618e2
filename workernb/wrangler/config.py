"""Wrangler's configuration: a file read, and what of it holds in an environment.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any

from workernb.errors import UsageError, did_you_mean, with_notes
from workernb.runtime.services.kinds import SERVICES, VERSION_METADATA, kinds
from workernb.texts import PlatformText

NAMES = ("wrangler.jsonc", "wrangler.json", "wrangler.toml")
"""The names of the file, in the order in which Wrangler looks for them."""

INHERITED = frozenset(
    """
    name account_id compatibility_date compatibility_flags main find_additional_modules
    preserve_file_names base_dir workers_dev preview_urls routes route tsconfig jsx_factory
    jsx_fragment migrations exports triggers limits rules no_bundle minify keep_names
    first_party_worker logfwdr logpush upload_source_maps placement assets observability access
    cache python_modules previews build
    """.split()
)
"""The keys that an environment has from the top level unless it has its own."""

TOP_LEVEL_ONLY = frozenset(
    """
    $schema env keep_vars send_metrics site dev alias wasm_modules text_blobs data_blobs
    pages_build_output_dir addresses
    """.split()
)

LIMITS = ("cpu_ms", "subrequests")
"""The limits that the configuration has."""

_READ = frozenset(
    """
    $schema env name main compatibility_date routes route workers_dev triggers limits
    tail_consumers secrets migrations
    """.split()
)
"""The keys that have a meaning here, besides those of kinds of binding."""

_TAKEN_FLAGS = frozenset({"python_workers"})


@dataclass(frozen=True, slots=True)
class Config:
    """Wrangler's configuration of one Worker, in one environment or at the top level.

    path: the file. values: the keys that hold. own_name: whether the environment has a name of its
    own. warnings: Wrangler's, about what does not hold. unknown: the keys without effect here.
    """

    path: Path
    environment: str | None
    values: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    own_name: bool = False

    @property
    def place(self) -> str:
        """The file, with the environment: for messages."""
        return f"{self.path}, env.{self.environment}" if self.environment else str(self.path)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of configuration. values: all that it says."""

    path: Path
    values: Mapping[str, Any] = field(repr=False)

    @property
    def environments(self) -> list[str]:
        """The names of its environments."""
        return list(self.values.get("env", {}))

    def of_environment(self, environment: str | None) -> Config:
        """Return what holds in an environment; None is the top level.

        Raises UsageError, with Wrangler's text, for one that the file does not have though it has
        others. A file without any gives each the whole top level, with a warning.
        """
        top = {key: value for key, value in self.values.items() if key != "env"}
        if environment is None:
            return self._checked(None, top, ())
        own = self.values.get("env", {}).get(environment)
        if own is None:
            text = PlatformText.NO_ENVIRONMENT.format(environment=environment)
            if self.environments:
                raise with_notes(
                    UsageError(f"{self.path}: {text}"),
                    did_you_mean(environment, self.environments)
                    or f"It has {', '.join(self.environments)}.",
                )
            return self._checked(environment, top, (text,))
        inherited = {key: value for key, value in top.items() if key in INHERITED}
        lost = [key for key in top if key not in INHERITED | TOP_LEVEL_ONLY and key not in own]
        warnings = [PlatformText.NOT_INHERITED.format(field=key, environment=environment)
                    for key in lost]  # fmt: skip
        return self._checked(environment, {**inherited, **own}, tuple(warnings), "name" in own)

    def _checked(
        self,
        environment: str | None,
        values: dict[str, Any],
        warnings: tuple[str, ...],
        own_name: bool = False,
    ) -> Config:
        unknown = tuple(_unknown(values))
        return Config(self.path, environment, values, warnings, unknown, own_name)


def read_config(path: Path) -> ConfigFile:
    """Return the configuration in a file; UsageError if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: its byte {error.start} is none.") from None
    values = _parse_toml(path, text) if path.suffix == ".toml" else _parse_json(path, text)
    if not isinstance(values, dict):
        raise UsageError(f"{path} is no configuration: it is a JSON object with name and main.")
    environments = values.get("env", {})
    if not isinstance(environments, dict) or not all(
        isinstance(each, dict) for each in environments.values()
    ):
        raise UsageError(f'{path}: "env" is an object of objects, by name of the environment.')
    _check_services(path, values)
    for name, own in environments.items():
        _check_services(path, own, f"env.{name}.")
    return ConfigFile(path, values)


def _parse_json(path: Path, text: str) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(text)
    # Comments, or a comma too many: json5 takes them, and a hundred times as long.
    import json5

    try:
        return json5.loads(text, allow_duplicate_keys=False)
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}.") from None


def _parse_toml(path: Path, text: str) -> Any:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}.") from None
    for own in (values, *values.get("env", {}).values()):
        for name, value in own.get("vars", {}).items() if isinstance(own, dict) else ():
            if isinstance(value, date | time):
                raise UsageError(f"{path}: {PlatformText.TOML_DATE.format(field=f'vars.{name}')}")
    return values


def _check_services(path: Path, values: Mapping[str, Any], prefix: str = "") -> None:
    """Raise UsageError, with Wrangler's texts, for Service bindings that are none."""
    try:
        SERVICES.from_wrangler(values.get("services", []))
    except UsageError as error:
        raise UsageError(f"{path}: {prefix}{error}") from None


def _unknown(values: Mapping[str, Any]) -> list[str]:
    """Return the keys, and the flags, that have no meaning here."""
    known = _READ | {kind.keyword for kind in kinds() if kind.is_simulated}
    known |= {VERSION_METADATA.keyword}
    unknown = [key for key in values if key not in known and key != "compatibility_flags"]
    flags = values.get("compatibility_flags", [])
    return unknown + [f"compatibility_flags {flag}" for flag in flags if flag not in _TAKEN_FLAGS]
