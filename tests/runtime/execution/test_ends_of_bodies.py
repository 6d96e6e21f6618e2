"""How bodies that are streams end: readers that go away, producers that fail."""

from __future__ import annotations

import gc

import pytest

import workernb

from ..conftest import CLEANS_UP, COUNT, HEAD, PASS, gone, outcomes, printed


async def test_when_a_body_is_canceled_its_producers_have_ended(define, runtime):
    define("last", CLEANS_UP)
    define("middle", PASS, NEXT="last")
    gateway = define("gateway", PASS, NEXT="middle")
    reader = (await gateway.fetch()).body.get_reader()
    await reader.read()
    await reader.cancel()
    (trace,) = runtime.traces
    assert (printed(trace), trace.outcome) == (["cleaned up"], "ok")


@pytest.mark.parametrize("away", ["break", "cancel", "drop", "reader"])
async def test_a_reader_goes_away(define, runtime, away):
    define("last", CLEANS_UP)
    gateway = define("gateway", PASS, NEXT="last")
    response = await gateway.fetch()
    reader = response.body.get_reader()
    assert await reader.read() == (b"x", False)
    reader.release_lock()
    if away == "break":
        async for _ in response.body:
            break
    elif away == "cancel":
        await response.body.cancel()
    elif away == "reader":
        await response.body.get_reader().cancel()
    del response, reader
    gc.collect()
    trace = await gone(runtime)
    assert printed(trace) == ["cleaned up"]
    assert outcomes(trace) == {"gateway": "ok", "last": "ok"}


async def test_a_body_that_is_never_read(define, runtime):
    define("last", CLEANS_UP)
    gateway = define("gateway", PASS, NEXT="last")
    await gateway.fetch()
    gc.collect()
    trace = await gone(runtime)
    assert (trace.outcome, printed(trace)) == ("ok", [])


async def test_a_callee_that_does_not_read_its_request(define, runtime):
    define("deaf", 'return Response("done")')
    gateway = define(
        "gateway",
        """
        async def letters():
            print("never made")
            yield b"x"
        return await self.env.DEAF.fetch("http://x/", method="POST", body=letters())
        """,
        DEAF="deaf",
    )
    assert await (await gateway.fetch()).text() == "done"
    trace = await gone(runtime)
    assert (outcomes(trace), printed(trace)) == ({"gateway": "ok", "deaf": "ok"}, [])


async def test_a_worker_lives_until_its_body_ends(define, runtime):
    last = define(
        "last",
        """
        async def tick():
            while True:
                await asyncio.sleep(0)
        task = asyncio.create_task(tick())
        async def work():
            yield b"x"
            yield str(task.done()).encode()
        return Response(work())
        """,
    )
    response = await last.fetch()
    assert await response.text() == "xFalse"
    trace = await gone(runtime)
    assert "was cancelled: its Worker's invocation ended first" in trace.logs[-1].text


async def test_wait_until_and_a_body(define, runtime):
    last = define(
        "last",
        """
        async def later():
            await asyncio.sleep(0)
            print("later")
        self.ctx.waitUntil(later())
        async def work():
            yield b"x"
        return Response(work())
        """,
    )
    assert await (await last.fetch()).text() == "x"
    assert printed(await gone(runtime)) == ["later"]


# Failures


FAILS = """
async def work():
    yield b"x"
    raise ValueError("boom")
return Response(work())
"""


async def test_the_trace_names_who_failed(define, runtime):
    define(
        "last",
        'async def work():\n    yield b"x"\n    raise ValueError("boom")\nreturn Response(work())',
    )
    gateway = define("gateway", PASS, NEXT="last")
    response = await gateway.fetch()
    reader = response.body.get_reader()
    assert await reader.read() == (b"x", False)
    with pytest.raises(ValueError, match="boom"):
        await reader.read()
    trace = await gone(runtime)
    assert outcomes(trace) == {"gateway": "exception", "last": "exception"}
    (log,) = trace.logs
    assert log.invocation.service == "last"
    line = HEAD.count("\n") + 3
    assert f'File "<worker last v1>", line {line}, in work' in log.text


