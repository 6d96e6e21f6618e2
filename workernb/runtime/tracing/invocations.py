"""Invocations: one Worker handling one call. This is where a binding call happens.

`env.AUTH.fetch()` makes an `Invocation`, the record that the trace keeps, and returns a coroutine
of `hop`, which awaits the Worker's own coroutine: Python passes from one to the next in C.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine, Generator
from sys import getrefcount
from time import perf_counter_ns as wall_clock
from typing import TYPE_CHECKING, Any

from workernb.errors import (
    BindingError,
    CpuLimitError,
    CpuLimitExceeded,
    HandlerError,
    Interrupted,
    PlatformText,
    WallLimitExceeded,
    with_notes,
)
from workernb.http import Request, Response
from workernb.http.body import USED
from workernb.runtime.bindings.exports import Exports
from workernb.runtime.execution.hop import as_coroutine
from workernb.runtime.services.overrides import OVERRIDES, why_ignored
from workernb.workers.current import current

from .tracebacks import from_the_worker_on, to_the_worker

if TYPE_CHECKING:
    from workernb.runtime.services.deployments import Deployment
    from workernb.runtime.services.engine import Entrypoint
    from workernb.runtime.services.service import Version

    from .traces import Log, Trace

_set_current = current.set


def _references() -> int:
    alone = Response()
    return getrefcount(alone)


ALONE = _references()
"""What `getrefcount` says of an object that one local variable holds, and nothing else."""


async def hop(call: Invocation, entrypoint: Entrypoint, request: Request, join: bool) -> Response:
    """Run the Worker's handler here and now, and return its response.

    The clock, a stamp, the handler, the clock again, and nothing else that costs. What the
    handler raises is raised here, as it is. join: whether to wait for the call where it has begun
    in a task of its own.
    """
    if call.steps is None and join:
        return await call.join()
    call.steps = None
    trace = call.trace
    call.began_ns = now = wall_clock()
    if now >= trace.fresh_until:
        trace.anchor(now, call.caller)
    trace.stamps.append(call)
    _set_current(call)
    try:
        response = await entrypoint.handle(request, call)
        if response.__class__ is not Response:
            response = _checked(response, call)
        if getrefcount(response) != ALONE or response._headers or response._data is USED:
            response = response._send(request._url)
        else:
            # Nobody else holds it: it moves as it is.
            response._received = True
            response._url = request._url
        call.status = response._status
        if trace.condemned is not None:
            raise trace.condemned
        return response
    except BaseException as error:
        call.fail(error)
        raise
    finally:
        if call.more is not None:
            call.leave_nothing_running()
        _set_current(call.caller)
        call.ended_ns = now = wall_clock()
        if now >= trace.fresh_until:
            trace.anchor(now, call.caller)


hop.__name__ = hop.__qualname__ = "fetch"  # As whoever prints the coroutine knows it.


class Invocation:
    """One Worker handling one call within a top-level request.

    `trace.invocations` has them in call order. caller: the invocation that made the call, None
    for the first. binding: the name it was made over. service, version: what handled it; the
    version is None when there is no such service. depth: 1 for the first. status: of its
    response, or None. steps: the coroutine that its caller has of it, until that is awaited.
    """

    __slots__ = (
        "_method",
        "_url",
        "began_ns",
        "binding",
        "caller",
        "depth",
        "ended_ns",
        "more",
        "service",
        "status",
        "steps",
        "trace",
        "version",
    )

    def __init__(
        self,
        trace: Trace,
        caller: Invocation | None,
        binding: str | None,
        entrypoint: Entrypoint,
        request: Request,
        depth: int,
    ) -> None:
        """Make the call. It begins when it is awaited, at the latest when its caller suspends."""
        self.trace = trace
        self.caller = caller
        self.binding = binding
        self.service = entrypoint.service
        self.version: Version | None = entrypoint.version
        self.depth = depth
        self.status: int | None = None
        self.began_ns = self.ended_ns = 0
        self._method = request._method
        self._url = request._url
        self.more: _More | None = None
        if OVERRIDES in request._fields:
            self.and_more.overrides = request._fields[OVERRIDES]
        self.steps: Any = hop(self, entrypoint, request, True)

    def fail(self, error: BaseException) -> None:
        """Note how the invocation ended, and see that a condemned request stays condemned."""
        if isinstance(error, CpuLimitExceeded) and not error.args:
            error.args = (PlatformText.CPU_CUT,)  # The watchdog can raise a class only.
        forgotten = isinstance(error, AttributeError) and isinstance(error.obj, Coroutine)
        if forgotten and _FORGOTTEN not in getattr(error, "__notes__", ()):
            error.add_note(_FORGOTTEN)
        self.and_more.failure = outcome_of(error), format_error(error)
        with contextlib.suppress(Exception):
            error.remote = True  # type: ignore[attr-defined]
        condemned = self.trace.condemned
        if condemned is not None:
            if isinstance(error, Exception):
                raise condemned from None
        elif isinstance(error, CpuLimitExceeded) and self.caller is not None:
            # The budget was this invocation's alone: its caller may go on, as on the platform.
            ended = with_notes(CpuLimitError(PlatformText.CPU), *getattr(error, "__notes__", ()))
            ended.__traceback__ = error.__traceback__
            to_the_worker(ended)  # What library code it fell into says nothing.
            raise ended from None

    # A call that nobody has awaited when its caller suspends begins in a task of its own.

    def start(self, since: int) -> None:
        """Begin the call in a task of its own, which whoever awaits it later joins.

        Unless its caller has ended since then (ns of wall clock), when it was made.
        """
        if self.closed:
            self.abandon()
            return
        if self.caller is not None and self.caller.ended_ns >= since:
            self.trace.warn(self.caller, f"{self.describe()} was cancelled: {_AWAIT_IT}")
            self.abandon()
            return
        # What it was made with, its coroutine alone knows.
        made_with = self.trace.begins(self).cr_frame.f_locals
        steps = hop(self, made_with["entrypoint"], made_with["request"], False)
        steps = as_coroutine(steps, self.caller, self.trace)
        task = asyncio.Task(steps, loop=asyncio.get_running_loop())
        self.and_more.task = task
        if self.caller is not None:
            self.caller.adopt(task, self)

    async def join(self) -> Response:
        """Wait for the task in which the call has begun."""
        self.trace.joined(self)
        if self.more is None or self.more.task is None:
            raise RuntimeError("cannot reuse already awaited coroutine")
        return await self.more.task

    # What the invocation started and left behind

    def wait_until(self, awaitable: Awaitable[Any]) -> None:
        """Let the top-level request end only when `awaitable` is done: `ctx.waitUntil`."""
        task = asyncio.ensure_future(awaitable)
        if task not in self.tasks:
            self.adopt(task)
        self.trace.waits_for(task)
        task.add_done_callback(self._waited)

    def _waited(self, task: asyncio.Future[Any]) -> None:
        trace = self.trace
        trace.waiting -= {task}
        if task.cancelled():
            pass
        elif (error := task.exception()) is not None:
            text = format_error(error)
            trace.fail_late(outcome_of(error), text)
            trace.log(self, "error", f"{text} (in a waitUntil task)")
        trace.finish_if_done()

    def claim(self, steps: object) -> Invocation | None:
        """Return the call that a coroutine is, which a task is to begin; None when it is none."""
        frame = getattr(steps, "cr_frame", None)
        if frame is None or frame.f_code is not hop.__code__:
            return None
        call: Invocation = frame.f_locals["call"]
        call.and_more.claimed = True
        return call

    def adopt(self, task: asyncio.Future[Any], what: object = None) -> None:
        """Take note of a task that this invocation's code has made of `what`."""
        self.tasks[task] = what
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[Any]) -> None:
        what = self.tasks.pop(task, None)
        # It may have been cancelled before its first step.
        if isinstance(what, Invocation):
            if what.outcome is None:
                what.abandon()
        elif isinstance(what, Coroutine):
            what.close()
        if self.ended_ns and not task.cancelled():
            # Nobody is left to ask for it, and asyncio would complain that nobody did.
            task.exception()

    def leave_nothing_running(self) -> None:
        """Cancel what this invocation started and nobody awaits, and say what that was."""
        for task, what in list(self.tasks.items()):
            if not task.done() and task not in self.trace.waiting:
                task.cancel()
                if self.exception is None:
                    name = what.describe() if isinstance(what, Invocation) else _name(task)
                    self.trace.warn(self, f"{name} was cancelled: {_AWAIT_IT}")

    def abandon(self) -> None:
        """Drop the call, which was never begun."""
        self.and_more.failure = ("canceled", "canceled before it began")
        if self.steps is not None:
            self.steps.close()

    @property
    def waits_to_begin(self) -> bool:
        """Whether nobody has awaited the call, nor handed it to a task."""
        return self.steps is not None and not (self.more is not None and self.more.claimed)

    @property
    def closed(self) -> bool:
        """Whether its caller closed the call, instead of awaiting it."""
        return self.steps is not None and self.steps.cr_frame is None

    def describe(self) -> str:
        """Return the call as its caller's source has it."""
        env = "" if (self.binding or "").startswith("ctx.") else "env."
        return f"{env}{self.binding}.fetch({self.url!r})"

    # What few invocations have

    @property
    def and_more(self) -> _More:
        """Where what few invocations have is kept."""
        if self.more is None:
            self.more = _More()
        return self.more

    @property
    def tasks(self) -> dict[asyncio.Future[Any], object]:
        """The tasks that its code has made and that are not done, and of what."""
        return self.and_more.tasks

    @property
    def deployment(self) -> Deployment | None:
        """What the version was chosen from, where two serve; else None."""
        return None if self.more is None else self.more.deployment

    @property
    def overrides(self) -> str | None:
        """The request's header that asks for versions; None when it has none."""
        return None if self.more is None else self.more.overrides

    @property
    def props(self) -> dict[str, Any]:
        """What the binding that it came over tells the Worker: `ctx.props`."""
        return self.and_more.props

    @property
    def exports(self) -> Exports:
        """The Worker's own entrypoints, of the same version: `ctx.exports`."""
        return Exports(self)

    # What happened, in words and figures

    @property
    def env(self) -> Any:
        """The environment of the Worker."""
        return None if self.version is None else self.version.env

    @property
    def method(self) -> str:
        """The request's method."""
        return str(self._method.value)

    @property
    def url(self) -> str:
        """The request's URL, without the secrets that may be in it."""
        return self.trace.redact(self._url)

    @property
    def outcome(self) -> str | None:
        """One of the platform's words (ok, exception, canceled…), or None while it runs."""
        if self.more is not None and self.more.failure is not None:
            return self.more.failure[0]
        return None if self.status is None else "ok"

    @property
    def exception(self) -> str | None:
        """What the handler raised, as `Type: text`, without secrets; None when nothing."""
        if self.more is None or self.more.failure is None:
            return None
        return self.trace.redact(self.more.failure[1])

    @property
    def override_ignored(self) -> str | None:
        """Why an override of the version was not applied; None when none was asked for."""
        text = why_ignored(self)
        return None if text is None else self.trace.redact(text)

    @property
    def cpu_ms(self) -> float:
        """Thread CPU of this invocation alone, in ms."""
        return self.trace.metering.self_ns.get(self, 0) / 1e6

    @property
    def inclusive_cpu_ms(self) -> float:
        """Thread CPU of this invocation and all that it called, in ms."""
        return self.trace.metering.inclusive_ns.get(self, 0) / 1e6

    @property
    def off_thread_ms(self) -> float:
        """CPU in other threads on this invocation's behalf, in ms: sampled, and in no budget."""
        return self.trace.elsewhere_ns.get(self, 0) / 1e6

    @property
    def wall_ms(self) -> float:
        """From its begin to its end, or to now, in ms of wall clock."""
        if not self.began_ns:
            return 0.0
        return ((self.ended_ns or wall_clock()) - self.began_ns) / 1e6

    @property
    def logs(self) -> list[Log]:
        """What this invocation's code logged or printed, oldest first."""
        return [log for log in self.trace.logs if log.invocation is self]

    @property
    def children(self) -> list[Invocation]:
        """The invocations that this one called, in call order."""
        return [call for call in self.trace.invocations if call.caller is self]

    def __repr__(self) -> str:
        return f"<Invocation of {self.service} by {self.method} {self.url}: {self.outcome or '…'}>"


