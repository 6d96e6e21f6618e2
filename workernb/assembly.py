"""Assembly: builds a runtime with its engine, and the notebook's own runtime."""

from __future__ import annotations

from workernb.engines.python import PythonEngine
from workernb.errors import UsageError
from workernb.runtime.runtime import Runtime as CoreRuntime
from workernb.runtime.services.limits import Limits


class Runtime(CoreRuntime):
    """A system of Workers in this process; see `workernb.runtime.runtime.Runtime`."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Make an empty runtime. limits: the default limits of requests."""
        super().__init__(PythonEngine(), limits)


def checked_runtime(runtime: CoreRuntime | None) -> CoreRuntime:
    """Return the runtime that a widget shows: that of the notebook for None.

    Raises UsageError for any other object.
    """
    if runtime is None:
        return get_runtime()
    if not isinstance(runtime, CoreRuntime):
        raise UsageError(
            f"What is shown is a Runtime, or without one that of the notebook, not {runtime!r}."
        )
    return runtime


_runtime: Runtime | None = None


def get_runtime() -> Runtime:
    """Return the notebook's runtime: one for the process, made at the first call."""
    global _runtime
    if _runtime is None:
        _runtime = Runtime()
    return _runtime
