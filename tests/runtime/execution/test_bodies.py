"""Bodies that are streams, over bindings and to the notebook: who produces them, and who pays."""

from __future__ import annotations

import asyncio
import gc
from itertools import pairwise

import pytest

import workernb
from workernb.http import ReadableStream, Request

from ..conftest import CLEANS_UP, COUNT, PASS, gone, outcomes, printed


async def test_a_response_arrives_before_its_body_is_made(define, runtime):
    last = define("last", COUNT)
    gateway = define("gateway", PASS, NEXT="last")
    for handle, comma in ((last, b","), (gateway, b";")):
        response = await handle.fetch()
        trace = response.trace
        assert (response.status, printed(trace), trace.outcome) == (200, [], None)
        assert trace in runtime.in_flight
        made = []
        async for chunk in response.body:
            made.append((chunk, printed(trace)[-1]))
        assert made == [(b"%d%b" % (n, comma), f"made {n}") for n in range(3)]
        assert trace is runtime.traces[-1]
        assert trace.outcome == "ok"
        assert not runtime.in_flight


@pytest.mark.parametrize("read", ["text", "bytes", "json", "buffer"])
async def test_a_body_is_read_as_a_whole(define, read):
    define("last", 'async def one():\n    yield b"1"\n    yield b"2"\nreturn Response(one())')
    gateway = define("gateway", "return await self.env.NEXT.fetch(request)", NEXT="last")
    got = await getattr(await gateway.fetch(), read)()
    assert {"text": "12", "bytes": b"12", "json": 12, "buffer": memoryview(b"12")}[read] == got


async def test_a_request_body_is_a_stream_in_both_directions(define, runtime):
    define(
        "upper",
        """
        async def upper():
            async for chunk in request.body:
                print("got", chunk.decode())
                yield chunk.upper()
        return Response(upper())
        """,
    )
    gateway = define(
        "gateway",
        """
        async def letters():
            for letter in "abc":
                print("sent", letter)
                yield letter.encode()
        return await self.env.UPPER.fetch("http://x/", method="POST", body=letters())
        """,
        UPPER="upper",
    )
    response = await gateway.fetch()
    assert await response.text() == "ABC"
    trace = runtime.traces[-1]
    assert printed(trace) == ["sent a", "got a", "sent b", "got b", "sent c", "got c"]
    assert [log.invocation.service for log in trace.logs] == ["gateway", "upper"] * 3
    assert outcomes(trace) == {"gateway": "ok", "upper": "ok"}


async def test_a_body_is_the_same_wherever_it_is_split(define, runtime):
    upper = "async def work():\n    async for chunk in request.body:\n        yield chunk\n"
    define("last", upper + "return Response(work())")
    gateway = define("gateway", "return await self.env.NEXT.fetch(request)", NEXT="last")
    data = "grüße ✓".encode()

    async def split(*places):
        for begin, end in pairwise((0, *places, len(data))):
            yield data[begin:end]

    for first in range(len(data) + 1):
        for second in range(first, len(data) + 1):
            body = split(first, second)
            response = await gateway.fetch("http://x/", method="POST", body=body)
            assert await response.text() == "grüße ✓"
    assert not runtime.in_flight
    assert {trace.outcome for trace in runtime.traces} == {"ok"}


async def test_the_notebook_sends_a_stream(define, runtime):
    async def letters():
        for letter in "abc":
            await asyncio.sleep(0)
            yield letter.encode()

    echo = define("echo", "return Response(request.body)")
    gateway = define("gateway", "return await self.env.ECHO.fetch(request)", ECHO="echo")
    for handle in (echo, gateway):
        response = await handle.fetch("http://x/", method="POST", body=letters())
        assert await response.text() == "abc"
    first = await echo.fetch("http://x/", method="POST", body=letters())
    second = await gateway.fetch("http://x/", method="POST", body=first.body)
    assert await second.text() == "abc"
    assert [trace.outcome for trace in runtime.traces] == ["ok"] * 4


