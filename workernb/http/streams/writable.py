"""WritableStream: takes chunks, and hands them to a sink one after the other.

https://streams.spec.whatwg.org/#ws-class. A chunk that is written waits until the sink has taken
those before it: `await writer.write(chunk)` is the back-pressure.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from workernb.texts import PlatformText

T = TypeVar("T")


class Sink(Protocol):
    """What is written to; the methods may be plain or coroutine functions.

    close and abort are called if the object has them.
    """

    def write(self, chunk: bytes, /) -> Any:
        """Write a chunk; the next one is produced when it is written."""


class WritableStream:
    """Where chunks of bytes go: `await request.body.pipe_to(stream)`, or by a writer.

    locked: whether it has a writer.
    """

    __slots__ = ("_closed", "_failure", "_lock", "_locked", "_sink")

    def __init__(self, sink: Sink) -> None:
        """Make a stream that writes to `sink`."""
        self._sink = sink
        self._locked = False
        self._closed = False
        self._failure: BaseException | None = None
        self._lock = asyncio.Lock()

    @property
    def locked(self) -> bool:
        """Whether the stream has a writer, or was sent on."""
        return self._locked

    def get_writer(self) -> Writer:
        """Return a writer, which locks the stream; TypeError if it is locked."""
        self._lock_for_good()
        return Writer(self)

    getWriter = get_writer

    async def close(self) -> None:
        """Close the stream; TypeError if it is locked or closed."""
        self._check_unlocked()
        await self._close()

    async def abort(self, reason: object = None) -> None:
        """End the stream with an error; TypeError if it is locked."""
        self._check_unlocked()
        await self._abort(reason)

    def _check_unlocked(self) -> None:
        if self._locked:
            raise TypeError(PlatformText.WRITABLE_LOCKED)

    def _lock_for_good(self) -> None:
        self._check_unlocked()
        self._locked = True

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise TypeError(PlatformText.WRITABLE_CLOSED)

    async def _write(self, chunk: Any) -> None:
        self._check_open()
        async with self._lock:  # Several writes at once are written in order.
            self._check_open()
            try:
                await result_of(self._sink.write(chunk))
            except Exception as error:
                self._failure = error
                raise

    async def _close(self) -> None:
        self._check_open()
        async with self._lock:
            self._check_open()
            self._closed = True
            await self._call("close")

    async def _abort(self, reason: object) -> None:
        if self._closed or self._failure is not None:
            return
        self._failure = as_failure(reason)
        await self._call("abort", self._failure)

    async def _call(self, name: str, *args: object) -> None:
        function = getattr(self._sink, name, None)
        if function is not None:
            await result_of(function(*args))

    def __repr__(self) -> str:
        return f"<WritableStream{', locked' if self._locked else ''}>"


class Writer:
    """The writer of a stream: WritableStreamDefaultWriter of the standard.

    https://streams.spec.whatwg.org/#default-writer-class
    """

    __slots__ = ("_stream",)

    def __init__(self, stream: WritableStream) -> None:
        """Write to a stream that is locked for this writer."""
        self._stream: WritableStream | None = stream

    async def write(self, chunk: bytes) -> None:
        """Write a chunk, and wait until the sink has taken it.

        Raises the stream's error, and TypeError for a stream that is closed, or after
        `release_lock`.
        """
        await self._open_stream()._write(chunk)

    async def close(self) -> None:
        """Close the stream, after what is being written."""
        await self._open_stream()._close()

    async def abort(self, reason: object = None) -> None:
        """End the stream with an error."""
        await self._open_stream()._abort(reason)

    @property
    async def ready(self) -> None:
        """Awaitable: returns when a chunk can be written without waiting for another one."""
        async with self._open_stream()._lock:
            pass

    def release_lock(self) -> None:
        """Let the stream have another writer."""
        if self._stream is not None:
            self._stream._locked = False
        self._stream = None

    releaseLock = release_lock

    def _open_stream(self) -> WritableStream:
        if self._stream is None:
            raise TypeError(PlatformText.WRITER_RELEASED)
        return self._stream


async def result_of(value: T | Awaitable[T]) -> T:
    """Return a function's result, awaited if it can be."""
    return await value if inspect.isawaitable(value) else value


def as_failure(reason: object) -> BaseException:
    """Return the exception that ends a stream for a reason."""
    if isinstance(reason, BaseException):
        return reason
    return TypeError(PlatformText.STREAM_ABORTED if reason is None else str(reason))
