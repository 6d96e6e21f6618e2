"""Callbacks that Workers leave to the kernel's loop: SystemExit must not end the kernel.

asyncio lets SystemExit and KeyboardInterrupt of a callback out of the loop, and ipykernel ends with
it. A coroutine of a Worker's is driven, and cannot raise them; a callback of `call_soon` can.
"""

from __future__ import annotations

import asyncio
from typing import Any

from workernb.runtime.tracing.tracebacks import raised_position

_run = asyncio.Handle._run


def add() -> None:
    """Report such an exception of a Worker's callback as asyncio reports all others."""
    asyncio.Handle._run = _run_and_stay  # type: ignore[method-assign]


def remove() -> None:
    """Undo `add`, unless something else has been put in the place of it since."""
    if asyncio.Handle._run is _run_and_stay:
        asyncio.Handle._run = _run  # type: ignore[method-assign]


def _run_and_stay(self: Any) -> None:
    try:
        _run(self)
    except (SystemExit, KeyboardInterrupt) as error:
        if raised_position(error) is None:
            raise
        message = f"A Worker's callback raised {type(error).__name__}."
        context = {"message": message, "exception": error, "handle": self}
        self._loop.call_exception_handler(context)
