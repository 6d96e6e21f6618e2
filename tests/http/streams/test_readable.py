"""ReadableStream: read once, by one reader, at the reader's pace."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workernb.http import AbortController, ReadableStream, Request, Response

LOCKED = "This ReadableStream is currently locked to a reader."
DISTURBED = "disturbed (has already been read from), and cannot be used as a body."


class Producer:
    """Produces chunks, and counts them. ended: whether its clean-up has run."""

    def __init__(self, *chunks: object) -> None:
        self.chunks = chunks or (b"one", b"two", b"three")
        self.produced = 0
        self.ended = False

    async def run(self):
        try:
            for chunk in self.chunks:
                self.produced += 1
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
        finally:
            self.ended = True

    def stream(self) -> ReadableStream:
        return ReadableStream(self.run())


class Sink:
    """What is written to it, and what has become of it."""

    def __init__(self, fails_at: int = -1) -> None:
        self.written: list[object] = []
        self.fails_at = fails_at

    async def write(self, chunk: bytes) -> None:
        if len(self.written) == self.fails_at:
            raise OSError("full")
        self.written.append(chunk)

    def close(self) -> None:
        self.written.append("closed")

    def abort(self, error: BaseException) -> None:
        self.written.append(repr(error))


async def chunks_of(stream) -> list[bytes]:
    return [chunk async for chunk in stream]


def messages(stream) -> list[Request | Response]:
    return [Request("http://x/", method="POST", body=stream()), Response(stream())]


@given(st.binary(max_size=40), st.lists(st.integers(0, 40)))
def test_a_body_is_the_same_however_it_is_split(data, places):
    async def run():
        ends = sorted({0, len(data), *(place for place in places if place <= len(data))})
        pieces = [data[a:b] for a, b in pairwise(ends)]
        for message in messages(Producer(*pieces).stream) if pieces else []:
            clone = message.clone()
            assert await message.bytes() == data
            assert await clone.text() == data.decode("utf-8-sig", "replace")

    asyncio.run(run())


async def test_a_message_with_a_stream_is_read_in_each_way():
    for message in messages(Producer(b'{"a":', b" 1}").stream):
        assert message.headers["content-type"] is None
        clones = [message.clone() for _ in range(4)]
        assert await clones[0].text() == '{"a": 1}'
        assert await clones[1].json() == {"a": 1}
        assert bytes(await clones[2].buffer()) == b'{"a": 1}'
        assert await chunks_of(clones[3].body) == [b'{"a":', b" 1}"]
        assert await message.bytes() == b'{"a": 1}'
        assert message.body_used


@pytest.mark.parametrize("body", ["text", b"bytes", bytearray(b"x"), memoryview(b"view")])
async def test_every_body_is_a_stream_too(body):
    for message in messages(lambda: body):
        assert message.body is message.body
        assert not message.body_used
        data = b"".join(await chunks_of(message.body))
        assert data == (body.encode() if isinstance(body, str) else bytes(body))
        assert message.body_used
        with pytest.raises(OSError, match="already used"):
            await message.text()


async def test_no_body_and_an_empty_one():
    assert Response().body is None
    empty = Response("")
    assert await chunks_of(empty.body) == []
    assert empty.body_used


async def test_the_body_of_a_message_that_was_read_is_locked():
    for message in messages(lambda: "x"):
        await message.text()
        with pytest.raises(TypeError) as caught:
            await chunks_of(message.body)
        assert str(caught.value) == LOCKED


async def test_nothing_is_produced_before_it_is_asked_for():
    producer = Producer()
    response = Response(producer.stream())
    await asyncio.sleep(0)
    assert producer.produced == 0
    async for _ in response.body:
        break
    assert producer.produced == 1


@pytest.mark.parametrize("again", ["text", "bytes", "json", "clone"])
async def test_a_stream_is_read_once(again):
    for message, text in zip(
        messages(Producer().stream),
        ["Body already used", "Response body is already used"],
        strict=True,
    ):
        async for _ in message.body:
            break
        assert message.body_used
        with pytest.raises(OSError, match=text):
            await _result(getattr(message, again)())
        with pytest.raises(TypeError, match=LOCKED):
            message.body.get_reader()


async def _result(value):
    return await value if asyncio.iscoroutine(value) else value


@pytest.mark.parametrize(
    "use",
    [
        lambda stream: stream.get_reader(),
        lambda stream: stream.getReader(),
        lambda stream: stream.tee(),
        lambda stream: stream.cancel(),
        lambda stream: stream.pipe_to(Sink()),
        lambda stream: anext(aiter(stream)),
        lambda stream: Response(stream).text(),
    ],
)
async def test_a_locked_stream_has_no_second_reader(use):
    stream = Producer().stream()
    assert not stream.locked
    stream.get_reader()
    assert stream.locked
    assert repr(stream) == "<ReadableStream, locked>"
    with pytest.raises(TypeError, match="locked to a reader"):
        await _result(use(stream))


async def test_a_reader_reads_chunk_by_chunk():
    stream = Producer(b"a", bytearray(b"b"), memoryview(b"c")).stream()
    reader = stream.get_reader()
    value, done = await reader.read()
    assert (value, done) == (b"a", False)
    reader.release_lock()
    assert not stream.locked
    with pytest.raises(TypeError, match=r"^This ReadableStream reader has been released\.$"):
        await reader.read()
    with pytest.raises(TypeError, match="released"):
        await reader.cancel()
    second = stream.getReader()
    assert [await second.read() for _ in range(4)] == [
        (b"b", False),
        (b"c", False),
        (None, True),
        (None, True),
    ]


async def test_a_stream_that_was_read_from_is_no_body():
    stream = Producer().stream()
    reader = stream.get_reader()
    with pytest.raises(TypeError, match="is locked to a reader, and cannot be used as a body"):
        Response(stream)
    await reader.read()
    reader.release_lock()
    with pytest.raises(TypeError) as caught:
        Response(stream)
    assert str(caught.value).endswith(DISTURBED)


async def test_canceling_ends_the_producer():
    for cancel in (lambda s: s.cancel("reason"), lambda s: s.get_reader().cancel()):
        producer = Producer()
        stream = producer.stream()
        first = stream.get_reader()
        await first.read()
        first.release_lock()
        await cancel(stream)
        assert producer.ended
    response = Response(Producer().stream())
    await response.body.cancel()
    assert response.body_used


async def test_canceling_an_iterator_without_aclose():
    class Counter:
        def __aiter__(self):
            return self

        async def __anext__(self):
            return b"x"

    stream = ReadableStream(Counter())
    reader = stream.get_reader()
    assert await reader.read() == (b"x", False)
    await reader.cancel()
    assert await reader.read() == (None, True)


@pytest.mark.parametrize(("chunk", "remedy"), [("text", "yield text.encode()"), (3, "yield bytes")])
async def test_chunks_that_are_no_bytes_are_refused(chunk, remedy):
    for message in messages(Producer(b"x", chunk).stream):
        with pytest.raises(TypeError, match=r"^This ReadableStream did not return bytes\.") as e:
            await message.text()
        assert type(chunk).__name__ in e.value.__notes__[0]
        assert remedy in e.value.__notes__[0]


async def test_the_reader_gets_the_producers_error():
    for message in messages(Producer(b"x", ValueError("boom")).stream):
        clone = message.clone()
        with pytest.raises(ValueError, match="boom"):
            await message.text()
        reader = clone.body.get_reader()
        assert await reader.read() == (b"x", False)
        with pytest.raises(ValueError, match="boom"):
            await reader.read()


async def test_what_is_no_stream_is_refused():
    async def generate():
        yield b"x"

    for value in (3, [b"x"], "x"):
        with pytest.raises(TypeError, match="'from' on 'ReadableStream'"):
            ReadableStream(value)
    with pytest.raises(TypeError, match="Unsupported type in Response: function") as caught:
        Response(generate)
    assert caught.value.__notes__ == ["Call the function for its generator: generate()."]
    with pytest.raises(TypeError, match="Unsupported type in Response: generator") as caught:
        Response(x for x in [b"x"])
    assert caught.value.__notes__ == ["A body is an asynchronous generator: async def."]


async def test_a_generator_is_the_body_of_one_message():
    generator = Producer().run()
    Response(generator)
    with pytest.raises(TypeError, match="disturbed") as caught:
        Response(generator)
    assert "run is the body of another message already" in caught.value.__notes__[0]


async def test_a_status_without_a_body_has_no_stream():
    with pytest.raises(TypeError, match="null body status"):
        Response(Producer().stream(), 204)


async def test_too_long_a_body_is_not_read_as_a_whole(monkeypatch):
    monkeypatch.setattr("workernb.http.streams.chunks.MAX_READ", 5)
    producer = Producer(b"1234", b"5678", b"9")
    with pytest.raises(TypeError, match="Memory limit would be exceeded before EOF") as caught:
        await Response(producer.stream()).bytes()
    assert "async for chunk in message.body" in caught.value.__notes__[0]
    assert producer.ended


async def test_pipe_to():
    sink = Sink()
    await Producer(b"a", b"b").stream().pipe_to(sink)
    assert sink.written == [b"a", b"b", "closed"]
    await Producer(b"c").stream().pipeTo(sink, prevent_close=True)
    assert sink.written[-1] == b"c"


async def test_pipe_to_a_sink_that_fails():
    producer, sink = Producer(), Sink(fails_at=1)
    with pytest.raises(OSError, match="full"):
        await producer.stream().pipe_to(sink)
    assert sink.written == [b"one", "OSError('full')"]
    assert producer.ended
    producer, sink = Producer(), Sink(fails_at=0)
    stream = producer.stream()
    with pytest.raises(OSError, match="full"):
        await stream.pipe_to(sink, prevent_cancel=True, prevent_abort=True)
    assert (sink.written, producer.ended, stream.locked) == ([], False, False)
    assert await chunks_of(stream) == [b"two", b"three"]


async def test_pipe_to_from_a_stream_that_fails():
    sink = Sink()
    with pytest.raises(ValueError, match="boom"):
        await Producer(b"x", ValueError("boom")).stream().pipe_to(sink)
    assert sink.written == [b"x", "ValueError('boom')"]


async def test_pipe_to_is_ended_by_a_signal():
    controller = AbortController()
    producer, sink = Producer(), Sink()
    sink.close = lambda: None

    async def write(chunk):
        sink.written.append(chunk)
        controller.abort(KeyError("enough"))

    sink.write = write
    with pytest.raises(KeyError, match="enough"):
        await producer.stream().pipe_to(sink, signal=controller.signal)
    assert sink.written == [b"one", "KeyError('enough')"]
    assert producer.ended
