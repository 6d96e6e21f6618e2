"""Streams, forms and signals between JavaScript and Python, both ways."""

from __future__ import annotations

import pytest

from workernb.http.forms import File, FormData

PYTHON = """
import asyncio
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/form"):
            form = await request.form_data()
            return Response(str([
                (name, value if isinstance(value, str) else (value.name, value.content_type))
                for name, value in form.items()
            ]))
        if request.url.endswith("/slow"):
            await asyncio.sleep(60)
        if request.url.endswith("/chunks"):
            async def chunks():
                for number in range(3):
                    await asyncio.sleep(0)
                    yield b"p%d" % number
            return Response(chunks())
        return Response(f"{request.headers.get('content-type')}: {await request.text()}")
"""

CASES = {
    "a stream out": (
        """let n = 0; const encoder = new TextEncoder();
        return new Response(new ReadableStream({ pull(controller) {
          if (n++ < 3) controller.enqueue(encoder.encode("c" + n)); else controller.close();
        } }));""",
        "c1c2c3",
    ),
    "a stream that fetches as it goes": (
        """const { readable, writable } = new TransformStream();
        (async () => {
          const writer = writable.getWriter();
          for (let i = 0; i < 3; i++) {
            const response = await env.PY.fetch("http://py/", { method: "POST", body: `${i};` });
            await writer.write(new TextEncoder().encode(await response.text()));
          }
          await writer.close();
        })();
        return new Response(readable);""",
        "text/plain;charset=UTF-8: 0;text/plain;charset=UTF-8: 1;text/plain;charset=UTF-8: 2;",
    ),
    "a body passed on": ("return new Response(request.body);", "abcd"),
    "a body piped through": (
        """return new Response(request.body.pipeThrough(new TextDecoderStream())
          .pipeThrough(new TransformStream({
            transform(text, controller) { controller.enqueue(text.toUpperCase()); },
          }))
          .pipeThrough(new TextEncoderStream()));""",
        "ABCD",
    ),
    "a body read chunk by chunk": (
        """const found = [], decoder = new TextDecoder();
        for await (const chunk of request.body) found.push(decoder.decode(chunk));
        return new Response(found.join("|") + request.bodyUsed);""",
        "ab|cdtrue",
    ),
    "two branches": (
        """const [a, b] = request.body.tee();
        return new Response(await new Response(a).text() + await new Response(b).text());""",
        "abcdabcd",
    ),
    "a clone": (
        "const copy = request.clone(), first = await copy.text();"
        "return new Response(first + await request.text());",
        "abcdabcd",
    ),
    "a stream from Python": (
        """const reader = (await env.PY.fetch("http://py/chunks")).body.getReader(), found = [];
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return new Response(found.join());
          found.push(new TextDecoder().decode(value));
        }""",
        "p0,p1,p2",
    ),
    "a stream to Python": (
        """let n = 0;
        const body = new ReadableStream({ async pull(controller) {
          await scheduler.wait(1);
          if (n++ < 3) controller.enqueue(new Uint8Array([64 + n])); else controller.close();
        } });
        return env.PY.fetch("http://py/", { method: "POST", body });""",
        "None: ABC",
    ),
    "a form to Python": (
        """const body = new FormData();
        body.append("a", "1");
        body.append("f", new File(["xyz"], "n.txt", { type: "text/plain" }));
        return env.PY.fetch("http://py/form", { method: "POST", body });""",
        "[('a', '1'), ('f', ('n.txt', 'text/plain'))]",
    ),
    "parameters to Python": (
        """const body = new URLSearchParams({ a: "b c" });
        return env.PY.fetch("http://py/", { method: "POST", body });""",
        "application/x-www-form-urlencoded;charset=UTF-8: a=b+c",
    ),
    "a blob": (
        """const response = new Response(new Blob(["hello"], { type: "text/x" }));
        const blob = await response.blob();
        return new Response(blob.type + blob.size + await blob.text());""",
        "text/x5hello",
    ),
    "a signal": (
        """const controller = new AbortController();
        setTimeout(() => controller.abort(), 1);
        const signal = controller.signal;
        try { await env.PY.fetch("http://py/slow", { signal }); } catch (error) {
          return new Response([error.name, error === signal.reason].join());
        }""",
        "AbortError,true",
    ),
    "a timeout": (
        """const signal = AbortSignal.timeout(1);
        try { await env.PY.fetch(new Request("http://py/slow", { signal })); } catch (error) {
          return new Response(error.name);
        }""",
        "TimeoutError",
    ),
    "an interval": (
        """let n = 0;
        await new Promise((resolve) => {
          const timer = setInterval(() => {
            if (++n === 3) { clearInterval(timer); resolve(); }
          }, 0);
        });
        return new Response(`${n}`);""",
        "3",
    ),
}


async def chunks():
    for chunk in (b"ab", b"cd"):
        yield chunk


@pytest.fixture
def handle(runtime, define):
    runtime.define("py", PYTHON)

    def handle(body):
        source = f"export default {{ async fetch(request, env, ctx) {{\n{body}\n}} }};"
        return define(source, services={"PY": "py"})

    return handle


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
async def test_bodies(handle, runtime, body, expected):
    worker = handle(body)
    response = await worker.fetch("http://x/", method="POST", body=chunks())
    assert await response.text() == expected
    assert response.trace.ended_ns
    assert runtime.services["js"].isolates[1].exporter.realm().host.runs == {}


