"""Startup: a Worker's module while it loads, and what imports cost, which is counted apart.

https://developers.cloudflare.com/workers/platform/limits/#worker-startup-time
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from time import thread_time_ns as cpu_clock
from types import FrameType
from typing import Any, TypeVar

from workernb.errors import PlatformText, StartupExceeded, with_notes
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.tracebacks import debugged, where
from workernb.workers.current import current

T = TypeVar("T")


class Loading:
    """Stands for the invocation while a module loads: it has an environment, and may not call.

    cpu_ms: what the module's own code has used, imports apart. imports_ms: what those have.
    """

    def __init__(self, env: Any, limit_ms: float) -> None:
        """Begin to load for `env`. limit_ms: thread CPU that the module's own code may use."""
        self.env = env
        self.props: dict[str, Any] = {}
        self.exports = None
        self.limit_ms = limit_ms
        self._began = cpu_clock()
        self._imports_ns = 0
        self._importing = False

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of the module's own code so far, in ms."""
        return (cpu_clock() - self._began - self._imports_ns) / 1e6

    @property
    def imports_ms(self) -> float:
        """Thread CPU of its imports so far, in ms."""
        return self._imports_ns / 1e6

    def begin_import(self) -> None:
        """Note that an import begins."""
        self._importing = True

    def end_import(self, cpu_ns: int) -> None:
        """Note that an import has ended, and what it has used."""
        self._importing = False
        self._imports_ns += cpu_ns

    def judge(self, frame: FrameType | None) -> BaseException | None:
        """Return what is to end the module's code, which `frame` runs; None when it may go on."""
        if self._importing or self.cpu_ms <= self.limit_ms or debugged(frame):
            return None
        place = where(frame)
        return with_notes(
            StartupExceeded(PlatformText.STARTUP),
            f"A module may use {self.limit_ms:g} ms of CPU while it loads, imports apart; "
            f"cut in {place}. %limits --startup-ms sets it.",
        )

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Refuse: nothing can be waited for in the global scope."""
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        raise RuntimeError(PlatformText.GLOBAL_SCOPE)


def imported(do_import: Callable[[], T]) -> T:
    """Import something on behalf of the Worker that runs or loads, and count that apart."""
    running: Any = current.get()
    who = running.trace if isinstance(running, Invocation) else running
    if not hasattr(who, "begin_import"):
        return do_import()
    who.begin_import()
    began = cpu_clock()
    try:
        return do_import()
    finally:
        who.end_import(cpu_clock() - began)
