"""`env`: a Worker's bindings, vars and secrets, as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workernb.errors import did_you_mean, with_notes

from .current import running


@dataclass(frozen=True, slots=True)
class VersionMetadata:
    """The version that a Worker runs as. timestamp: when it was made, in ISO 8601, UTC.

    https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/
    """

    id: str
    tag: str
    timestamp: str


class Env:
    """The environment of a Worker.

    Each binding, var and secret is an attribute. AttributeError, with the name as its text, for
    any other name. The repr shows only the names of secrets.
    """

    def __init__(self, values: Mapping[str, Any], secrets: frozenset[str], worker: str) -> None:
        """Make the environment of `worker`. secrets: the names in `values` that are secrets."""
        self.__dict__.update(values)
        # Their mangled names, as `_Env__secrets`, are those of no binding.
        self.__secrets = secrets
        self.__worker = worker

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        names = [key for key in self.__dict__ if not key.startswith("_")]
        bound = ", ".join(sorted(names)) or "nothing"
        raise with_notes(
            AttributeError(name, name=name),
            f"Worker {self.__worker!r} has no binding {name}; bound: {bound}.",
            did_you_mean(name, names) or f"Bind it on the Worker's cell: --bind {name}=WORKER",
        )

    def __repr__(self) -> str:
        shown = (
            f"{name}={'<secret>' if name in self.__secrets else repr(value)}"
            for name, value in self.__dict__.items()
            if not name.startswith("_Env__")
        )
        return f"Env({', '.join(shown)})"


class ImportedEnv:
    """`from workers import env`: the environment of the Worker that is running or loading."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(running().env, name)

    def __repr__(self) -> str:
        return repr(running().env)
