"""Signals: a tick for every 5 ms of CPU, which enforces budgets, and the notebook's interrupt."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import asyncio
import contextlib
import os
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from time import perf_counter_ns as wall_clock
from types import FrameType
from typing import Any

from workernb.errors import Interrupted, WallLimitExceeded
from workernb.runtime.tracing.clock import charge_sample, take_cpu_since_last_slice
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.metering import holder
from workernb.runtime.tracing.threads import Thread, this_thread
from workernb.runtime.tracing.tracebacks import is_ours, worker_position
from workernb.runtime.tracing.traces import Host, Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

from .abort import abort_and_wake, interrupt
from .budget import check_limits, imports_too_long
from .cut import CutInjector
from .owners import owner_of
from .startup import Loading

TICK_S = 0.005
JUST_NOW_S = 0.1
"""An interrupt also ends requests that ran within this time before it (s of wall clock)."""

ENDS_WITHIN_S = 0.5
"""How long (s of wall clock) a cell may take to end whose request was interrupted."""

has_tick = hasattr(signal, "SIGPROF")
"""Whether this platform has SIGPROF; without it the watchdog enforces budgets."""

# `signal.getsignal` converts numbers to enums, which takes longer than all the rest.
get_handler = _signal.getsignal


class InterruptHandler:
    """A handler of SIGINT, and the handler that it has taken the place of.

    Each time SIGINT is caught it is another object: the kernel sets a handler for each cell and
    puts back the one that it found, which may be ours and must then stand for the handler of that
    time. before: a function, SIG_IGN or SIG_DFL.
    """

    def __init__(self, end_running: Callable[[FrameType | None, Any], bool], before: Any) -> None:
        """Handle interrupts.

        end_running: end the request that runs; return whether the interrupt is dealt with. Called
        with the frame and `before`.
        """
        self.before = before
        self._end_running = end_running

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """End the request that runs; where none does, do what the handler before would have."""
        if self._end_running(frame, self.before):
            return
        if callable(self.before):
            self.before(signum, frame)
        elif self.before == signal.SIG_DFL:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)


class Signals:
    """The handlers of SIGPROF and SIGINT, chained to those that were installed before.

    interrupted_ns: when an interrupt last came while no request ran, in ns of wall clock. ticks:
    how many have met no module that loads. is_of_kernel: returns whether a frame runs no cell, but
    code of the kernel; None where there is no kernel.
    """

    def __init__(
        self,
        in_flight: set[Trace],
        hosts: Collection[Host],
        on_tick: Callable[[], None],
        on_idle: Callable[[], None],
    ) -> None:
        """Make the handlers, and install none.

        in_flight: the requests in flight. hosts: the runtimes, also those without requests.
        on_tick: called at each tick while requests are in flight. on_idle: called at a tick when
        there are none.
        """
        self.interrupted_ns = 0
        self.is_of_kernel: Callable[[FrameType | None], bool] | None = None
        self._ended_ns = 0
        self._without_await = 0
        self.ticks = 0
        self._hosts = hosts
        self._in_flight = in_flight
        self._on_tick = on_tick
        self._on_idle = on_idle
        self._main: Thread | None = None
        self._before_tick: Any = None
        self._tick_handler = self._tick  # One object, to be compared by identity.
        self._in_long_slice = False
        self._in_tick = False
        self._cut = CutInjector()
        self.interrupt_handler = InterruptHandler(self._on_interrupt, signal.SIG_IGN)

    # The tick

    def start_ticking(self, thread: Thread) -> None:
        """Tick on the main thread, if this platform has the signal, until exit.

        Where nothing runs, no CPU is used, and so nothing ticks.
        """
        self._main = thread
        if has_tick and get_handler(signal.SIGPROF) is not self._tick_handler:
            self._before_tick = signal.signal(signal.SIGPROF, self._tick_handler)
            signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)

    def stop_ticking(self) -> None:
        """Put back what handled the signal before."""
        ticks = has_tick and get_handler(signal.SIGPROF) is self._tick_handler
        if ticks and _on_main_thread():
            # The timer first: the signal's default action ends the process.
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, self._before_tick or signal.SIG_DFL)

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """Tick while a module loads on this thread, so that it can be cut."""
        thread, running = this_thread(), current.get()
        assert isinstance(running, Loading)
        self.start_ticking(thread)
        self.catch_interrupts()
        try:
            yield
        finally:
            # First, since a tick that came later would inject a cut that nothing calls off.
            running.ended = True
            if thread.trace is None:
                self.end_long_slice()

    def _tick(self, signum: int, frame: FrameType | None) -> None:
        if self._in_tick:
            return  # A tick may take longer than it is to the next one, as with a long trace.
        self._in_tick = True
        try:
            self._check(frame)
        finally:
            self._in_tick = False

    def _check(self, frame: FrameType | None) -> None:
        """Cut the code that a tick has interrupted if it must end."""
        thread = self._main
        assert thread is not None
        running: Any = current.get()
        if isinstance(running, Loading):
            error = None if running.ended else running.check_budget(frame)
            if error is not None:
                in_libraries = running.interrupted is not None or running.imports_too_long
                self._cut.inject(error, frame, lambda: current.get() is running, in_libraries)
            return
        self.ticks += 1
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
        error = check_limits(trace, running, frame)
        if error is not None:
            only = running if trace.aborted is None else None
            # A wall clock limit ends what blocks, as an interrupt does.
            in_libraries = imports_too_long(trace) or isinstance(error, WallLimitExceeded)
            self._raise_in_worker(trace, error, frame, only, in_libraries)

    def _sample(self, thread: Thread, running: Any, frame: FrameType | None) -> Any:
        """Charge a tick to the request whose callback or finalizer runs, outside of any slice.

        Return the invocation, or None. The request may have ended: a callback that it has left
        behind uses up its budget. Only replacing the loop's own methods would show these; but the
        context that the tick interrupts names the invocation, or else the Worker's frame does.
        """
        if getattr(running, "trace", None) is None:
            running = owner_of(frame, self._hosts)
        if running is None:
            if not self._in_flight:
                self._on_idle()
            return None
        cpu_ns = min(take_cpu_since_last_slice(thread), int(TICK_S * 1e9))
        charge_sample(running.trace, running, cpu_ns)
        if not self._in_long_slice:
            self._begin_long_slice(None)
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon_threadsafe(self.end_long_slice)
        return running

    def _begin_long_slice(self, thread: Thread | None) -> None:
        """Turn interrupts to the request that runs, until its slice or callback ends.

        thread: that of a slice, whose end calls `end_long_slice`; None for a callback.
        """
        if thread is not None:
            thread.ends_cut = self.end_long_slice
        self._in_long_slice = True
        self.catch_interrupts()

    def end_long_slice(self) -> None:
        """Reset the tick, the cut and the target of interrupts after a slice or callback."""
        if self._main is not None:
            self._main.ends_cut = None
        self._in_long_slice = False
        self._cut.call_off()
        if not self._in_flight:
            self.release_interrupts()  # What an ended request has left behind ran.

    def _raise_in_worker(
        self,
        trace: Trace,
        error: BaseException,
        frame: FrameType | None,
        only: Invocation | None = None,
        in_libraries: bool = False,
    ) -> None:
        """Raise `error` in the code of a request that runs, or of one invocation in it.

        in_libraries: whether imports, locks and queues are ended too.
        """
        thread = self._main
        if thread is not None and thread.trace is not None:
            thread.ends_cut = self.end_long_slice

        def applies() -> bool:  # pragma: no cover - a tracer is not traced itself
            running: Any = current.get()
            held: Any = thread and thread.trace
            if only is None and held is not None:
                return held is trace
            if running is None:  # In a foreign context.
                running = holder(held.stamps) if held else owner_of(sys._getframe(2), self._hosts)
            return running is only if only else getattr(running, "trace", None) is trace

        self._cut.inject(error, frame, applies, in_libraries)

    # The interrupt

    def catch_interrupts(self) -> None:
        """Install the handler of SIGINT in front of the kernel's, which is set for each cell.

        It is released when idle instead of after each request, since setting a handler takes
        longer than a request.
        """
        handler = get_handler(signal.SIGINT)
        if isinstance(handler, InterruptHandler):
            self.interrupt_handler = handler  # The kernel has put back one of an earlier cell.
        elif handler is not None:  # A handler in C could not be put back.
            self.interrupt_handler = InterruptHandler(self._on_interrupt, handler)
            signal.signal(signal.SIGINT, self.interrupt_handler)

    @property
    def just_interrupted(self) -> bool:
        """Whether an interrupt has ended what ran in a kernel, maybe just before its cell ends."""
        if self.is_of_kernel is None:
            return False
        return wall_clock() - self._ended_ns < ENDS_WITHIN_S * 1e9

    def begin_cell(self) -> None:
        """Catch the interrupts of a cell that begins, if a Worker has run in this process."""
        self._ended_ns = 0
        if self._main is not None and _on_main_thread():
            self.catch_interrupts()

    @contextlib.contextmanager
    def waiting_without_await(self) -> Iterator[None]:
        """Let an interrupt raise KeyboardInterrupt here if it comes while no request runs.

        In a cell with `await` the kernel's handler cancels the cell's task, which waits in this
        very call and would never see it.
        """
        on_main_thread = _on_main_thread()
        self._without_await += on_main_thread
        try:
            yield
        finally:
            self._without_await -= on_main_thread

    def release_interrupts(self) -> None:
        """Put back what handled SIGINT before, unless a cell is being ended by an interrupt."""
        handler = get_handler(signal.SIGINT)
        if self.just_interrupted:
            return  # The kernel puts back its own as the cell ends.
        if _on_main_thread() and isinstance(handler, InterruptHandler):
            signal.signal(signal.SIGINT, handler.before)

    def _on_interrupt(self, frame: FrameType | None, before: Any) -> bool:
        """End the request that runs, or the module that loads; return whether one did.

        Also where nothing is left to end: an interrupt has just ended it, and the kernel is ending
        the cell. before: the handler that the interrupt is left to otherwise.
        """
        running: Any = current.get()
        if isinstance(running, Loading) and not running.ended:
            text = f"The module was interrupted in {worker_position(frame)}."
            error: BaseException = KeyboardInterrupt(text)
            running.interrupted = error
            self._ended_ns = wall_clock()
            self._cut.inject(error, frame, lambda: current.get() is running, True)
            return True
        trace = self._main and self._main.trace
        if not trace and worker_position(frame):
            # Outside of any slice, the context or the frame names the request whose callback runs.
            running = running or owner_of(frame, self._hosts)
            trace = getattr(running, "trace", None)
        if not trace:
            raises = before is signal.default_int_handler
            if raises and self.just_interrupted and self.is_of_kernel and self.is_of_kernel(frame):
                return True
            self.interrupted_ns = self._ended_ns = wall_clock()
            if not self._without_await or before == signal.SIG_IGN:
                return False
            if not _is_in_loop(frame):
                raise KeyboardInterrupt
            asyncio.get_running_loop().call_soon_threadsafe(self._interrupt_wait)
            return True
        self._ended_ns = wall_clock()
        error = interrupt(trace, worker_position(frame))
        self._interrupt_others(trace)
        self._raise_in_worker(trace, error, frame, in_libraries=True)
        return True

    def _interrupt_wait(self) -> None:
        """End the innermost wait of a synchronous call, from a callback of its loop."""
        if self._without_await:
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


_LOOP = (os.path.dirname(asyncio.__file__) + os.sep, selectors.__file__)


def _is_in_loop(frame: FrameType | None) -> bool:
    """Return whether a frame runs the loop itself, or a callback of ours, but no other code.

    An exception that is raised there would take a task's step away, which then never ends, or leave
    the loop with the task factory of a slice.
    """
    others = False
    while frame is not None and frame.f_code.co_name != "_run_once":
        if is_ours(frame):
            return True
        others = others or not frame.f_code.co_filename.startswith(_LOOP)
        frame = frame.f_back
    return not others


def _on_main_thread() -> bool:
    """Return whether this is the main thread, which alone may set signal handlers."""
    return threading.get_ident() == threading.main_thread().ident
