"""What a Worker's classes derive from, and the `ctx` that each invocation gets."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import cached_property
from typing import Any

from .current import RunningInvocation, running


class ExecutionContext:
    """`self.ctx`: one for each invocation.

    https://developers.cloudflare.com/workers/runtime-apis/context/
    """

    __slots__ = ("_invocation",)

    def __init__(self, invocation: RunningInvocation) -> None:
        """Make the context of `invocation`."""
        self._invocation = invocation

    def waitUntil(self, awaitable: Awaitable[Any]) -> None:
        """Keep the invocation alive until `awaitable` is done, at most 30 s (wall clock).

        The response does not wait for it. A failure makes the invocation's outcome `exception`.
        """
        self._invocation.wait_until(awaitable)

    wait_until = waitUntil

    @property
    def props(self) -> dict[str, Any]:
        """What the binding that the call came over says, `{}` unless it says something."""
        return self._invocation.props

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints: `ctx.exports.Admin.fetch(…)`, also with props of its own.

        `ctx.exports.Admin(props={"role": "reader"}).fetch(…)`
        """
        return self._invocation.exports


class WorkerEntrypoint:
    """The base of a Worker's entrypoints; a new instance serves each invocation.

    The subclass named `Default` is what a plain binding reaches; others are named entrypoints.
    https://developers.cloudflare.com/workers/languages/python/
    """

    env: Any
    _invocation: RunningInvocation

    @cached_property
    def ctx(self) -> ExecutionContext:
        """The invocation's context, made when it is first asked for."""
        return ExecutionContext(self._invocation)

    def __init__(self, ctx: ExecutionContext, env: Any) -> None:
        """Keep the invocation's context and the Worker's environment."""
        self.ctx = ctx
        self.env = env


def wait_until(awaitable: Awaitable[Any]) -> None:
    """Keep the running invocation alive until `awaitable` is done."""
    running().wait_until(awaitable)


waitUntil = wait_until
