"""Waits: the promises of `ctx.waitUntil`, for which a run goes on after its handler has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from workernb.errors import format_error
from workernb.runtime.tracing.logs import log


class Serving(Protocol):
    """The part of a run that its waits use."""

    trace: Any
    invocation: Any

    def until(self, is_over: Callable[[], bool]) -> Awaitable[None]:
        """Settle promises until something is over."""

    def leave_if_idle(self) -> None:
        """End the run if nothing of it goes on."""


class Waits:
    """The promises that one run waits for. pending: those that are not settled, by number."""

    def __init__(self, run: Serving) -> None:
        """Begin without promises."""
        self.pending: set[int] = set()
        self.handler_ended = asyncio.Event()
        self._run = run
        self._errors: list[BaseException] = []

    def settle(self, number: int, error: BaseException | None) -> None:
        """Note that a promise has been fulfilled, or rejected with an error."""
        self.pending.discard(number)
        if error is not None:
            self._errors.append(error)

    async def serve(self) -> None:
        """Settle promises after the handler has ended, until none is pending.

        Raises the first error of those that were rejected; the others are logged.
        """
        run = self._run
        try:
            await self.handler_ended.wait()
            await run.until(lambda: not self.pending)
        finally:
            self.pending.clear()
            run.leave_if_idle()
        for error in self._errors[1:]:
            text = f"{format_error(error)} (in a waitUntil task)"
            log(run.trace, run.invocation, "error", text)
        if self._errors:
            raise self._errors[0]
