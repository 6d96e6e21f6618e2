"""`env`: a Worker's bindings, vars and secrets, as attributes; and `patch_env`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from workernb.errors import did_you_mean, with_notes

from .current import RunningInvocation, running


@dataclass(frozen=True, slots=True)
class VersionMetadata:
    """The version that a Worker runs as. timestamp: when it was made, in ISO 8601, UTC.

    https://developers.cloudflare.com/workers/runtime-apis/bindings/version-metadata/
    """

    id: str
    tag: str
    timestamp: str


def _bind_it(name: str) -> str:
    return f"Bind it on the Worker's cell: --bind {name}=WORKER"


class Env:
    """The environment of a Worker.

    Each binding, var and secret is an attribute. AttributeError, with the name as its text, for
    any other name. The repr shows only the names of secrets.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        secrets: frozenset[str],
        worker: str,
        remedy: Callable[[str], str] = _bind_it,
    ) -> None:
        """Make the environment of `worker`.

        secrets: the names in `values` that are secrets. remedy: returns how to have a binding of a
        name that is missing.
        """
        self.__dict__.update(values)
        # Their mangled names, as `_Env__secrets`, are those of no binding.
        self.__secrets = secrets
        self.__worker = worker
        self.__remedy = remedy

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        names = [key for key in self.__dict__ if not key.startswith("_")]
        bound = ", ".join(sorted(names)) or "nothing"
        raise with_notes(
            AttributeError(name, name=name),
            f"Worker {self.__worker!r} has no binding {name}; bound: {bound}.",
            did_you_mean(name, names) or self.__remedy(name),
        )

    def __repr__(self) -> str:
        shown = (
            f"{name}={'<secret>' if name in self.__secrets else repr(value)}"
            for name, value in self.__dict__.items()
            if not name.startswith("_Env__")
        )
        return f"Env({', '.join(shown)})"


@dataclass(frozen=True, slots=True)
class _Patch:
    """One `patch_env` that is in force, for one invocation. outer: the one around it."""

    invocation: RunningInvocation
    env: Env
    outer: _Patch | None


_patch: ContextVar[_Patch | None] = ContextVar("workernb patch_env", default=None)


def _imported_env() -> Any:
    """Return the environment that the running Worker imports."""
    invocation, patch = running(), _patch.get()
    # What is called over a binding may run in its caller's context, with the caller's patches.
    while patch is not None and patch.invocation is not invocation:
        patch = patch.outer
    return invocation.env if patch is None else patch.env


def values_of(env: Env) -> dict[str, Any]:
    """Return what stands on an environment, by name."""
    return {name: value for name, value in vars(env).items() if not name.startswith("_Env__")}


def _with_values(env: Env, values: Mapping[str, Any]) -> Env:
    """Return an environment of the same Worker with other values."""
    state = vars(env)
    return Env(values, state["_Env__secrets"], state["_Env__worker"], state["_Env__remedy"])


@contextmanager
def patch_env(
    d: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None, **kwds: Any
) -> Iterator[None]:
    """Replace the imported `env` within a `with` block, for the code that runs in its context.

    The block sees these values and no others, in tasks that it starts too; `self.env` and the
    handlers' argument stay as they are. Raises RuntimeError where no Worker is running.
    https://developers.cloudflare.com/workers/runtime-apis/bindings/
    """
    invocation = running()
    env = _with_values(invocation.env, {**dict(d or {}), **kwds})
    token = _patch.set(_Patch(invocation, env, _patch.get()))
    try:
        yield
    finally:
        _patch.reset(token)


class ImportedEnv:
    """`from workers import env`: the environment of the Worker that is running or loading."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_imported_env(), name)

    def __repr__(self) -> str:
        return repr(_imported_env())
