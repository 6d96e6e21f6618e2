"""Cells: the one that runs, its frames on the stack, and an interrupt at its next line."""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from collections.abc import Callable, Iterator
from time import perf_counter_ns as wall_clock
from types import FrameType
from typing import Any, Protocol

from workernb.errors import on_one_line
from workernb.runtime.tracing.tracebacks import PACKAGE, is_ours, is_worker

from .cut import folder, must_go_on


class Notebook(Protocol):
    """What a notebook knows of frames."""

    def is_code(self, frame: FrameType) -> bool:
        """Return whether a frame runs code of the notebook's: of a cell, or of its functions."""
        ...

    def is_cell(self, frame: FrameType) -> bool:
        """Return whether a frame runs a cell itself."""
        ...


def is_of_kernel(notebook: Notebook | None, frame: FrameType | None) -> bool:
    """Return whether a frame runs no code of the notebook's."""
    return notebook is not None and not any(map(notebook.is_code, _callers(frame)))


def frames_of_cell(notebook: Notebook | None, frame: FrameType | None) -> list[FrameType]:
    """Return the frames from `frame` to that of the cell which runs it; none if no cell does."""
    frames: list[FrameType] = []
    for each in _callers(frame) if notebook else ():
        frames.append(each)
        if notebook and notebook.is_cell(each):
            return frames
    return []


def runs_loop(frames: list[FrameType]) -> bool:
    """Return whether one of the frames runs an event loop."""
    return any(each.f_code.co_name == "_run_once" for each in frames)


def is_nearest(notebook: Notebook | None, frame: FrameType | None) -> bool:
    """Return whether the nearest known code is the notebook's, or waits for the user's input.

    An exception may be raised there, as in a plain cell.
    """
    if notebook is None:
        return False
    if _waits_for_input(frame):
        return True
    for each in _callers(frame):
        if notebook.is_code(each):
            return True
        if is_worker(each) or must_go_on(each, in_libraries=True):
            return False
    return False


def is_beneath_ours(frame: FrameType | None) -> bool:
    """Return whether code of ours has called a frame, directly or not."""
    return any(map(is_ours, _callers(frame)))


def _waits_for_input(frame: FrameType | None) -> bool:
    """Return whether a frame waits in the kernel's `input`, and sends or receives nothing."""
    for each in _callers(frame):
        if each.f_code.co_name == "_input_request":
            return each.f_code.co_filename.startswith(_IPYKERNEL)
        if not each.f_code.co_filename.startswith(_ZMQ_WAITS):
            return False
    return False


def may_defer(frames: list[FrameType]) -> bool:
    """Return whether the nearest code of ours only hands a request on, and so soon ends."""
    ours = next((each for each in frames if is_ours(each)), None)
    return ours is not None and ours.f_code.co_filename.startswith(_HANDS_ON)


_IPYKERNEL = folder("ipykernel") or PACKAGE
_ZMQ_WAITS = os.path.join(folder("zmq") or PACKAGE, "sugar", "poll.py")
_HANDS_ON = (PACKAGE + "runtime" + os.sep, PACKAGE + "engines" + os.sep)


class RunningCell:
    """The cell that runs, or ran last, and its interrupts.

    began_ns: when it began, or 0 if none runs. ended_ns: when the last one ended. first_ns: when
    its first interrupt came, or 0. All three are in ns of wall clock. task: returns its task, or
    None. has_ended_requests: whether an interrupt of it has ended those of its tasks and threads.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.began_ns = self.ended_ns = self.first_ns = 0
        self.has_ended_requests = False
        # Weakly: who refers to a task could end its wait, as far as the search for hangs can see.
        self.task: Callable[[], asyncio.Task[Any] | None] = _no_task
        self._next_line: NextLine | None = None

    def begin(self, task: asyncio.Task[Any] | None) -> None:
        """Note that a cell begins. task: its own, if it has one."""
        self.began_ns, self.first_ns = wall_clock(), 0
        self.has_ended_requests = False
        self.task = _no_task if task is None else weakref.ref(task)
        self._call_off_next_line()

    def end(self) -> None:
        """Note that it has ended."""
        self.began_ns, self.first_ns, self.task = 0, 0, _no_task
        self.ended_ns = wall_clock()
        self._call_off_next_line()

    def note_first(self) -> None:
        """Note an interrupt, if it is the cell's first one."""
        if self.began_ns and not self.first_ns:
            self.first_ns = wall_clock()

    def is_second(self, began_ns: int) -> bool:
        """Return whether a request began after an interrupt of the cell.

        began_ns: when it began, in ns of wall clock.
        """
        return 0 < self.first_ns < began_ns

    @property
    def is_ending(self) -> bool:
        """Whether its next line ends it."""
        return self._next_line is not None and not self._next_line.over

    def end_at_next_line(self, notebook: Notebook, frames: list[FrameType]) -> NextLine:
        """Raise KeyboardInterrupt at its next line. frames: those from the running one to it."""
        self._call_off_next_line()
        self._next_line = NextLine(notebook, frames)
        self._next_line.arm()
        return self._next_line

    def arm_next_line(self) -> None:
        """Let the next line end it, if that is due, though another tracer may have been set."""
        if self._next_line is not None:
            self._next_line.arm()

    def _call_off_next_line(self) -> None:
        if self._next_line is not None:
            self._next_line.call_off()
            self._next_line = None


def _no_task() -> None:
    """Return None, as a weak reference does whose object is gone."""


class NextLine:
    """A tracer that raises KeyboardInterrupt at the next line of a cell, or of what it has called.

    It removes itself then, and leaves other frames to the tracer before it, such as a debugger's.
    over: whether it has raised, or is called off.
    """

    def __init__(self, notebook: Notebook, frames: list[FrameType]) -> None:
        """Trace nothing yet. frames: those from the running one to the cell's."""
        self.over = False
        self._before: Any = None
        self._notebook = notebook
        last = max((i for i, each in enumerate(frames) if is_ours(each)), default=-1)
        self._traced = [(each, each.f_trace) for each in frames[last + 1 :] if not must_go_on(each)]

    def arm(self) -> None:
        """Trace, also where another tracer has been set meanwhile."""
        before: Any = sys.gettrace()
        if self.over or before is self:
            return
        self._before = before
        for frame, _ in self._traced:
            frame.f_trace = self
        sys.settrace(self)

    def call_off(self) -> None:
        """Trace no longer."""
        self.over = True
        for frame, before in self._traced:
            if frame.f_trace is self:
                frame.f_trace = before
        self._traced = []
        tracer: Any = sys.gettrace()
        if tracer is self:
            sys.settrace(self._before)

    def __call__(  # pragma: no cover - a tracer is not traced itself
        self, frame: FrameType, event: str, argument: Any
    ) -> Any:
        """Raise at a line of the cell; leave all else to the tracer before."""
        if self.over:
            self.call_off()
        elif event == "call" and self._notebook.is_cell(frame):
            self._traced.append((frame, None))  # The cell's next statement has its own frame.
            return self
        elif event == "line":
            self.call_off()
            raise interrupted_cell()
        elif any(frame is each for each, _ in self._traced):
            return self
        return self._before and self._before(frame, event, argument)


def interrupted_cell() -> KeyboardInterrupt:
    """Return what ends a cell, as in plain Python, but on one line."""
    return on_one_line(KeyboardInterrupt(), "The cell was interrupted.")


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and its callers, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back
