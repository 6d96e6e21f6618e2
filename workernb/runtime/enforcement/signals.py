"""Signals: a tick for every 5 ms of CPU, which enforces budgets, and the notebook's interrupt."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from time import perf_counter_ns as wall_clock
from types import FrameType
from typing import Any

from workernb.errors import Interrupted, PlatformText
from workernb.runtime.tracing.clock import charge_sample, take_cpu_since_last_slice
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.tracebacks import worker_position
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

from .abort import abort_and_wake, interrupt
from .budget import check_budget
from .cut import CutInjector
from .startup import Loading

TICK_S = 0.005
JUST_NOW_S = 0.1
"""An interrupt also ends requests that ran within this time before it (s of wall clock)."""

has_tick = hasattr(signal, "SIGPROF")
"""Whether this platform has SIGPROF; without it the watchdog enforces budgets."""

# `signal.getsignal` converts numbers to enums, which takes longer than all the rest.
get_handler = _signal.getsignal


class Signals:
    """The handlers of SIGPROF and SIGINT, chained to those that were installed before.

    ticked: the thread whose running slice was interrupted by a tick, or None.
    """

    def __init__(
        self,
        in_flight: set[Trace],
        on_tick: Callable[[], None],
        on_idle: Callable[[], None],
    ) -> None:
        """Make the handlers, and install none.

        on_tick: called at each tick while requests are in flight. on_idle: called at a tick when
        there are none.
        """
        self.ticked: Thread | None = None
        self._in_flight = in_flight
        self._on_tick = on_tick
        self._on_idle = on_idle
        self._main: Thread | None = None
        self._previous_sigprof: Any = None
        self._ticking = False
        self._loading = 0
        self._interrupt_target: Trace | None = None
        self._cut = CutInjector()
        self._previous_sigint: Any = None
        self.interrupt_handler = self._on_interrupt  # A single object, to be compared by identity.

    # The tick

    def start_ticking(self, thread: Thread) -> None:
        """Install the tick, if this platform has the signal. thread: the main thread."""
        self._main = thread
        if has_tick and not self._ticking:
            self._previous_sigprof = signal.signal(signal.SIGPROF, self._tick)
            signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
            self._ticking = True

    def stop_ticking(self) -> None:
        """Restore the previous handler of the tick, unless a module is loading."""
        if self._ticking and not self._loading and _on_main_thread():
            # The timer first, since the default action of the signal is to end the process.
            signal.setitimer(signal.ITIMER_PROF, 0)
            if get_handler(signal.SIGPROF) == self._tick:
                signal.signal(signal.SIGPROF, self._previous_sigprof or signal.SIG_DFL)
            self._ticking = False

    @contextlib.contextmanager
    def loading(self, keep_ticking: Callable[[], bool]) -> Iterator[None]:
        """Tick while a module loads on this thread, so that it can be cut.

        keep_ticking: tells whether to continue afterwards.
        """
        thread = this_thread()
        if not (thread.is_main and has_tick):
            yield  # Without the tick, nothing enforces the startup limit.
            return
        self._loading += 1
        self.start_ticking(thread)
        try:
            yield
        finally:
            self._loading -= 1
            if thread.trace is None:
                self.end_long_slice()
            if not keep_ticking():
                self.stop_ticking()

    def _tick(self, signum: int, frame: FrameType | None) -> None:
        thread = self._main
        assert thread is not None
        running: Any = current.get()
        if isinstance(running, Loading):
            error = running.check_budget(frame)
            if error is not None:
                self._cut.inject(error, frame, lambda: current.get() is running)
            return
        if self._in_flight:
            self._on_tick()
        trace: Trace | None = thread.trace
        if trace is None:
            trace = self._sample(thread, running)
            if trace is None:
                return
        elif self.ticked is None:
            self.ticked = thread
            self._begin_long_slice(trace)
        error = check_budget(trace, running, frame)
        if error is not None:
            self._raise_in_worker(trace, error, frame, running if trace.aborted is None else None)

    def _sample(self, thread: Thread, running: Any) -> Trace | None:
        """Charge a tick to the request whose callback or finalizer runs, outside of any slice.

        The invocation comes from the context that the tick has interrupted. To measure callbacks
        exactly, the loop's own methods would have to be replaced.
        """
        trace: Trace | None = getattr(running, "trace", None)
        if trace is None:
            if not self._in_flight:
                self._on_idle()
            return None
        charge_sample(trace, running, min(take_cpu_since_last_slice(thread), int(TICK_S * 1e9)))
        if self._interrupt_target is None:
            self._begin_long_slice(trace)
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon_threadsafe(self.end_long_slice)
        return trace

    def _begin_long_slice(self, trace: Trace) -> None:
        """Direct interrupts to the running request, until its slice or callback ends."""
        self._interrupt_target = trace
        self.catch_interrupts()

    def end_long_slice(self) -> None:
        """Reset the tick, the cut and the target of interrupts after a slice or callback."""
        self.ticked = None
        self._interrupt_target = None
        self._cut.call_off()

    def _raise_in_worker(
        self,
        trace: Trace,
        error: BaseException,
        frame: FrameType | None,
        only: Invocation | None = None,
    ) -> None:
        """Raise `error` in the code of the running request, or only in that of one invocation."""
        thread = self._main
        if thread is not None and thread.trace is not None:
            # Marks the slice as ticked, so that its end calls off the cut.
            self.ticked = thread

        def applies() -> bool:  # pragma: no cover - a tracer is not traced itself
            running = current.get()
            return running is only if only else getattr(running, "trace", None) is trace

        self._cut.inject(error, frame, applies)

    # The interrupt

    def catch_interrupts(self) -> None:
        """Install the handler of SIGINT in front of the kernel's, which is set for each cell.

        It is released when idle instead of after each request, since setting a handler takes
        longer than a request.
        """
        if get_handler(signal.SIGINT) is not self.interrupt_handler:
            self._previous_sigint = signal.signal(signal.SIGINT, self.interrupt_handler)

    def release_interrupts(self) -> None:
        """Restore the previous handler of SIGINT."""
        if _on_main_thread() and get_handler(signal.SIGINT) is self.interrupt_handler:
            signal.signal(signal.SIGINT, self._previous_sigint)

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        """Abort the running request; if there is none, call the previous handler."""
        trace = self._interrupt_target or (self._main and self._main.trace)
        if trace:
            error = interrupt(trace, worker_position(frame))
            self._interrupt_others(trace)
            self._raise_in_worker(trace, error, frame)
        elif callable(self._previous_sigint):
            self._previous_sigint(signum, frame)
        else:
            raise KeyboardInterrupt

    def _interrupt_others(self, running: Trace) -> None:
        """Abort the other requests that ran just before, such as those of the same `gather`.

        They would keep the kernel busy next; requests that wait go on.
        """
        for trace in list(running.host.in_flight):
            if trace is running or trace.thread is not running.thread:
                continue
            if not trace.stamps or wall_clock() - trace.last_stamp_ns < JUST_NOW_S * 1e9:
                abort_and_wake(trace, Interrupted(PlatformText.CANCELED))


def _on_main_thread() -> bool:
    """Return whether this is the main thread, which alone may set signal handlers."""
    return threading.get_ident() == threading.main_thread().ident
