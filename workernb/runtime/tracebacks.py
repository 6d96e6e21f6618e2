"""Whose code a frame runs, and tracebacks that show the Workers' lines and not ours."""

from __future__ import annotations

import bdb
import os
import sys
import traceback
from types import FrameType, TracebackType

from workernb import errors

PACKAGE = os.path.dirname(os.path.abspath(errors.__file__)) + os.sep
"""The folder of workernb's own code."""


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
    tb = _skip_ours(error.__traceback__)
    error.__traceback__ = tb
    while tb is not None:
        tb.tb_next = _skip_ours(tb.tb_next)
        tb = tb.tb_next


def _skip_ours(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and is_ours(tb.tb_frame):
        tb = tb.tb_next
    return tb


def format_error(error: BaseException) -> str:
    """Return an exception as text: traceback, type, message and notes."""
    return "".join(traceback.format_exception(error)).rstrip()


def debugged() -> bool:
    """Return whether a debugger holds the thread: pdb and its kin trace with a Bdb's method."""
    return isinstance(getattr(sys.gettrace(), "__self__", None), bdb.Bdb)
