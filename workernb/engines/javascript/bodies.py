"""Bodies that are streams, both ways, and signals: the functions behind them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from workernb.http import lazy
from workernb.http.abort import AbortSignal
from workernb.http.body import Message
from workernb.http.request import Request
from workernb.http.streams import ReadableStream
from workernb.http.streams.chunks import Chunks

from .boundary import Host
from .run import Run


class ScriptChunks(Chunks):
    """The chunks of a stream of JavaScript's: whoever reads them runs its producer.

    It refers to its run weakly, since the heap may refer to it; the host keeps the run while the
    stream may go on. Dropping the object ends the producer.
    """

    __slots__ = ("_is_open", "_number", "_run")

    def __init__(self, run: Run, number: int) -> None:
        """Read the stream of a number, which `run` has made."""
        super().__init__(self)
        self._run = weakref.ref(run)
        self._number = number
        self._is_open = True
        run.goes_on += 1

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        run = self._run()
        if run is None or not self._is_open:
            raise StopAsyncIteration
        try:
            chunk = await run.pull(self._number)
        except BaseException:
            self._end()
            raise
        if chunk is None:
            self._end()
            raise StopAsyncIteration
        return bytes(chunk)

    async def aclose(self) -> None:
        """End the producer."""
        run = self._run()
        if run is not None and self._is_open:
            try:
                run.cancel_stream(self._number)
            finally:
                self._end()

    def discard(self) -> None:
        """End the stream; its producer's `cancel` is not called."""
        self._end()

    def _end(self) -> None:
        run = self._run()
        if self._is_open:
            self._is_open = False
            if run is not None:
                run.stream_ended()

    def __del__(self) -> None:
        self._end()


def body_functions(host: Host, wrap: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """Return the functions, by name. wrap: see `message_functions`."""
    readers: dict[int, Chunks] = {}
    signals: dict[int, AbortSignal] = {}

    def open_body(message: Message) -> int:
        stream = message.body
        number = host.number()
        if stream is not None:
            readers[number] = stream._take()
        return number

    def read_chunk(number: int) -> Any:
        return host.running("read()").begin(_next(readers, number))

    def cancel_body(message: Message, number: int | None) -> Any:
        number = open_body(message) if number is None else number
        chunks = readers.pop(number, None)
        return host.running("cancel()").begin(_closed(chunks))

    def stream_handle(number: int) -> Any:
        run = host.running("a stream as a body")
        return wrap(ReadableStream(ScriptChunks(run, number)))

    def new_signal() -> int:
        number = host.number()
        signals[number] = AbortSignal._make()
        return number

    def abort_signal(number: int, *about: Any) -> None:
        signal = signals.pop(number, None)
        if signal is not None:
            signal._abort(host.running("abort()").error_of(*about))

    def pulled(number: int, chunk: Any) -> None:
        host.running("a stream").pulled(number, None if chunk is None else chunk.to_bytes())

    def pull_failed(number: int, *about: Any) -> None:
        run = host.running("a stream")
        run.pulled(number, None, run.error_of(*about))

    def reason_of(request: Request) -> Any:
        reason = request.signal.reason
        return None if reason is None else host.about(reason)

    return {
        "openBody": host.exposed(open_body),
        "readChunk": host.exposed(read_chunk),
        "cancelBody": host.exposed(cancel_body),
        "passOn": host.exposed(lambda message: wrap(_moved(message))),
        "newStream": host.number,
        "streamHandle": host.exposed(stream_handle),
        "pulled": pulled,
        "pullFailed": pull_failed,
        "newSignal": new_signal,
        "signalHandle": lambda number: wrap(signals[number]),
        "abortSignal": abort_signal,
        "reasonOf": reason_of,
        "contentType": lambda message: message._current_fields().get("content-type"),
        "mimeType": _mime_type,
    }


async def _next(readers: dict[int, Chunks], number: int) -> bytes | None:
    chunks = readers.get(number)
    if chunks is None:
        return None
    try:
        return await chunks.__anext__()
    except StopAsyncIteration:
        readers.pop(number, None)
        return None


async def _closed(chunks: Chunks | None) -> None:
    if chunks is not None:
        await chunks.aclose()


def _moved(message: Message) -> ReadableStream:
    """Return a body's stream, which is in its message no more."""
    stream = message.body
    assert stream is not None
    return stream._move()


def _mime_type(message: Message) -> str:
    forms = lazy.load("workernb.http.forms")
    mime = forms.extract_mime_type(message._current_fields().get("content-type", ""))
    return "" if mime is None else str(mime)
