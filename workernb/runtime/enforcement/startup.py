"""Startup: the limit of a Worker's module as it loads, and separate accounting of imports.

https://developers.cloudflare.com/workers/platform/limits/#worker-startup-time
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Awaitable, Callable
from time import thread_time_ns as cpu_clock
from types import FrameType
from typing import Any, TypeVar

from workernb.errors import GlobalScopeError, StartupExceeded, with_notes
from workernb.http.lazy import set_import_runner
from workernb.runtime.tracing.clock import charge
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.threads import this_thread
from workernb.runtime.tracing.tracebacks import is_debugged, worker_position
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

from .budget import IMPORT_LIMIT, uncharged_of

T = TypeVar("T")


class Loading:
    """The `RunningInvocation` while a module loads, which cannot make calls.

    ended: whether nothing of the module is to be cut any more. interrupted: the user's interrupt,
    which is to end it.
    """

    def __init__(self, env: Any, limit_ms: float, now: Callable[[], float] = time.time) -> None:
        """Begin loading. limit_ms: limit of the module's own code, in ms of thread CPU.

        now: returns the time by the runtime's clock, in s since the epoch.
        """
        self.env = env
        self.now = now
        self.props: dict[str, Any] = {}
        self.exports = None
        self.limits_left = None
        self.ended = False
        self.interrupted: BaseException | None = None
        self.limit_ms = limit_ms
        self._thread = this_thread()
        self._began = cpu_clock()
        self._imports_ns = 0
        self._import_began: int | None = None

    def start_span(self, name: str, parent: Any) -> Any:
        """Refuse a span."""
        raise RuntimeError("A module that loads has no spans: begin them in a handler.")

    def pass_through(self) -> None:
        """Refuse it: no request is handled."""
        raise RuntimeError("passThroughOnException() works in a handler only.")

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of the module's own code so far, without imports, in ms."""
        return (self._thread.cpu_now() - self._began - self._imports_ns) / 1e6

    @property
    def imports_ms(self) -> float:
        """Thread CPU of its imports so far, in ms."""
        return self._imports_ns / 1e6

    def begin_import(self) -> None:
        """Note that an import begins, in which a profile function would only take time.

        Raises StartupExceeded where the module's own code has reached the limit: in a loop that
        only imports, the watchdog hardly ever meets it.
        """
        error = self.check_budget(sys._getframe())
        if error is not None:
            raise error
        profile = sys.getprofile()
        # cProfile's cannot be set again from Python, and is left alone.
        self._profile = profile if callable(profile) else None
        if self._profile is not None:
            sys.setprofile(None)
        self._import_began = cpu_clock()

    def end_import(self, cpu_ns: int) -> None:
        """Note that an import has ended, and what it has used."""
        if self._profile is not None:
            sys.setprofile(self._profile)
        self._import_began = None
        self._imports_ns += cpu_ns

    @property
    def imports_too_long(self) -> bool:
        """Whether an import runs and has used so much CPU that it may never end."""
        if self._import_began is None:
            return False
        return self._thread.cpu_now() - self._import_began > IMPORT_LIMIT * self.limit_ms * 1e6

    def check_budget(self, frame: FrameType | None) -> BaseException | None:
        """Return what is to end the module's code, which `frame` runs; None when it may go on."""
        if self.interrupted is not None:
            return self.interrupted  # It has swallowed it.
        if self._import_began is None:
            exceeded = self.cpu_ms > self.limit_ms
            limit = f"A module may use {self.limit_ms:g} ms of CPU while it loads, imports apart"
        else:
            exceeded = self.imports_too_long
            limit = f"An import may use {IMPORT_LIMIT * self.limit_ms:g} ms of CPU"
        if not exceeded or is_debugged(frame):
            return None
        return with_notes(
            StartupExceeded(PlatformText.STARTUP),
            f"{limit}; cut in {worker_position(frame)}. %limits --startup-ms sets it.",
        )

    def must_end(self) -> BaseException | None:
        """Return what is to end the module's code, where no frame of Python's runs it; or None."""
        if self.interrupted is not None or self.cpu_ms <= self.limit_ms:
            return self.interrupted
        return with_notes(
            StartupExceeded(PlatformText.STARTUP),
            f"A module may use {self.limit_ms:g} ms of CPU while it loads. "
            "%limits --startup-ms sets it.",
        )

    @property
    def send(self) -> Any:
        """Raise GlobalScopeError: a module's global scope has no fetch."""
        raise with_notes(
            GlobalScopeError(PlatformText.GLOBAL_SCOPE),
            "fetch was called while the module loads: call it in a handler.",
        )

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Raise RuntimeError: a module's global scope has no waitUntil."""
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        raise RuntimeError(PlatformText.GLOBAL_SCOPE)


def run_import(do_import: Callable[[], T]) -> T:
    """Call `do_import` for the Worker that runs or loads, and account for its CPU separately."""
    running: Any = current.get()
    if isinstance(running, Invocation):
        return _run_import_in_request(do_import, running)
    if not isinstance(running, Loading):
        return do_import()
    running.begin_import()
    began = cpu_clock()
    try:
        return do_import()
    finally:
        running.end_import(cpu_clock() - began)


def _run_import_in_request(do_import: Callable[[], T], invocation: Invocation) -> T:
    """Call `do_import`, and charge the invocation and the budget only beyond the startup limit."""
    trace: Trace = invocation.trace
    invocation.raise_if_overdue()
    trace.import_began_ns = trace.thread.cpu_now()
    began = cpu_clock()
    try:
        return do_import()
    finally:
        uncharged = uncharged_of(trace, cpu_clock() - began)
        trace.cpu_ns -= uncharged
        charge(trace, current.get(), -uncharged)
        trace.import_began_ns = 0  # Not before: a tick would find the import in the budget.
        trace.imports_ns += uncharged
        trace.forget_figures()


# What a message imports when a Worker reads it is accounted for as the Worker's own imports are.
set_import_runner(run_import)
