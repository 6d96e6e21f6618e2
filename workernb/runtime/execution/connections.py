"""Connections: the ends of WebSockets that have been accepted, by a Worker or by the notebook.

The invocation that accepts an end lives until the connection is closed, and so does its request.
Each event that arrives is handled in slices of that request, as an invocation of its own within the
one that has accepted, so it is metered, cut at the budget and shown as any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import weakref
from collections.abc import Callable, Sequence
from contextvars import copy_context
from time import perf_counter_ns as wall_clock
from typing import Any

from workernb.errors import Termination, with_notes
from workernb.http.websockets import WebSocket
from workernb.http.websockets.events import CloseEvent, ErrorEvent, Event, MessageEvent
from workernb.http.websockets.socket import Listener
from workernb.runtime.enforcement.budget import check_at_pull
from workernb.runtime.events.message import MESSAGE, handling_of
from workernb.runtime.tracing.clock import fold
from workernb.runtime.tracing.invocations import Invocation, error_and_text, outcome_of
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

from .dispatch import failure_of, limit_waiting
from .hop import as_coroutine, hop
from .tasks import adopt, finish_if_done, leave

_running = current.get
_set_current = current.set


class Connection:
    """The end of a WebSocket that an invocation has accepted. It keeps that, and the request, open.

    closing: None; see `OpenBody`. on_end: called when the connection has ended.
    """

    hibernates = False
    closing: asyncio.Task[None] | None = None
    on_end: Callable[[], None] | None = None

    def __init__(self, socket: WebSocket, invocation: Invocation) -> None:
        """Accept `socket` for the invocation that runs."""
        self.socket = socket
        self.invocation = invocation
        self.trace: Trace = invocation.trace
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        self._readers: set[asyncio.Task[Any]] = set()
        self._handling = 0
        self._closed = False
        extras = invocation.ensure_extras()
        extras.bodies = {*extras.bodies, self}
        self.trace.bodies = {*self.trace.bodies, self}
        self.trace.sockets += 1
        self.trace.woken_ns = wall_clock()

    # The interface for the socket: see `Holder`.

    def check(self) -> None:
        """Raise RuntimeError in a Worker that handles another request."""
        running: Any = _running()
        if running is not None and running.trace is not self.trace:
            raise with_notes(
                RuntimeError(PlatformText.OTHER_REQUEST.format(kind="WebSocket")),
                f"Worker {self.invocation.service!r} has accepted it in request "
                f"{self.trace.number}; this is request {running.trace.number}.",
            )

    def post(self, event: Event) -> None:
        """Have an event handled at the loop's next iteration."""
        if asyncio._get_running_loop() is self._loop:
            self._loop.call_soon(self._arrive, event, context=self._context)
        else:
            with contextlib.suppress(RuntimeError):  # The loop is closed.
                self._loop.call_soon_threadsafe(self._arrive, event, context=self._context)

    def closed(self) -> None:
        """Note that both ends have closed the connection."""
        self._closed = True
        self._end_if_done()

    def begin(self, event: MessageEvent) -> Invocation:
        """Begin to handle a message that an iteration has taken: what runs now does that."""
        task = asyncio.current_task()
        if task in self.invocation.ensure_extras().tasks and task not in self._readers:
            self._readers.add(task)  # What it does after the loop belongs to the connection.
            task.add_done_callback(self._reader_done)
        handling = self._record(event)
        handling.began_ns = now = wall_clock()
        check_at_pull(self.trace, now, handling)
        _set_current(handling)
        return handling

    def end(self, handling: Invocation) -> None:
        """End what `begin` has begun."""
        if handling.ended_ns:
            return
        self._one_less()
        handling.ended_ns = now = wall_clock()
        if _running() is handling:
            _set_current(handling.caller)
            self.trace.stamps += (now, 0, handling.caller)

    # Events

    def _arrive(self, event: Event) -> None:
        trace, socket = self.trace, self.socket
        if self not in trace.bodies or trace.aborted is not None:
            return
        listeners = socket._take_event(event)
        if listeners:
            self._begin_handling(event, listeners)
        if isinstance(event, CloseEvent):
            self.closed()

    def _begin_handling(self, event: Event, listeners: Sequence[Listener]) -> None:
        handling = self._record(event)
        failed: list[BaseException] = []
        handler = _handler_of(listeners, failed)
        steps = hop(handling, handler, MESSAGE, event, False)
        work = as_coroutine(steps, self.invocation, self.trace)
        task = asyncio.Task(work, loop=self._loop)
        adopt(self.invocation, task, handling)
        task.add_done_callback(lambda task: self._handled(task, event, failed))

    def _record(self, event: Event) -> Invocation:
        """Add an invocation for an event to the trace, which keeps so many and counts the rest."""
        trace = self.trace
        handling = handling_of(self.invocation, event)
        if len(trace.invocations) >= trace.KEPT and trace.recorded is trace.invocations:
            fold(trace)
        trace.recorded.append(handling)
        if not trace.handling:
            trace.woken_ns = wall_clock()
        trace.handling += 1
        self._handling += 1
        return handling

    def _handled(
        self, task: asyncio.Task[None], event: Event, failed: Sequence[BaseException]
    ) -> None:
        self._one_less()
        self.socket._in.handled(event)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._note(error)
            if failed or issubclass(type(error), Termination):
                self._fail(error)
        self._end_if_done()

    def _note(self, error: BaseException) -> None:
        """Add an exception to the request's logs, and make it the request's outcome."""
        trace = self.trace
        ended, text = error_and_text(error)
        trace.late_failure = trace.late_failure or (outcome_of(ended), text)
        with contextlib.suppress(BaseException):
            failure_of(trace, error)

    def _fail(self, error: BaseException) -> None:
        """End the connection for an exception: this end's listeners are told, and the other end."""
        socket = self.socket
        if socket._end is None:
            text = error_and_text(error)[1]
            event = ErrorEvent(f"Uncaught {text}", error)
            listeners = [] if self.trace.aborted is not None else socket._take_event(event)
            socket._disconnect(PlatformText.CONNECTION_LOST)
            self._closed = True
            if listeners:
                self._begin_handling(event, listeners)

    def _one_less(self) -> None:
        self.trace.handling -= 1
        self._handling -= 1

    # The end

    def _reader_done(self, task: asyncio.Task[Any]) -> None:
        self._readers.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self.socket._end is None:
            # Nobody reads any more; the client would wait for ever.
            self._note(error)
            self._fail(error)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._closed and not self._handling and not self._readers:
            self._end()

    def discard(self) -> None:
        """End the connection, soon; the other end sees it as lost. May be called anywhere."""
        if asyncio._get_running_loop() is self._loop:
            self._discard()
        else:
            try:
                self._loop.call_soon_threadsafe(self._discard)
            except RuntimeError:  # The loop is closed.
                self._discard()

    def _discard(self) -> None:
        trace = self.trace
        if trace.aborted is not None and trace.root_has_returned and trace.late_failure is None:
            self._note(trace.aborted)
        self.socket._disconnect()
        self._end()

    def _end(self) -> None:
        trace, invocation = self.trace, self.invocation
        if self not in trace.bodies:
            return
        extras = invocation.ensure_extras()
        trace.bodies = trace.bodies - {self}
        extras.bodies = extras.bodies - {self}
        trace.sockets -= 1
        trace.woken_ns = wall_clock()
        if self.on_end is not None:
            self.on_end()
        if trace.wait_until_tasks and not trace.sockets:
            limit_waiting(trace)
        if extras.returned and not invocation.ended_ns and not extras.bodies:
            invocation.ended_ns = wall_clock()
            leave(invocation)
        finish_if_done(trace)


