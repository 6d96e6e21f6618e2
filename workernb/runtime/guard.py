"""What the runtime installs in the process, only while requests are in flight.

Four things: a tick (SIGPROF, every 5 ms of CPU) that cuts a request whose CPU budget is used up; a
handler that turns the interrupt of the notebook's user to the request that is running; a heartbeat
on the loop, without which an idle loop would not see an interrupt, and which ends requests whose
wall clock has run out; and the capture of logs. Each is chained to what was there, and gone when
nothing is in flight and at exit.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import asyncio
import atexit
import contextlib
import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any

from workernb.workers.invocation import current

from .logs import LogCapture
from .thread import Thread
from .tracebacks import PACKAGE, is_worker, where

if TYPE_CHECKING:
    from .traces import Trace

# What `signal.getsignal` wraps, to make enums of numbers, which takes longer than all the rest.
_get_handler = _signal.getsignal

TICK_S = 0.005
BEAT_S = 0.1
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_NOT_HERE = tuple(
    [PACKAGE, "<frozen importlib", "<frozen zipimport"]
    + [_STDLIB + name for name in ("importlib", "threading.py", "logging", "queue.py")]
    + [_STDLIB + name for name in ("linecache.py", "asyncio", "concurrent", "contextlib.py")]
)
"""Code that must not be cut in its middle: ours, imports, locks and queues, the event loop."""


class Guard:
    """What watches over the requests in flight in this process."""

    def __init__(self) -> None:
        """Begin with nothing installed."""
        self.in_flight: set[Trace] = set()
        self._capture: LogCapture | None = None
        self._prof: Any = None
        self._ticking = False
        self._busy: Trace | None = None
        self._interrupt: Any = None
        self._hears = self._on_interrupt
        self._tracing: Any = None
        self._thread: Thread | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._beat_loop: asyncio.AbstractEventLoop | None = None

    def enter(self, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        """Watch over a request that begins."""
        self.in_flight.add(trace)
        if self._beat_loop is not loop or self._beat is None or self._beat.cancelled():
            self._install(trace.thread, loop)
        if trace.thread.is_main and _get_handler(signal.SIGINT) is not self._hears:
            self._catch_interrupts()

    def leave(self, trace: Trace) -> None:
        """Watch no longer over a request that has ended."""
        self.in_flight.discard(trace)

    # The heartbeat

    def _heartbeat(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._beat_loop:
            return
        if not self.in_flight:
            self._beat = None
            self.uninstall()
            return
        for trace in list(self.in_flight):
            wall_ms = trace.limits.wall_ms
            if wall_ms is not None and trace.wall_ms > wall_ms and trace.condemned is None:
                trace.exceed_wall()
        self._beat = loop.call_later(BEAT_S, self._heartbeat, loop)

    # Installing

    def _install(self, thread: Thread, loop: asyncio.AbstractEventLoop) -> None:
        if self._capture is None:
            self._capture = LogCapture()
            logging.getLogger().addHandler(self._capture)
        if thread.is_main:
            self._thread = thread
            if not self._ticking and hasattr(signal, "SIGPROF"):
                self._start_ticking()
        self._beat_loop = loop
        self._beat = loop.call_later(BEAT_S, self._heartbeat, loop)

    def _start_ticking(self) -> None:
        self._prof = signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, TICK_S, TICK_S)
        self._ticking = True

    def uninstall(self) -> None:
        """Remove all that was installed, and put back what was there."""
        if self._capture is not None:
            logging.getLogger().removeHandler(self._capture)
            self._capture = None
        self._release_interrupts()
        if self._ticking and _on_main_thread():
            # The timer first: the signal's default action ends the process.
            signal.setitimer(signal.ITIMER_PROF, 0)
            if _get_handler(signal.SIGPROF) == self._tick:
                signal.signal(signal.SIGPROF, self._prof or signal.SIG_DFL)
            self._ticking = False

    # The tick

    def _tick(self, signum: int, frame: FrameType | None) -> None:
        thread = self._thread
        assert thread is not None
        trace = thread.trace
        if trace is None:
            trace = self._sample(thread)
            if trace is None:
                return
        elif thread.end_long_slice is None:
            thread.end_long_slice = self._end_long_slice
            self._begin_long_slice(trace)
        if trace.cpu_ns + thread.slice_so_far_ns(trace) > trace.budget_ns:
            trace.exceed_cpu(where(frame))
        if trace.condemned is not None:
            self._cut(trace, trace.condemned, frame)

    def _sample(self, thread: Thread) -> Trace | None:
        """Charge a tick to the request whose callback or finalizer runs, outside of any slice.

        There is no hook for these that does not replace the loop's own methods; but the context
        that the tick interrupts is theirs, and tells whose they are.
        """
        invocation: Any = current.get()
        trace: Trace | None = getattr(invocation, "trace", None)
        if trace is None:
            if not self.in_flight:
                self.uninstall()
            return None
        trace.charge_sample(invocation, min(thread.since_edge_ns(), int(TICK_S * 1e9)))
        if self._busy is None:
            self._begin_long_slice(trace)
            with contextlib.suppress(RuntimeError):
                asyncio.get_running_loop().call_soon_threadsafe(self._end_long_slice)
        return trace

    def _begin_long_slice(self, trace: Trace) -> None:
        """Turn interrupts to the request that runs, until its slice or callback ends."""
        self._busy = trace
        self._catch_interrupts()

    def _end_long_slice(self) -> None:
        self._busy = None
        if self._tracing is not None:
            sys.settrace(None if self._tracing is _NOTHING else self._tracing)
            self._tracing = None

    # The interrupt

    def _catch_interrupts(self) -> None:
        """Be the first to hear of an interrupt; a kernel sets a handler anew for each cell.

        Released when idle, and not at the end of each request: setting a handler takes longer
        than a request.
        """
        if _get_handler(signal.SIGINT) is not self._hears:
            self._interrupt = signal.signal(signal.SIGINT, self._hears)

    def _release_interrupts(self) -> None:
        if _on_main_thread() and _get_handler(signal.SIGINT) is self._hears:
            signal.signal(signal.SIGINT, self._interrupt)

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        """End the request that runs; when none does, do what would have been done without us."""
        trace = self._busy or (self._thread and self._thread.trace)
        if trace:
            self._cut(trace, trace.interrupt(where(frame)), frame)
        elif callable(self._interrupt):
            self._interrupt(signum, frame)
        else:
            raise KeyboardInterrupt

    # The cut

    def _cut(self, trace: Trace, error: BaseException, frame: FrameType | None) -> None:
        """Raise `error` here if the code that runs is a Worker's, and at a Worker's next line.

        The nearest known frame decides. Where it must not be raised, the line tracer does it
        later; where it is raised and swallowed, the line tracer does it again.
        """

        def tracer(  # pragma: no cover - what traces is not traced
            frame: FrameType, event: str, argument: Any
        ) -> Any:
            if not is_worker(frame):
                return None
            if event == "line" and getattr(current.get(), "trace", None) is trace:
                raise error.with_traceback(None)
            return tracer

        thread = self._thread
        if thread is not None and thread.trace is not None:
            # Before its first tick a slice would not know that there is something to end.
            thread.end_long_slice = self._end_long_slice
        if self._tracing is None:
            self._tracing = sys.gettrace() or _NOTHING
        sys.settrace(tracer)
        here = _may_raise(frame)
        at = frame
        while at is not None:
            if is_worker(at):
                at.f_trace = tracer
            at = at.f_back
        if here:
            raise error.with_traceback(None)


_NOTHING = object()


def _on_main_thread() -> bool:
    """Return whether this is the one thread that may set signal handlers."""
    return threading.get_ident() == threading.main_thread().ident


def _may_raise(frame: FrameType | None) -> bool:
    """Return whether the nearest known frame is a Worker's, and not code that must go on."""
    while frame is not None:
        if is_worker(frame):
            return True
        if frame.f_code.co_filename.startswith(_NOT_HERE):
            return False
        frame = frame.f_back
    return False


guard = Guard()
atexit.register(guard.uninstall)
