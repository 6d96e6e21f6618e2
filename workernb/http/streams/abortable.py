"""Chunks that an AbortSignal ends."""

from __future__ import annotations

from workernb.http.abort import AbortSignal, abortable

from .chunks import Chunks


class AbortableChunks(Chunks):
    """The chunks of a body whose request had a signal."""

    __slots__ = ("_signal", "_source")

    def __init__(self, source: Chunks, signal: AbortSignal) -> None:
        """End `source` when `signal` is aborted."""
        super().__init__(source)
        self._source = source
        self._signal = signal
        signal.add_event_listener("abort", self._discard_source)

    def _discard_source(self, signal: AbortSignal) -> None:
        self._source.discard()

    async def __anext__(self) -> bytes:
        """Return the next chunk; raise the signal's reason once it is aborted."""
        self._signal.throw_if_aborted()
        return await abortable(self._source.__anext__(), self._signal)

    async def aclose(self) -> None:
        """End the producer."""
        await self._source.aclose()

    def discard(self) -> None:
        """End the producer, soon."""
        self._source.discard()
