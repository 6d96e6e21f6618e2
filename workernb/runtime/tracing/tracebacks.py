"""Tracebacks: whether a frame belongs to a Worker, and tracebacks with Workers' frames only."""

from __future__ import annotations

import bdb
import gc
import os
import sys
import traceback
from types import FrameType, TracebackType
from typing import Any

from workernb import errors

PACKAGE = os.path.dirname(os.path.abspath(errors.__file__)) + os.sep
"""The folder of workernb, with a trailing separator."""


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
    """Remove workernb's frames from an exception's traceback."""
    tb = _skip_ours(error.__traceback__)
    error.__traceback__ = tb
    while tb is not None:
        tb.tb_next = _skip_ours(tb.tb_next)
        tb = tb.tb_next


def trim_before_worker(error: BaseException) -> None:
    """Remove the frames before the first Worker's frame from an exception's traceback."""
    tb = error.__traceback__
    while tb is not None and not is_worker(tb.tb_frame):
        tb = tb.tb_next
    error.__traceback__ = tb


def trim_after_worker(error: BaseException) -> None:
    """Remove the frames after the last Worker's frame from an exception's traceback."""
    tb, last = error.__traceback__, None
    while tb is not None:
        if is_worker(tb.tb_frame):
            last = tb
        tb = tb.tb_next
    if last is not None:
        last.tb_next = None


def raised_position(error: BaseException) -> str | None:
    """Return the innermost position in a Worker's source of an exception's traceback, or None."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_worker(frame):
            found = f"{frame.f_code.co_filename}:{line}, in {frame.f_code.co_name}"
    return found


def waiting_position(steps: Any) -> str | None:
    """Return the position in a Worker's source where a generator or coroutine waits, or None."""
    found = None
    while (frame := _frame_of(steps)) is not None:
        if is_worker(frame):
            found = frame
        if frame.f_code.co_name == "drive":
            # `drive` calls `send` itself, so Python has no record of what it awaits.
            steps = frame.f_locals.get("steps")
        else:
            steps = getattr(steps, "cr_await", None) or getattr(steps, "gi_yieldfrom", None)
        if type(steps).__name__ == "coroutine_wrapper":
            # The object that a coroutine's `__await__` returns has no attribute for its coroutine.
            (steps,) = gc.get_referents(steps)
    return worker_position(found)


def _frame_of(steps: Any) -> FrameType | None:
    return getattr(steps, "cr_frame", None) or getattr(steps, "gi_frame", None)


def _skip_ours(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and is_ours(tb.tb_frame):
        tb = tb.tb_next
    return tb


def format_traceback(error: BaseException) -> str:
    """Return an exception as text: traceback, type, message and notes."""
    return "".join(traceback.format_exception(error)).rstrip()


def is_debugged(frame: FrameType | None = None) -> bool:
    """Return whether a debugger is active on this thread.

    pdb and debuggers based on it trace with a method of a Bdb. frame: the running frame, which also
    shows a debugger that is still starting.
    """
    if isinstance(getattr(sys.gettrace(), "__self__", None), bdb.Bdb):
        return True
    while frame is not None and not is_worker(frame):
        file = frame.f_code.co_filename
        if file.endswith(_DEBUGGERS) or _DEBUGPY in file:
            return True
        frame = frame.f_back
    return False


_DEBUGGERS = (
    os.path.abspath(bdb.__file__),
    os.path.join(os.path.dirname(os.path.abspath(bdb.__file__)), "pdb.py"),
    os.path.join("IPython", "core", "debugger.py"),
    os.path.join("IPython", "terminal", "debugger.py"),
)
_DEBUGPY = f"{os.sep}debugpy{os.sep}"
"""The folder of debugpy, JupyterLab's debugger, which `breakpoint()` starts in a kernel."""
