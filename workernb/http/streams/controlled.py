"""Streams that are fed: by a controller, or by what is written to their other end.

https://streams.spec.whatwg.org/#rs-default-controller-class and #ts-class
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from workernb.texts import PlatformText

from .chunks import EMPTY, Chunks, checked_chunk
from .readable import ReadableStream
from .writable import WritableStream, as_failure, result_of

Function = Callable[..., Any]


class Controller(Chunks):
    """What feeds a stream, and the chunks of that stream.

    Its reader asks `pull` for more when no chunk is queued, and waits until one is.
    """

    __slots__ = (
        "_arrived",
        "_closed",
        "_failure",
        "_function",
        "_on_cancel",
        "_queue",
        "_starting",
    )

    def __init__(self, pull: Function | None = None, cancel: Function | None = None) -> None:
        """Feed a stream. pull: called with this object; cancel: called with a reason."""
        super().__init__(EMPTY)
        self._function = pull
        self._on_cancel = cancel
        self._queue: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._failure: BaseException | None = None
        self._closed = False
        self._starting: Any = None

    @property
    def desired_size(self) -> int | None:
        """How many chunks are wanted: 1 less those that are queued; None after an error."""
        if self._failure is not None:
            return None
        return 0 if self._closed else 1 - len(self._queue)

    desiredSize = desired_size

    def enqueue(self, chunk: bytes) -> None:
        """Add a chunk; TypeError for one that is not bytes, or when the stream is closed."""
        if self._closed or self._failure is not None:
            raise TypeError(PlatformText.CONTROLLER_CLOSED)
        self._queue.append(chunk if chunk.__class__ is bytes else checked_chunk(chunk))
        self._arrived.set()

    def close(self) -> None:
        """End the stream, after what is queued; TypeError when it is closed."""
        if self._closed or self._failure is not None:
            raise TypeError(PlatformText.CONTROLLER_CLOSED)
        self._closed = True
        self._arrived.set()

    def error(self, reason: object = None) -> None:
        """End the stream with an error, which its reader gets at once."""
        if not self._closed and self._failure is None:
            self._queue.clear()
            self._failure = as_failure(reason)
            self._arrived.set()

    def start(self, function: Function) -> None:
        """Call a source's `start`; what it returns is awaited before the first chunk is read."""
        self._starting = function(self)

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        if self._starting is not None:
            starting, self._starting = self._starting, None
            await result_of(starting)
        while not self._queue:
            if self._failure is not None:
                raise self._failure
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            if self._function is not None:
                await result_of(self._function(self))
            if not self._arrived.is_set():
                await self._arrived.wait()
        return self._queue.popleft()

    async def aclose(self) -> None:
        """Drop what is queued, and tell the source."""
        if self._closed or self._failure is not None:
            return
        self._queue.clear()
        self._closed = True
        self._arrived.set()
        if self._on_cancel is not None:
            await result_of(self._on_cancel(None))


def controlled_stream(
    start: Function | None = None, pull: Function | None = None, cancel: Function | None = None
) -> ReadableStream:
    """Return a stream that a source feeds by a controller: `new ReadableStream(source)`.

    start: called at once with the controller. pull: called while a reader waits for a chunk and
    none is queued. cancel: called when the reader goes away. Each may be a coroutine function.
    """
    controller = Controller(pull, cancel)
    if start is not None:
        controller.start(start)
    return ReadableStream(controller)


class TransformStream:
    """Two ends: what is written to `writable` can be read from `readable`.

    A chunk is transformed when a reader asks for it, so `await writer.write(chunk)` waits for the
    reader.
    """

    __slots__ = ("readable", "writable")

    readable: ReadableStream
    writable: WritableStream

    def __init__(
        self,
        transform: Function | None = None,
        flush: Function | None = None,
        start: Function | None = None,
    ) -> None:
        """Make both ends; chunks pass unchanged without `transform`.

        transform: called with a chunk and the controller, whose `enqueue` passes on what it makes
        of it. flush: called with the controller before the stream is closed. start: called with it
        at once. Each may be a coroutine function.
        """
        sink = _Transformer(transform, flush)
        if start is not None:
            sink.controller.start(start)
        self.readable = ReadableStream(sink.controller)
        self.writable = WritableStream(sink)


class _Transformer:
    """The sink of a TransformStream, which feeds the other end."""

    def __init__(self, transform: Function | None, flush: Function | None) -> None:
        self.controller = Controller(self._want, self._cancel)
        self._transform = transform
        self._flush = flush
        self._wanted = asyncio.Event()

    def _want(self, controller: Controller) -> None:
        self._wanted.set()

    def _cancel(self, reason: object) -> None:
        self._wanted.set()

    async def write(self, chunk: bytes) -> None:
        """Transform a chunk as soon as it is wanted; TypeError when nobody reads any more."""
        await self._wanted.wait()
        if self._transform is None:
            self.controller.enqueue(chunk)
        else:
            await self._run(self._transform, chunk)
        if self.controller._queue:
            self._wanted.clear()

    async def close(self) -> None:
        """Close the other end."""
        if self._flush is not None:
            await self._run(self._flush)
        if not self.controller._closed:
            self.controller.close()

    def abort(self, reason: BaseException) -> None:
        """End the other end with an error."""
        self.controller.error(reason)

    async def _run(self, function: Function, *args: object) -> None:
        """Call a function of the transformer's; its error ends both ends."""
        try:
            await result_of(function(*args, self.controller))
        except Exception as error:
            self.controller.error(error)
            raise