def _handler_of(listeners: Sequence[Listener], failed: list[BaseException]) -> Any:
    """Return the handler that calls listeners, and awaits what they return.

    failed: gets what one of them raises, but not what is raised as its result is awaited.
    """

    async def handler(event: Event, invocation: Any) -> None:
        results = []
        for listener in listeners:
            try:
                result = listener(event)
            except BaseException as error:
                failed.append(error)
                raise
            if inspect.isawaitable(result):
                results.append(result)
        if len(results) == 1:
            await results[0]
        elif results:
            await asyncio.gather(*results)

    return handler


class NotebookHolder:
    """What has accepted an end outside of all Workers: the notebook, or the front door.

    It refers to the socket weakly, so that dropping it ends the connection.
    """

    hibernates = False

    def __init__(self, socket: WebSocket) -> None:
        """Accept `socket` for the code that runs."""
        self._socket = weakref.ref(socket)
        self._tasks: set[asyncio.Future[Any]] = set()
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()

    def check(self) -> None:
        """Do nothing: the notebook may use it in any cell."""

    def post(self, event: Event) -> None:
        """Have an event handled at the loop's next iteration."""
        with contextlib.suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(self._arrive, event, context=self._context)

    def closed(self) -> None:
        """Do nothing: nobody waits for it."""

    def begin(self, event: MessageEvent) -> None:
        """Do nothing: the notebook is not metered."""

    def end(self, handling: None) -> None:
        """Do nothing."""

    def _arrive(self, event: Event) -> None:
        socket = self._socket()
        if socket is None:
            return
        listeners = socket._take_event(event)
        if listeners:
            try:
                for listener in listeners:
                    result = listener(event)
                    if inspect.isawaitable(result):
                        task = asyncio.ensure_future(result)
                        self._tasks.add(task)
                        task.add_done_callback(self._tasks.discard)
            finally:
                socket._in.handled(event)


def hold(socket: WebSocket) -> Any:
    """Return the holder of an end that is accepted where this is called."""
    running: Any = _running()
    if isinstance(running, Invocation):
        # An event's listener may accept another end: that is its connection's too.
        return Connection(socket, running.caller or running if running.is_message else running)
    return NotebookHolder(socket)
