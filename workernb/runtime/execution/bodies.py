"""Bodies that are streams, as they cross a binding: who produces a chunk is charged for it.

The reader of a stream runs its producer, as a loop runs the asynchronous generator that it reads:
no task and no queue is between them, and the producer is never ahead. While it runs, stamps, the
invocation, budget and interrupts are its own. An invocation lives until its streams have ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import partial
from time import perf_counter_ns as wall_clock
from typing import Any, TypeVar

from workernb.errors import with_notes
from workernb.http.body import Message
from workernb.http.response import Response
from workernb.http.streams import ReadableStream, WritableStream
from workernb.http.streams.chunks import EMPTY, Chunks, checked_chunk, convert
from workernb.http.streams.tee import Tee
from workernb.runtime.enforcement.budget import check_at_pull
from workernb.runtime.tracing.invocations import Invocation
from workernb.runtime.tracing.logs import log
from workernb.runtime.tracing.tracebacks import raised_position, trim_before_worker
from workernb.runtime.tracing.traces import Trace
from workernb.texts import PlatformText
from workernb.workers.current import current

from .dispatch import failure_of
from .hop import ENDS, drive, fail, run_in_slice
from .outside import NotebookChunks, NotebookSink, OutsideChunks
from .tasks import finish_if_done, leave

T = TypeVar("T")

_running = current.get
_set_current = current.set


def send_response_body(invocation: Invocation, response: Response) -> None:
    """Send the stream that is the body of a handler's response to its caller.

    Raises BodyUsedError if it was read.
    """
    stream = response._data
    assert isinstance(stream, ReadableStream)
    if stream._disturbed:
        raise response._moved_error()
    response._data = send_stream(invocation, stream)


def send_request_body(caller: Invocation, callee: Invocation, message: Message) -> None:
    """Send the stream that is the body of a request from `caller` to `callee`.

    What the callee does not read is canceled when it ends.
    """
    stream = message._data
    assert isinstance(stream, ReadableStream)
    message._data = sent = send_stream(caller, stream)
    callee.ensure_extras().received = sent._chunks


def send_stream(invocation: Invocation, stream: ReadableStream) -> ReadableStream:
    """Return the stream that arrives when `invocation` sends one over a binding.

    Raises TypeError if it was read, or has a reader. A stream of another Worker's, or of the
    notebook's, is passed on as it is: whoever passes it on need not live any longer.
    """
    moved = stream._move()
    chunks = moved._chunks
    if isinstance(chunks, ProducedChunks | NotebookChunks | OutsideChunks):
        extras = invocation.extras
        if extras is not None and extras.received is chunks:
            extras.received = None
        if isinstance(chunks, OutsideChunks) and invocation.caller is None:
            invocation.trace.outside.discard(chunks)
    else:
        moved._chunks = ProducedChunks(Production(chunks, invocation))
    return moved


def send_from_notebook(message: Message) -> None:
    """Send the stream that is the body of the notebook's request to a Worker."""
    stream = message._data
    assert isinstance(stream, ReadableStream)
    message._data = from_notebook(stream)


def from_notebook(stream: ReadableStream) -> ReadableStream:
    """Return the stream that arrives at a Worker when the notebook sends one."""
    moved = stream._move()
    moved._chunks = NotebookChunks(moved._chunks)
    return moved


