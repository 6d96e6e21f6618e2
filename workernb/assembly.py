"""Assembly: builds a runtime with its engine and stores, and the notebook's own runtime."""

from __future__ import annotations

from pathlib import Path

from workernb.engines.python import PythonEngine
from workernb.resources.d1 import D1Kind
from workernb.resources.kv import KvKind
from workernb.resources.r2.bucket import R2Kind
from workernb.resources.ratelimits import RateLimitKind
from workernb.resources.stores import Stores
from workernb.resources.unsimulated import unsimulated_kinds
from workernb.runtime.runtime import Runtime as CoreRuntime
from workernb.runtime.services.kinds import register
from workernb.runtime.services.limits import Limits

for _kind in (KvKind(), D1Kind(), R2Kind(), RateLimitKind(), *unsimulated_kinds()):
    register(_kind)


class Runtime(CoreRuntime):
    """A system of Workers in this process; see `workernb.runtime.runtime.Runtime`."""

    stores: Stores

    def __init__(self, limits: Limits | None = None, stores: str | Path | None = None) -> None:
        """Make an empty runtime.

        limits: the default limits of requests. stores: the folder that its stores are kept in;
        without one they are in memory. Raises StoreError if the folder cannot be used.
        """
        super().__init__(PythonEngine(), limits, Stores(stores))

    def close(self) -> None:
        """Remove all services, and close the stores; requests in flight go on."""
        super().close()
        self.stores.close()


_runtime: Runtime | None = None


def get_runtime() -> Runtime:
    """Return the notebook's runtime: one for the process, made at the first call."""
    global _runtime
    if _runtime is None:
        _runtime = Runtime()
    return _runtime