async def test_what_the_notebook_sends_is_not_charged_to_a_worker(define, runtime):
    import time

    async def busy():
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
        yield b"x"

    worker = define("worker", "return Response(await request.text())", limits={"cpu_ms": 30})
    assert await (await worker.fetch("http://x/", method="POST", body=busy())).text() == "x"
    assert runtime.traces[-1].cpu_ms < 30


async def test_each_worker_is_charged_for_the_chunks_that_it_makes(define, runtime):
    busy = "async def work():\n    for n in range(3):\n        burn({ms})\n        {then}\n"
    define("last", busy.format(ms=8, then='yield b"x"') + "return Response(work())")
    define(
        "middle",
        """
        response = await self.env.NEXT.fetch(request)
        async def work():
            async for chunk in response.body:
                burn(4)
                await asyncio.sleep(0)
                yield chunk
        return Response(work())
        """,
        NEXT="last",
    )
    gateway = define(
        "gateway",
        "response = await self.env.NEXT.fetch(request)\ntext = await response.text()\n"
        "burn(2)\nreturn Response(text)",
        NEXT="middle",
    )
    assert await (await gateway.fetch()).text() == "xxx"
    trace = runtime.traces[-1]
    burnt: dict[str, float] = {}
    for log in trace.logs:
        name = log.invocation.service
        burnt[name] = burnt.get(name, 0.0) + float(log.text)
    for name, ms in burnt.items():
        # What the runtime does for a chunk is some microseconds.
        assert trace.cpu_by_service()[name] == pytest.approx(ms, abs=3), name
    assert trace.cpu_ms == pytest.approx(sum(burnt.values()), abs=5)
    order = [slice_.invocation.service for slice_ in trace.slices if slice_.cpu_ns > 1_000_000]
    merged = [name for name, before in zip(order, [None, *order], strict=False) if name != before]
    assert merged == ["last", "middle"] * 3 + ["gateway"]


async def test_env_and_tasks_in_a_producer_are_its_own_workers(define, runtime):
    define("auth", "return Response(self.env.NAME)", vars={"NAME": "auth's"})
    define(
        "last",
        """
        from workers import env
        async def work():
            yield env.NAME.encode()
            yield await (await env.AUTH.fetch("http://auth/")).bytes()
            yield (await asyncio.create_task(asyncio.sleep(0, env.NAME))).encode()
        return Response(work())
        """,
        AUTH="auth",
        vars={"NAME": "last's"},
    )
    gateway = define("gateway", PASS, NEXT="last", vars={"NAME": "gateway's"})
    assert await (await gateway.fetch()).text() == "last'sauth'slast's"
    last, auth = runtime.traces[-1].invocations[1:]
    assert (last.service, auth.service, auth.caller) == ("last", "auth", last)


async def test_a_clone_is_noted_in_the_trace(define, runtime):
    define("last", COUNT)
    gateway = define(
        "gateway",
        """
        response = await self.env.NEXT.fetch(request)
        clone = response.clone()
        first = await clone.text()
        return Response(first + await response.text())
        """,
        NEXT="last",
    )
    assert await (await gateway.fetch()).text() == "0,1,2,0,1,2,"
    trace = runtime.traces[-1]
    assert [i.buffered_bytes for i in trace.invocations] == [6, 0]
    assert trace.buffered_bytes == 6


async def test_an_error_response_is_refused(define):
    bad = define("bad", "return Response.error()")
    with pytest.raises(workernb.HandlerError, match="must not be an error response"):
        await bad.fetch()


async def test_a_clone_that_wait_until_reads(define, runtime):
    define("last", COUNT)
    gateway = define(
        "gateway",
        """
        response = await self.env.NEXT.fetch(request)
        async def store(clone):
            print("stored", await clone.text())
        self.ctx.waitUntil(store(response.clone()))
        return response
        """,
        NEXT="last",
    )
    assert await (await gateway.fetch()).text() == "0,1,2,"
    trace = await gone(runtime)
    assert printed(trace)[-1] == "stored 0,1,2,"
    assert outcomes(trace) == {"gateway": "ok", "last": "ok"}


