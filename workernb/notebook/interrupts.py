"""Interrupts of cells: what of the notebook runs, and the second one of two.

The second one must not meet the kernel as it ends the cell. While a message is handled, the kernel
lets SIGINT raise KeyboardInterrupt wherever its own code is: a cell that has just been ended by an
interrupt then gets no reply, and the front end waits for it for ever. Such an interrupt has nothing
left to end.
"""

from __future__ import annotations

import asyncio
from types import FrameType
from typing import Any

from workernb.runtime.enforcement.guard import guard


class Frames:
    """Which frames are the notebook's, in one shell."""

    def __init__(self, shell: Any) -> None:
        """Look at the frames of cells that the shell runs."""
        self._shell = shell

    def is_code(self, frame: FrameType) -> bool:
        """Return whether a frame runs code of the notebook's: of a cell, or of its functions."""
        return frame.f_globals is self._shell.user_ns

    def is_cell(self, frame: FrameType) -> bool:
        """Return whether a frame runs a cell itself."""
        caller = frame.f_back
        return self.is_code(frame) and caller is not None and caller.f_code.co_name == "run_code"


def add(shell: Any) -> None:
    """Drop interrupts of a cell that one has just ended, and let them end what a cell runs."""
    guard.interrupts.notebook = Frames(shell)
    shell.input_transformers_cleanup.append(_catch)
    shell.events.register("pre_run_cell", _begin)
    shell.events.register("post_run_cell", _end)


def remove(shell: Any) -> None:
    """Undo `add`."""
    guard.interrupts.notebook = None
    shell.input_transformers_cleanup.remove(_catch)
    shell.events.unregister("pre_run_cell", _begin)
    shell.events.unregister("post_run_cell", _end)


def _begin(_: Any) -> None:
    """Note that a cell begins, and its task: only one that awaits has a task of its own."""
    task = asyncio.current_task() if asyncio._get_running_loop() else None
    runs = None if task is None else getattr(task.get_coro(), "__name__", None)
    guard.interrupts.run_cell(task if runs == "run_cell_async" else None)


def _end(_: Any) -> None:
    guard.interrupts.end_cell()


def _catch(lines: list[str]) -> list[str]:
    """Catch interrupts before a cell begins; return the cell's lines.

    The kernel sets a handler of its own for the time that a cell awaits something, and puts back
    the one that it has found until the reply is sent. No event of IPython's comes before that.
    """
    guard.interrupts.begin_cell()
    return lines
