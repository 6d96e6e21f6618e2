"""Interrupts: the notebook's SIGINT, which ends the requests of the cell that runs."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import asyncio
import contextlib
import os
import selectors
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter_ns as wall_clock
from types import FrameType
from typing import Any

from workernb.errors import Interrupted
from workernb.runtime.tracing.tracebacks import is_ours, worker_position
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

from .abort import abort, abort_and_wake, interrupt
from .cells import (
    NextLine,
    Notebook,
    RunningCell,
    frames_of_cell,
    interrupted_cell,
    is_beneath_ours,
    is_nearest,
    is_of_kernel,
    may_defer,
    runs_loop,
)
from .cut import must_go_on
from .main_thread import MainThread, on_main_thread
from .owners import owner_of
from .startup import Loading

JUST_NOW_S = 0.1
"""An interrupt also ends requests that ran within this time before it (s of wall clock)."""

ENDS_WITHIN_S = 0.5
"""How long (s of wall clock) a cell may take to end whose request was interrupted."""

CANCEL_S = 0.02
"""How long (s of wall clock) after a cell is canceled its requests that it does not await end."""

CLEAN_UP_S = 0.2
"""How long (s of wall clock) a request may take to end that was canceled by an interrupt."""


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


class Interrupts:
    """The handler of SIGINT, chained to those that were installed before.

    interrupted_ns: when an interrupt last came while no request ran, in ns of wall clock. notebook:
    what it knows of frames; None where there is no kernel. cell: the cell that runs, or ran last.
    """

    def __init__(self, main: MainThread, in_flight: set[Trace]) -> None:
        """Make the handler, and do not install it. in_flight: the requests in flight."""
        self.interrupted_ns = 0
        self.notebook: Notebook | None = None
        self.cell = RunningCell()
        self.handler = InterruptHandler(self._on_interrupt, signal.SIG_IGN)
        self._main = main
        self._in_flight = in_flight
        self._ended_ns = 0
        self._waits: list[SyncWait] = []
        main.on_end = self._after_long_slice

    def catch(self) -> None:
        """Install the handler of SIGINT in front of the kernel's, which is set for each cell.

        It is released when idle instead of after each request, since setting a handler takes
        longer than a request.
        """
        handler = get_handler(signal.SIGINT)
        if isinstance(handler, InterruptHandler):
            self.handler = handler  # The kernel has put back one of an earlier cell.
        elif handler is not None:  # A handler in C could not be put back.
            self.handler = InterruptHandler(self._on_interrupt, handler)
            signal.signal(signal.SIGINT, self.handler)

    @property
    def _just_ended(self) -> bool:
        """Whether a cell has ended, or an interrupt what ran, and the kernel may not have replied.

        An interrupt that reaches the kernel's code then would take the reply away.
        """
        ended_ns = max(self._ended_ns, self.cell.ended_ns)
        return self.notebook is not None and wall_clock() - ended_ns < ENDS_WITHIN_S * 1e9

    def begin_cell(self) -> None:
        """Catch the interrupts of a cell that begins."""
        self._ended_ns = 0
        if on_main_thread():
            self.catch()

    def run_cell(self, task: asyncio.Task[Any] | None) -> None:
        """Note that a cell begins to run, unless another one runs it. task: its own, if it has one.

        It is canceled from the second interrupt on: the kernel's handler acts only once.
        """
        if not frames_of_cell(self.notebook, sys._getframe()):
            if task is not None and on_main_thread():
                self.catch()  # The kernel has set a handler that does not wake the loop.
            self.cell.begin(task)

    def end_cell(self) -> None:
        """Note that no cell runs any more, unless another one runs the one that ends."""
        if not frames_of_cell(self.notebook, sys._getframe()):
            self.cell.end()

    @contextlib.contextmanager
    def waiting_without_await(self) -> Iterator[None]:
        """Let an interrupt raise KeyboardInterrupt here if it comes while no request runs.

        In a cell with `await` the kernel's handler cancels the cell's task, which waits in this
        very call and would never see it. The same holds for a Worker that waits here.
        """
        if not on_main_thread():
            yield
            return
        wait = SyncWait(self._main.trace)
        self._waits.append(wait)
        try:
            yield
        finally:
            self._waits.remove(wait)

    def release(self) -> None:
        """Put back what handled SIGINT before, unless a cell is being ended by an interrupt."""
        handler = get_handler(signal.SIGINT)
        if self._just_ended:
            return  # The kernel puts back its own as the cell ends.
        if on_main_thread() and isinstance(handler, InterruptHandler):
            signal.signal(signal.SIGINT, handler.before)

    def _after_long_slice(self) -> None:
        """Let the cell's next line end it, if that is due, and release interrupts when idle."""
        self.cell.arm_next_line()
        if not self._in_flight:
            self.release()  # What an ended request has left behind ran.

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
            self._main.cut.inject(error, frame, lambda: current.get() is running, True)
            if is_nearest(self.notebook, frame):
                raise error
            return True
        trace: Any = self._main.trace
        if not trace and worker_position(frame):
            # Outside of any slice, the context or the frame names the request whose callback runs.
            running = running or owner_of(frame, self._main.hosts)
            trace = getattr(running, "trace", None)
        if not trace and is_nearest(self.notebook, frame) and is_beneath_ours(frame):
            self._interrupt_for_notebook()
        if not trace:
            return self._interrupt_cell(frame, before)
        self._ended_ns = wall_clock()
        if self.cell.is_second(trace.began_ns):
            self._interrupt_cell_too(frame)
        self.cell.note_first()
        error = interrupt(trace, worker_position(frame))
        self._interrupt_others(trace)
        if self._waits and self._waits[-1].trace is trace:
            self._call_soon(self._interrupt_wait, self._waits[-1])
        self._main.raise_in_worker(trace, error, frame, in_libraries=True)
        if is_nearest(self.notebook, frame):
            raise error.with_traceback(None)
        return True

    def _interrupt_cell(self, frame: FrameType | None, before: Any) -> bool:
        """Interrupt a cell while no request runs; return whether that is dealt with.

        KeyboardInterrupt must not be raised in code of ours, nor in the loop: a request that is
        being begun there would never end.
        """
        raises = before is signal.default_int_handler
        if raises and self._just_ended and is_of_kernel(self.notebook, frame):
            return True
        self.interrupted_ns = self._ended_ns = wall_clock()
        if before == signal.SIG_IGN:
            return False
        frames = frames_of_cell(self.notebook, frame)
        self._interrupt_requests(awaits=not frames)
        if not any(map(is_ours, frames)):
            if raises or not frames or runs_loop(frames):
                return self._leave_to_kernel(frame)
            if not any(must_go_on(each, in_libraries=True) for each in frames):
                raise interrupted_cell()
        pending = self.cell.is_ending
        if self._waits and not _is_in_loop(frame) and (pending or is_nearest(self.notebook, frame)):
            raise interrupted_cell()
        if raises and not self._waits and (pending or not may_defer(frames)):
            return False  # One of ours that may take long.
        next_line = self._end_at_next_line(frames)
        self._call_soon(self._interrupt_later, next_line)
        return True

    def _interrupt_requests(self, awaits: bool) -> None:
        """Abort the requests that the cell has begun, in tasks and in other threads.

        Not the one that the cell's own task makes, which ends as that is canceled. awaits: whether
        the cell waits in the loop: then the kernel cancels it, and what it awaits, before that.
        """
        task = self.cell.task()
        for trace in list(self._in_flight):
            if not self._began_in_cell(trace) or (task is not None and trace.task is task):
                continue
            if trace.loop is None or trace.loop.is_closed():
                continue
            self.cell.has_ended_requests = True
            loop = trace.loop if trace.thread is self._main.thread else None
            if loop is None and awaits:
                loop = asyncio._get_running_loop()
            if loop is None:
                self._abort_in_flight(trace)
            else:
                abort_later = partial(loop.call_later, CANCEL_S, self._abort_in_flight, trace)
                loop.call_soon_threadsafe(abort_later)

    def _abort_in_flight(self, trace: Trace) -> None:
        """Abort a request that an interrupt has not ended in another way meanwhile."""
        if trace not in self._in_flight:
            return
        error = Interrupted(PlatformText.CANCELED)
        if trace.thread is self._main.thread:
            abort_and_wake(trace, error)
        elif trace.loop is not None and not trace.loop.is_closed():
            abort(trace, error)  # At once: its loop may be kept busy.
            trace.loop.call_soon_threadsafe(abort_and_wake, trace, error)

    def _interrupt_for_notebook(self) -> None:
        """End the cell's requests, one of which has code of the notebook run, such as a body's.

        That runs outside of all slices, so it is not known which one.
        """
        of_cell = [trace for trace in list(self._in_flight) if self._is_of_cell(trace)]
        for trace in of_cell:
            abort_and_wake(trace, Interrupted(PlatformText.CANCELED))
        if of_cell:
            self.cell.note_first()
            self._ended_ns = wall_clock()
            raise Interrupted(PlatformText.CANCELED)

    def _leave_to_kernel(self, frame: FrameType | None) -> bool:
        """Leave an interrupt to the handler before, unless a synchronous call waits."""
        if not self._waits:
            task = self.cell.task() if self.cell.first_ns else None
            self.cell.note_first()
            self._call_soon(int if task is None else task.cancel)
            # Else the loop is woken, which the kernel's handler does not do.
            return task is not None
        if not _is_in_loop(frame):
            raise KeyboardInterrupt
        self._call_soon(self._interrupt_wait, self._waits[-1])
        return True

    def _interrupt_cell_too(self, frame: FrameType | None) -> None:
        """End the cell, which goes on although an interrupt has ended a request of it."""
        frames = frames_of_cell(self.notebook, frame)
        if frames:
            self._end_at_next_line(frames)
        elif (task := self.cell.task()) is not None:
            self._call_soon(task.cancel)

    def _end_at_next_line(self, frames: list[FrameType]) -> NextLine:
        """Raise KeyboardInterrupt at the cell's next line. frames: see `NextLine`."""
        assert self.notebook is not None
        return self.cell.end_at_next_line(self.notebook, frames)

    def _interrupt_later(self, next_line: NextLine) -> None:
        """Interrupt a cell that has come to no further line, from a callback of its loop."""
        if next_line.over:
            return
        if self._waits:
            if not self.cell.is_second(self._waits[-1].began_ns):
                next_line.call_off()
            self.cell.note_first()
            raise KeyboardInterrupt
        task = self.cell.task()
        if task is not None and not frames_of_cell(self.notebook, sys._getframe()):
            next_line.call_off()
            self.cell.note_first()
            task.cancel()

    def is_outlived_by(self, trace: Trace, task: asyncio.Task[Any] | None) -> bool:
        """Return whether an interrupt has canceled a request, and the time to end is over.

        task: the one that runs it.
        """
        if trace.began_ns > self.interrupted_ns or task is None or not task.cancelling():
            return False
        return self.clean_up_is_over

    @property
    def clean_up_is_over(self) -> bool:
        """Whether the time is over in which what an interrupt has canceled may end."""
        return CLEAN_UP_S < (wall_clock() - self.interrupted_ns) / 1e9 < 10 * CLEAN_UP_S

    def _call_soon(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function in the loop that runs in this thread, if one does."""
        loop = asyncio._get_running_loop()
        if loop is not None:
            loop.call_soon_threadsafe(function, *arguments)

    def _interrupt_wait(self, wait: SyncWait) -> None:
        """End the wait of a synchronous call, if it has not ended, from a callback of its loop."""
        if wait in self._waits:
            raise KeyboardInterrupt

    def _interrupt_others(self, running: Trace) -> None:
        """Abort the other requests that the cell has begun, and those that ran just before.

        They would keep the kernel busy next, such as those of the same `gather`. Requests of an
        earlier cell that wait go on.
        """
        for trace in list(running.host.in_flight):
            if trace is running or trace.thread is not running.thread:
                continue
            just_ran = not trace.stamps or wall_clock() - trace.last_stamp_ns < JUST_NOW_S * 1e9
            if just_ran or self._is_of_cell(trace):
                abort_and_wake(trace, Interrupted(PlatformText.CANCELED))

    def _is_of_cell(self, trace: Trace) -> bool:
        """Return whether a request of the main thread was begun by the cell that runs."""
        return trace.thread is self._main.thread and self._began_in_cell(trace)

    def _began_in_cell(self, trace: Trace) -> bool:
        """Return whether a request was made by the notebook since the cell has begun that runs."""
        return trace.owner and 0 < self.cell.began_ns < trace.began_ns


class SyncWait:
    """A synchronous call that waits in a loop.

    trace: the request whose Worker made it, or None. began_ns: in ns of wall clock.
    """

    def __init__(self, trace: Trace | None) -> None:
        """Begin to wait."""
        self.trace = trace
        self.began_ns = wall_clock()


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
