"""What Workers print while `%fetch` waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import time

HELD_S = 0.3
"""How long (s of wall clock) prints are held back: those of a short request stand on its card."""


class LiveEcho(io.StringIO):
    """A file for prints that passes them on to the cell's output, once a request takes long."""

    def __init__(self) -> None:
        """Begin to hold back; an event loop, if one runs, lets go of what is held."""
        super().__init__()
        self._began = time.monotonic()
        self._passed_on = 0
        with contextlib.suppress(RuntimeError):
            self._timer = asyncio.get_running_loop().call_later(HELD_S, self._pass_on)

    def write(self, text: str) -> int:
        """Add a text; pass all on if the time is over."""
        written = super().write(text)
        if time.monotonic() - self._began >= HELD_S:
            self._pass_on()
        return written

    def _pass_on(self) -> None:
        text = self.getvalue()[self._passed_on :]
        self._passed_on += len(text)
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()

    def end(self) -> None:
        """Let go of nothing more: the request has ended, and its card shows what it printed."""
        timer = getattr(self, "_timer", None)
        if timer is not None:
            timer.cancel()
