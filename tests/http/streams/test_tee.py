"""tee and clone: two readers of one stream, and what is buffered for the slower one."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from workernb.http import ReadableStream, Response
from workernb.http.streams.tee import Tee


async def numbers(count):
    for number in range(count):
        yield b"%d" % number


@pytest.fixture
def noted(monkeypatch):
    """Return the list of the sizes that tees note."""
    sizes: list[int] = []
    monkeypatch.setattr(Tee, "make_note", staticmethod(lambda: sizes.append))
    return sizes


async def test_both_branches_have_all_chunks(noted):
    first, second = ReadableStream(numbers(4)).tee()
    assert [chunk async for chunk in first] == [b"0", b"1", b"2", b"3"]
    assert noted == [1, 2, 3, 4]
    assert [chunk async for chunk in second] == [b"0", b"1", b"2", b"3"]
    assert noted == [1, 2, 3, 4]


async def test_branches_that_are_read_in_turn_buffer_a_chunk(noted):
    first, second = (stream.get_reader() for stream in ReadableStream(numbers(20)).tee())
    for _ in range(20):
        assert await first.read() == await second.read()
    assert noted == [1, 2]  # The chunks from 10 on have two bytes.


async def test_branches_that_are_read_at_once(noted):
    async def slow():
        for number in range(5):
            await asyncio.sleep(0)
            yield b"%d" % number

    first, second = Response(slow()).body.tee()
    texts = await asyncio.gather(Response(first).text(), Response(second).text())
    assert texts == ["01234", "01234"]
    assert max(noted, default=0) <= 2


async def test_both_branches_fail():
    async def fails():
        yield b"x"
        raise ValueError("boom")

    for stream in ReadableStream(fails()).tee():
        with pytest.raises(ValueError, match="boom"):
            await Response(stream).text()


async def test_a_clone_of_a_clone():
    response = Response(numbers(3))
    clones = [response.clone(), response.clone().clone(), response.clone()]
    for message in (*clones, response):
        assert await message.text() == "012"


async def test_the_buffer_is_bounded(monkeypatch):
    monkeypatch.setattr("workernb.http.streams.tee.MAX_BUFFERED", 3)
    response = Response(numbers(10))
    clone = response.clone()
    for message in (response, clone):
        with pytest.raises(TypeError, match=r"tee\(\) buffer limit exceeded") as caught:
            await message.text()
        assert "4 bytes ahead of the other; the limit is 3" in caught.value.__notes__[0]


async def test_a_branch_that_is_canceled_or_dropped_is_not_buffered(noted):
    first, second = ReadableStream(numbers(3)).tee()
    await second.cancel()
    assert [chunk async for chunk in first] == [b"0", b"1", b"2"]
    assert noted == []
    first, second = ReadableStream(numbers(3)).tee()
    del second
    assert [chunk async for chunk in first] == [b"0", b"1", b"2"]
    assert noted == []


async def test_the_producer_ends_with_the_second_branch():
    ended = []

    async def produce():
        try:
            yield b"x"
            yield b"y"
        finally:
            ended.append(True)

    first, second = ReadableStream(produce()).tee()
    async for _ in first:
        break
    assert ended == []
    await second.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ended == [True]


async def test_a_branch_of_a_branch_of_thousands(monkeypatch):
    """Their ends do not nest: an exception in a finalizer would be printed for each."""
    ignored = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    chunks = ReadableStream(numbers(3))
    for _ in range(5_000):
        chunks, other = chunks.tee()
        del other
    del chunks
    gc.collect()
    assert ignored == []
