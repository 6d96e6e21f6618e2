"""`import_from_javascript`: the modules of the platform's JavaScript that have a counterpart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workernb import workers
from workernb.errors import did_you_mean, with_notes
from workernb.texts import PlatformText

from .current import current, running
from .env import patch_env
from .rpc import RpcStub, RpcTarget
from .tracing import Tracing

WORKERS = "cloudflare:workers"
SOCKETS = "cloudflare:sockets"


def import_from_javascript(module_name: str) -> Any:
    """Return a module of the platform's JavaScript: `cloudflare:workers`.

    It has what a Worker in Python can use of it: `env`, `withEnv`, `exports`, `waitUntil`, and the
    base classes that `workers` has. Raises ImportError for any other module, with the platform's
    text; `cloudflare:sockets` is there on the platform, and not here.
    """
    if not isinstance(module_name, str):
        raise TypeError(f"A module's name is text, not {type(module_name).__name__}.")
    if module_name == WORKERS:
        return _workers
    invocation = current.get()
    # A module that loads has no exports yet.
    if module_name == SOCKETS or (invocation is not None and invocation.exports is not None):
        reason = f'Error: No such module "{module_name}".'
    else:
        reason = PlatformText.ONLY_IN_GLOBAL_SCOPE
    raise with_notes(
        ImportError(PlatformText.FAILED_IMPORT.format(module=module_name, reason=reason)),
        f"workernb has {WORKERS} only."
        + (" TCP sockets work on the platform." if module_name == SOCKETS else ""),
    )


_RPC = {"RpcTarget": RpcTarget, "RpcStub": RpcStub}
"""Classes that the platform's `workers` module does not have."""


class _CloudflareWorkers:
    """The module `cloudflare:workers`."""

    _CLASSES = ("DurableObject", "WorkerEntrypoint", "WorkflowEntrypoint")

    @property
    def env(self) -> Any:
        """The environment of the Worker that runs or loads."""
        return workers.env

    @property
    def exports(self) -> Any:
        """The entrypoints of the Worker that runs."""
        return running().exports

    @property
    def tracing(self) -> Tracing:
        """The spans of the invocation that runs: `ctx.tracing`."""
        return Tracing(running())

    def waitUntil(self, awaitable: Any) -> None:
        """Extend the running invocation until `awaitable` is done."""
        workers.waitUntil(awaitable)

    def withEnv(self, env: Any, function: Callable[[], Any]) -> Any:
        """Call a function with another `env`, and return its result."""
        with patch_env(env):
            return function()

    def __getattr__(self, name: str) -> Any:
        if name in _RPC:
            return _RPC[name]
        if name in self._CLASSES and hasattr(workers, name):
            return getattr(workers, name)
        raise with_notes(
            AttributeError(name, name=name, obj=self),
            "It is not in workernb yet; the platform has it." if name in self._CLASSES else None,
            did_you_mean(name, [*_RPC, *self._CLASSES, "env", "exports", "tracing", "waitUntil"]),
        )

    def __repr__(self) -> str:
        return f"<module {WORKERS!r}>"


_workers = _CloudflareWorkers()