class _More:
    """What few invocations have; an object of its own, so that the others need no room for it."""

    __slots__ = ("claimed", "deployment", "failure", "overrides", "props", "task", "tasks")

    def __init__(self) -> None:
        self.claimed = False
        self.deployment: Deployment | None = None
        self.failure: tuple[str, str] | None = None
        self.overrides: str | None = None
        self.props: dict[str, Any] = {}
        self.task: asyncio.Task[Response] | None = None
        self.tasks: dict[asyncio.Future[Any], object] = {}


_FORGOTTEN = "It is a coroutine, and not yet its result: did you forget await?"
_AWAIT_IT = "its Worker's invocation ended first. Await it, or hand it to self.ctx.waitUntil(…)."


def _name(task: asyncio.Future[Any]) -> str:
    return f"The task {task.get_name()}" if isinstance(task, asyncio.Task) else "A future"


class FailedCall(Coroutine[Any, Any, Any]):
    """A call that could not be made: whoever awaits it gets the reason, without a frame of ours."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        """Keep the error to be raised."""
        self._error = error

    def __await__(self) -> Generator[Any, Any, Any]:
        """Raise the error."""
        try:
            raise self._error
        except BaseException as error:
            from_the_worker_on(error)
            raise
        yield

    def send(self, value: Any) -> Any:
        """Raise the error, as a Task's first step."""
        raise self._error

    def throw(self, *error: Any) -> Any:
        """Raise the error, whatever was to be raised."""
        raise self._error

    def close(self) -> None:
        """Forget the error."""

    def __repr__(self) -> str:
        return f"<fetch that failed with {type(self._error).__name__}: await it to see why>"


def format_error(error: BaseException) -> str:
    """Return an exception as `Type: text`."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def outcome_of(error: BaseException) -> str:
    """Return the platform's word for an invocation that ended with `error`."""
    if isinstance(error, CpuLimitExceeded):
        return "exceededCpu"
    if isinstance(error, WallLimitExceeded):
        return "exceededWallTime"
    if isinstance(error, Interrupted | KeyboardInterrupt | asyncio.CancelledError | GeneratorExit):
        return "canceled"
    if isinstance(error, BindingError):
        return "scriptNotFound"
    return "exception"


def _checked(response: object, invocation: Invocation) -> Response:
    if isinstance(response, Response):
        # One of a class of the Worker's own: what arrives is a plain one.
        return response._copy(response._hand_over(), True)
    given = "nothing" if response is None else f"{type(response).__name__} {response!r:.60}"
    if isinstance(response, Coroutine):
        response.close()
        given = "a coroutine, which wants an await"
    raise with_notes(
        HandlerError(PlatformText.NOT_A_RESPONSE),
        f"The fetch handler of Worker {invocation.service!r} gave back {given}; "
        "a handler returns a Response: return Response(…)",
    )
