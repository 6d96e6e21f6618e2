"""Tracebacks: whether a frame belongs to a Worker, and tracebacks with Workers' frames only."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from workernb import errors
from workernb.runtime.tracing.invocations import Invocation

PACKAGE = os.path.dirname(os.path.abspath(errors.__file__)) + os.sep
"""The folder of workernb, with a trailing separator."""

_EXCEPTIONS: Any = BaseExceptionGroup.__dict__["exceptions"]

MAX_MEMBERS = 100
"""How many exceptions of a group are looked at."""

MAX_FRAMES = 10
"""How many frames are shown of a traceback of what ended a Worker's code from outside."""


def is_worker(frame: FrameType) -> bool:
    """Return whether a frame runs the source of a Worker."""
    return frame.f_code.co_filename.startswith("<worker ")


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame runs code of workernb."""
    return frame.f_code.co_filename.startswith(PACKAGE)


def worker_position(frame: FrameType | None) -> str | None:
    """Return the position in a Worker's source that a frame or its callers run, or None.

    For example `<worker auth v2>:7, in fetch`.
    """
    while frame is not None:
        if is_worker(frame):
            code = frame.f_code
            return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"
        frame = frame.f_back
    return None


def remove_our_frames(error: BaseException) -> None:
    """Take our own frames out of an exception's traceback."""
    tb = _skip_ours(errors.traceback_of(error))
    BaseException.with_traceback(error, tb)
    while tb is not None:
        tb.tb_next = _skip_ours(tb.tb_next)
        tb = tb.tb_next


def trim_before_worker(error: BaseException) -> None:
    """Take what lies before the first Worker's frame out of an exception's traceback."""
    tb = errors.traceback_of(error)
    while tb is not None and not is_worker(tb.tb_frame):
        tb = tb.tb_next
    BaseException.with_traceback(error, tb)


def trim_after_worker(error: BaseException) -> None:
    """Take what lies behind the last Worker's frame out of an exception's traceback."""
    tb, last = errors.traceback_of(error), None
    while tb is not None:
        if is_worker(tb.tb_frame):
            last = tb
        tb = tb.tb_next
    if last is not None:
        last.tb_next = None


def raised_position(error: BaseException) -> str | None:
    """Return the innermost position in a Worker's source of an exception's traceback, or None."""
    found = None
    for frame, line in traceback.walk_tb(errors.traceback_of(error)):
        if is_worker(frame):
            found = f"{frame.f_code.co_filename}:{line}, in {frame.f_code.co_name}"
    return found


def raised_by(error: BaseException, levels: int = 10) -> Invocation | None:
    """Return the invocation whose code raised an exception, from a traceback with our own frames.

    A call to what is not there is its caller's error. A Termination belongs to the invocation in
    whose code it came up last. A group belongs to the invocation that raised all of its exceptions,
    if there is only one. None where no invocation raised it. levels: of groups within groups.
    """
    kind = type(error)
    if levels and issubclass(kind, BaseExceptionGroup):
        exceptions = _EXCEPTIONS.__get__(error)[:MAX_MEMBERS]
        members = {raised_by(member, levels - 1) for member in exceptions}
        if len(members) == 1 and None not in members:
            return members.pop()
    found: Invocation | None = None
    running: Invocation | None = None
    ends = issubclass(kind, errors.Termination)
    for frame, _ in traceback.walk_tb(errors.traceback_of(error)):
        if frame.f_code.co_name in _RUNS_WORKER and is_ours(frame):
            running = frame.f_locals.get("invocation", running)
            found = found if ends else running
        elif ends and is_worker(frame):
            found = running
    if issubclass(kind, errors.BindingError) and found is not None:
        return found.caller or found
    return found


_RUNS_WORKER = ("hop", "__anext__")
"""The names of our functions that run an invocation's code: a handler, or a stream's producer."""


def waiting_position(steps: Any) -> str | None:
    """Return where in a Worker's source a generator or coroutine waits, as `where` does."""
    found = None
    for frame in _frames_of(steps):
        if is_worker(frame):
            found = frame
    return worker_position(found)


def waits_in(steps: Any, invocation: Invocation) -> bool:
    """Return whether a generator or coroutine waits for an invocation's handler."""
    return any(
        frame.f_code.co_name == "hop"
        and is_ours(frame)
        and frame.f_locals.get("invocation") is invocation
        for frame in _frames_of(steps)
    )


def _frames_of(steps: Any) -> Iterator[FrameType]:
    """Yield the frames of a generator or coroutine and of what it awaits, outermost first."""
    while (frame := _frame_of(steps)) is not None:
        yield frame
        if frame.f_code.co_name in DRIVERS:
            # They call `send` themselves, so Python has no record of what it awaits.
            steps = frame.f_locals.get("steps")
        else:
            steps = next(filter(None, (getattr(steps, name, None) for name in _AWAITED)), None)
        if type(steps).__name__ in _WRAPPERS:
            # These objects have no attribute for their coroutine or asynchronous generator.
            steps = next(filter(_frame_of, gc.get_referents(steps)), None)


DRIVERS = ("drive", "run_event")
"""The names of the generators that step a coroutine, their local variable `steps`."""

_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")
_WRAPPERS = ("coroutine_wrapper", "async_generator_asend", "async_generator_athrow")


def _frame_of(steps: Any) -> FrameType | None:
    for name in ("cr_frame", "gi_frame", "ag_frame"):
        frame: FrameType | None = getattr(steps, name, None)
        if frame is not None:
            return frame
    return None


def _skip_ours(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and is_ours(tb.tb_frame):
        tb = tb.tb_next
    return tb


def format_traceback(error: BaseException) -> str:
    """Return an exception as text: traceback, type, message and notes; whatever its own code does.

    Of a Termination, only the innermost frames are shown: the others are not to blame, and on
    Python 3.13 a hundred of them take 7 ms. Raises Termination if that is cut.
    """
    tb = errors.traceback_of(error)
    limit = -MAX_FRAMES if issubclass(type(error), errors.Termination) else None
    try:
        return "".join(traceback.format_exception(type(error), error, tb, limit)).rstrip()
    except errors.Termination:
        raise
    except BaseException:
        lines = traceback.format_tb(tb)
        return "".join(["Traceback (most recent call last):\n", *lines, errors.format_error(error)])


def is_debugged(frame: FrameType | None = None) -> bool:
    """Return whether a debugger is active on this thread.

    pdb and debuggers based on it trace with a method of a Bdb. frame: the running frame, which also
    shows a debugger that is still starting.
    """
    bdb = sys.modules.get("bdb")  # Not imported: no debugger runs whose base has not been.
    if bdb is not None and isinstance(getattr(sys.gettrace(), "__self__", None), bdb.Bdb):
        return True
    while frame is not None and not is_worker(frame):
        file = frame.f_code.co_filename
        if file.endswith(_DEBUGGERS) or _DEBUGPY in file:
            return True
        frame = frame.f_back
    return False


_STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__))
_DEBUGGERS = (
    os.path.join(_STANDARD_LIBRARY, "bdb.py"),
    os.path.join(_STANDARD_LIBRARY, "pdb.py"),
    os.path.join("IPython", "core", "debugger.py"),
    os.path.join("IPython", "terminal", "debugger.py"),
)
_DEBUGPY = f"{os.sep}debugpy{os.sep}"
"""The folder of debugpy, JupyterLab's debugger, which `breakpoint()` starts in a kernel."""