class Production:
    """The producing of one stream by an invocation: what a trace knows of it."""

    __slots__ = ("_loop", "chunks", "closing", "invocation", "trace")

    def __init__(self, chunks: Chunks, invocation: Invocation) -> None:
        """Keep `invocation` and its request open until the stream has ended."""
        self.chunks = chunks
        self.invocation = invocation
        self.trace: Trace = invocation.trace
        self.closing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        extras = invocation.ensure_extras()
        extras.bodies = {*extras.bodies, self}
        self.trace.bodies = {*self.trace.bodies, self}

    @property
    def was_discarded(self) -> bool:
        """Whether the stream was ended before its producer ended it."""
        return self.closing is not None

    @property
    def is_open(self) -> bool:
        """Whether the stream has not ended."""
        return self in self.trace.bodies

    def end(self, error: BaseException | None = None) -> None:
        """Note that the stream has ended; raise what ended it in truth, if that is another error.

        error: what its producer raised. A handler that has not returned goes on, and decides how
        its invocation ends: it may catch the error that its call raises.
        """
        if not self.is_open:
            return
        invocation, trace = self.invocation, self.trace
        extras = invocation.ensure_extras()
        trace.bodies = trace.bodies - {self}
        extras.bodies = extras.bodies - {self}
        try:
            if error is not None:
                fail(invocation, error)
        finally:
            if not extras.returned and extras.failure is not None:
                (_, text), extras.failure = extras.failure, None
                if not isinstance(error, ENDS):
                    place = raised_position(error) if error is not None else None
                    text = f"The stream that it sends has failed: {text}"
                    log(trace, invocation, "error", f"{text} ({place})" if place else text)
            if extras.returned and not invocation.ended_ns and not extras.bodies:
                invocation.ended_ns = wall_clock()
                leave(invocation)

    async def close(self) -> None:
        """End the producer, within a slice of its request."""
        invocation: Any = self.invocation
        reader: Any = _running()
        check_at_pull(self.trace, wall_clock(), invocation)
        _set_current(invocation)
        try:
            if not _is_running(self.chunks._iterator):
                await self.chunks.aclose()
        except BaseException as error:
            self.end(error)
            raise
        finally:
            self.end()
            _set_current(reader)
            check_at_pull(self.trace, wall_clock(), reader)

    async def others_closed(self) -> None:
        """Wait for the end of the streams that were discarded because this one has ended."""
        while closing := [body.closing for body in self.trace.bodies if body.closing]:
            await asyncio.wait(closing)

    def discard(self) -> None:
        """End the producer, soon. May be called from any thread, and by a finalizer."""
        if self.is_open and self.closing is None:
            if self.trace.aborted is None and asyncio._get_running_loop() is self._loop:
                self._begin_closing()
                return
            try:
                self._loop.call_soon_threadsafe(self._begin_closing)
            except RuntimeError:  # The loop is closed, so none of its code can run.
                self.end()
                finish_if_done(self.trace)

    def _begin_closing(self) -> None:
        if not self.is_open or self.closing is not None:
            return
        if self.trace.aborted is None:
            self.closing = asyncio.Task(self._close_in_task(), loop=self._loop)
            return
        with contextlib.suppress(BaseException):
            run_in_slice(self.trace, self.invocation, self._throw, self.trace.aborted)
        with contextlib.suppress(BaseException):
            self.end(self.trace.aborted)
        finish_if_done(self.trace)

    async def _close_in_task(self) -> None:
        # A failure is logged, and nobody waits for it.
        with contextlib.suppress(Exception, asyncio.CancelledError):
            await run_outside(self, self.close)

    def _throw(self, error: BaseException) -> None:
        throw = getattr(self.chunks._iterator, "athrow", None)
        if throw is not None:
            throw(error).send(None)


class ProducedChunks(Chunks):
    """The chunks of a stream that an invocation produces, as a reader elsewhere has them."""

    __slots__ = ("_invocation", "_production", "_thread", "_trace")

    def __init__(self, production: Production) -> None:
        """Read what `production` produces."""
        chunks = production.chunks
        # The chunks of a generator are checked here, without a call in between.
        super().__init__(chunks._iterator if chunks.__class__ is Chunks else chunks)
        self._production = production
        self._invocation = production.invocation
        self._trace = production.trace
        self._thread = production.trace.thread

    async def __anext__(self) -> bytes:
        """Return the next chunk; what runs until then is the producer's."""
        trace = self._trace
        if self._thread.trace is not trace:
            return await run_outside(self._production, self.__anext__)
        invocation = self._invocation
        reader: Any = _running()
        stamps = trace.stamps
        step = self._next
        now = wall_clock()
        if now >= trace.cpu_valid_until:
            check_at_pull(trace, now, invocation)
            if trace.aborted is not None:
                step = self._cut
        else:
            stamps += (now, 0, invocation)
        _set_current(invocation)
        try:
            chunk = await step()
            return chunk if chunk.__class__ is bytes else await convert(chunk, self._iterator)
        except StopAsyncIteration:
            self._production.end()
            if self._production.was_discarded:
                raise RuntimeError(PlatformText.CANCELED) from None  # It is not whole.
            raise
        except BaseException as error:
            if not _is_running(self._iterator):  # Else another reader waits for it.
                self._production.end(error)
            raise
        finally:
            _set_current(reader)
            now = wall_clock()
            if now >= trace.cpu_valid_until:
                check_at_pull(trace, now, reader)
            else:
                stamps += (now, 0, reader)

    async def _cut(self) -> Any:
        """End the producer, since its request is aborted; return a chunk if it goes on.

        Chunks can be so quick to produce that nothing else meets the producer where it can be cut.
        """
        error: Any = self._trace.aborted
        throw = getattr(self._iterator, "athrow", None)
        if throw is not None and not _is_running(self._iterator):
            with contextlib.suppress(StopAsyncIteration):
                return await throw(error.with_traceback(None))
        raise error.with_traceback(None)

    async def read_all(self) -> bytes:
        """Return the rest of the stream, in as few slices as it takes."""
        if self._thread.trace is not self._trace:
            return await run_outside(self._production, self.read_all)
        return await super().read_all()

    async def aclose(self) -> None:
        """End the producer."""
        production = self._production
        if production.is_open:
            if self._thread.trace is self._trace:
                await production.close()
            else:
                await run_outside(production, production.close)
                await production.others_closed()

    def discard(self) -> None:
        """End the producer, soon."""
        self._production.discard()

    def __del__(self) -> None:
        self._production.discard()


def _is_running(iterator: object) -> bool:
    """Return whether a reader waits for the next chunk of an asynchronous generator."""
    return bool(getattr(iterator, "ag_running", False))


