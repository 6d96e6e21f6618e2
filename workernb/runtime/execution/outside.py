"""Streams whose other end is outside of the Workers: in the notebook, or on the network.

What they run is neither charged to a Worker nor cut: each step is a task outside of the slices.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

from workernb.http.streams import WritableStream
from workernb.http.streams.chunks import Chunks

T = TypeVar("T")


class NotebookChunks(Chunks):
    """The chunks of a stream that the notebook sends to a Worker.

    Each is produced in a task outside of the request's slices, in the context of the call: the
    notebook's code is neither charged to a Worker nor cut.
    """

    __slots__ = ("_context", "_ended", "_loop", "_source")

    def __init__(self, source: Chunks) -> None:
        """Read `source`."""
        super().__init__(source)
        self._source = source
        self._context: Context = copy_context()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = False

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        try:
            return await self._outside(self._source.__anext__())
        except BaseException:
            self._ended = True
            raise

    async def aclose(self) -> None:
        """End the producer."""
        self._ended = True
        await self._outside(self._source.aclose())

    def discard(self) -> None:
        """End the producer, soon."""
        if not self._ended and self._loop is not None and not self._loop.is_closed():
            self._ended = True
            self._loop.call_soon_threadsafe(self._task, self._source.aclose())

    async def _outside(self, work: Coroutine[Any, Any, T]) -> T:
        self._loop = asyncio.get_running_loop()
        task = self._task(_as_pair(work))
        value, error = await task
        if error is not None:
            raise error
        return value  # type: ignore[return-value]

    def _task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        assert self._loop is not None
        return asyncio.Task(work, loop=self._loop, context=self._context)


class OutsideChunks(Chunks):
    """The chunks of a response from outside of the runtime, each read outside of the slices.

    Dropping the object ends the response. So does the end of the request, unless its answer has it.
    """

    __slots__ = ("__weakref__", "_context", "_loop", "_source")

    def __init__(self, source: Chunks) -> None:
        """Read `source`, in the context and on the loop that run now."""
        super().__init__(source)
        self._source: Chunks | None = source
        self._context: Context = copy_context()
        self._loop = asyncio.get_running_loop()

    async def __anext__(self) -> bytes:
        """Return the next chunk; raise StopAsyncIteration after the last one."""
        source = self._source
        if source is None:
            raise StopAsyncIteration
        task = asyncio.Task(_read_outside(source), loop=self._loop, context=self._context)
        try:
            # Shielded, so that the Worker need not wait for a task that refuses to end.
            value, error = await asyncio.shield(task)
        finally:
            task.cancel()
        if error is not None:
            self._source = None
            raise error
        return value

    async def aclose(self) -> None:
        """End the response."""
        self.discard()

    def discard(self) -> None:
        """End the response, soon. May be called from any thread, and by a finalizer."""
        source, self._source = self._source, None
        if source is not None and not self._loop.is_closed():
            loop, context = self._loop, self._context
            with contextlib.suppress(RuntimeError):  # It has been closed in this moment.
                loop.call_soon_threadsafe(_begin_closing, source, loop, context)

    def __del__(self) -> None:
        self.discard()


def _begin_closing(source: Chunks, loop: asyncio.AbstractEventLoop, context: Context) -> None:
    asyncio.Task(source.aclose(), loop=loop, context=context)


async def _read_outside(source: Chunks) -> tuple[bytes, BaseException | None]:
    """Return the next chunk, or the exception instead of it, StopAsyncIteration included."""
    try:
        return await source.__anext__(), None
    except Exception as error:
        return b"", error


async def _as_pair(work: Coroutine[Any, Any, T]) -> tuple[T | None, BaseException | None]:
    """Return what `work` gives, and the exception that it raises, StopAsyncIteration included."""
    try:
        return await work, None
    except (Exception, asyncio.CancelledError, SystemExit, KeyboardInterrupt) as error:
        # Out of a task, the last two would end the loop, and the kernel with it.
        return None, error


class NotebookSink:
    """The sink of a stream that the notebook sends: what a Worker writes, its own sink takes."""

    def __init__(self, stream: WritableStream) -> None:
        """Write to `stream`, in the context that runs now."""
        self._stream = stream
        self._context: Context = copy_context()

    async def write(self, chunk: bytes) -> None:
        """Write a chunk."""
        await self._outside(self._stream._write(chunk))

    async def close(self) -> None:
        """Close the notebook's stream."""
        await self._outside(self._stream._close())

    async def abort(self, reason: BaseException) -> None:
        """End the notebook's stream with an error."""
        await self._outside(self._stream._abort(reason))

    async def _outside(self, work: Coroutine[Any, Any, None]) -> None:
        loop = asyncio.get_running_loop()
        _, error = await asyncio.Task(_as_pair(work), loop=loop, context=self._context)
        if error is not None:
            raise error
