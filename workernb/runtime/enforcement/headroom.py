"""Headroom: frames beyond the recursion limit, for what ends a recursion that has reached it.

A handler of signals and a tracer need frames of their own. A recursion that catches its
RecursionError stays where there are none, and would go on for ever.
"""

from __future__ import annotations

import contextlib
import sys
from types import FrameType

FRAMES = 100
"""How many frames are given at a time: some 15 are needed."""

MOST = 10 * FRAMES
"""How many frames are given at most."""

DEEP = 4
"""The part of the recursion limit (one in so many) from which on a frame is deep."""


class Headroom:
    """The recursion limit of the process, which is raised for a while."""

    def __init__(self) -> None:
        """Leave the limit as it is."""
        self._before = 0

    def give(self) -> None:
        """Raise the limit, unless it is raised already."""
        if not self._before:
            self.give_more()

    def give_more(self) -> None:
        """Raise the limit, again if code has come as deep as that; callable from any thread.

        A recursion that goes on all the same gets no more at last: its calls in C use up the stack.
        """
        limit = sys.getrecursionlimit()
        self._before = self._before or limit
        if limit < self._before + MOST:
            sys.setrecursionlimit(limit + FRAMES)

    def take_back(self) -> None:
        """Lower the limit again; at a later call if the code that runs is deeper than that."""
        before = self._before  # A tick may come at any moment here, and take it back.
        if before:
            with contextlib.suppress(RecursionError):
                sys.setrecursionlimit(before)
                self._before = 0


headroom = Headroom()


def is_deep(frame: FrameType | None) -> bool:
    """Return whether a frame may be at the recursion limit.

    Calls in C, which have no frames, count too on Python 3.11.
    """
    left = sys.getrecursionlimit() // DEEP
    while frame is not None and left:
        frame, left = frame.f_back, left - 1
    return not left