class SentSink:
    """The sink of a stream that an invocation has sent: what is written, its own sink takes.

    That runs as the sender, and on its account. The sender lives until the stream is closed, or
    until nobody refers to it any more, which aborts it.
    """

    def __init__(self, stream: WritableStream, invocation: Invocation) -> None:
        """Write to `stream` as `invocation`."""
        self._stream = stream
        self._production = Production(_Written(stream), invocation)

    async def write(self, chunk: Any) -> None:
        """Write a chunk of bytes."""
        await self._run(self._stream._write, checked_chunk(chunk))

    async def close(self) -> None:
        """Close the sender's stream."""
        await self._run(self._stream._close)
        self._production.end()

    async def abort(self, reason: BaseException) -> None:
        """End the sender's stream with an error."""
        await self._run(self._stream._abort, reason)
        self._production.end()

    async def _run(self, work: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
        production = self._production
        trace, writer = production.trace, _running()
        if not production.is_open:
            raise RuntimeError(PlatformText.CANCELED)
        if trace.thread.trace is not trace:
            return await run_outside(production, partial(self._run, work, *args), "WritableStream")
        _take_turn(trace, production.invocation)
        try:
            await work(*args)
        except BaseException as error:
            production.end(error)
            raise
        finally:
            _take_turn(trace, writer)

    def __del__(self) -> None:
        self._production.discard()


class _Written(Chunks):
    """What ends a stream that is written, as the chunks of a Production."""

    def __init__(self, stream: WritableStream) -> None:
        super().__init__(EMPTY)
        self._stream = stream

    async def aclose(self) -> None:
        """Abort the stream, unless it is closed."""
        await self._stream._abort(None)


def _take_turn(trace: Trace, invocation: Any) -> None:
    """Charge what runs from now on to another invocation of the request."""
    check_at_pull(trace, wall_clock(), invocation)
    _set_current(invocation)


def send_sink(invocation: Invocation | None, stream: WritableStream) -> WritableStream:
    """Return the stream that arrives when `invocation`, or the notebook, sends one.

    It moves: the sender can no longer write. Raises TypeError if it has a writer.
    """
    stream._lock_for_good()
    sink = stream._sink
    if not isinstance(sink, SentSink | NotebookSink):
        sink = NotebookSink(stream) if invocation is None else SentSink(stream, invocation)
    return WritableStream(sink)


async def run_outside(
    production: Production, work: Callable[[], Coroutine[Any, Any, T]], kind: str = "ReadableStream"
) -> T:
    """Run what reads a stream while no slice of its request runs, in slices of its own.

    kind: of the stream. Raises what the notebook's owner gets for an error, as a call does;
    RuntimeError in a Worker that handles another request.
    """
    loop, home = asyncio.get_running_loop(), production._loop
    if loop is not home and home.is_running():
        future = asyncio.run_coroutine_threadsafe(run_outside(production, work, kind), home)
        return await asyncio.wrap_future(future)
    trace = production.trace
    reader: Any = _running()
    if reader is not None and reader.trace is not trace:
        raise _other_request(production.invocation, reader, kind)
    steps = work()
    invocation = None
    if trace.task is None:
        trace.steps = steps
    else:
        # The request waits for something else, such as the response to what is sent here.
        invocation = production.invocation
    try:
        return await drive(steps, trace, invocation, copy_context())  # type: ignore[no-any-return]
    except BaseException as error:
        if isinstance(error, StopAsyncIteration | GeneratorExit) or invocation is not None:
            raise  # A Worker that waits for this is told, and may go on.
        if trace.aborted is not None:
            with contextlib.suppress(BaseException):
                production.end(error)  # In case that was before its first step.
        failure = failure_of(trace, error)
        if trace.outcome == "ok" and issubclass(type(error), Exception):
            # A Worker that only passed the stream on has succeeded; the request has not.
            trace.late_failure = production.invocation.ensure_extras().failure
        try:
            raise failure
        except BaseException:
            trim_before_worker(failure)
            raise
        finally:
            del failure  # Its traceback leads back to this frame.
    finally:
        finish_if_done(trace)


def _other_request(producer: Invocation, user: Invocation, kind: str) -> RuntimeError:
    return with_notes(
        RuntimeError(PlatformText.OTHER_REQUEST.format(kind=kind)),
        f"Worker {producer.service!r} has the other end of the stream, in request "
        f"{producer.trace.number} ({producer.trace.title}).",
        f"It was used by request {user.trace.number} ({user.trace.title}).",
    )


def _note_of_tee() -> Callable[[int], None]:
    """Return what notes the size of a clone's buffer in the trace of the Worker that cloned."""
    invocation: Any = _running()

    def note(size: int) -> None:
        if isinstance(invocation, Invocation):
            extras = invocation.ensure_extras()
            extras.buffered = max(extras.buffered, size)

    return note


Tee.make_note = staticmethod(_note_of_tee)
