"""Dispatch: from a request that comes from outside to its answer, and to the end of its trace."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from workernb.errors import (
    CanceledError,
    CpuLimitError,
    CpuLimitExceeded,
    Interrupted,
    LimitError,
    Text,
    WallLimitExceeded,
    noted,
)
from workernb.workers import Response

from .guard import guard
from .strands import strand
from .tracebacks import clean, format_error

if TYPE_CHECKING:
    from .invocations import Invocation
    from .traces import Trace


class Answer(Response):
    """The response to a top-level request.

    trace: what happened in that request; None where no route led to a Worker.
    """

    __slots__ = ("trace",)

    trace: Trace | None

    @classmethod
    def of(cls, response: Response, trace: Trace | None) -> Answer:
        """Return `response`, whose body moves here, with its trace."""
        answer = object.__new__(cls)
        answer._become(response, True)
        answer._received = True
        answer.trace = trace
        return answer


class AnswerFuture(asyncio.Future[Answer]):
    """The future of an answer. Cancelling it cancels the request."""

    def __init__(self, trace: Trace, loop: asyncio.AbstractEventLoop) -> None:
        """Make the future of the answer to the request that `trace` records."""
        super().__init__(loop=loop)
        self.trace = trace

    def cancel(self, msg: object = None) -> bool:
        """Cancel the request that this waits for."""
        task = self.trace.task
        if not super().cancel(msg) or task is None:
            return False
        # A task that is cancelled before its first step runs none of its code.
        task.add_done_callback(lambda _: self.trace.abandon())
        return task.cancel(msg)


def dispatch(root: Invocation, trace: Trace) -> AnswerFuture:
    """Run a top-level request in a task of its own, and return the future of its answer.

    The future gets what the Worker raised, as it was raised, with a traceback that shows the
    Workers' own lines. Cancelling it cancels the request.
    """
    loop = asyncio.get_running_loop()
    answer = AnswerFuture(trace, loop)
    trace.record(root)
    guard.enter(trace, loop)
    trace.task = asyncio.Task(_serve(root, trace, answer), loop=loop)
    return answer


async def _serve(root: Invocation, trace: Trace, answer: AnswerFuture) -> None:
    try:
        response = Answer.of(await strand(root.__await__(), None, trace), trace)
    except BaseException as error:
        clean(error)
        trace.redact_error(error)
        trace.log(_deepest_failed(trace), "error", format_error(error))
        _settle(trace)
        if not answer.done():
            if isinstance(error, asyncio.CancelledError):
                answer.cancel()
            else:
                answer.set_exception(_for_the_owner(error))
                # The trace has it: asyncio need not complain when nobody asks for it.
                answer._log_traceback = False
    else:
        _settle(trace)
        if not answer.done():
            answer.set_result(response)


def _settle(trace: Trace) -> None:
    trace.finish_if_done()
    if trace.waiting:
        asyncio.get_running_loop().call_later(WAIT_UNTIL_S, _cancel_waiting, trace)


WAIT_UNTIL_S = 30.0
"""How long (s of wall clock) waitUntil tasks may take after the response, as on the platform."""


def _cancel_waiting(trace: Trace) -> None:
    if trace.waiting:
        trace.warn(trace.invocations[0], Text.WAIT_UNTIL)
        for task in list(trace.waiting):
            task.cancel()


def _for_the_owner(error: BaseException) -> BaseException:
    """Return what the notebook's owner gets for what ended the request."""
    kind = _OWNERS.get(type(error))
    if kind is not None:
        make, text = kind
        made = noted(make(text), *getattr(error, "__notes__", ()))
        return made.with_traceback(error.__traceback__)
    return error


def _deepest_failed(trace: Trace) -> Invocation:
    failed = [call for call in trace.invocations if call.exception is not None]
    return max(failed, key=lambda call: call.depth, default=trace.invocations[0])


_OWNERS: dict[type[BaseException], tuple[type[Exception], str]] = {
    CpuLimitExceeded: (CpuLimitError, Text.CPU),
    WallLimitExceeded: (LimitError, Text.WALL),
    Interrupted: (CanceledError, Text.CANCELED),
}
