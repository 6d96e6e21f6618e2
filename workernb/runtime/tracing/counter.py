"""The counter that takes the place of a trace's list of invocations, once it keeps no more."""

from __future__ import annotations

from typing import Any

from .invocations import Invocation


class InvocationCounter:
    """Replaces the list that a trace's new invocations are added to, once it keeps no more."""

    def __init__(self, trace: Any) -> None:
        """Count the further invocations of `trace`."""
        self._trace = trace
        self._pending: list[Invocation] = []

    def append(self, invocation: Invocation) -> None:
        """Count an invocation, and keep it until it has begun."""
        self._trace.not_kept += 1
        while self._pending and not self._pending[-1].waits_to_begin:
            self._pending.pop()
        self._pending.append(invocation)

    def take_pending(self) -> list[Invocation]:
        """Return the invocations that may not have begun, and drop them."""
        pending, self._pending = self._pending, []
        return pending
