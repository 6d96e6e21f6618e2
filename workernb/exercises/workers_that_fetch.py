"""The exercise of the notebook 07, Workers that fetch."""

from __future__ import annotations

from workernb.http import Request, Response
from workernb.runtime.runtime import Runtime

from .lesson import Claims, Exercise, Lesson, ask


async def _steadfast(runtime: Runtime) -> Claims:
    yield "there is a Worker steadfast", "steadfast" in runtime
    before = runtime.outbound
    failures, asked = 2, []

    async def world(request: Request) -> Response:
        asked.append(request.url)
        if len(asked) <= failures:
            return Response("busy", status=503)
        return Response("at last")

    runtime.outbound = world
    try:
        answer = await ask(runtime, "steadfast")
        yield "after two answers of 503 it gets the third", await answer.text() == "at last"
        yield (
            "it has asked https://flaky.example/ three times",
            ([url.startswith("https://flaky.example/") for url in asked] == [True] * 3),
        )
        failures, asked[:] = 100, []
        answer = await ask(runtime, "steadfast")
        yield (
            "it gives up after three, and passes the 503 on",
            ((answer.status, len(asked)) == (503, 3)),
        )
        failures, asked[:] = 0, []
        await ask(runtime, "steadfast")
        yield "it asks once where the first answer is good", len(asked) == 1
    finally:
        runtime.outbound = before


_STEADFAST = """%%worker steadfast
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for _ in range(3):
            response = await fetch("https://flaky.example/")
            if response.status != 503:
                break
        return response
"""

lesson = Lesson(
    Exercise(
        "A loop of three, which ends early with break. What the last fetch has answered is the "
        "answer; a response that is returned is passed on with its status.",
        [_STEADFAST],
        _steadfast,
    ),
)
check, hint, solution = lesson.check, lesson.hint, lesson.solution
