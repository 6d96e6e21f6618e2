"""Interrupts that come twice: the second one must not meet the kernel as it ends the cell.

While a message is handled, the kernel lets SIGINT raise KeyboardInterrupt wherever its own code is:
a cell that has just been ended by an interrupt then gets no reply, and the front end waits for it
for ever. Such an interrupt has nothing left to end.
"""

from __future__ import annotations

from types import FrameType
from typing import Any

from workernb.runtime.enforcement.guard import guard


def add(shell: Any) -> None:
    """Drop interrupts of a cell that one has just ended."""

    def is_of_kernel(frame: FrameType | None) -> bool:
        """Return whether a frame runs no cell."""
        while frame is not None and frame.f_globals is not shell.user_ns:
            frame = frame.f_back
        return frame is None

    guard.signals.is_of_kernel = is_of_kernel
    shell.input_transformers_cleanup.append(_catch)


def remove(shell: Any) -> None:
    """Undo `add`."""
    guard.signals.is_of_kernel = None
    shell.input_transformers_cleanup.remove(_catch)


def _catch(lines: list[str]) -> list[str]:
    """Catch interrupts before a cell begins; return the cell's lines.

    The kernel sets a handler of its own for the time that a cell awaits something, and puts back
    the one that it has found until the reply is sent. No event of IPython's comes before that.
    """
    guard.signals.begin_cell()
    return lines