async def test_a_worker_may_handle_the_failure_of_another(define, runtime):
    define(
        "last",
        'async def work():\n    yield b"x"\n    raise ValueError("boom")\nreturn Response(work())',
    )
    gateway = define(
        "gateway",
        """
        response = await self.env.NEXT.fetch(request)
        async def work():
            try:
                async for chunk in response.body:
                    yield chunk
            except ValueError as error:
                yield f"({error})".encode()
        return Response(work())
        """,
        NEXT="last",
    )
    assert await (await gateway.fetch()).text() == "x(boom)"
    assert outcomes(await gone(runtime)) == {"gateway": "ok", "last": "exception"}


async def test_chunks_that_are_no_bytes(define, runtime):
    last = define("last", 'async def work():\n    yield "text"\nreturn Response(work())')
    with pytest.raises(TypeError, match="did not return bytes") as caught:
        await (await last.fetch()).text()
    assert "type str: yield text.encode()" in caught.value.__notes__[0]
    assert (await gone(runtime)).outcome == "exception"


async def test_a_body_is_given_back_once(define):
    keeps = define(
        "keeps",
        """
        global kept
        if "kept" not in globals():
            async def work():
                yield b"x"
            kept = Response(work())
        return kept
        """,
    )
    first = await keeps.fetch()
    with pytest.raises(workernb.BodyUsedError, match="Body has already been used"):
        await keeps.fetch()
    assert await first.text() == "x"


async def test_a_stream_that_was_read_from_cannot_be_given_back(define):
    bad = define(
        "bad",
        """
        async def work():
            yield b"x"
            yield b"y"
        response = Response(work())
        async for _ in response.body:
            break
        return response
        """,
    )
    with pytest.raises(workernb.BodyUsedError):
        await bad.fetch()


async def test_a_stream_belongs_to_its_request(define):
    define("last", COUNT)
    keeps = define(
        "keeps",
        """
        global kept
        if "kept" not in globals():
            kept = await self.env.NEXT.fetch(request)
            return Response("kept", headers={"n": "9"})
        return Response(await kept.text())
        """,
        NEXT="last",
    )
    await keeps.fetch()
    with pytest.raises(RuntimeError, match=r"different request.*\(I/O type: ReadableStream\)") as e:
        await keeps.fetch()
    assert e.value.__notes__ == [
        "Worker 'last' has the other end of the stream, in request 1 (GET http://keeps.localhost/).",
        "It was used by request 2 (GET http://keeps.localhost/).",
    ]


async def test_a_producer_of_text_is_ended_in_its_own_invocation(define, runtime):
    define(
        "last",
        """
        async def work():
            try:
                yield b"x"
                yield "text"
            finally:
                print("cleaned up")
        return Response(work())
        """,
    )
    gateway = define("gateway", PASS, NEXT="last")
    with pytest.raises(TypeError, match="did not return bytes"):
        await (await gateway.fetch()).text()
    trace = await gone(runtime)
    assert printed(trace) == ["cleaned up"]
    assert [log.invocation.service for log in trace.logs] == ["last", "last"]
    line = HEAD.count("\n") + 4
    assert f'File "<worker last v1>", line {line}, in work' in trace.logs[1].text


async def test_a_failed_request_body_is_logged_and_may_be_handled(define, runtime):
    define("reads", "return Response(await request.text())")
    gateway = define(
        "gateway",
        """
        async def work():
            yield b"x"
            raise ValueError("boom")
        try:
            return await self.env.READS.fetch("http://x/", method="POST", body=work())
        except ValueError:
            return Response("handled")
        """,
        READS="reads",
    )
    assert await (await gateway.fetch()).text() == "handled"
    trace = await gone(runtime)
    assert outcomes(trace) == {"gateway": "ok", "reads": "exception"}
    (log,) = trace.logs
    line = HEAD.count("\n") + 3
    place = f"<worker gateway v1>:{line}, in work"
    assert log.text == f"The stream that it sends has failed: ValueError: boom ({place})"
    assert (log.level, log.invocation.service) == ("error", "gateway")


async def test_a_request_whose_passed_on_stream_fails_has_failed(define, runtime):
    define("last", FAILS)
    gateway = define("gateway", "return await self.env.NEXT.fetch(request)", NEXT="last")
    with pytest.raises(ValueError, match="boom"):
        await (await gateway.fetch()).text()
    trace = await gone(runtime)
    assert (trace.outcome, trace.exception) == ("exception", "ValueError: boom")
    assert outcomes(trace) == {"gateway": "ok", "last": "exception"}
