"""Dispatch: from a request that comes from outside to its answer, and to the end of its trace."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Generator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from workernb.errors import (
    CanceledError,
    CpuLimitError,
    CpuLimitExceeded,
    Hung,
    HungError,
    Interrupted,
    LimitError,
    PlatformText,
    Termination,
    WallLimitExceeded,
    on_one_line,
    with_notes,
)
from workernb.http import Response
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.tracing.tracebacks import (
    clean,
    format_traceback,
    from_the_worker_on,
    raised_at,
    to_the_worker,
)

from .hop import strand

if TYPE_CHECKING:
    from workernb.runtime.tracing.invocations import Invocation
    from workernb.runtime.tracing.traces import Trace


class Answer(Response):
    """The response to a top-level request.

    trace: what happened in that request; None where no route led to a Worker.
    """

    __slots__ = ()

    _trace: Trace | None

    @property
    def trace(self) -> Trace | None:
        """What happened in the request; None where no route led to a Worker."""
        return self._trace

    @classmethod
    def of(cls, received: Response, trace: Trace | None) -> Answer:
        """Make `received`, which nobody else has, the answer to a request."""
        received.__class__ = cls
        received._trace = trace  # type: ignore[attr-defined]
        return received  # type: ignore[return-value]


def serve(root: Invocation) -> Generator[Any, Any, Answer]:
    """Run a top-level request in the task that steps this, and return its answer.

    Raises what the Worker raised, as it was raised, with a traceback that begins at the Worker's
    own lines. Cancelling the task cancels the request.
    """
    trace = root.trace
    answer: Answer | None = None
    failure: BaseException | None = None
    guard.enter(trace, asyncio.get_running_loop())
    trace.steps = steps = root.steps
    try:
        response = yield from strand(steps, trace, None, copy_context())
        if trace.condemned is not None:
            # Its last slice was the one that used up the budget: too late.
            root.fail(trace.condemned)
            raise trace.condemned
        answer = Answer.of(response, trace)
    except BaseException as error:
        failure = _failed(trace, error)
        if root.outcome is None:
            root.abandon()  # It was condemned before its first step.
    trace.finish_if_done()
    if trace.waiting:
        asyncio.get_running_loop().call_later(WAIT_UNTIL_S, _cancel_waiting, trace)
    if failure is not None:
        try:
            raise failure
        except BaseException:
            from_the_worker_on(failure)
            raise
    assert answer is not None
    return answer


async def serve_in_a_task(root: Invocation) -> Answer:
    """Run a top-level request that nobody has awaited by the next turn of the loop."""
    return await _steps(serve(root))


@types.coroutine
def _steps(steps: Generator[Any, Any, Answer]) -> Generator[Any, Any, Answer]:
    return (yield from steps)


def _failed(trace: Trace, error: BaseException) -> BaseException:
    """Log what ended a request, and return what its maker gets for it."""
    if isinstance(error, Termination) and trace.condemned is not None:
        error = trace.condemned.with_traceback(error.__traceback__)
    waited = raised_at(error)
    clean(error)
    if isinstance(error, Termination):
        to_the_worker(error)  # It fell there; what library code ran just then says nothing.
    trace.runtime.redactor.redact_error(error)
    trace.log(_deepest_failed(trace), "error", format_traceback(error))
    if isinstance(error, asyncio.CancelledError):
        on_one_line(error, canceled_in(waited))
    return _for_the_owner(error)


def canceled_in(where: str | None) -> str:
    """Return what is said of a request that was cancelled where it waited."""
    return f"The request was canceled while it waited{f' in {where}' if where else ''}."


WAIT_UNTIL_S = 30.0
"""How long (s of wall clock) waitUntil tasks may take after the response, as on the platform."""


def _cancel_waiting(trace: Trace) -> None:
    if trace.waiting:
        trace.warn(trace.invocations[0], PlatformText.WAIT_UNTIL)
        for task in list(trace.waiting):
            task.cancel()


def _for_the_owner(error: BaseException) -> BaseException:
    """Return what the notebook's owner gets for what ended the request."""
    kind = _OWNERS.get(type(error))
    if kind is not None:
        make, text = kind
        made = with_notes(make(text), *getattr(error, "__notes__", ()))
        return made.with_traceback(error.__traceback__)
    return error


def _deepest_failed(trace: Trace) -> Invocation:
    # What is not there has failed at nothing: its caller called it.
    calls = (call for call in trace.invocations if call.version is not None)
    failed = [call for call in calls if call.exception is not None]
    return max(failed, key=lambda call: call.depth, default=trace.invocations[0])


_OWNERS: dict[type[BaseException], tuple[type[Exception], str]] = {
    CpuLimitExceeded: (CpuLimitError, PlatformText.CPU),
    WallLimitExceeded: (LimitError, PlatformText.WALL),
    Interrupted: (CanceledError, PlatformText.CANCELED),
    Hung: (HungError, PlatformText.HUNG),
}
