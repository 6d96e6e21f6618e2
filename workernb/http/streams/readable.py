"""ReadableStream: a body as chunks of bytes, which are produced as its reader asks for them.

https://streams.spec.whatwg.org/#rs-class. A stream is pulled: its producer runs while a reader
waits for a chunk, and stops at the next one.
"""

from __future__ import annotations

import asyncio
import types
import weakref
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any, NamedTuple, Protocol

from workernb.errors import with_notes
from workernb.http.abort import AbortSignal
from workernb.texts import PlatformText

from .chunks import EMPTY, Beginning, Chunks, Prefetched
from .tee import Tee
from .writable import Sink, WritableStream, result_of

_generators: weakref.WeakSet[Any] = weakref.WeakSet()


class ReadResult(NamedTuple):
    """What a reader's `read` returns. value: a chunk; None at the end. done: whether it ended."""

    value: bytes | None
    done: bool


class Pair(Protocol):
    """Two ends of a stream, as those of a TransformStream."""

    @property
    def readable(self) -> ReadableStream:
        """What comes out."""

    @property
    def writable(self) -> WritableStream:
        """What goes in."""


class ReadableStream:
    """A body as chunks of bytes: `async for chunk in request.body`.

    It is read once, by one reader. locked: whether it has a reader, or was sent on.
    """

    __slots__ = ("_chunks", "_disturbed", "_locked")

    def __init__(self, source: AsyncIterable[bytes]) -> None:
        """Make a stream of what an asynchronous iterable yields.

        Raises TypeError for any other object, and for a generator that another stream has.
        """
        self._chunks = source if isinstance(source, Chunks) else Chunks(_iterator(source))
        self._locked = False
        self._disturbed = False

    @property
    def locked(self) -> bool:
        """Whether the stream has a reader, or was sent on."""
        return self._locked

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return an iterator of the chunks; TypeError if the stream is locked.

        If it is dropped before the end, as by `break`, the stream is canceled.
        """
        return self._take()

    def get_reader(self) -> Reader:
        """Return a reader, which locks the stream; TypeError if it is locked."""
        self._lock()
        return Reader(self)

    getReader = get_reader

    def tee(self) -> tuple[ReadableStream, ReadableStream]:
        """Return two streams of the same chunks; TypeError if the stream is locked.

        What one of them has read and the other has not is buffered, `tee.MAX_BUFFERED` bytes at
        most: beyond that both fail with a TypeError.
        """
        first, second = Tee(self._take()).branches()
        return ReadableStream(first), ReadableStream(second)

    async def pipe_to(
        self,
        destination: Sink | WritableStream,
        *,
        prevent_close: bool = False,
        prevent_abort: bool = False,
        prevent_cancel: bool = False,
        signal: AbortSignal | None = None,
    ) -> None:
        """Write all chunks to `destination`, and close it; an error aborts it.

        The next chunk is produced when the last one is written. Raises TypeError if one of the
        streams is locked, the stream's or the destination's error, or the reason of `signal`.
        """
        writer = destination.get_writer() if isinstance(destination, WritableStream) else None
        try:
            await self._pipe(
                destination if writer is None else writer,  # type: ignore[arg-type]
                prevent_close,
                prevent_abort,
                prevent_cancel,
                signal,
            )
        finally:
            if writer is not None:
                writer.release_lock()

    pipeTo = pipe_to

    async def _pipe(
        self,
        destination: Sink,
        prevent_close: bool,
        prevent_abort: bool,
        prevent_cancel: bool,
        signal: AbortSignal | None,
    ) -> None:
        reader = self.get_reader()
        try:
            while True:
                if signal is not None:
                    signal.throw_if_aborted()
                chunk, done = await reader.read()
                if done:
                    break
                await result_of(destination.write(chunk or b""))
        except BaseException as error:
            if not prevent_cancel:
                await reader.cancel()
            if not prevent_abort and (abort := getattr(destination, "abort", None)) is not None:
                await result_of(abort(error))
            raise
        finally:
            reader.release_lock()
        if not prevent_close and (close := getattr(destination, "close", None)) is not None:
            await result_of(close())

    def pipe_through(self, transform: Pair) -> ReadableStream:
        """Pipe the chunks into `transform.writable`, and return `transform.readable`.

        An error of either end reaches the other one. Raises TypeError if the stream is locked.
        """
        self._check_unlocked()
        transform.writable._check_unlocked()
        piping = asyncio.ensure_future(self.pipe_to(transform.writable))
        piping.add_done_callback(_forget_failure)
        return transform.readable

    pipeThrough = pipe_through

    async def cancel(self, reason: object = None) -> None:
        """End the stream and its producer; TypeError if the stream is locked."""
        self._check_unlocked()
        self._disturbed = True
        chunks, self._chunks = self._chunks, EMPTY
        await chunks.aclose()

    def _lock(self) -> None:
        self._check_unlocked()
        self._locked = True

    def _check_unlocked(self) -> None:
        if self._locked:
            raise self._locked_error()

    def _take(self) -> Chunks:
        """Lock the stream for good, and return its chunks to be read."""
        self._lock()
        self._disturbed = True
        chunks, self._chunks = self._chunks, EMPTY
        return chunks

    def _move(self) -> ReadableStream:
        """Return a stream that takes the place of this one in another message."""
        self._check_usable()
        moved = ReadableStream(self._chunks)
        self._take()
        return moved

    def _check_usable(self) -> None:
        """Raise TypeError if the stream cannot be a body."""
        if self._disturbed:
            raise TypeError(PlatformText.STREAM_DISTURBED)
        if self._locked:
            raise TypeError(PlatformText.STREAM_LOCKED_BODY)

    async def _read_ahead(self, enough: int, until: float) -> Beginning:
        """Return the beginning of the stream, which stays readable.

        Stops after `enough` bytes, and after the first chunk that arrives later than `until`, of
        the clock of `time.monotonic`.
        """
        self._chunks = ahead = Prefetched(self._chunks)
        return await ahead.fetch(enough, until)

    def _locked_error(self) -> TypeError:
        return with_notes(
            TypeError(PlatformText.STREAM_LOCKED),
            "A stream can be read once, by one reader. Call .tee() first to have it twice.",
        )

    def __repr__(self) -> str:
        return f"<ReadableStream{', locked' if self._locked else ''}>"


class Reader:
    """The reader of a stream: ReadableStreamDefaultReader of the standard.

    https://streams.spec.whatwg.org/#default-reader-class
    """

    __slots__ = ("_lock", "_stream")

    def __init__(self, stream: ReadableStream) -> None:
        """Read a stream that is locked for this reader."""
        self._stream: ReadableStream | None = stream
        self._lock = asyncio.Lock()

    async def read(self) -> ReadResult:
        """Return the next chunk: `value, done = await reader.read()`.

        Raises TypeError after `release_lock`.
        """
        stream = self._open_stream()
        stream._disturbed = True
        async with self._lock:  # Several reads at once get their chunks in order.
            try:
                return ReadResult(await stream._chunks.__anext__(), False)
            except StopAsyncIteration:
                return ReadResult(None, True)

    async def cancel(self, reason: object = None) -> None:
        """End the stream and its producer."""
        stream = self._open_stream()
        stream._disturbed = True
        chunks, stream._chunks = stream._chunks, EMPTY
        await chunks.aclose()

    def release_lock(self) -> None:
        """Let the stream have another reader, which goes on where this one has stopped."""
        if self._stream is not None:
            self._stream._locked = False
        self._stream = None

    releaseLock = release_lock

    def _open_stream(self) -> ReadableStream:
        if self._stream is None:
            raise TypeError(PlatformText.READER_RELEASED)
        return self._stream


def _iterator(source: Any) -> AsyncIterator[bytes]:
    if not isinstance(source, AsyncIterable):
        raise TypeError(PlatformText.NOT_ITERABLE.format(type=type(source).__name__))
    if isinstance(source, types.AsyncGeneratorType):
        if source in _generators:
            raise with_notes(
                TypeError(PlatformText.STREAM_DISTURBED),
                f"The generator {source.__qualname__} is the body of another message already. "
                "Call its function again for each message.",
            )
        _generators.add(source)
    return source.__aiter__()


def _forget_failure(piping: asyncio.Future[None]) -> None:
    """Take note of a failure, which the ends of the pipe have been told."""
    if not piping.cancelled():
        piping.exception()
