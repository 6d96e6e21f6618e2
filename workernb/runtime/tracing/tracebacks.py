"""Tracebacks: whose code a frame runs, and tracebacks that show the Workers' lines only."""

from __future__ import annotations

import bdb
import gc
import os
import sys
import traceback
from types import FrameType, TracebackType
from typing import Any

from workernb import errors
from workernb.runtime.tracing.invocations import Invocation

PACKAGE = os.path.dirname(os.path.abspath(errors.__file__)) + os.sep
"""The folder of workernb's own code."""

_EXCEPTIONS: Any = BaseExceptionGroup.__dict__["exceptions"]

MAX_MEMBERS = 100
"""How many exceptions of a group are looked at."""


def is_worker(frame: FrameType) -> bool:
    """Return whether a frame runs a Worker's own source."""
    return frame.f_code.co_filename.startswith("<worker ")


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame runs workernb's own code."""
    return frame.f_code.co_filename.startswith(PACKAGE)


def where(frame: FrameType | None) -> str | None:
    """Return where in a Worker's source a frame is, as `<worker auth v2>:7, in fetch`."""
    while frame is not None:
        if is_worker(frame):
            code = frame.f_code
            return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"
        frame = frame.f_back
    return None


def clean(error: BaseException) -> None:
    """Take our own frames out of an exception's traceback."""
    tb = _skip_ours(errors.traceback_of(error))
    BaseException.with_traceback(error, tb)
    while tb is not None:
        tb.tb_next = _skip_ours(tb.tb_next)
        tb = tb.tb_next


def from_the_worker_on(error: BaseException) -> None:
    """Take what lies before the first Worker's frame out of an exception's traceback."""
    tb = errors.traceback_of(error)
    while tb is not None and not is_worker(tb.tb_frame):
        tb = tb.tb_next
    BaseException.with_traceback(error, tb)


def to_the_worker(error: BaseException) -> None:
    """Take what lies behind the last Worker's frame out of an exception's traceback."""
    tb, last = errors.traceback_of(error), None
    while tb is not None:
        if is_worker(tb.tb_frame):
            last = tb
        tb = tb.tb_next
    if last is not None:
        last.tb_next = None


def raised_at(error: BaseException) -> str | None:
    """Return where in a Worker's source an exception came up last, as `where` does."""
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
        if frame.f_code.co_name == "hop" and is_ours(frame):
            running = frame.f_locals["invocation"]
            found = found if ends else running
        elif ends and is_worker(frame):
            found = running
    if issubclass(kind, errors.BindingError) and found is not None:
        return found.caller or found
    return found


def waiting_at(steps: Any) -> str | None:
    """Return where in a Worker's source a generator or coroutine waits, as `where` does."""
    found = None
    while (frame := _frame_of(steps)) is not None:
        if is_worker(frame):
            found = frame
        if frame.f_code.co_name == "drive":
            # `drive` sends to its coroutine by hand, so Python does not know what it waits for.
            steps = frame.f_locals.get("steps")
        else:
            steps = getattr(steps, "cr_await", None) or getattr(steps, "gi_yieldfrom", None)
        if type(steps).__name__ == "coroutine_wrapper":
            # The object that a coroutine's __await__ returns names its coroutine nowhere else.
            (steps,) = gc.get_referents(steps)
    return where(found)


def _frame_of(steps: Any) -> FrameType | None:
    return getattr(steps, "cr_frame", None) or getattr(steps, "gi_frame", None)


def _skip_ours(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and is_ours(tb.tb_frame):
        tb = tb.tb_next
    return tb


def format_traceback(error: BaseException) -> str:
    """Return an exception as text: traceback, type, message and notes; whatever its own code does.

    Raises Termination if that is cut.
    """
    tb = errors.traceback_of(error)
    try:
        return "".join(traceback.format_exception(type(error), error, tb)).rstrip()
    except errors.Termination:
        raise
    except BaseException:
        lines = traceback.format_tb(tb)
        return "".join(["Traceback (most recent call last):\n", *lines, errors.format_error(error)])


def debugged(frame: FrameType | None = None) -> bool:
    """Return whether a debugger holds the thread: pdb and its kin trace with a Bdb's method.

    frame: what runs; a debugger that only begins, which takes some a while, is found there.
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
"""A kernel's `breakpoint()` is debugpy's, JupyterLab's debugger."""
