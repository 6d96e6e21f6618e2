"""`env`: what a Worker was given by name. Bindings, vars and secrets are its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workernb.errors import did_you_mean, with_notes

from .current import running


@dataclass(frozen=True, slots=True)
class VersionMetadata:
    """What a Worker can know of the version that it runs as. timestamp: ISO 8601, UTC.

    https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/
    """

    id: str
    tag: str
    timestamp: str


class Env:
    """A Worker's environment.

    Each binding, var and secret is an attribute; AttributeError, whose text is the name, for one
    that is not there. Its repr shows secrets by their names only.
    """

    def __init__(self, values: Mapping[str, Any], secrets: frozenset[str], worker: str) -> None:
        """Make the environment of `worker` from what its definition gives."""
        self.__dict__.update(values)
        # Set so that they can neither meet a binding's name nor be found beside the bindings.
        object.__setattr__(self, "_Env__secrets", secrets)
        object.__setattr__(self, "_Env__worker", worker)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        names = [known for known in self.__dict__ if not known.startswith("_")]
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
    """`from workers import env`: the environment of whichever Worker is running or loading."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(running().env, name)

    def __repr__(self) -> str:
        return repr(running().env)
