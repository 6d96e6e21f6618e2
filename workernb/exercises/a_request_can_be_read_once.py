"""The exercises of the notebook 06, a request can be read once."""

from __future__ import annotations

from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask, source_of

_LINES = [f"line {number}\n" for number in range(4)]


async def _in_turn(runtime: Runtime) -> Claims:
    yield "patient still has a clone", ".clone()" in source_of(runtime, "patient")
    answer = await ask(runtime, "patient")
    yield "its answer has all four lines", await answer.text() == "".join(_LINES)
    buffered = answer.trace.buffered_bytes
    yield f"the clone has buffered {buffered} bytes, a line at most", 0 < buffered <= len(_LINES[0])


async def _pairs(runtime: Runtime) -> Claims:
    answer = await ask(runtime, "shouter")
    chunks = [bytes(chunk).decode() async for chunk in answer.body]
    yield "shouter answers in two chunks", len(chunks) == 2
    yield (
        "each has two lines, in capitals",
        chunks
        == [
            "".join(_LINES[:2]).upper(),
            "".join(_LINES[2:]).upper(),
        ],
    )


_PATIENT = """%%worker patient --bind TICKER=ticker
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.TICKER.fetch(request)
        a, b = response.clone().body.get_reader(), response.body.get_reader()

        async def lines():
            while True:
                chunk, done = await a.read()
                same, _ = await b.read()
                if done:
                    return
                assert chunk == same
                yield same

        return Response(lines(), headers=response.headers)
"""
_POEM = """async def poem():
    for line in ("The letters come one by one,\\n", "and each is charged to none.\\n"):
        yield line.encode()


response = await letters.fetch("http://letters/", method="POST", body=poem())
response.trace
"""
_SHOUTER = """%%worker shouter --bind TICKER=ticker
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        response = await self.env.TICKER.fetch(request)

        async def capitals():
            held = b""
            async for chunk in response.body:
                held += chunk.upper()
                if held.count(b"\\n") == 2:
                    yield held
                    held = b""

        return Response(capitals(), headers=response.headers)
"""

lesson = Lesson(
    Exercise(
        "Both readers lock their body, so answer with a stream of your own: an async def that "
        "reads a chunk from each, and yields one of them.",
        [_PATIENT, "await (await patient.fetch()).text()", "%trace"],
        _in_turn,
    ),
    Exercise(
        "What the notebook's own generator does is in no slice of the request: look at the CPU of "
        "letters in %trace.",
        [_POEM],
    ),
    Exercise(
        "Keep what has been read until it has two lines; then yield both. Two of ticker's slices "
        "now come before one of shouter's.",
        [_SHOUTER, "await (await shouter.fetch()).text()", "%cpu"],
        _pairs,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
