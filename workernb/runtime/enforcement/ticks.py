"""Ticks: a signal for every 5 ms of CPU, which enforces budgets."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from workernb.errors import Interrupted, WallLimitExceeded
from workernb.runtime.tracing.clock import charge_sample, take_cpu_since_last_slice
from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.tracebacks import worker_position
from workernb.runtime.tracing.traces import Trace
from workernb.workers.current import current

from .abort import interrupt
from .budget import check_limits, imports_too_long
from .cut import is_of_worker
from .headroom import headroom
from .interrupts import Interrupts, get_handler
from .main_thread import MainThread, on_main_thread
from .owners import owner_of
from .startup import Loading

TICK_S = 0.005

_END_WHAT_BLOCKS = (WallLimitExceeded, Interrupted)

has_tick = hasattr(signal, "SIGPROF")
"""Whether this platform has SIGPROF; without it the watchdog enforces budgets."""


class Ticks:
    """The handler of SIGPROF.

    count: how many have met no module that loads.
    """

    def __init__(
        self,
        main: MainThread,
        interrupts: Interrupts,
        in_flight: set[Trace],
        on_tick: Callable[[], None],
        on_idle: Callable[[], None],
    ) -> None:
        """Make the handler, and do not install it.

        in_flight: the requests in flight. on_tick: called at each tick while there are some.
        on_idle: called at a tick when there are none.
        """
        self.count = 0
        self._main = main
        self._interrupts = interrupts
        self._in_flight = in_flight
        self._on_tick = on_tick
        self._on_idle = on_idle
        self._before: Any = None
        self._handler = self._tick  # One object, to be compared by identity.
        self._in_tick = False

    def start(self, thread: Thread) -> None:
        """Tick on the main thread, if this platform has the signal, until exit.

        Where nothing runs, no CPU is used, and so nothing ticks.
        """
        self._main.thread = thread
        if has_tick and not self.are_handled:
            self._before = signal.signal(signal.SIGPROF, self._handler)
            signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)

    @property
    def are_handled(self) -> bool:
        """Whether the signal is still handled here; callable from any thread."""
        return has_tick and get_handler(signal.SIGPROF) is self._handler

    def start_again(self) -> None:
        """Handle the signal again if a Worker has taken it, or has it ignored."""
        if not has_tick or self.are_handled or self._main.thread is None:
            return
        handler, before = get_handler(signal.SIGPROF), self._before
        if handler == signal.SIG_IGN or is_of_worker(handler):
            self.start(self._main.thread)
            self._before = before

    def stop(self) -> None:
        """Put back what handled the signal before."""
        if self.are_handled and on_main_thread():
            # The timer first: the signal's default action ends the process.
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, self._before or signal.SIG_DFL)

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Tick while a module loads on this thread, so that it can be cut."""
        thread, running = this_thread(), current.get()
        assert isinstance(running, Loading)
        self.start(thread)
        self._interrupts.catch()
        try:
            yield
        finally:
            # First, since a tick that came later would inject a cut that nothing calls off.
            running.ended = True
            if thread.trace is None:
                self._main.end_long_slice()

    def _tick(self, signum: int, frame: FrameType | None) -> None:
        if self._in_tick:
            return  # A tick may take longer than it is to the next one, as with a long trace.
        self._in_tick = True
        try:
            headroom.give()
            self._check(frame)
        finally:
            self._in_tick = False
            if not self._main.cut.is_cutting:
                headroom.take_back()
        self._main.cut.tick_soon()

    def _check(self, frame: FrameType | None) -> None:
        """Cut the code that a tick has interrupted if it must end."""
        main, thread = self._main, self._main.thread
        assert thread is not None
        running: Any = current.get()
        if isinstance(running, Loading):
            error = None if running.ended else running.check_budget(frame)
            if error is not None:
                in_libraries = running.interrupted is not None or running.imports_too_long
                main.cut.inject(error, frame, lambda: current.get() is running, in_libraries)
            return
        self.count += 1
        if self._in_flight:
            self._on_tick()
        trace: Any = thread.trace
        if trace is None:
            running = self._sample(thread, running, frame)
            if running is None:
                return
            trace = running.trace
        elif thread.ends_cut is None:
            self._begin_long_slice(thread)
        if getattr(running, "trace", None) is not trace:
            running = holder(trace.stamps)  # It runs in a context that is not its own.
        if trace.aborted is None and self._interrupts.is_outlived_by(trace, _current_task()):
            interrupt(trace, worker_position(frame))
        error = check_limits(trace, running, frame)
        if error is not None:
            only = running if trace.aborted is None else None
            # A wall clock limit and an interrupt end what blocks, too.
            in_libraries = imports_too_long(trace) or isinstance(error, _END_WHAT_BLOCKS)
            main.raise_in_worker(trace, error, frame, only, in_libraries)

    def _sample(self, thread: Thread, running: Any, frame: FrameType | None) -> Any:
        """Charge a tick to the request whose callback or finalizer runs, outside of any slice.

        Return the invocation, or None. The request may have ended: a callback that it has left
        behind uses up its budget. Only replacing the loop's own methods would show these; but the
        context that the tick interrupts names the invocation, or else the Worker's frame does.
        """
        if getattr(running, "trace", None) is None:
            running = owner_of(frame, self._main.hosts)
        if running is None:
            if not self._in_flight:
                self._on_idle()
            return None
        cpu_ns = min(take_cpu_since_last_slice(thread), int(TICK_S * 1e9))
        charge_sample(running.trace, running, cpu_ns)
        if not self._main.is_in_long_slice:
            self._begin_long_slice(None)
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon_threadsafe(self._main.end_long_slice)
        return running

    def _begin_long_slice(self, thread: Thread | None) -> None:
        """Turn interrupts to the request that runs, until its slice or callback ends."""
        self._main.begin_long_slice(thread)
        self._interrupts.catch()


def _current_task() -> asyncio.Task[Any] | None:
    return asyncio.current_task() if asyncio._get_running_loop() else None
