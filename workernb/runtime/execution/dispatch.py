"""Dispatch: top-level requests, from the call to the answer and the end of the trace."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
import types
from collections.abc import Generator
from contextvars import copy_context
from itertools import count
from typing import Any, Protocol, TextIO

from workernb.errors import (
    CanceledError,
    CpuLimitError,
    CpuLimitExceeded,
    Hung,
    HungError,
    Interrupted,
    LimitError,
    Termination,
    WallLimitExceeded,
    format_error,
    notes_of,
    on_one_line,
    traceback_of,
    with_notes,
)
from workernb.http.request import receive
from workernb.http.response import Response
from workernb.runtime.enforcement.abort import note_last_cut, restore_cancellations
from workernb.runtime.enforcement.budget import check_own_budget
from workernb.runtime.enforcement.guard import guard
from workernb.runtime.events.event import Event, missing_handler
from workernb.runtime.events.fetch import FETCH
from workernb.runtime.services.deployments import OVERRIDES
from workernb.runtime.services.engine import Entrypoint
from workernb.runtime.services.limits import SHARED, Limits
from workernb.runtime.tracing.invocations import Invocation, outcome_of
from workernb.runtime.tracing.logs import log, warn
from workernb.runtime.tracing.threads import this_thread
from workernb.runtime.tracing.tracebacks import (
    as_shown,
    format_traceback,
    raised_by,
    raised_position,
    remove_our_frames,
    trim_after_worker,
    trim_before_worker,
)
from workernb.runtime.tracing.traces import Host, Trace
from workernb.texts import PlatformText

from .hop import ENDS, drive, fail, hop, invoke, run_in_slice
from .loops import Loops
from .steppable import Steppable
from .tasks import abandon, abandon_request, ended, finish_if_done

WAIT_UNTIL_S = 30.0
"""Time limit (s of wall clock) of waitUntil tasks after the response, as on the platform."""


class Answer(Response):
    """The response to a top-level request.

    trace: the request's Trace; None if no route matched.
    """

    __slots__ = ()

    _trace: Trace | None

    @property
    def trace(self) -> Trace | None:
        """The request's trace; None if no route matched."""
        return self._trace

    @classmethod
    def of(cls, received: Response, trace: Trace | None) -> Answer:
        """Turn `received` itself, to which nothing else may refer, into an Answer."""
        received.__class__ = cls
        received._trace = trace  # type: ignore[attr-defined]
        return received  # type: ignore[return-value]


class Dispatcher(Host, Protocol):
    """The part of the runtime that a top-level request uses. numbers: the requests' numbers.

    has_tails: whether any Worker's requests are handed to tail handlers.
    """

    loops: Loops
    numbers: count[int]
    has_tails: bool


def start(
    runtime: Dispatcher,
    event: Event,
    entrypoint: Entrypoint,
    argument: Any,
    limits: Limits,
    owner: bool,
    echo: TextIO,
    session: int = 0,
) -> Invocation:
    """Make the trace and the first invocation of a request, which runs on this thread.

    argument: the handler's, such as a Request. owner: True for a request by name, False for one
    from an outsider. echo: the file for prints. session: see `Trace.session`.
    """
    trace = Trace(next(runtime.numbers), limits, runtime, _state.thread, owner, echo)
    if event.begin is None:
        root = Invocation(trace, None, None, entrypoint, argument._method, argument._url, 1)
        if OVERRIDES in argument._fields:
            root.ensure_extras().overrides = argument._fields[OVERRIDES]
        if runtime.has_tails:
            root.ensure_extras().request_fields = argument._fields
    else:
        root = event.begin(trace, entrypoint, argument)
        trace.first_of_session = session
    handler = entrypoint.handlers.get(event.name) or missing_handler(event.name)
    root.steps = hop(root, handler, event, argument, True)
    trace.recorded.append(root)
    runtime.in_flight.add(trace)
    return root


class _ThreadState(threading.local):
    """State of the calling thread: its unawaited calls, and the loop that is to begin them."""

    def __init__(self) -> None:
        self.thread = this_thread()
        self.calls: list[TopLevelCall] = []
        self.loop: asyncio.AbstractEventLoop | None = None


_state = _ThreadState()


