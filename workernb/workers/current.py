"""Which invocation is running: the one thing that the `workers` module asks of the runtime.

Only the runtime sets `current`. Every Task has a context of its own, so what a Worker starts
keeps its invocation, and requests that interleave do not see each other's.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, Protocol


class RunningInvocation(Protocol):
    """What Worker code can reach of the invocation that runs it."""

    @property
    def env(self) -> Any:
        """The environment of the Worker: bindings, vars and secrets."""

    @property
    def props(self) -> dict[str, Any]:
        """What the binding that it came over tells the Worker."""

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints."""

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Keep the invocation alive until `awaitable` is done."""


current: ContextVar[RunningInvocation | None] = ContextVar("workernb invocation", default=None)


def running() -> RunningInvocation:
    """Return the running invocation; raises RuntimeError outside of one."""
    invocation = current.get()
    if invocation is None:
        raise RuntimeError("No Worker is running here: this works only in a Worker's code.")
    return invocation