async def test_a_request_that_is_read_after_the_response(define, runtime):
    gateway = define("gateway", LETTERS_TO_LATE, LATE="late")
    define(
        "late",
        """
        async def later():
            await asyncio.sleep(0.001)
            try:
                await request.text()
            except RuntimeError as error:
                print(error)
        self.ctx.waitUntil(later())
        return Response("ok")
        """,
    )
    assert await (await gateway.fetch()).text() == "ok"
    trace = await gone(runtime)
    text = "The execution context responding to this call was canceled."
    assert (printed(trace), outcomes(trace)) == ([text], {"gateway": "ok", "late": "ok"})


LETTERS_TO_LATE = """
async def letters():
    yield b"a"
return await self.env.LATE.fetch("http://x/", method="POST", body=letters())
"""


async def test_reads_at_once(define, runtime):
    last = define("last", COUNT.replace("print", "await asyncio.sleep(0)\n        print"))
    reader = (await last.fetch()).body.get_reader()
    read = await asyncio.gather(*(reader.read() for _ in range(4)))
    assert [value for value, _ in read] == [b"0,", b"1,", b"2,", None]
    chunks = aiter((await last.fetch()).body)
    first, second = await asyncio.gather(anext(chunks), anext(chunks), return_exceptions=True)
    assert (first, type(second)) == (b"0,", RuntimeError)
    assert [chunk async for chunk in chunks] == [b"1,", b"2,"]
    assert (await gone(runtime)).outcome == "ok"


# Without await, and from elsewhere


def test_fetch_sync_reads_the_body(define, runtime):
    define("last", COUNT)
    gateway = define("gateway", PASS, NEXT="last")
    answer = gateway.fetch_sync()
    assert asyncio.run(answer.text()) == "0;1;2;"
    assert runtime.traces[-1].outcome == "ok"


def test_a_body_that_outlives_its_loop(define, runtime):
    last = define("last", CLEANS_UP)

    async def begin():
        chunks = aiter((await last.fetch()).body)
        await anext(chunks)
        return chunks

    # Not asyncio.run, whose handler of interrupts refers to its task for a while.
    loop = asyncio.new_event_loop()
    chunks = loop.run_until_complete(begin())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert len(runtime.in_flight) == 1
    del chunks
    gc.collect()
    assert not runtime.in_flight
    assert outcomes(runtime.traces[-1]) == {"last": "ok"}


async def test_a_body_is_read_from_another_thread(define, runtime):
    last = define("last", COUNT)
    assert await (await last.fetch()).text() == "0,1,2,"

    async def read():
        return await (await last.fetch()).text()

    assert await asyncio.to_thread(lambda: asyncio.run(read())) == "0,1,2,"
    await gone(runtime)


async def test_many_streams_at_once(define, runtime):
    define("last", COUNT)
    gateway = define("gateway", PASS, NEXT="last")

    async def read(n):
        return await (await gateway.fetch(headers={"n": str(n)})).text()

    texts = await asyncio.gather(*map(read, range(1, 20)))
    assert texts == ["".join(f"{i};" for i in range(n)) for n in range(1, 20)]
    await gone(runtime)


async def test_a_stream_of_the_notebooks_is_sent_once(define):
    async def letters():
        yield b"a"

    stream = ReadableStream(letters())
    echo = define("echo", "return Response(await request.text())")
    request = Request("http://x/", method="POST", body=stream)
    assert await (await echo.fetch(request)).text() == "a"
    with pytest.raises(TypeError, match="Cannot reconstruct a Request with a used body"):
        await echo.fetch(request)
    with pytest.raises(TypeError, match="cannot be used as a body"):
        Request("http://x/", method="POST", body=stream)