class TopLevelCall(Steppable):
    """A call that makes a top-level request: a coroutine, to be awaited once.

    The request runs in the task that awaits the call. A call that is not awaited within two
    iterations of the loop begins in a task of its own, so that several calls can overlap, as on the
    platform.
    """

    __slots__ = ("_arguments", "_driver", "_root", "_runtime", "_task")

    def __init__(self, runtime: Dispatcher, *arguments: Any) -> None:
        """Make the request, if a loop is running. arguments: those of `start`."""
        self._runtime = runtime
        self._arguments = arguments
        self._root: Invocation | None = None
        self._task: asyncio.Future[Any] | None = None
        self._driver = None
        loop = asyncio._get_running_loop()
        if loop is not None:
            self._make(loop)

    def _make(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the request here, or make and run it on the runtime's loop in another thread.

        Where that loop stands still, because a cell waits for this thread, it runs here after all.
        """
        loops = self._runtime.loops
        home = None if loops.home is loop else loops.home_in_other_thread()
        if home is not None:
            self._task = asyncio.Task(self._serve_at_home(), loop=loop)
            self._task.add_done_callback(self._ended)
            return
        self._root = start(self._runtime, *self._arguments)
        _state.calls.append(self)
        if _state.loop is not loop:
            _state.loop = loop
            # Wait two loop iterations, so that a task created to await this call can start first.
            loop.call_soon(loop.call_soon, _begin_unawaited)

    def begin(self) -> None:
        """Begin the request in a task of its own; a later `await` waits for that task."""
        if self._root is not None:
            task = asyncio.Task(serve_in_task(self._root), loop=asyncio.get_running_loop())
            task.add_done_callback(self._ended)
            self._task = task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()  # Retrieved, so that asyncio does not log it: the trace has it.
        if self._root is not None:
            abandon_request(self._root.trace)  # In case it was cancelled before its first step.

    async def _serve_at_home(self) -> Any:
        begun: list[concurrent.futures.Future[Any]] = []

        def begin() -> None:
            loop = asyncio.get_running_loop()
            begun.append(asyncio.run_coroutine_threadsafe(self._make_and_serve(), loop))

        if await self._runtime.loops.claim_from_loop(begin):
            return await asyncio.wrap_future(begun[0])
        return await self._make_and_serve()

    async def _make_and_serve(self) -> Any:
        return await serve_in_task(start(self._runtime, *self._arguments))

    @property
    def trace(self) -> Trace | None:
        """The request's trace; None before it is made, or if it runs in another thread."""
        return None if self._root is None else self._root.trace

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return the generator that runs the request."""
        if self._root is None and self._task is None:
            self._make(asyncio.get_running_loop())
        if self._task is not None or self._root is None:
            return self._join()
        calls = _state.calls
        if calls and calls[-1] is self:
            calls.pop()
        elif not self._claim():
            raise RuntimeError("cannot reuse already awaited coroutine")
        return serve(self._root)

    def _claim(self) -> bool:
        """Remove the call from the list of unawaited calls; return whether it was there."""
        for at, call in enumerate(_state.calls):
            if call is self:
                del _state.calls[at]
                return True
        return False

    def _join(self) -> Generator[Any, Any, Any]:
        assert self._task is not None
        try:
            return (yield from self._task.__await__())
        except BaseException as error:
            trim_before_worker(error)
            raise

    def __repr__(self) -> str:
        request = "a request" if self.trace is None else self.trace.title
        of = "fetch of " if self._arguments[0] is FETCH else ""
        return f"<{of}{request}: await it for the answer>"

    def close(self) -> None:
        """Cancel the request."""
        if self._claim() and self._root is not None:
            abandon_request(self._root.trace)
        if self._driver is not None:
            self._driver.close()
        if self._task is not None:
            self._task.cancel()


def _begin_unawaited() -> None:
    """Begin the calls of this thread that have not been awaited yet."""
    _state.loop = None
    calls = _state.calls[:]
    _state.calls.clear()
    for call in calls:
        call.begin()


def serve(root: Invocation) -> Generator[Any, Any, Any]:
    """Run a top-level request in the current task, and return its answer, or a call's value.

    Raises the Worker's own exception, with a traceback that begins in the Worker. Cancelling the
    task cancels the request.
    """
    trace: Trace = root.trace
    answer: Any = None
    failure: BaseException | None = None
    guard.enter(trace, asyncio.get_running_loop())
    trace.steps = steps = root.steps
    try:
        response = yield from drive(steps, trace, None, copy_context())
        if trace.aborted is not None:
            # Aborted in its last slice, so its result is not used.
            fail(root, trace.aborted)
            raise trace.aborted
        if response.__class__ is Response:
            # As `Answer.of` does, without the cost of a call.
            response.__class__ = Answer
            response._trace = trace  # type: ignore[attr-defined]
        answer = response
    except GeneratorExit:
        finish_if_done(trace)
        raise  # Whoever drove the request has dropped it, and may be no task of a running loop.
    except BaseException as error:
        trace.thread.forget_slice_of(trace)
        failure = failure_of(trace, error)
        restore_cancellations(trace)
        if root.outcome is None:
            abandon(root)  # Aborted before its first step.
        if root.extras is not None and root.extras.passed_through is not None:
            found = yield from _pass_through(root, failure)
            if found is not None:
                answer, failure = Answer.of(found, trace), None
    finish_if_done(trace)
    if trace.wait_until_tasks:
        limit_waiting(trace)
    if failure is not None:
        try:
            raise failure
        except BaseException:
            trim_before_worker(failure)
            raise
        finally:
            # The frames of its traceback lead back to this one: a circle that would keep what they
            # hold, such as the request, until a garbage collection.
            failure = None
    return answer


def _pass_through(root: Invocation, failure: BaseException) -> Generator[Any, Any, Response | None]:
    """Return the origin's response to a request whose handler has failed; None if there is none.

    A note on the failure says why.
    """
    request, version, trace = root.ensure_extras().passed_through, root.version, root.trace
    if trace.aborted is not None or isinstance(failure, LimitError) or version is None:
        return None
    origin = version.definition.origin
    if origin is None:
        with_notes(failure, _NO_ORIGIN)
        return None
    try:
        sent = receive(request)
        entrypoint = trace.host.entrypoint_of(origin)
        call = Invocation(trace, root, "origin", entrypoint, sent._method, sent._url, 2)
        steps = invoke(call, entrypoint, FETCH, sent)
        response: Response = yield from drive(steps, trace, None, copy_context())
    except Exception as error:
        with_notes(failure, f"ctx.passThroughOnException() did not help: {format_error(error)}")
        return None
    return response


_NO_ORIGIN = (
    "ctx.passThroughOnException() was called, and the Worker has no origin: declare one with "
    "--origin NAME."
)


async def finish(call: TopLevelCall) -> Trace:
    """Make a request that nobody else awaits; return its trace when its waitUntil tasks are done.

    What it raises is in its trace; but CanceledError, by which the user's interrupt ends it, is
    raised.
    """
    trace = call.trace
    assert trace is not None
    try:
        await call
    except CanceledError:
        raise
    except Exception:
        pass
    await ended(trace)
    return trace


async def serve_in_task(root: Invocation) -> Any:
    """Run a top-level request in a task of its own."""
    return await _as_awaitable(serve(root))


@types.coroutine
def _as_awaitable(steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    return (yield from steps)


def failure_of(trace: Trace, error: BaseException) -> BaseException:
    """Log what ended a request, and return what its maker gets for it."""
    ends = issubclass(type(error), Termination)
    if ends and trace.aborted is not None:
        error = trace.aborted.with_traceback(traceback_of(error))
    place, raiser = raised_position(error), raised_by(error) or trace.invocations[0]
    remove_our_frames(error)
    if ends:
        trim_after_worker(error)  # The library code that it was raised in is not to blame.
        error.__cause__ = error.__context__ = None  # It does not follow from what was handled.
    if issubclass(type(error), CpuLimitExceeded):
        note_last_cut(error, place)
    aborted = trace.aborted
    cut: BaseException | None = None
    text = ""
    try:
        text, error = run_in_slice(trace, raiser, _text_and_shown, trace, error)
        if trace.aborted is not aborted:
            cut = trace.aborted
        elif trace.limits.budget != SHARED and not issubclass(type(error), (*ENDS, LimitError)):
            cut = check_own_budget(trace, raiser, place)
    except Termination as termination:
        cut = termination
    if cut is not None:
        # Code of the exception itself, or of what it followed, was cut.
        if not ends:
            for invocation in {raiser, trace.invocations[0]}:
                invocation.ensure_extras().failure = outcome_of(cut), format_error(cut)
            cut.__cause__ = cut.__context__ = None
            return failure_of(trace, cut)
        error.__cause__ = error.__context__ = None
        text = format_traceback(error)
    log(trace, raiser, "error", text)
    if issubclass(type(error), asyncio.CancelledError):
        if guard.canceled_by_interrupt(trace):
            return interrupted_in(place)
        with contextlib.suppress(Exception):
            on_one_line(error, canceled_in(place))
    return _for_notebook(error)


def _text_and_shown(trace: Trace, error: BaseException) -> tuple[str, BaseException]:
    """Return an exception with its traceback as text; and it, or what can be shown in its place."""
    error = as_shown(error)
    with contextlib.suppress(Exception):
        trace.host.redact_error(error)
    return format_traceback(error), error


def canceled_in(place: str | None) -> str:
    """Return the message about a request that was cancelled while it waited. place: where."""
    return f"The request was canceled while it waited{f' in {place}' if place else ''}."


def interrupted_in(place: str | None) -> CanceledError:
    """Return the error of a request that the notebook's interrupt ended as it waited."""
    note = f"Interrupted while it waited in {place}." if place else None
    return with_notes(CanceledError(PlatformText.CANCELED), note)


def limit_waiting(trace: Trace) -> None:
    """Have the waitUntil tasks of a request canceled in 30 s, as on the platform."""
    asyncio.get_running_loop().call_later(WAIT_UNTIL_S, _cancel_waiting, trace)


def _cancel_waiting(trace: Trace) -> None:
    if trace.wait_until_tasks and not trace.sockets:  # Else from their end on.
        warn(trace, trace.invocations[0], PlatformText.WAIT_UNTIL)
        for task in list(trace.wait_until_tasks):
            task.cancel()


def _for_notebook(error: BaseException) -> BaseException:
    """Return what the notebook's owner gets for what ended the request."""
    if issubclass(type(error), Termination) and type(error) in _PUBLIC_ERRORS:
        make, text = _PUBLIC_ERRORS[type(error)]
        return with_notes(make(text), *notes_of(error)).with_traceback(traceback_of(error))
    return error


_PUBLIC_ERRORS: dict[type[BaseException], tuple[type[Exception], str]] = {
    CpuLimitExceeded: (CpuLimitError, PlatformText.CPU),
    WallLimitExceeded: (LimitError, PlatformText.WALL),
    Interrupted: (CanceledError, PlatformText.CANCELED),
    Hung: (HungError, PlatformText.HUNG),
}
