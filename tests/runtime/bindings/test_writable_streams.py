"""WritableStreams over RPC: what the receiver writes, the sender takes."""

from __future__ import annotations

import asyncio
import gc

import pytest

from workernb.http.streams import WritableStream

from ..conftest import gone, outcomes, printed

HEAD = "import asyncio\nimport js\nfrom workers import Response, WorkerEntrypoint\n"

WRITES = """
class Default(WorkerEntrypoint):
    async def write(self, stream, count):
        writer = stream.get_writer()
        for number in range(count):
            await writer.write(b"%d," % number)
        await writer.close()
        return count

    async def drop(self, stream):
        await stream.get_writer().write(b"x")

    async def ends(self):
        async def upper(chunk, controller):
            print("in ends", bytes(chunk))
            controller.enqueue(bytes(chunk).upper())
        pair = js.TransformStream.new(transform=upper)
        return {"readable": pair.readable, "writable": pair.writable}
"""


@pytest.fixture
def writes(runtime):
    return runtime.define("writes", HEAD + WRITES)


def gateway(runtime, body):
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    source = f"{HEAD}async def on_fetch(request, env, ctx):\n{lines}"
    return runtime.define("gateway", source, services={"WRITES": "writes"})


async def test_what_a_callee_writes_is_taken_by_the_callers_sink(runtime, writes):
    handle = gateway(
        runtime,
        """
written = []
def write(chunk):
    print("takes", bytes(chunk))
    written.append(bytes(chunk))
stream = js.WritableStream.new(write=write, close=lambda: print("closed"))
count = await env.WRITES.write(stream, 100)
try:
    stream.get_writer()
except TypeError as error:
    print(error)
return Response(b"".join(written) + b"%d" % count)
""",
    )
    response = await handle.fetch()
    assert await response.text() == "".join(f"{n}," for n in range(100)) + "100"
    trace = await gone(runtime)
    assert [each.service for each in trace.invocations] == ["gateway", "writes"]
    assert printed(trace)[0] == "takes b'0,'"
    assert printed(trace)[-2:] == ["closed", "This WritableStream is currently locked to a writer."]
    assert {log.invocation.service for log in trace.logs} == {"gateway"}


async def test_both_ends_of_a_transform_cross(runtime, writes):
    handle = gateway(
        runtime,
        """
ends = await env.WRITES.ends()
writer = ends.writable.get_writer()
async def write():
    for each in (b"a", b"b"):
        await writer.write(each)
    await writer.close()
task = asyncio.create_task(write())
got = [chunk async for chunk in ends.readable]
await task
return Response(b"-".join(got))
""",
    )
    assert await (await handle.fetch()).text() == "A-B"
    trace = await gone(runtime)
    assert outcomes(trace) == {"gateway": "ok", "writes": "ok"}
    assert {log.invocation.service for log in trace.logs} == {"writes"}


async def test_a_sink_that_fails_tells_the_writer_and_the_log(runtime, writes):
    handle = gateway(
        runtime,
        """
def write(chunk):
    raise OSError("full")
try:
    await env.WRITES.write(js.WritableStream.new(write=write), 1)
except OSError as error:
    return Response(str(error))
""",
    )
    assert await (await handle.fetch()).text() == "full"
    trace = await gone(runtime)
    assert outcomes(trace) == {"gateway": "ok", "writes": "exception"}
    assert "OSError: full (<worker gateway v1>:6, in write)" in trace.logs[0].text


async def test_a_stream_that_is_dropped_is_aborted(runtime, writes):
    handle = gateway(
        runtime,
        """
stream = js.WritableStream.new(write=lambda chunk: print("takes"), abort=lambda why: print(why))
await env.WRITES.drop(stream)
del stream
return Response("x")
""",
    )
    await handle.fetch()
    gc.collect()
    trace = await gone(runtime)
    assert printed(trace) == ["takes", "Stream was aborted."]


async def test_chunks_that_are_not_bytes(runtime, writes):
    handle = gateway(
        runtime,
        """
ends = await env.WRITES.ends()
try:
    await ends.writable.get_writer().write("text")
except TypeError as error:
    return Response(str(error))
""",
    )
    assert "did not return bytes" in await (await handle.fetch()).text()
    gc.collect()
    await gone(runtime)


async def test_the_notebook_sends_a_stream_to_be_written(runtime, writes):
    class Sink:
        def __init__(self):
            self.got = []

        async def write(self, chunk):
            await asyncio.sleep(0)
            self.got.append(chunk)

        def close(self):
            self.got.append("closed")

    sink = Sink()
    assert await writes.write(WritableStream(sink), 3) == 3
    assert sink.got == [b"0,", b"1,", b"2,", "closed"]


async def test_the_notebook_writes_to_a_worker(runtime, writes):
    ends = await writes.ends()
    writer = ends.writable.get_writer()
    reader = ends.readable.get_reader()

    async def write():
        await writer.write(b"a")
        await writer.close()

    writing = asyncio.create_task(write())
    assert (await reader.read()).value == b"A"
    assert (await reader.read()).done
    await writing
    assert printed(await gone(runtime)) == ["in ends b'a'"]


async def test_another_request_may_not_write(runtime, writes):
    source = (
        HEAD + "KEPT = []\nasync def on_fetch(request, env):\n"
        "    if 'keep' in request.url:\n"
        "        ends = await env.WRITES.ends()\n"
        "        KEPT.append(ends.writable)\n"
        "        return Response(ends.readable)\n"
        "    await KEPT.pop().get_writer().write(b'x')\n"
    )
    keeps = runtime.define("keeps", source, services={"WRITES": "writes"})
    response = await keeps.fetch("http://x/keep")
    with pytest.raises(RuntimeError, match=r"different request.*\(I/O type: WritableStream\)") as e:
        await keeps.fetch("http://x/")
    assert "'writes' has the other end" in e.value.__notes__[0]
    await response.body.cancel()
    gc.collect()
    await gone(runtime)
