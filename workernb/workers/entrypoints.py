"""WorkerEntrypoint, the base class of a Worker's entrypoints, and their `ctx`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any, NoReturn, TypeVar

from workernb.errors import InvocationAborted
from workernb.texts import PlatformText

from .current import RunningInvocation, current, running
from .tracing import Tracing


class ExecutionContext:
    """The context of one invocation, `self.ctx`.

    https://developers.cloudflare.com/workers/runtime-apis/context/
    """

    __slots__ = ("_invocation",)

    def __init__(self, invocation: RunningInvocation) -> None:
        """Make the context of `invocation`."""
        self._invocation = invocation

    def waitUntil(self, awaitable: Awaitable[Any]) -> None:
        """Extend the invocation until `awaitable` is done, by 30 s (wall clock) at most.

        The response is sent without waiting. An exception makes the invocation's outcome
        `exception`. The invocation is the one that runs, as on the platform, also by the context of
        an earlier request.
        """
        (current.get() or self._invocation).wait_until(awaitable)

    wait_until = waitUntil

    def passThroughOnException(self) -> None:
        """Let the Worker's origin answer the request if the handler raises an exception.

        The origin is declared with the Worker: `--origin NAME`. It does not answer if the request's
        body has been read, nor where a limit has ended the request.
        """
        self._invocation.pass_through()

    pass_through_on_exception = passThroughOnException

    def abort(self, reason: object = None) -> NoReturn:
        """End the invocation here, with the outcome `aborted`.

        Its caller gets an InvocationAbortedError whose text is `reason`. `except Exception` does
        not catch it here.
        """
        raise InvocationAborted(PlatformText.CONTEXT_ABORTED if reason is None else str(reason))

    @property
    def tracing(self) -> Tracing:
        """The Worker's own spans: `with ctx.tracing.enter_span("parse") as span`."""
        return Tracing(self._invocation)

    @property
    def limits(self) -> Any:
        """What the request may still use, by the names of its limits: `cpu_ms`, `subrequests`…

        The platform does not have this attribute.
        """
        return self._invocation.limits_left

    @property
    def props(self) -> dict[str, Any]:
        """The props of the binding over which the call was made; `{}` for one without props."""
        return self._invocation.props

    @property
    def exports(self) -> Any:
        """The Worker's own entrypoints, as bindings: `ctx.exports.Admin.fetch(…)`.

        Called, an entrypoint takes props: `ctx.exports.Admin(props={"role": "reader"}).fetch(…)`.
        """
        return self._invocation.exports


class WorkerEntrypoint:
    """The base class of a Worker's entrypoints; each invocation gets a new instance.

    A binding leads to the subclass named `Default` unless it names another entrypoint.
    https://developers.cloudflare.com/workers/languages/python/
    """

    env: Any
    _invocation: RunningInvocation

    @cached_property
    def ctx(self) -> ExecutionContext:
        """The invocation's context."""
        return ExecutionContext(self._invocation)

    def __init__(self, ctx: ExecutionContext, env: Any) -> None:
        """Make an instance with the invocation's context and the Worker's environment."""
        self.ctx = ctx
        self.env = env


def wait_until(awaitable: Awaitable[Any]) -> None:
    """Extend the running invocation until `awaitable` is done; RuntimeError when there is none."""
    running().wait_until(awaitable)


waitUntil = wait_until


F = TypeVar("F", bound=Callable[..., Any])


def handler(func: F) -> F:
    """Mark a function as a handler, such as `on_fetch`: a decorator.

    On the platform it turns JavaScript's Request and env into those of this module. Here a handler
    is given these in any case, so the function is returned as it is.
    """
    return func