async def test_a_form_comes_in(handle):
    worker = handle(
        "const form = await request.formData(); const file = form.get('f');"
        "return Response.json([form.get('a'), file.name, file.type, await file.text()]);"
    )
    form = FormData({"a": "1", "f": File(b"xyz", "n.bin")})
    response = await worker.fetch("http://x/", method="POST", body=form)
    assert await response.json() == ["1", "n.bin", "application/octet-stream", "xyz"]


async def test_a_producer_that_fails(handle):
    worker = handle(
        """let n = 0;
        return new Response(new ReadableStream({ pull(controller) {
          if (n++) throw new RangeError("broken");
          controller.enqueue(new Uint8Array(1));
        } }, { highWaterMark: 0 }));"""
    )
    response = await worker.fetch("http://x/")
    with pytest.raises(ValueError, match="broken"):
        await response.bytes()


async def test_chunks_are_bytes(handle):
    worker = handle(
        "return new Response(new ReadableStream({ pull(c) { c.enqueue('text'); c.close(); } }));"
    )
    with pytest.raises(TypeError, match="did not return bytes"):
        await (await worker.fetch("http://x/")).text()


async def test_a_reader_that_stops_cancels_the_producer(handle):
    worker = handle(
        """return new Response(new ReadableStream({
          pull(controller) { controller.enqueue(new Uint8Array(3)); },
          cancel() { console.log("canceled"); },
        }));"""
    )
    response = await worker.fetch("http://x/")
    reader = response.body.get_reader()
    assert len((await reader.read()).value) == 3
    await reader.cancel()
    assert [log.text for log in response.trace.logs] == ["canceled"]
    assert response.trace.ended_ns


async def test_what_a_timer_throws_is_logged_with_its_line(handle):
    worker = handle(
        """return new Promise((resolve) => {
          setTimeout(() => { throw new Error("in a timer"); }, 0);
          setTimeout(() => resolve(new Response("on")), 2);
        });"""
    )
    response = await worker.fetch("http://x/")
    assert await response.text() == "on"
    [log] = response.trace.logs
    assert log.level == "error"
    assert 'File "<worker js v1>", line 3' in log.text
    assert "Error: in a timer" in log.text


async def test_a_timer_ends_with_its_invocation(handle):
    worker = handle("setTimeout(() => console.log('never'), 60_000); return new Response('x');")
    response = await worker.fetch("http://x/")
    assert response.trace.ended_ns
    assert response.trace.logs == []


async def test_timers_that_are_left_are_forgotten(handle, runtime):
    worker = handle(
        "const big = 'x'.repeat(10_000); setTimeout(() => big, 60_000); return new Response();"
    )
    machine = runtime.services["js"].isolates[1].exporter.realm().machine
    await worker.fetch("http://x/")
    before = machine.memory_bytes()
    for _ in range(50):
        await worker.fetch("http://x/")
    machine.collect()
    assert machine.memory_bytes() < before + 20_000


async def test_what_is_missing_says_what_to_do(handle):
    worker = handle("return new Response(Intl.x);")
    with pytest.raises(Exception, match="'Intl' is not defined") as raised:
        await worker.fetch("http://x/")
    assert "QuickJS has no Intl" in raised.value.__notes__[0]


BYOB = """
const read = async (stream) => {
  const reader = stream.getReader({ mode: "byob" }), found = [];
  let view = new Uint8Array(4);
  for (;;) {
    const { value, done } = await reader.read(view);
    if (done) return [...found, value.byteLength, value.buffer.byteLength];
    found.push(new TextDecoder().decode(value));
    view = new Uint8Array(value.buffer);
  }
};
"""


async def test_bodies_are_read_into_buffers(handle):
    worker = handle(
        BYOB
        + "return Response.json([await read(request.body), await read(new Response('abc').body)"
        ", await read(new Blob(['ab', 'cdef']).stream())]);"
    )
    response = await worker.fetch("http://x/", method="POST", body="hello, world")
    assert await response.json() == [
        ["hell", "o, w", "orld", 0, 4], ["abc", 0, 4], ["abcd", "ef", 0, 4],
    ]  # fmt: skip


async def test_a_body_of_another_worker_is_read_into_a_buffer(runtime, define):
    source = """
from workers import Response
async def on_fetch(request, env):
    async def chunks():
        yield b"ab"
        yield b"cde"
    return Response(chunks())
"""
    runtime.define("streams", source)
    body = BYOB + "return Response.json(await read((await env.PY.fetch('http://py/')).body));"
    source = f"export default {{ async fetch(request, env) {{\n{body}\n}} }};"
    worker = define(source, services={"PY": "streams"})
    assert await (await worker.fetch("http://x/")).json() == ["ab", "cde", 0, 4]


@pytest.mark.slow
async def test_a_response_of_a_hundred_megabytes(handle):
    worker = handle(
        """let n = 0; const chunk = new Uint8Array(1_000_000);
        return new Response(new ReadableStream({ pull(controller) {
          if (n++ < 100) controller.enqueue(chunk); else controller.close();
        } }));"""
    )
    assert len(await (await worker.fetch("http://x/")).bytes()) == 100_000_000
