"""Tee: two branches of one stream. What the slower one has not read yet is buffered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from workernb.errors import with_notes
from workernb.texts import PlatformText

from .chunks import EMPTY, Chunks

MAX_BUFFERED = 128 * 1024 * 1024
"""How many bytes a tee buffers at most: the memory that a Worker has."""

Note = Callable[[int], None]
"""Called with the most bytes that a tee has buffered so far."""


def _no_note(size: int) -> None:
    pass


class Tee:
    """Reads each chunk once, for two branches.

    make_note: called for each tee; the runtime sets it, to have the size noted in the trace.
    """

    __slots__ = ("_buffered", "_chunks", "_end", "_lock", "_most", "_note", "_queues")

    make_note: Callable[[], Note] = staticmethod(lambda: _no_note)

    def __init__(self, chunks: Chunks) -> None:
        """Read `chunks`, which nothing else may read."""
        self._chunks = chunks
        self._queues: list[deque[bytes] | None] = [deque(), deque()]
        self._buffered = self._most = 0
        self._end: BaseException | None = None
        self._lock = asyncio.Lock()
        self._note = Tee.make_note()

    def branches(self) -> tuple[Branch, Branch]:
        """Return the two branches."""
        return Branch(self, 0), Branch(self, 1)

    async def next(self, branch: int) -> bytes:
        """Return a branch's next chunk, from its buffer or else from the source."""
        queue = self._queues[branch]
        if queue is None:
            raise StopAsyncIteration
        if not queue:
            async with self._lock:  # The other branch may wait for the same chunk.
                if not queue:
                    return await self._read(1 - branch)
        chunk = queue.popleft()
        self._buffered -= len(chunk)
        return chunk

    async def _read(self, other: int) -> bytes:
        """Return the next chunk of the source, and buffer it for the branch `other`."""
        if self._end is not None:
            raise self._end
        try:
            chunk = await self._chunks.__anext__()
        except BaseException as error:
            self._end = error
            raise
        queue = self._queues[other]
        if queue is not None:
            queue.append(chunk)
            self._buffered += len(chunk)
            if self._buffered > self._most:
                self._most = self._buffered
                self._note(self._most)
            if self._buffered > MAX_BUFFERED:
                self._overflow(queue)
        return chunk

    def _overflow(self, queue: deque[bytes]) -> NoReturn:
        self._end = with_notes(
            TypeError(PlatformText.TEE_LIMIT),
            f"One branch is {self._buffered:,} bytes ahead of the other; "
            f"the limit is {MAX_BUFFERED:,}.",
        )
        queue.clear()
        self._buffered = 0
        self._chunks.discard()
        raise self._end

    def close(self, branch: int) -> None:
        """End a branch, and free what is buffered for it; with the second one, the source ends.

        The source may be a branch of another tee, and so on, deeper than Python can recur.
        """
        source = self._close(branch)
        while isinstance(source, Branch):
            source = source._tee._close(source._branch)
        source.discard()

    def _close(self, branch: int) -> Chunks:
        """End a branch, and return what ends with it."""
        self._buffered -= sum(map(len, self._queues[branch] or ()))
        self._queues[branch] = None
        if self._queues != [None, None]:
            return EMPTY
        source, self._chunks = self._chunks, EMPTY
        return source


class Branch(Chunks):
    """One of the two branches of a tee."""

    __slots__ = ("_branch", "_tee")

    def __init__(self, tee: Tee, branch: int) -> None:
        """Read the branch 0 or 1 of `tee`."""
        super().__init__(EMPTY)
        self._tee = tee
        self._branch = branch

    async def __anext__(self) -> bytes:
        """Return the next chunk."""
        return await self._tee.next(self._branch)

    async def aclose(self) -> None:
        """End the branch."""
        self.discard()

    def discard(self) -> None:
        """End the branch."""
        self._tee.close(self._branch)

    def __del__(self) -> None:
        self._tee.close(self._branch)
