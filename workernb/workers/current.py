"""The running invocation, a context variable by which the `workers` module reaches the runtime.

Only the runtime sets `current`. Every Task has a context of its own, so a Task that a Worker makes
keeps the Worker's invocation, and concurrent requests do not see each other's.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any, Protocol

from workernb.http.request import Request
from workernb.http.response import Response


class RunningInvocation(Protocol):
    """The part of an invocation that the code of its Worker can reach."""

    @property
    def env(self) -> Any:
        """The environment of the Worker: bindings, vars and secrets."""

    @property
    def props(self) -> dict[str, Any]:
        """The props of the binding over which the call was made."""

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints."""

    def now(self) -> float:
        """Return the time by the runtime's clock, in s since the epoch."""

    def send(self, request: Request) -> Awaitable[Response]:
        """Send a request to where its URL leads: a Worker of this notebook, or outside.

        Redirects are not followed. Raises NetworkError when there is no response.
        """

    @property
    def limits_left(self) -> Any:
        """What its request may still use."""

    def start_span(self, name: str, parent: Any) -> Any:
        """Begin a span."""

    def pass_through(self) -> None:
        """Let the origin answer if the handler raises an exception."""

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Extend the invocation until `awaitable` is done."""


current: ContextVar[RunningInvocation | None] = ContextVar("workernb invocation", default=None)


def running() -> RunningInvocation:
    """Return the running invocation; RuntimeError when there is none."""
    invocation = current.get()
    if invocation is None:
        raise RuntimeError("No Worker is running here: this works only in a Worker's code.")
    return invocation
